#!/bin/bash
# SPDX-License-Identifier: MIT
# What outside tools rely on in a site that the lab brought up.
. "$(dirname "$0")/lib.sh"
site one
first=$LAB_SMTP_PORT
site two --without-gatepost
[ "$first" != "$LAB_SMTP_PORT" ] || { echo 'FAILED: two sites share a port'; exit 1; }
[ -z "$LAB_CTL" ] || { echo 'FAILED: LAB_CTL without gatepost'; exit 1; }
echo 'ok: two sites run side by side'
set -a
. one/env
set +a
for name in HOST SMTP_PORT SUBMISSION_PORT SUBMISSIONS_PORT IMAP_PORT IMAPS_PORT \
	POP3_PORT POP3S_PORT LMTP_PORT REDIS DOMAIN DOMAIN2 USERS ALIASES SINK_PORT \
	CA CERT MAIL CONF JOURNAL MILTER_SOCKET DOVECOT_CONF POSTFIX_CONF LOG CTL; do
	eval "value=\${LAB_$name:-}"
	[ -n "$value" ] || { echo "FAILED: LAB_$name is empty"; exit 1; }
done
[ "$("$GATEPOST_SOURCE/scripts/lab" env one)" = "$(cat one/env)" ] ||
	{ echo 'FAILED: lab env prints something else'; exit 1; }
$LAB_CTL check || exit 1
echo 'ok: all variables are set'
python <<'PYTHON'
import imaplib
import poplib
from smtp import *

context = ssl.create_default_context(cafile=env['LAB_CA'])
host = env['LAB_HOST']

for user in env['LAB_USERS'].split():
    for name in (user, '%s@%s' % (user, env['LAB_DOMAIN'])):
        password = 'secret-' + user
        imap = imaplib.IMAP4(host, port('IMAP'))
        imap.login(name, password)
        imap.logout()
        imap = imaplib.IMAP4_SSL('localhost', port('IMAPS'), ssl_context=context)
        imap.login(name, password)
        imap.logout()
        pop = poplib.POP3(host, port('POP3'))
        pop.user(name)
        pop.pass_(password)
        pop.quit()
        pop = poplib.POP3_SSL('localhost', port('POP3S'), context=context)
        pop.user(name)
        pop.pass_(password)
        pop.quit()
        Client('SUBMISSION', starttls=True, login=name).close()
        Client('SUBMISSIONS', login=name).close()
say('all users log in, by both names, over IMAP, POP3 and SMTP')

for name, password in (('alice', 'wrong'), ('nobody', 'secret-nobody'),
                       ('alice@foreign.test', 'secret-alice')):
    try:
        imaplib.IMAP4(host, port('IMAP')).login(name, password)
        fail('%s logged in' % name)
    except imaplib.IMAP4.error:
        pass
    client = Client('SUBMISSION', starttls=True)
    expect(client.auth(name, password)[:3], '535', name)
say('wrong passwords, unknown users and foreign domains are refused')

client = Client('SMTP')
for recipient, users in (('alice@example.test', 'alice'),
                         ('bob@alias.test', 'bob'),
                         ('alice.liddell@example.test', 'alice'),
                         ('sales@example.test', 'bob carol')):
    subject = 'subject-for-' + recipient
    expect(client.send('<x@foreign.test>', '<%s>' % recipient, subject)[:3],
           '250', recipient)
    for user in users.split():
        mailbox_has(user, subject)
say('mail arrives at users, aliases and the second domain')

expect(client.mail()[:3], '250', 'MAIL')
answer = client.rcpt('<ghost@example.test>')
expect(answer[:9], '550 5.1.1', 'unknown user: ' + answer)
say('an unknown user is refused')

sink = Sink()
client = Client('SUBMISSION', starttls=True, login='alice')
expect(client.send('<alice@example.test>', '<friend@foreign.test>', 'out')[:3],
       '250', 'mail for a foreign domain')
wait_until(lambda: sink.recipients, 30, 'mail at LAB_SINK_PORT')
say('mail for foreign domains goes to the sink')

for address in ('127.0.0.2', '127.0.0.32'):
    for role in ('SMTP', 'SUBMISSION', 'SUBMISSIONS', 'IMAP', 'POP3S'):
        socket.create_connection((address, port(role)), 10).close()
say('it listens on other loopback addresses too')
PYTHON
