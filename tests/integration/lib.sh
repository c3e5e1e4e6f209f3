# SPDX-License-Identifier: MIT
# What the integration tests share.  Sourced first; makes a private folder $work,
# goes there, and takes down at the end every site that was brought up in it.
set -u

GATEPOST_SOURCE=${GATEPOST_SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]:-$0}")/../.." && pwd)}
if [ -z "${GATEPOST_BUILD:-}" ]; then
	. "$GATEPOST_SOURCE/scripts/lib.sh"
	gp_build
	GATEPOST_BUILD=$(gp_build_folder)
fi
export GATEPOST_SOURCE GATEPOST_BUILD
PATH=$PATH:/usr/sbin:/sbin

work=$(mktemp -d "${TMPDIR:-/tmp}/gp-it.XXXXXX") || exit 99
chmod 755 "$work"
cd "$work" || exit 99
: > at-exit
failures=0 checks=0

# What a sanitizer finds is told here, by whatever runs as whatever user: leaks too,
# when a program ends, also of those whose exit code and words a test expects.
install -d -m 1777 "$work/sanitizer"
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}log_path=$work/sanitizer/found"

# What Redis's failures have left outside of $work: named by a hash (FNV-1a) of the
# settings' path.
forget_breakers() {
	for conf in "$work"/*/etc/gatepost.conf; do
		[ ! -e "$conf" ] || rm -f "/dev/shm/gatepost-breaker-$(python3 -c '
import os, sys
value = 14695981039346656037
for byte in os.path.realpath(sys.argv[1]).encode():
    value = (value ^ byte) * 1099511628211 % 2**64
print("%016x" % value)' "$conf")"-*
	done
}

leave() {
	code=$?
	trap '' INT TERM
	while read -r command; do
		eval "$command" > /dev/null 2>&1
	done < "$work/at-exit"
	for site in "$work"/*/; do
		[ ! -e "$site/pids" ] || "$GATEPOST_SOURCE/scripts/lab" down "$site"
		if cat "$site"/log/valgrind/* 2> /dev/null | grep .; then
			echo "FAILED: valgrind found something"
			code=1
		fi
	done
	if grep -rE -A25 'ERROR: (Address|Leak)Sanitizer|LeakSanitizer has encountered|runtime error: |WARNING: ThreadSanitizer' \
		"$work"/sanitizer "$work"/*/log 2> /dev/null | grep .; then
		echo "FAILED: a sanitizer found something"
		code=1
	fi
	forget_breakers
	cd /
	rm -rf "$work"
	exit "$code"
}
trap leave EXIT
trap 'exit 130' INT TERM

at_exit() { printf '%s\n' "$*" >> "$work/at-exit"; }

need_root() {
	[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
}

# It is not built where libmicrohttpd or jansson is missing.
need_authpolicy() {
	[ -x "$GATEPOST_BUILD/imapd-hooks/gatepost-authpolicy" ] ||
		{ echo "gatepost-authpolicy is not built"; exit 77; }
}

# check WHAT COMMAND...
check() {
	what=$1
	shift
	checks=$((checks + 1))
	if "$@"; then
		echo "ok: $what"
	else
		echo "FAILED: $what"
		failures=$((failures + 1))
	fi
}

# wait_until SECONDS COMMAND...
wait_until() {
	_end=$(($(date +%s) + $1))
	shift
	until "$@"; do
		[ "$(date +%s)" -le "$_end" ] || return 1
		sleep 0.05
	done
}

gone() { # PID; a zombie is gone
	[ ! -e "/proc/$1/stat" ] || grep -q ') Z ' "/proc/$1/stat"
}

# site NAME [OPTION of lab up...]: brings up a mail site in $work/NAME and reads
# its environment.  With $GATEPOST_MTA it has that MTA.  Redis may take its time:
# other tests want the machine too, and only some ask what happens when it is slow.
site() {
	need_root
	_name=$1
	shift
	echo 'redis { deadline = 1s }' > "$work/patient.conf"
	"$GATEPOST_SOURCE/scripts/lab" up "$work/$_name" --conf "$work/patient.conf" \
		${GATEPOST_MTA:+--mta "$GATEPOST_MTA"} "$@" || exit $?
	set -a
	. "$work/$_name/env"
	set +a
}

# The script on standard input, with tests/integration to import from.
python() {
	PYTHONPATH=$GATEPOST_SOURCE/tests/integration PYTHONDONTWRITEBYTECODE=1 \
		python3 - "$@"
}

finish() {
	echo "$checks checks, $failures failed"
	[ "$failures" = 0 ] && [ "$checks" -gt 0 ]
	exit $?
}
