#!/bin/bash
# SPDX-License-Identifier: MIT
# What is changed in headers: From and Sender corrected instead of refused, and
# Authentication-Results.  Then messages that no mail program makes.
. "$(dirname "$0")/lib.sh"
cat > more.conf <<'X'
identity { header = rewrite }
headers { authentication_results = yes authserv_id = "mx.example.test" }
X
site site --conf more.conf
python <<'PYTHON'
import email
import email.policy
from smtp import *


def hand_in(client, header, subject, sender=None):
    expect(client.mail(sender)[:3], '250', 'MAIL')
    expect(client.rcpt('<carol@example.test>')[:3], '250', 'RCPT')
    expect(client.command('DATA')[:3], '354', 'DATA')
    return client.command(header + b'Subject: ' + subject.encode() +
                          b'\r\n\r\ntext\r\n.')


def received(subject):
    return email.message_from_bytes(message_with('carol', subject),
                                    policy=email.policy.compat32)


client = Client('SUBMISSION', starttls=True, login='alice')

# What cannot be mended is refused still.
answer = hand_in(client, b'From: alice@example.test\r\n'
                 b'Resent-From: bob@example.test\r\n', 'resent')
expect(answer[:9], '550 5.7.1', 'Resent-From is not rewritten: ' + answer)
say('a foreign Resent-From is refused, not rewritten')

expect(hand_in(client, b'From: "Boss, The" <boss@foreign.test>\r\n',
               'subject-boss')[:3], '250', 'a foreign From')
mail = received('subject-boss')
expect(mail.get_all('From'), ['"Boss, The" <alice@example.test>'], 'From')
expect(mail.get_all('Reply-To'), ['boss@foreign.test'], 'Reply-To')
expect(mail.get_all('X-Gatepost-Original-From'),
       ['"Boss, The" <boss@foreign.test>'], 'trace')
line = journal_has('the rewriting', action='rewrite',
                   reason='from-not-owned', user='alice')
expect('answer' in line or 'to' in line, False, 'answer or recipient in %r' % line)

expect(hand_in(client, b'From: "boss@foreign.test" <boss@foreign.test>\r\n',
               'subject-shown')[:3], '250', 'a foreign From shown as its name')
expect(received('subject-shown').get_all('From'), ['alice@example.test'],
       'the old address stays no name of the new one')

for number, header in enumerate((
        b'From: a@foreign.test\r\nFrom: alice@example.test\r\n',
        b'FROM: alice@example.test\r\nSubject: y\r\nfrom: b@foreign.test\r\n',
        b'From: alice@example.test\r\nSender: boss@foreign.test\r\n'
        b'Sender: x@foreign.test\r\n',
        b'From: g: a@foreign.test;\r\nReply-To: keep@foreign.test\r\n',
        b'From: "boss@foreign.test" <alice@example.test>\r\n', b'')):
    subject = 'subject-rewritten-%d-' % number
    expect(hand_in(client, header, subject)[:3], '250', repr(header))
    mail = received(subject)
    authors = mail.get_all('From')
    expect(len(authors), 1, 'From lines of %r' % header)
    expect(email.utils.parseaddr(authors[0])[1], 'alice@example.test',
           'From of %r' % header)
    expect(mail.get_all('Sender'), None, 'Sender of %r' % header)
expect(received('subject-rewritten-3-').get_all('Reply-To'),
       ['keep@foreign.test'], 'a Reply-To that was there')
say('From and Sender are corrected, and what stood there can be read')

# Authentication-Results
forged = (b'Authentication-Results: mx.example.test; dkim=pass\r\n'
          b'AUTHENTICATION-RESULTS: (x)\r\n MX.Example.Test.; spf=pass\r\n'
          b'Authentication-Results: other.test; none\r\n'
          b'Authentication-Results: "mx.example.test" 1; auth=pass\r\n')
expect(hand_in(client, forged + b'From: alice@example.test\r\n',
               'subject-authres')[:3], '250', 'forged results')
results = received('subject-authres').get_all('Authentication-Results')
expect(results, ['mx.example.test; auth=pass smtp.auth=alice '
                 'smtp.mailfrom=alice@example.test', 'other.test; none'],
       'Authentication-Results')
outside = Client('SMTP')
expect(hand_in(outside, forged + b'From: x@foreign.test\r\n',
               'subject-outside')[:3], '250', 'forged results from outside')
expect(received('subject-outside').get_all('Authentication-Results'),
       ['other.test; none'], 'results of mail from outside')
say('Authentication-Results: ours alone, and only for a login')

# Strange messages: a clear answer each, and the next one is served.
for name, data in (
        ('a header line of 1 MiB', b'X: ' + b'y' * (1 << 20) +
         b'\r\nFrom: alice@example.test'),
        ('a From of 1 MiB', b'From: ' + b'y' * (1 << 20) +
         b' <bob@example.test>'),
        ('10,000 headers', b'X: y\r\n' * 10000 + b'From: bob@example.test'),
        ('2,000 From lines', b'From: alice@example.test\r\n' * 2000 +
         b'From: bob@example.test'),
        ('3,000 forged results',
         b'Authentication-Results: mx.example.test; x=y\r\n' * 3000 +
         b'From: alice@example.test'),
        ('NUL, CR and 8-bit', b'X\x00Y: a\rb\xff\r\nFrom: al\x00ice'),
        ('no header at all', b'\xff\xfe')):
    strange = Client('SUBMISSION', starttls=True, login='alice')
    answer = hand_in(strange, data + b'\r\n', 'strange')
    # 421: Sendmail hangs up at a bare CR
    if answer[:3] not in ('250', '550', '552', '554', '500', '421'):
        fail('%s: %s' % (name, answer))
    strange.close()
expect(hand_in(client, b'From: alice@example.test\r\n', 'subject-after')[:3],
       '250', 'the message after all that')
mail = received('subject-after')
expect(mail['From'], 'alice@example.test', 'From after all that')
say('strange messages get a clear answer')
PYTHON
