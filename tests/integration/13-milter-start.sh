#!/bin/bash
# SPDX-License-Identifier: MIT
# How the milter starts: from root to an unprivileged user, into the background,
# and not at all when something is wrong.
. "$(dirname "$0")/lib.sh"
need_root
milter=$GATEPOST_BUILD/milter/gatepost-milter
conf=$work/gatepost.conf
install -d -o nobody "$work/run"

settings() { # LINE...: the settings of a milter that would start, and more
	cat > "$conf" <<X
relay { local_domains = {example.test} }
journal { file = "$work/run/journal" }
milter {
	socket = "unix:$work/run/milter.sock"
	socket_group = postfix
	user = nobody
	pid_file = "$work/milter.pid"
}
X
	printf '%s\n' "$@" >> "$conf"
}

refuses() { # CODE TEXT SETTINGS...
	local code=$1 text=$2 found=0
	shift 2
	settings "$@"
	"$milter" -c "$conf" -f > "$work/out" 2>&1 || found=$?
	check "refuses: $* ($found)" [ "$found" = "$code" ]
	check "says: $text" grep -qF -- "$text" "$work/out"
}

refuses 78 "milter.user" 'milter { user = root }'
refuses 78 "no such user" 'milter { user = nobody-at-all }'
refuses 78 "no such group" 'milter { socket_group = nobody-at-all }'
refuses 78 "gatepost.conf:9: milter.socket: 'bogus'" 'milter { socket = bogus }'
refuses 78 "from 1 to 65535" 'milter { socket = "inet:127.0.0.1:99999" }'
refuses 78 "/nonexistent/m.sock" 'milter { socket = "unix:/nonexistent/m.sock" }'
refuses 78 "/nonexistent/journal" 'journal { file = "/nonexistent/journal" }'
refuses 78 "did you mean 'interval'" 'poll { intervall = 5m }'
check "a start that failed leaves no socket" \
	[ -z "$(find "$work/run" -type s)" ]
rm -f "$work/milter.pid"

: > "$work/run/milter.sock"
refuses 78 "no socket is there"
rm "$work/run/milter.sock"
python3 -c 'import socket, sys, time
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
time.sleep(60)' "$work/run/milter.sock" &
other=$!
at_exit kill "$other"
wait_until 10 test -S "$work/run/milter.sock"
refuses 78 "another program (process $other) listens there"
kill "$other"

found=0
"$milter" --frobnicate > "$work/out" 2>&1 || found=$?
check "an unknown option is a usage error" [ "$found" = 64 ]
"$milter" --help > "$work/out"
check "--help names the settings file" grep -q gatepost.conf "$work/out"
settings
check "-t likes good settings" "$milter" -t -c "$conf"

check "goes into the background" "$milter" -c "$conf"
pid=$(cat "$work/milter.pid")
at_exit kill "$pid"
check "the socket is there when the command returns" test -S "$work/run/milter.sock"
check "the socket is 0660 for the group" \
	[ "$(stat -c '%a %U %G' "$work/run/milter.sock")" = "660 nobody postfix" ]
check "no thread is root" \
	[ "$(awk '/^Uid:/ { print $2 $3 $4 $5 }' /proc/"$pid"/task/*/status | sort -u)" = \
	"$(printf '%s' 65534655346553465534)" ]
check "no capability is left" \
	[ "$(awk '/^Cap(Prm|Eff):/ { print $2 }' "/proc/$pid/status" | sort -u)" = 0000000000000000 ]
# A second one takes its place; see also 14-milter-restart.sh.
first=$pid
check "a second one starts" "$milter" -c "$conf"
pid=$(cat "$work/milter.pid")
at_exit kill "$pid"
check "it is another process" [ "$pid" != "$first" ]
wait_until 15 gone "$first"
check "the first one ends, for it has no session" gone "$first"
check "the second one's socket stays" test -S "$work/run/milter.sock"
check "and its pid file" [ "$(cat "$work/milter.pid")" = "$pid" ]
kill "$pid"
wait_until 10 gone "$pid"
check "SIGTERM ends it" gone "$pid"
check "its socket is gone" [ ! -e "$work/run/milter.sock" ]

# The main thread is late when it takes signals again, after it has started the other.
LD_PRELOAD=$GATEPOST_BUILD/tests/integration/.libs/libslow_signals.so \
	"$milter" -c "$conf" -f > "$work/out" 2>&1 &
pid=$!
at_exit kill "$pid"
wait_until 10 grep -q "listens on" "$work/out"
kill -HUP "$pid"
check "SIGHUP right after the start is no end" \
	wait_until 10 grep -q "settings read again" "$work/out"
kill "$pid"
finish
