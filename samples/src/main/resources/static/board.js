"use strict";

const OWNERS = ["application", "engine", "free", "kernel"];
const UPLOAD_BYTES = 16 << 20;
const EVENTS_SHOWN = 6;
const id = name => document.getElementById(name);

// ---- numbers ------------------------------------------------------------------------------------------------------

const count = number => number.toLocaleString("en");
const ratio = (a, b) => b > 0 ? (a / b).toFixed(2) : "–";

function bytes(number) {
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let place = 0;
    while (number >= 1024 && place < units.length - 1) {
        number /= 1024;
        place++;
    }
    return `${place === 0 ? number : number.toFixed(1)} ${units[place]}`;
}

// ---- the rings ----------------------------------------------------------------------------------------------------

const cards = new Map();
let before = null;

new EventSource("/board").onmessage = message => {
    const now = JSON.parse(message.data);
    now.rings.forEach((ring, place) => show(ring.name, ring.stats, before?.rings[place]?.stats));
    total(now);
    flow(now);
    before = now;
};

function show(name, stats, earlier) {
    const card = cards.get(name) ?? newCard(name);
    const owners = {
        application: stats.applicationBuffers,
        engine: stats.engineBuffers,
        free: stats.idleBuffers,
        kernel: stats.kernelBuffers,
    };
    paint(card.querySelector(".cells"), owners);
    for (const owner of OWNERS) {
        card.querySelector(`[data-owner=${owner}]`).textContent = count(owners[owner]);
    }
    const counts = { ...stats, perEnter: perEnter([stats], earlier && [earlier]) };
    for (const cell of card.querySelectorAll("[data-count]")) {
        const value = counts[cell.dataset.count];
        cell.textContent = typeof value === "number" ? count(value) : value;
    }
    badge(card.querySelector(".badge"), stats.kernel, `${stats.kernel}, ring ${stats.failovers + 1}`);
    card.querySelector(".why").textContent = stats.refusal ? `io_uring was refused: ${stats.refusal}` : "";
}

function newCard(name) {
    const card = id("ring").content.firstElementChild.cloneNode(true);
    card.querySelector("h2").textContent = name;
    cards.set(name, card);
    id("rings").append(card);
    return card;
}

/** One cell per buffer, sorted by owner. A buffer that changes hands during the look counts twice or not at all. */
function paint(cells, owners) {
    const classes = OWNERS.flatMap(owner => Array(owners[owner]).fill(owner));
    const buffers = String(classes.length);
    if (cells.childElementCount === 0 || cells.dataset.looked === buffers) {
        resize(cells, classes.length);
    }
    cells.dataset.looked = buffers;
    [...cells.children].forEach((cell, place) => {
        const owner = classes[place] ?? "kernel";
        if (cell.className !== owner) {
            cell.className = owner;
        }
    });
    cells.setAttribute("aria-label", OWNERS.map(owner => `${owners[owner]} ${owner}`).join(", "));
}

function resize(cells, count) {
    while (cells.childElementCount < count) {
        cells.append(document.createElement("i"));
    }
    while (cells.childElementCount > count) {
        cells.lastElementChild.remove();
    }
}

function badge(element, kernel, text) {
    element.className = `badge ${kernel}`;
    if (element.textContent !== text) {
        element.textContent = text;
    }
}

const sum = (all, what) => all.reduce((total, stats) => total + stats[what], 0);

/** Since the last look; since the beginning if nothing has happened since. */
function perEnter(now, earlier) {
    const enters = earlier ? sum(now, "enters") - sum(earlier, "enters") : 0;
    return enters > 0
        ? ratio(sum(now, "completions") - sum(earlier, "completions"), enters)
        : ratio(sum(now, "completions"), sum(now, "enters"));
}

function total(now) {
    const all = now.rings.map(ring => ring.stats);
    const earlier = before?.rings.map(ring => ring.stats);
    for (const what of ["connections", "enobufs", "rearms", "failovers"]) {
        id(what).textContent = count(sum(all, what));
    }
    id("perEnter").textContent = perEnter(all, earlier);
    if (earlier) {
        const perSecond = (sum(all, "bytesIn") - sum(earlier, "bytesIn")) * 1e9 / (now.atNanos - before.atNanos);
        id("received").textContent = bytes(Math.max(0, Math.round(perSecond)));
    }
    const kernels = [...new Set(all.map(stats => stats.kernel))];
    badge(id("kernel"), kernels.length === 1 ? kernels[0] : "", kernels.join(" and "));
}

// ---- the second port ----------------------------------------------------------------------------------------------

let stopped = Promise.resolve();
let readOn = null;
let read = 0;
const latest = [];

function flow(now) {
    id("peers").textContent = count(now.peers.connected);
    id("written").textContent = bytes(now.peers.bytesWritten);
    id("read").textContent = bytes(read);
    const parked = now.peers.connected > 0 && before?.peers.bytesWritten === now.peers.bytesWritten;
    id("flow").className = parked ? "parked" : "";
    id("flow").textContent = now.peers.connected === 0 ? "Nobody sends."
        : parked ? "Parked: the peers' windows are closed, their writes wait." : "The peers write.";
    id("events").replaceChildren(...latest.map(([what, text]) => {
        const line = document.createElement("li");
        const name = document.createElement("b");
        name.textContent = what;
        line.append(name, text);
        return line;
    }));
}

/** Reads the events as a stream that can be left unread, which an EventSource cannot: then its window closes. */
async function listen() {
    const reader = (await fetch("/events")).body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    while (true) {
        await stopped;
        const { value, done } = await reader.read();
        if (done) {
            return;
        }
        const lines = (rest + value).split("\n");
        rest = lines.pop();
        lines.filter(line => line.startsWith("data:")).forEach(line => hear(JSON.parse(line.slice(5))));
    }
}

function hear({ event, peer, text }) {
    read += event === "recv" ? text.length : 0;
    latest.push([event, event === "recv" ? `${peer}  ${count(text.length)} characters` : `${peer}  ${text}`]);
    latest.splice(0, latest.length - EVENTS_SHOWN);
}

async function listenAgainAndAgain() {
    while (true) {
        await listen().catch(() => {});
        await new Promise(resolve => setTimeout(resolve, 1000));
    }
}
listenAgainAndAgain();

// ---- the buttons --------------------------------------------------------------------------------------------------

id("slow").onclick = () => {
    const slow = readOn === null;
    id("slow").setAttribute("aria-pressed", slow);
    if (slow) {
        stopped = new Promise(resolve => { readOn = resolve; });
        fetch("/board/flood", { method: "POST" });
    } else {
        fetch("/board/flood", { method: "DELETE" });
        readOn();
        readOn = null;
    }
};

id("burst").onclick = () => {
    fetch("/board/burst", { method: "POST" });
    const form = new FormData();
    form.append("file", new Blob([new Uint8Array(UPLOAD_BYTES)]), "burst");
    fetch("/upload", { method: "POST", body: form });
};

id("failover").onclick = () => fetch("/board/failover", { method: "POST" });

document.onkeydown = event => {
    const button = { s: "slow", b: "burst", f: "failover" }[event.key];
    if (button && !event.ctrlKey && !event.metaKey && !event.altKey) {
        id(button).click();
    }
};
