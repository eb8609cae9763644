/*
 * The reference on epoll: one thread, edge-triggered. A readable connection is read until a read comes up short, and each read is
 * answered at once; what the peer does not take waits, and is read no further until it went out. Built by the Makefile beside it.
 */
#define _GNU_SOURCE
#include "server.h"
#include <stdbool.h>
#include <sys/epoll.h>

enum { EVENTS_MAX = 1024, READ_BYTES = 65536 };

struct connection {
    char *unsent; /* what the peer did not take */
    int unsent_bytes;
    bool open;
    struct heads heads;
};

static enum workload workload;
static struct connection *connections; /* by descriptor */
static char input[READ_BYTES];
static char output[(READ_BYTES / HEAD_BYTES_MIN + 1) * REPLY_BYTES];

static void close_connection(int fd) {
    connections[fd].open = false;
    free(connections[fd].unsent);
    connections[fd].unsent = NULL;
    close(fd);
}

/* Sends; keeps what the peer does not take. False if the connection is lost. */
static bool answer(int fd, const char *bytes, int length) {
    struct connection *connection = &connections[fd];
    ssize_t count = send(fd, bytes, length, MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN) {
        return false;
    }
    int rest = length - (count < 0 ? 0 : (int) count);
    if (rest > 0) {
        connection->unsent = malloc(rest);
        memcpy(connection->unsent, bytes + length - rest, rest);
    }
    connection->unsent_bytes = rest;
    return true;
}

/* Sends what the peer did not take before. False if the connection is lost. */
static bool answer_unsent(int fd) {
    char *bytes = connections[fd].unsent;
    int length = connections[fd].unsent_bytes;
    connections[fd].unsent = NULL;
    bool going_on = answer(fd, bytes, length);
    free(bytes);
    return going_on;
}

/* Does with a piece of input what the workload asks for. False if the connection is lost or to be closed. */
static bool work(int fd, int length) {
    switch (workload) {
    case SINK: return true;
    case ECHO: return answer(fd, input, length);
    case HTTP: break;
    }
    int requests = count_requests(&connections[fd].heads, input, length);
    for (int i = 0; i < requests; i++) {
        memcpy(output + i * REPLY_BYTES, REPLY, REPLY_BYTES);
    }
    return requests == 0 || (requests > 0 && answer(fd, output, requests * REPLY_BYTES));
}

/* The next arrival makes a new edge, unless the peer has ended: then there is a last read, of 0. */
static void ready(int fd, bool ended) {
    struct connection *connection = &connections[fd];
    ssize_t count;
    do {
        if (connection->unsent != NULL && !answer_unsent(fd)) {
            close_connection(fd);
            return;
        }
        if (connection->unsent != NULL) {
            return; /* an edge will say that there is room */
        }
        count = recv(fd, input, READ_BYTES, 0);
        if (count < 0 && errno == EAGAIN) {
            return;
        }
        if (count <= 0 || !work(fd, (int) count)) {
            close_connection(fd);
            return;
        }
    } while (count == READ_BYTES || ended || connection->unsent != NULL);
}

static void accept_clients(int epoll, int listener) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        connections[fd] = (struct connection) {.open = true};
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.fd = fd};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    }
}

int main(int argc, char **argv) {
    struct options options = parse(argc, argv);
    workload = options.workload;
    connections = calloc(raise_descriptors(), sizeof *connections);
    int listener = listening_socket(&options, SOCK_NONBLOCK), epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS_MAX];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    announce(listener, "epoll");
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                accept_clients(epoll, listener);
            } else if (connections[fd].open) {
                ready(fd, events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
            }
        }
    }
}
