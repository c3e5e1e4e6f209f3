#!/bin/bash
# SPDX-License-Identifier: MIT
# A deployment from outside: what is dangerous is found, what is well is well, and a
# server that means harm harms nobody.
. "$(dirname "$0")/lib.sh"
need_root

cat > "$work/probe.py" <<'PYTHON'
import json
import os
import shlex
import socket
import ssl
import subprocess
import threading
import warnings

from asserts import *

warnings.simplefilter('ignore', DeprecationWarning)     # old versions are the point

PORTS = {'smtp': 'LAB_SMTP_PORT', 'submission': 'LAB_SUBMISSION_PORT',
         'submissions': 'LAB_SUBMISSIONS_PORT', 'imap': 'LAB_IMAP_PORT',
         'imaps': 'LAB_IMAPS_PORT', 'pop3': 'LAB_POP3_PORT', 'pop3s': 'LAB_POP3S_PORT'}
CTL = os.path.join(env['GATEPOST_BUILD'], 'ctl/gatepostctl')


def run(*words, code=0):
    done = subprocess.run([CTL, 'probe', *words], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120)
    expect((done.returncode, done.stderr.decode()[:200] if code in (0, 1) else ''),
           (code, ''), ' '.join(words))
    return done.stdout.decode()


def look(ports, *words, host='localhost', code=1):
    """The findings of a host on these ports alone."""
    options = []
    for role in PORTS:
        options += ['--port', '%s=%s' % (role, ports.get(role, 0))]
    return json.loads(run('--json', *options, *words, host, code=code))


def lab(*roles):
    return {role: env[PORTS[role]] for role in roles or PORTS}


def verdicts(answer, role=None, check=None):
    return {(row['role'], row['check'], row['verdict']) for row in answer['findings']
            if role in (None, row['role']) and check in (None, row['check'])}


def found(answer, check):
    return [row['found'] for row in answer['findings'] if row['check'] == check]


class Server:
    """Does what it is told with the first connections to it."""

    def __init__(self, act):
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        self.act = act
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection = self.socket.accept()[0]
            threading.Thread(target=self.attend, args=(connection,),
                             daemon=True).start()

    def attend(self, connection):
        try:
            self.act(connection)
        except OSError:
            pass
        connection.close()
PYTHON

# refuses CODE TEXT ARGUMENT...
refuses() {
	local code=$1 text=$2
	shift 2
	"$GATEPOST_BUILD/ctl/gatepostctl" probe "$@" > said 2>&1
	[ $? = "$code" ] && grep -qF -e "$text" said || { cat said; return 1; }
}
check "which host?" refuses 64 "probe which host?"
check "two hosts" refuses 64 "probe which host?" localhost localhost
check "no role" refuses 64 "allowed is ROLE=NUMBER" --port web=80 localhost
check "no port" refuses 64 "allowed is ROLE=NUMBER" --port smtp=65536 localhost
check "no time" refuses 64 "allowed is 1s to 5m" --timeout 0 localhost
check "no file" refuses 66 "no certificate can be read" --ca /nonexistent localhost
check "no such host" refuses 68 "host.invalid" host.invalid
check "nobody there" refuses 69 "no port of 127.0.0.1 answers" --port smtp=1 \
	--port submission=1 --port submissions=0 --port imap=0 --port imaps=0 \
	--port pop3=0 --port pop3s=0 127.0.0.1

# A site with everything wrong: no gatepost, an open relay.
site bad --open-relay --without-gatepost
PYTHONPATH=$work python <<'PYTHON'
from probe import *

answer = look(lab('smtp', 'submission'), '--ca', env['LAB_CA'])
expect(verdicts(answer, 'smtp', 'relay') >= {('smtp', 'relay', 'fail'),
                                             ('smtp', 'relay', 'warn')}, True, 'a relay')
expect('mail for <gatepost-probe@example.com> is taken' in found(answer, 'relay'), True,
       'what was taken')
expect(verdicts(answer, 'submission', 'mail-before-tls') |
       verdicts(answer, 'submission', 'mail-before-login'),
       {('submission', 'mail-before-tls', 'fail'),
        ('submission', 'mail-before-login', 'fail')}, 'an open submission port')
say('an open relay is found')

answer = look(lab('imap', 'pop3'), '--ca', env['LAB_CA'])
expect(verdicts(answer, check='auth-before-tls'),
       {('imap', 'auth-before-tls', 'fail'), ('pop3', 'auth-before-tls', 'fail')},
       'logins without TLS')
answer = look(lab('imaps'))
expect(verdicts(answer, check='certificate-chain'),
       {('imaps', 'certificate-chain', 'fail')}, 'a CA that nobody knows')
answer = look({'imaps': env['LAB_IMAP_PORT'], 'submissions': env['LAB_SMTP_PORT']})
expect(verdicts(answer), {('imaps', 'implicit-tls', 'fail'),
                          ('submissions', 'implicit-tls', 'fail')}, 'no TLS at all')
say('logins without TLS, no TLS, and a certificate of nobody are found')
PYTHON
[ $? = 0 ] || failures=1
"$GATEPOST_SOURCE/scripts/lab" down bad > /dev/null

# A site with everything right.
site good
sed -i -e '/^remote 127/,/^}/d' good/etc/dovecot.conf
doveadm -c "$LAB_DOVECOT_CONF" reload || exit 1
PYTHONPATH=$work python <<'PYTHON'
from probe import *

# Dovecot trusts its own address.
answer = look(lab(), '--ca', env['LAB_CA'], '--address', '127.0.0.2', '--names',
              'localhost', host='mail.example.test', code=0)
expect({row['verdict'] for row in answer['findings']}, {'ok'}, 'all is well')
expect({row['role'] for row in answer['findings']}, set(PORTS), 'every port')
expect({row['check'] for row in answer['findings'] if row['role'] == 'submission'},
       {'starttls', 'auth-before-tls', 'mail-before-tls', 'tls-cipher',
        'certificate-chain', 'certificate-time', 'certificate-key', 'certificate-name',
        'auth-after-tls', 'mail-before-login', 'tls-old'}, 'checks of submission')
expect(found(answer, 'mail-before-tls'),
       ['530 5.7.0 Must issue a STARTTLS command first'], 'what the milter says')
expect(sorted(set(found(answer, 'mail-before-login'))),
       ['530 5.7.0 Authentication required'], 'what the milter says')
say('a good site passes, with all ports')

answer = look(lab('submission', 'imaps'), '--ca', env['LAB_CA'],
              '--names', 'mail.example.test,old.example.test')
expect(found(answer, 'certificate-name')[:3],
       ['localhost is covered', 'mail.example.test is covered',
        'old.example.test is not covered'], 'names')
say('a retired name that the certificate lacks is found')

text = run('--port', 'smtp=' + env['LAB_SMTP_PORT'], '--port', 'submission=0',
           '--port', 'submissions=0', '--port', 'imap=0', '--port', 'imaps=0',
           '--port', 'pop3=0', '--port', 'pop3s=0', '--ca', env['LAB_CA'],
           '--names', 'old.example.test', 'localhost', code=1)
expect(('What to do:' in text, '1 failed, ' in text, '\x1b' in text),
       (True, True, False), 'for people:\n' + text)
lines = text.splitlines()
expect(lines[1].split()[2:4], ['fail', 'certificate-name'], 'what fails is first')
expect((' ok ' in text, 'well: %s smtp ' % env['LAB_SMTP_PORT'] in text,
        '  certificate-name, port %s: ' % env['LAB_SMTP_PORT'] in text),
       (False, True, True), 'what is well in brief, and where to do it:\n' + text)
everything = run(*[word for role in PORTS
                   for word in ('--port', '%s=%s' % (role, env[PORTS[role]]))],
                 '--all', '--ca', env['LAB_CA'], '--names', 'old.example.test',
                 'localhost', code=1)
table = everything.split('\n\n')[0].splitlines()
order = [line.split()[2] for line in table[1:]]
expect(order, sorted(order, key=['fail', 'warn', 'note', 'ok'].index),
       'what fails is first, of all ports')
expect((order.count('ok') > 50, '(--all' in everything), (True, False), 'each check')
expect([line for line in everything.splitlines()
        if line.startswith('  certificate-name, port ') and
        all(env[PORTS[role]] in line for role in PORTS)][1:], [], 'said once')
say('and people are told what to do')
expect([name for name in os.listdir(env['LAB_MAIL'])
        if os.path.isdir(os.path.join(env['LAB_MAIL'], name, 'new'))
        and os.listdir(os.path.join(env['LAB_MAIL'], name, 'new'))], [], 'no mail came')
say('no mail was sent')
PYTHON
[ $? = 0 ] || failures=1

# Certificates that have ended, or soon will, with a weak key; and old versions.
make_certificate() { # NAME DAYS TYPE...
	local name=$1 days=$2
	shift 2
	openssl req -x509 -nodes -newkey "$@" -keyout "$name.key" -out "$name.pem" \
		-subj "/CN=localhost" -addext "subjectAltName=DNS:localhost" \
		-days "$days" 2> /dev/null
}
make_certificate soon 5 rsa:2048
make_certificate weak 100 rsa:1024
openssl req -x509 -nodes -newkey rsa:2048 -keyout ended.key -out ended.pem \
	-subj /CN=localhost -addext subjectAltName=DNS:localhost \
	-days 100 2> /dev/null
openssl req -new -key ended.key -subj /CN=localhost -out ended.csr 2> /dev/null
mkdir ca && : > ca/index && echo 01 > ca/serial
cat > ca/conf <<X
[ca]
default_ca = c
[c]
dir = $work/ca
new_certs_dir = $work/ca
database = $work/ca/index
serial = $work/ca/serial
default_md = sha256
policy = p
[p]
commonName = supplied
X
openssl ca -batch -selfsign -config ca/conf -in ended.csr -keyfile ended.key \
	-startdate 20190101000000Z -enddate 20200101000000Z -notext -out ended.pem \
	> ca/log 2>&1 || cat ca/log
PYTHONPATH=$work python <<'PYTHON'
from probe import *


def of(name, newest=None):
    """What is found of an IMAP server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers('ALL:@SECLEVEL=0')
    context.minimum_version = ssl.TLSVersion.TLSv1
    if newest:
        context.maximum_version = newest
    context.load_cert_chain(name + '.pem', name + '.key')

    def act(connection):
        connection = context.wrap_socket(connection, server_side=True)
        connection.sendall(b'* OK ready\r\n')
        connection.recv(1000)
        connection.sendall(b'* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\np OK done\r\n')
        connection.recv(1000)

    return look({'imaps': Server(act).port}, '--ca', name + '.pem')


expect(found(of('ended'), 'certificate-time'), ['it ended on 2020-01-01'], 'ended')
soon = [row for row in of('soon')['findings'] if row['check'] == 'certificate-time']
expect((soon[0]['verdict'], soon[0]['found'][:10]), ('warn', 'it ends in'), 'ends soon')
weak = of('weak')
expect(found(weak, 'certificate-key'), ['RSA with 1024 bits'], 'a weak key')
expect(verdicts(weak, check='tls-old'), {('imaps', 'tls-old', 'fail')}, 'old versions')
old = of('soon', ssl.TLSVersion.TLSv1_1)
expect(found(old, 'tls-version'), ['TLSv1.1 at best'], 'an old version alone')
say('certificates that end, a weak key and old TLS are found')

# Servers that only defer: a greylist, or a table that cannot be asked.
def defers(at):
    def act(connection):
        connection.sendall(b'220 hi\r\n')
        for line in connection.makefile('rb'):
            word = line.split()[0].upper()
            connection.sendall(b'451 4.3.0 later\r\n' if word == at
                               else b'250 ok\r\n' if word != b'QUIT' else b'221 bye\r\n')
    return act


answer = look({'smtp': Server(defers(b'RCPT')).port}, code=0)
expect([(row['verdict'], row['found']) for row in answer['findings']
        if row['check'] == 'relay'],
       [('warn', 'not proven, 6 of 6 forms of foreign recipients are only deferred: '
         '451 4.3.0 later')], 'what is deferred is not refused')
answer = look({'submission': Server(defers(b'MAIL')).port})
expect(verdicts(answer, check='mail-before-tls'),
       {('submission', 'mail-before-tls', 'warn')}, 'nor on a submission port')
say('a refusal for now proves nothing')

# Where users need somebody, nobody is a failure, unless that is meant so.
greets = Server(defers(b'RCPT')).port
closed = socket.socket()
closed.bind(('127.0.0.1', 0))
nobody = closed.getsockname()[1]
for role, code in (('submission', 1), ('imaps', 1), ('imap', 0), ('pop3s', 0)):
    answer = look({'smtp': greets, role: nobody}, code=code)
    expect(verdicts(answer, role),
           {(role, 'connection', 'fail' if code else 'note')}, 'nobody at ' + role)
say('a port that is needed is missed')

# Servers that mean harm.
def drip(connection):
    for byte in b'220 ' + b'x' * 1000:
        connection.sendall(bytes([byte]))
        stop.wait(0.05)


def endless(connection):
    while True:
        connection.sendall(b'220-more\r\n' * 1000)


def long_line(connection):
    connection.sendall(b'220 ' + b'x' * 100000)


def garbage(connection):
    connection.sendall(bytes(range(256)) * 4 + b'\r\n')


def escapes(connection):
    connection.sendall(b'220 hi\r\n')
    connection.recv(1000)
    connection.sendall(b'250-hi\r\n250-AUTH \x1b[31mPLAIN\x07\r\n250 ok\r\n')
    connection.recv(1000)
    connection.sendall(b'550 \x1b]0;owned\x07 \xff no\r\n')


def silent(connection):
    stop.wait(30)


def closes(connection):
    pass


def injects(connection):
    """More than the answer to STARTTLS, as if TLS had begun."""
    connection.sendall(b'220 hi\r\n')
    connection.recv(1000)
    connection.sendall(b'250-hi\r\n250 STARTTLS\r\n')
    for answer in (b'550 no\r\n', b'250 ok\r\n') * 2:
        connection.recv(1000)
        connection.sendall(answer)
    connection.recv(1000)
    connection.sendall(b'220 go\r\n250-hi\r\n250 AUTH PLAIN\r\n')
    stop.wait(5)


stop = threading.Event()
for act, wanted in ((drip, 'no answer in time'), (endless, 'a reply of more than'),
                    (long_line, 'a line longer than'), (garbage, 'no reply of SMTP'),
                    (silent, 'no answer in time'), (closes, 'closed the connection'),
                    (injects, None), (escapes, None)):
    server = Server(act)
    answer = look({'submission': server.port}, '--timeout', '1s')
    text = ' '.join(found(answer, 'dialogue'))
    expect(wanted is None or wanted in text, True, '%s: %r' % (act.__name__, answer))
    if act is injects:
        expect(verdicts(answer, check='auth-after-tls'), set(), 'what was injected')
server = Server(escapes)
text = run('--port', 'smtp=0', '--port', 'submission=%d' % server.port, '--port',
           'submissions=0', '--port', 'imap=0', '--port', 'imaps=0', '--port', 'pop3=0',
           '--port', 'pop3s=0', '--timeout', '1s', 'localhost', code=1)
expect(any(ord(letter) < 32 and letter != '\n' or letter == '\x7f' for letter in text),
       False, 'bytes that a terminal acts on: %r' % text)
stop.set()
say('servers that drip, flood, inject or send escapes harm nobody')
PYTHON
[ $? = 0 ] || failures=1
finish
