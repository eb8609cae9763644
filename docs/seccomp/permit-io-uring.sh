#!/bin/sh
# Reads a container engine's default seccomp profile, writes the same with exactly three system calls more.
#
#   permit-io-uring.sh default.json > hotpath.json                  Docker's format, as read; for docker and podman
#   permit-io-uring.sh --oci amd64|arm64 default.json > hotpath.json  the runtime's format; for containerd, CRI-O, Kubernetes
#
# The runtime's format has no conditions. What the first format says for "this architecture" or "without this capability"
# is decided here: for the architecture given, and for the capabilities of a container that was given none.
set -eu

rule='{
			"names": [
				"io_uring_enter",
				"io_uring_register",
				"io_uring_setup"
			],
			"action": "SCMP_ACT_ALLOW"
		}'

fail() {
	echo "permit-io-uring: $1" >&2
	exit 1
}

architecture=
if [ "${1-}" = --oci ]; then
	[ $# -ge 2 ] || fail "--oci needs amd64 or arm64"
	architecture=$2
	shift 2
	command -v jq > /dev/null || fail "--oci needs jq"
fi
[ $# -eq 1 ] || fail "usage: permit-io-uring.sh [--oci amd64|arm64] default.json > hotpath.json"
[ -r "$1" ] || fail "cannot read $1"
grep -q '"defaultAction" *: *"SCMP_ACT_ERRNO"' "$1" || fail "$1 is not a list of what is permitted: it needs nothing"
! grep -q '"io_uring_' "$1" || fail "$1 speaks of io_uring already: look at it first"

# The rule becomes the first; every other byte stays.
permitted() {
	RULE=$rule awk '
		!done && match($0, /"syscalls" *: *\[/) {
			end = RSTART + RLENGTH
			print substr($0, 1, end - 1)
			printf "\t\t%s,", ENVIRON["RULE"]
			rest = substr($0, end)
			print rest
			done = 1
			next
		}
		{ print }
		END { exit !done }' "$1" || fail "$1 has no list of system calls"
}

case $architecture in
	'') permitted "$1" && exit ;;
	amd64) native='["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]' ;;
	arm64) native='["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]' ;;
	*) fail "$architecture is neither amd64 nor arm64" ;;
esac

profile=$(permitted "$1")
printf '%s\n' "$profile" | jq --tab --arg architecture "$architecture" --argjson native "$native" '
	# what a container has that was given nothing
	["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID",
		"CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE"] as $caps
	| def applies:
		((.includes.arches // [$architecture]) | index($architecture) != null)
		and ((.includes.caps // []) - $caps == [])
		and ((.excludes.arches // []) | index($architecture) == null)
		and ((.excludes.caps // []) as $without | $without - $caps == $without);
	{
		defaultAction,
		defaultErrnoRet: (.defaultErrnoRet // 1),
		architectures: $native,
		syscalls: [.syscalls[] | select(applies) | {names, action, errnoRet, args} | with_entries(select(.value != null))]
	}'
