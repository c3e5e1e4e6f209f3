#!/bin/bash
# SPDX-License-Identifier: MIT
# One person, however they write their login and whatever they do: IMAP, POP3, the
# service before the login and SMTP count the same user.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
poll_site site <<CONF
login { realms = {example.test, alias.test} }
poll {
	interval = 60s
	round = 1s
	ladder = {"after 0: absorb"}
	login_ladder = {"after 0: hold 1s"}
}
rate { messages = 5/1h }
journal { interval = 1s }
CONF
# Dovecot itself takes these for another user, with the same mailbox.
sed -n 's/^alice@[^:]*:{PLAIN}[^:]*\(.*\):user=.*/alice@alias.test:{PLAIN}secret-alice@alias.test\1:/p' \
	site/etc/users > one
[ -s one ] || { echo "no line for alice in site/etc/users"; exit 1; }
cat one >> site/etc/users
doveadm -c "$LAB_DOVECOT_CONF" reload || exit 1
python <<'PYTHON'
import smtp
from poll import *

OTHER = 'alice@alias.test'

first = Program('alice')
first.command('SELECT INBOX')
first.command('NOOP')
second = Program(OTHER, source='127.0.0.3')
second.command('SELECT INBOX')
expect_true('alice@alias.test' in open(os.path.join(
    env['LAB_LOG'], 'dovecot.log')).read(), 'Dovecot sees another user')
second.close()
first.close()
wait_until(lambda: len(who('alice')) == 2, 10, 'both programs of alice')
expect(sorted(who('alice')), ['imap/127.0.0.2', 'imap/127.0.0.3'], 'programs')
expect(sorted(who('Alice@Alias.Test')), sorted(who('alice')), 'by another name')
everybody = subprocess.run(shlex.split(env['LAB_CTL']) + ['who', '--json'],
                           stdout=subprocess.PIPE).stdout
expect({row['user'] for row in json.loads(everybody)}, {'alice'}, 'people')
say('IMAP under two names: one person with two programs')


again = Program(OTHER)
again.command('SELECT INBOX')


def early():
    again.command('NOOP')
    return journal(user='alice', part='imap', reason='early')


wait_until(early, 30, 'an early check under the other name')
again.close()
say('one budget: who changes the name is early all the same')


def held():
    login = Program(OTHER)
    login.command('SELECT INBOX')
    login.close()
    return journal(user='alice', part='auth', action='hold')


wait_until(held, 30, 'held before the login')
expect([line for line in journal() if line['user'] != 'alice'], [],
       'lines about somebody else')
say('the service before the login holds the person')


def pop3():
    port = int(env['LAB_POP3S_PORT'])
    raw = socket.create_connection((env['LAB_HOST'], port), 30, ('127.0.0.4', 0))
    tls = ssl.create_default_context(cafile=env['LAB_CA']).wrap_socket(
        raw, server_hostname='localhost')
    file = tls.makefile('rwb')
    file.readline()
    for line in ('USER ' + OTHER, 'PASS secret-' + OTHER, 'QUIT'):
        file.write(line.encode() + b'\r\n')
        file.flush()
        expect_true(file.readline().startswith(b'+OK'), line)
    file.close()
    tls.close()


pop3()
wait_until(lambda: 'pop3/127.0.0.4' in who('alice'), 10, 'POP3')
say('POP3 under the other name: the same person')

client = smtp.Client('SUBMISSION', starttls=True, login='alice@example.test')
expect(client.send('<alice@example.test>', '<bob@example.test>', 'one')[:3],
       '250', 'a message')
rows = json.loads(subprocess.run(
    shlex.split(env['LAB_CTL']) + ['who', '--sending', '--json', OTHER],
    stdout=subprocess.PIPE).stdout)
expect([(row['user'], row['messages'][0]['used']) for row in rows],
       [('alice', 1)], 'who sends')
keys = redis('KEYS', '*').split()
expect_true(keys and all('{alice}' in key for key in keys), 'keys: %r' % keys)
say('SMTP: the same person, and all of it under one key')
PYTHON
