#!/bin/bash
# SPDX-License-Identifier: MIT
# Redis by the name of its host: a name server that is silent, or knows no such name,
# holds nobody up, and a name that is known leads there.
. "$(dirname "$0")/lib.sh"
need_root

# What runs in a mount namespace of its own has this name server and these hosts.
with_names() { # NAME-SERVER COMMAND...
	server=$1
	shift
	echo "nameserver $server" > resolv.conf
	printf '127.0.0.1 localhost\n127.0.0.1 redis.example.test\n' > hosts
	unshare -m sh -c 'mount --bind "$0/resolv.conf" /etc/resolv.conf &&
		mount --bind "$0/hosts" /etc/hosts && exec "$@"' "$work" "$@"
}
with_names 127.0.0.1 true || { echo "no mount namespace can be made here"; exit 77; }

# A name server that takes each question and says nothing.
python3 - <<'PYTHON' &
import socket
import time
silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
silent.bind(('127.0.0.77', 53))
open('silent.ready', 'w').close()
time.sleep(600)
PYTHON
at_exit "kill $!"
check "a silent name server" wait_until 10 [ -e silent.ready ]
"${GATEPOST_REDIS_SERVER:-redis-server}" --port 0 --unixsocket "$work/redis.sock" --save '' --dir "$work" \
	> redis.log 2>&1 &
at_exit "kill $!"
# A port that is free now may be taken a moment later: another one then.
give_a_port() {
	port=$(python3 -c 'import socket
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    print(free.getsockname()[1])')
	[ "$(redis-cli -s "$work/redis.sock" config set port "$port" 2> said)" = OK ]
}
check "a Redis with a port" wait_until 10 give_a_port

# explains NAME-SERVER HOST TEXT: what explain says of exemptions by hand
explains() {
	echo "redis { server = \"$2:$port\" deadline = 200ms }" > named.conf
	with_names "$1" "$GATEPOST_BUILD/ctl/gatepostctl" -c named.conf explain --rules \
		part=imap user=alice every=1 check=noop > said 2>&1
	grep -qE "by hand .*$3" said || { cat said; return 1; }
}
check "a silent name server is not waited for" explains 127.0.0.77 \
	redis.nowhere.test 'no name server has told its address in time'
check "without any name server the name is not known" explains 127.0.0.78 \
	redis.nowhere.test 'redis.nowhere.test: '
check "a name that is known" explains 127.0.0.77 redis.example.test ' no '
check "an address needs no name server" explains 127.0.0.77 127.0.0.1 ' no '
finish
