#!/bin/bash
# SPDX-License-Identifier: MIT
# A Dovecot proxy in front: programs are told apart by where they are, not by where
# the proxy is, and keep the name they gave it.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
echo 'login_trusted_networks = 127.0.0.31/32' > dovecot.conf
poll_site site --dovecot-conf dovecot.conf <<CONF
poll {
	interval = 60s
	round = 0
	ladder = {"after 0: absorb"}
	login_ladder = {"after 0: note"}
}
CONF

# A second Dovecot that knows no users and hands on whoever comes.
PROXY_IMAP=$(python3 -c '
import socket
ports = [socket.socket() for _ in range(2)]
for port in ports: port.bind(("127.0.0.1", 0))
print(*(port.getsockname()[1] for port in ports))')
read -r PROXY_IMAP PROXY_POP3 <<< "$PROXY_IMAP"
export PROXY_IMAP PROXY_POP3
proxy_settings() {
	cat <<CONF
base_dir = $work/proxy
state_dir = $work/proxy/state
instance_name = gatepost-test-proxy
protocols = imap pop3
listen = 127.0.0.1
log_path = $work/proxy.log
ssl = no
imap_id_retain = yes
service imap-login {
  inet_listener imap {
    port = $PROXY_IMAP
  }
  inet_listener imaps {
    port = 0
  }
}
service pop3-login {
  inet_listener pop3 {
    port = $PROXY_POP3
  }
  inet_listener pop3s {
    port = 0
  }
}
CONF
}
proxy_settings_2_3() {
	proxy_settings
	cat <<CONF
disable_plaintext_auth = no
login_source_ips = 127.0.0.31
passdb {
  driver = static
  args = nopassword=y proxy=y host=127.0.0.1 port=$1
}
CONF
}
proxy_settings_2_4() {
	printf '%s\n' 'dovecot_config_version = 2.4.0' 'dovecot_storage_version = 2.4.0'
	proxy_settings
	cat <<CONF
auth_allow_cleartext = yes
login_source_ips = 127.0.0.31
passdb static {
  fields {
    nopassword = yes
    proxy = yes
    host = 127.0.0.1
    port = $1
  }
}
CONF
}
start_proxy() { # PORT of the site
	case $(dovecot --version) in
	2.3.*) proxy_settings_2_3 "$1" ;;
	*) proxy_settings_2_4 "$1" ;;
	esac > proxy.conf
	setsid dovecot -c "$work/proxy.conf" || { cat proxy.log; exit 1; }
	at_exit "doveadm -c '$work/proxy.conf' stop"
	wait_until 10 test -s proxy/master.pid
}
stop_proxy() {
	master=$(cat proxy/master.pid)
	doveadm -c "$work/proxy.conf" stop 2> /dev/null
	wait_until 10 gone "$master"
}

start_proxy "$LAB_IMAP_PORT"
python <<'PYTHON'
from functools import partial
from poll import *

Program = partial(Program, tls=False, port=env['PROXY_IMAP'])


def check_twice(user, source, **options):
    session = Program(user, source=source, **options)
    session.command('SELECT INBOX')
    session.command('NOOP')
    session.command('LOGOUT')


check_twice('alice', '127.0.0.7')
check_twice('alice', '127.0.0.8', early_id='("name" "Early")')
check_twice('alice', '127.0.0.9', name='Late')
wanted = {'imap/127.0.0.7', 'imap/127.0.0.8/Early', 'imap/127.0.0.9/Late'}
wait_until(lambda: set(who('alice')) == wanted, 5, 'programs by their own address')
for name, row in who('alice').items():
    expect(row['checks'], 2, 'the checks of ' + name)
expect({line['ip'] for line in journal(user='alice')},
       {'127.0.0.7', '127.0.0.8', '127.0.0.9'}, 'the addresses in the journal')

# A proxy says where its client is; of IPv6 a program is all behind a /64.
for address in ('2001:db8:1:2:3::7', '2001:db8:1:2:ffff::8', '2001:db8:1:3::7'):
    session = Program('dave', source='127.0.0.31', port=env['LAB_IMAP_PORT'],
                      early_id='("x-originating-ip" "%s" "name" "Six")' % address)
    session.command('SELECT INBOX')
    session.command('LOGOUT')
wait_until(lambda: {name: row['checks'] for name, row in who('dave').items()} ==
           {'imap/2001:db8:1:2::/64/Six': 2, 'imap/2001:db8:1:3::/64/Six': 1}, 5,
           'programs by their /64: %r' % who('dave'))

# Who is no proxy cannot say where it comes from.
liar = partial(Program, port=env['LAB_IMAP_PORT'])
session = liar('bob', source='127.0.0.10',
               early_id='("x-originating-ip" "192.0.2.1" "name" "Liar")')
session.command('SELECT INBOX')
session.command('LOGOUT')
wait_until(lambda: set(who('bob')) == {'imap/127.0.0.10/Liar'}, 5,
           'only a proxy is believed')
PYTHON
check "IMAP by a proxy" [ $? = 0 ]
stop_proxy

start_proxy "$LAB_POP3_PORT"
python <<'PYTHON'
from poll import *


def pop3(source):
    connection = socket.create_connection(
        (env['LAB_HOST'], int(env['PROXY_POP3'])), 30, (source, 0))
    file = connection.makefile('rb')
    file.readline()
    for line in ('USER carol', 'PASS secret-carol', 'STAT', 'QUIT'):
        connection.sendall(line.encode() + b'\r\n')
        expect(file.readline()[:3], b'+OK', line)
    connection.close()


pop3('127.0.0.7')
pop3('127.0.0.7')
pop3('127.0.0.8')
wait_until(lambda: {name: row['checks'] for name, row in who('carol').items()} ==
           {'pop3/127.0.0.7': 2, 'pop3/127.0.0.8': 1}, 5,
           'programs by their own address')
PYTHON
check "POP3 by a proxy" [ $? = 0 ]
finish
