#!/bin/bash
# SPDX-License-Identifier: MIT
# gatepostctl status: 0 only when all is well, and the part that is not is named.
. "$(dirname "$0")/lib.sh"
ctl=$GATEPOST_BUILD/ctl/gatepostctl

# gives CODE TEXT ARGUMENT...
gives() {
	code=$1 text=$2 found=0
	shift 2
	"$ctl" "$@" > out 2>&1 || found=$?
	check "gatepostctl $* gives $code ($found)" [ "$found" = "$code" ]
	check "and says: $text" grep -qE -- "$text" out
}

echo 'poll { intervall = 5m }' > bad.conf
cat > away.conf <<X
redis { server = "unix:$work/no.sock" }
milter { socket = "unix:$work/no-milter.sock" }
X
gives 64 "a time, such as 15m" status --heard soon
gives 64 "no name" status alice
gives 78 "settings +down .*bad.conf:1: unknown setting 'intervall'" -c bad.conf status
gives 78 '"well": false' -c bad.conf status --json
gives 69 "milter +down .*no-milter.sock: No such file" -c away.conf status
gives 69 "store +down .*redis" -c away.conf status
gives 69 "auth-policy +off" -c away.conf status
gives 69 "plugins +unknown" -c away.conf status
sed 's/socket = .*/socket = "fd:3" }/' away.conf > systemd.conf
gives 69 "milter +unknown .*fd:3" -c systemd.conf status

# What accepts and says nothing, or says nonsense
python3 - <<'PYTHON' &
import socket
import threading

listener = socket.socket(socket.AF_UNIX)
listener.bind('nonsense.sock')
listener.listen()
open('nonsense.ready', 'w').close()
while True:
    peer = listener.accept()[0]
    peer.sendall(b'220 mail.example.test ESMTP\r\n')
PYTHON
at_exit "kill $!"
check "a server of something else" wait_until 10 [ -e nonsense.ready ]
sed "s,no-milter.sock,nonsense.sock," away.conf > nonsense.conf
gives 69 "milter +down .*does not speak the milter protocol" -c nonsense.conf status

[ "$(id -u)" = 0 ] || finish
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
poll_site site <<CONF
poll { interval = 60s }
rate { overrides = {"alice: messages 10/1h"} }
redis { retry = 5s }
CONF
read -r -a lab_ctl <<< "$LAB_CTL"
# status CODE TEXT ARGUMENT...: of the site
status() {
	code=$1 text=$2 found=0
	shift 2
	"${lab_ctl[@]}" status "$@" > out 2>&1 || found=$?
	check "status $* gives $code ($found)" [ "$found" = "$code" ]
	check "and says: $text" grep -qE -- "$text" out || cat out
}
# figure TEXT: what Prometheus is told of it
figure() {
	"${lab_ctl[@]}" metrics > figures 2>&1
	check "and metrics: $1" grep -qxE -- "$1" figures
}
status 0 'plugins +quiet'
figure 'gatepost_plugins_last_heard_seconds \+Inf'
status 69 'plugins +down .*no mail program' --heard 15m
python <<'PYTHON'
from poll import *

alice = Program('alice')
alice.command('SELECT INBOX')
alice.command('LOGOUT')
wait_until(lambda: 'alice' in redis('KEYS', '*'), 10, 'Redis knows alice')
PYTHON
[ $? = 0 ] || failures=1
version=$("$ctl" --version)
# An open session tells which plugin is loaded.
coproc session { python <<'PYTHON'
from poll import *

alice = Program('alice')
alice.command('SELECT INBOX')
print('open', flush=True)
time.sleep(60)
PYTHON
}
read -r said <&"${session[0]}"
status 0 "plugins +ok +- +${version##* } +a mail program was heard of" --heard 15m
kill "$session_PID"
figure 'gatepost_plugins_last_heard_seconds [0-9]+'
figure 'gatepost_breaker_open\{of="milter"\} 0'
figure 'gatepost_breaker_open\{of="checks"\} 0'
for part in "settings +ok .* ${version##* } +$LAB_CONF, valid" \
		"milter +ok +[0-9.]+ ${version##* } .*process [0-9]+, runs for" \
		"auth-policy +ok +[0-9.]+ ${version##* } " \
		'breaker +ok .*closed: the milter asks Redis$' 'store +ok +[0-9.]+' \
		'poll-breaker +ok .*closed: mail processes ask Redis$'; do
	check "and: $part" grep -qE -- "$part" out
done
check "nothing is left in Redis" \
	[ "$(redis-cli -s "$LAB_REDIS" KEYS '*gatepostctl*')" = '' ]
"${lab_ctl[@]}" who > out
check "nobody is no user" [ "$(wc -l < out)" = 2 ]

# Each part goes.
pid_of() { cut -d' ' -f1 "site/pids/$1"; }
kill -STOP "$(pid_of authpolicy)"
status 69 'auth-policy +down .*no answer within the time'
kill -CONT "$(pid_of authpolicy)"
check "it goes on" wait_until 10 "${lab_ctl[@]}" status
echo wrong-key-wrong-key > site/etc/authpolicy.key
status 69 'auth-policy +down .*403'
# The milter's breaker: open as long as Redis is silent, closed with the next message.
send() { python <<'PYTHON'
import rate
rate.expect_accepted(rate.send(rate.user('alice'), 'alice'), 'mail')
PYTHON
}
redis=$(redis-cli -s "$LAB_REDIS" INFO server | tr -d '\r' | sed -n 's/^process_id://p')
kill -STOP "$redis"
check "mail passes without Redis" send
check "the breaker is open" wait_until 10 grep -q store-unavailable "$LAB_JOURNAL"
status 69 'breaker +quiet .*open: Redis failed the milter [0-9.]+s ago'
figure 'gatepost_breaker_open\{of="milter"\} 1'
# The one that mail processes share.
check_mail() { python <<'PYTHON'
from poll import *

bob = Program('bob')
expect(bob.command('SELECT INBOX')[-1], 'OK [READ-WRITE] Select completed', 'SELECT')
expect(bob.command('LOGOUT')[-1], 'OK Logout completed', 'LOGOUT')
PYTHON
}
check "mail is read without Redis" check_mail
figure 'gatepost_breaker_open\{of="checks"\} 1'
status 69 'poll-breaker +down .*open: Redis failed mail processes [0-9.]+s ago, checks pass; one asks again in [1-5]'
kill -CONT "$redis"
poll_breaker_is() {
	"${lab_ctl[@]}" status > out 2>&1
	grep -qE "poll-breaker +$1" out
}
check "its time is over, and nobody has come" wait_until 20 \
	poll_breaker_is 'quiet .*open: .*; one asks again with the next check'
check "somebody comes" check_mail
check "it is closed" poll_breaker_is 'ok .*closed: mail processes ask Redis'
is_back() { send > send.out && grep -q store-back "$LAB_JOURNAL"; }
check "Redis is back" wait_until 20 is_back
"${lab_ctl[@]}" status > out 2>&1
check "the breaker is closed" grep -qE \
	'breaker +ok .*closed: the milter asks Redis, again since' out
figure 'gatepost_breaker_open\{of="milter"\} 0'
redis-cli -s "$LAB_REDIS" CONFIG SET maxmemory 1 > redis.out
status 69 'store +down .*OOM'
redis-cli -s "$LAB_REDIS" CONFIG SET maxmemory 0 > redis.out
redis-cli -s "$LAB_REDIS" REPLICAOF 127.0.0.1 1 > redis.out
status 69 'store +down .*(READONLY|MASTERDOWN)'
redis-cli -s "$LAB_REDIS" REPLICAOF NO ONE > redis.out
milter=$(pid_of milter)
kill "$milter"
check "the milter ends" wait_until 30 gone "$milter"
status 69 'milter +down '
check "the store is well again" grep -qE 'store +ok' out
finish
