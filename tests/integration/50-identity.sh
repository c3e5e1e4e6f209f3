#!/bin/bash
# SPDX-License-Identifier: MIT
# Who has logged in sends as themselves: envelope and headers, refused first.
. "$(dirname "$0")/lib.sh"
site site
python <<'PYTHON'
from smtp import *

FORGED = [
    # somebody else
    b'From: bob@example.test', b'From: Alice <bob@example.test>',
    b'From: ceo@foreign.test', b'From: alice@foreign.test',
    b'From: alicex@example.test', b'From: xalice@example.test',
    b'From: alice@example.test.foreign.test', b'From: alice@sub.example.test',
    b'From: sales@example.test', b'From: bob+alice@example.test',
    b'From: alice@example.test, bob@example.test',
    b'From: bob@example.test, alice@example.test',
    b'From: Alice <alice@example.test>,\r\n Bob <bob@example.test>',
    # several lines, none, or none that can be read
    b'From: alice@example.test\r\nFrom: bob@example.test',
    b'From: bob@example.test\r\nFrom: alice@example.test',
    b'From: alice@example.test\r\nFrom: alice@example.test',
    b'FROM: alice@example.test\r\nfrom: bob@example.test',
    b'From : bob@example.test', b'From\t: bob@example.test',
    b'From:bob@example.test', b'From:\tbob@example.test',
    b'From:\r\n bob@example.test', b'X-Other: x', b'From:', b'From: <>',
    b'From: "alice@example.test', b'From: (alice@example.test',
    # groups, routes, quotes, comments
    b'From: g: alice@example.test;', b'From: g: bob@example.test;',
    b'From: undisclosed-recipients:;', b'From: g: alice@example.test',
    b'From: <@a.test:bob@example.test>', b'From: <@a.test:alice@example.test>',
    b'From: alice@example.test <bob@example.test>',
    b'From: bob@example.test <alice@example.test>',
    b'From: <alice@example.test> <bob@example.test>',
    b'From: <alice@example.test> bob@example.test',
    b'From: alice@example.test bob@example.test',
    b'From: alice@example.test; bob@example.test',
    b'From: alice(x)@example.test', b'From: alice@(x)example.test',
    b'From: "bob@example.test" <alice@example.test>',
    b'From: "Bob <bob@example.test>" <alice@example.test>',
    b'From: Bob (bob@example.test) <alice@example.test>',
    b'From: alice@example.test (bob@example.test)',
    b'From: bob%example.test@example.test', b'From: alice%x@example.test',
    b'From: foreign.test!alice@example.test',
    b'From: "alice@example.test"@foreign.test',
    b'From: "bob@foreign.test"@example.test',
    # encoded words, other scripts, strange bytes
    b'From: =?utf-8?q?bob=40example.test?= <alice@example.test>',
    b'From: =?utf-8?b?Ym9iQGV4YW1wbGUudGVzdA==?= <alice@example.test>',
    b'From: =?utf-8?q?Bob_=3Cbob=40example.test=3E?= <alice@example.test>',
    b'From: =?utf-8?q?alice?=@example.test',
    b'From: =?utf-8?q?alice=40example.test?=',
    'From: "bob\uff20example.test" <alice@example.test>'.encode(),
    'From: "\u202etset.elpmaxe@bob" <alice@example.test>'.encode(),
    'From: "bob@\u200bexample.test" <alice@example.test>'.encode(),
    b'From: "B\xf6b" <alice@example.test>',
    b'From: alice@example.test\x01',
    b'From\r\n : alice@example.test',
    # who else the message names
    b'From: alice@example.test\r\nSender: bob@example.test',
    b'From: alice@example.test\r\nSender: alice@example.test\r\n'
    b'Sender: bob@example.test',
    b'From: alice@example.test\r\nSender: g:;',
    b'From: alice@example.test\r\nResent-From: bob@example.test',
    b'From: alice@example.test\r\nResent-From: alice@example.test\r\n'
    b'Resent-Sender: bob@example.test',
    b'From: bob@example.test\r\nResent-From: alice@example.test',
    b'From: bob@example.test\r\nSender: alice@example.test',
    # before and behind other headers
    b'Subject: x\r\nTo: y@foreign.test\r\nFrom: bob@example.test',
    b'X: y\r\n z\r\nFROM:bob@example.test\r\nX: z',
]
if env['LAB_MTA'] == 'postfix':         # Sendmail takes NUL out and hangs up at CR
    FORGED += [b'From: al\x00ice@example.test',
               b'From: alice@example.test\r bob@example.test']
GOOD = [
    b'From: alice@example.test', b'From: <alice@example.test>',
    b'From: Alice <alice@example.test>', b'From:Alice<alice@example.test>',
    b'FROM: ALICE <ALICE@EXAMPLE.TEST>',
    b'From: "Liddell, Alice" <alice@example.test>',
    b'From: Alice P. Liddell <alice@example.test>',
    b'From: alice@example.test (Alice)',
    b'From: Alice (home) <alice@example.test>',
    b'From: "alice@example.test" <alice@example.test>',
    b'From: Alice\r\n <alice@example.test>',
    b'From:\r\n Alice <alice@example.test>',
    b'From: =?utf-8?q?=C3=84lice?= <alice@example.test>',
    b'From: =?iso-8859-1?b?xGxpY2U=?= <alice@example.test>',
    'From: \u00c4lice <alice@example.test>'.encode(),
    b'From: alice+lists@example.test', b'From: alice@alias.test',
    b'From: alice.liddell@example.test', b'From: alice.liddell@alias.test',
    b'From: Alice <alice@example.test>, A. L. <alice.liddell@example.test>',
    b'From: alice@example.test\r\nSender: alice+x@example.test',
    b'From: alice@example.test\r\nReply-To: friend@foreign.test',
    b'From: alice@example.test\r\nReply-To: g: a@foreign.test;',
    b'From: alice@example.test\r\nResent-From: alice@example.test\r\n'
    b'Resent-From: alice.liddell@example.test',
    b'From: "alice"@example.test', b'From: postmaster@example.test',
]


def hand_in(client, header, sender='<alice@example.test>', subject='forged'):
    expect(client.mail(sender)[:3], '250', 'MAIL')
    expect(client.rcpt('<carol@example.test>')[:3], '250', 'RCPT')
    expect(client.command('DATA')[:3], '354', 'DATA')
    return client.command(header + b'\r\nSubject: ' + subject.encode() +
                          b'\r\n\r\ntext\r\n.')


client = Client('SUBMISSION', starttls=True, login='alice')
for sender in ('<bob@example.test>', '<alice@foreign.test>', '<alice>',
               '<sales@example.test>', '<@a.test:alice@example.test>',
               '<alice%foreign.test@example.test>'):
    answer = client.mail(sender)
    if not (answer.startswith('550 5.7.1') or answer.startswith('501')):
        fail('%s: %s' % (sender, answer))
journal_has('a foreign sender', reason='sender-not-owned', user='alice',
            action='reject', why='identity.envelope')
say('MAIL: only addresses of the login')
for sender in ('<>', '<ALICE@Example.test>', '<alice.liddell@alias.test>',
               '<alice+x@alias.test>', '<"alice"@example.test>'):
    answer = client.mail(sender)
    expect(answer[:3], '250', sender + ': ' + answer)
    client.command('RSET')
say('MAIL: each address of the login, and the null sender')

for header in FORGED:
    answer = hand_in(client, header)
    if not answer.startswith('550 5.7.1'):
        fail('%r: %s' % (header, answer))
say('%d forged headers are refused' % len(FORGED))
for number, header in enumerate(GOOD):
    answer = hand_in(client, header, subject='good-%d-' % number)
    expect(answer[:3], '250', repr(header) + ': ' + answer)
for number in range(len(GOOD)):
    mailbox_has('carol', 'good-%d-' % number)
say('%d rightful headers arrive' % len(GOOD))
if any(b'forged' in open(os.path.join(env['LAB_MAIL'], 'carol/new', name),
                         'rb').read()
       for name in os.listdir(os.path.join(env['LAB_MAIL'], 'carol/new'))):
    fail('a forged message is in the mailbox')
for reason in ('from-not-owned', 'from-missing', 'header-ambiguous',
               'sender-header-not-owned', 'resent-not-owned'):
    journal_has(reason, reason=reason, user='alice', action='reject')
for detail in ('several', 'group', 'route', 'syntax', 'address-in-name',
               'encoded-address', 'bidi', 'utf-8', 'empty'):
    journal_has(detail, reason='header-ambiguous', detail=detail)
journal_has('Reply-To', reason='reply-to-not-owned', action='would-reject')
say('each is in the journal with its reason')

# Nothing of one message or login is left for the next one.
client = Client('SUBMISSIONS', login='bob@' + env['LAB_DOMAIN'])
expect(hand_in(client, b'From: alice@example.test',
               '<bob@example.test>')[:9], '550 5.7.1', 'bob as alice')
expect(hand_in(client, b'From: sales@alias.test', '<sales@example.test>')[:3],
       '250', 'bob as sales')
expect(hand_in(client, b'From: bob@example.test', '<>')[:3], '250',
       'a receipt')
say('each message and each login is judged by itself')

# Nobody needs a login to be who they are elsewhere.
client = Client('SMTP')
expect(hand_in(client, b'From: g: a@foreign.test;\r\nFrom: x',
               '<x@foreign.test>')[:3], '250', 'mail from outside')
expect(hand_in(client, b'From: bob@example.test', '<x@foreign.test>')[:3],
       '250', 'mail from outside as ours')
journal_has('our own address from outside', reason='inbound-identity',
            action='would-reject', user='-')
say('mail from outside is taken, and only observed when it bears our address')
PYTHON
