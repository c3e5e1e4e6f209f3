#!/bin/bash
# SPDX-License-Identifier: MIT
# Redis by TLS: whoever cannot prove to be the one that was meant is not spoken to, and
# then all works.  Where hiredis has no TLS the setting is refused in plain words.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root

says() { # TEXT SETTING...: gatepostctl who, with these in section redis
	text=$1
	shift
	printf '%s\n' 'redis {' "$@" '}' > other.conf
	"$GATEPOST_BUILD/ctl/gatepostctl" -c other.conf who > said 2>&1 &&
		echo "it went well" >> said
	grep -qF "$text" said || { cat said; return 1; }
}

if ! pkg-config --exists hiredis_ssl; then
	check "without TLS in hiredis: refused with the remedy" \
		says "without its TLS (hiredis_ssl, from 1.0 on); use a unix socket" \
		'server = "127.0.0.1:6379" tls = yes'
	finish
fi

# --- what is needed: an authority, a Redis that wants certificates, one for us

# certificate NAME AUTHORITY EXTENSIONS
certificate() {
	openssl ecparam -genkey -name prime256v1 -noout -out "$1.key"
	openssl req -new -key "$1.key" -out "$1.csr" -subj "/CN=$1"
	printf '%s\n' "$3" | openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" \
		-days 2 -CAcreateserial -out "$1.pem" -extfile /dev/stdin
	chown root:nogroup "$1.key"
	chmod 640 "$1.key"
}

mkdir tls && cd tls || exit 99
for authority in ca other; do
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$authority" \
		-keyout "$authority.key" -out "$authority.pem"
done 2> openssl.log
certificate server ca 'subjectAltName = DNS:redis.example.test, IP:127.0.0.1' \
	2>> openssl.log
certificate client ca 'extendedKeyUsage = clientAuth' 2>> openssl.log
install -m 644 client.key open.key
cd ..
chown nobody:nogroup tls
port=$(python <<'PYTHON'
import socket
with socket.socket() as free:
    free.bind(('127.0.0.1', 0))
    print(free.getsockname()[1])
PYTHON
)
setsid setpriv --reuid=nobody --regid=nogroup --clear-groups \
	"${GATEPOST_REDIS_SERVER:-redis-server}" --port 0 --tls-port "$port" \
	--bind 127.0.0.1 --tls-cert-file "$work/tls/server.pem" \
	--tls-key-file "$work/tls/server.key" --tls-ca-cert-file "$work/tls/ca.pem" \
	--unixsocket "$work/tls/redis.sock" --save '' --dir "$work/tls" \
	> redis.log 2>&1 < /dev/null &
at_exit "kill $!"
is_up() { redis-cli -s "$work/tls/redis.sock" ping > /dev/null 2>&1; }
wait_until 10 is_up || { cat redis.log; exit 99; }

server="server = \"127.0.0.1:$port\" tls = yes"
ca="tls_ca_file = \"$work/tls/ca.pem\""
own="tls_certificate_file = \"$work/tls/client.pem\""
key="tls_key_file = \"$work/tls/client.key\""

# --- refusals

check "an authority that it does not come from" \
	says 'the certificate of 127.0.0.1 is not good' "$server $own $key" \
	"tls_ca_file = \"$work/tls/other.pem\""
check "a name that its certificate does not hold" \
	says 'the certificate of other.example.test is not good' "$server $ca $own $key" \
	'tls_name = other.example.test'
check "no certificate for a Redis that wants one" says 'redis: ' "$server $ca"
check "that did not go well" [ "$(grep -c 'it went well' said)" = 0 ]
check "without TLS" says 'redis: ' "server = \"127.0.0.1:$port\""
check "that did not go well either" [ "$(grep -c 'it went well' said)" = 0 ]
check "a key that others can read" says "others can read it; run: chmod o=" \
	"$server $ca $own" "tls_key_file = \"$work/tls/open.key\""
check "the key of another certificate" says "redis.tls_key_file $work/tls/server.key: " \
	"$server $ca $own" "tls_key_file = \"$work/tls/server.key\""
check "a file that is not there" says "redis.tls_ca_file $work/tls/none.pem: " \
	"$server $own $key" "tls_ca_file = \"$work/tls/none.pem\""
check "TLS on a unix socket" says "there is no TLS on a unix socket" \
	"server = \"unix:$work/tls/redis.sock\" tls = yes"
check "the other name in its certificate" says "it went well" "$server $ca $own $key" \
	'tls_name = redis.example.test'

# --- and then it works

absorbing_site site --redis none <<CONF
rate { overrides = {"bob: messages 3/1h"} }
redis {
	$server
	$ca
	$own
	$key
}
CONF
python "$work/tls/redis.sock" <<'PYTHON'
import rate
from poll import *

env['LAB_REDIS'] = sys.argv[1]
alice = Program('alice')
alice.command('SELECT INBOX')
wait_until(lambda: alice.command('NOOP')[-1].startswith('OK ') and
           len(journal(action='absorb', user='alice')) > 1, 20, 'throttled')
expect(list(kept('alice').programs), ['imap/127.0.0.2'], 'kept in Redis')
bob = rate.user('bob')
for number in range(3):
    rate.expect_accepted(rate.send(bob, 'bob'), 'message %d' % number)
rate.expect_refused(rate.send(bob, 'bob')[-1],
                    '450 4.7.1 Too many messages: at most 3 in 1h', 'the fourth')
expect(kept('bob').sent, 1, 'what bob sent is kept in Redis')
connections = redis('INFO', 'stats')
expect(int(re.search(r'total_connections_received:(\d+)', connections)[1]) < 40, True,
       'the milter keeps its connection: ' + connections)
expect(journal(reason='store-unavailable'), [], 'outages')
say('throttled and counted by TLS')
PYTHON
code=$?
check "throttled and counted by TLS" [ "$code" = 0 ]
finish
