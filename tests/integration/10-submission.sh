#!/bin/bash
# SPDX-License-Identifier: MIT
# The submission ports: TLS and a login, or no mail.
. "$(dirname "$0")/lib.sh"
site site
python <<'PYTHON'
import subprocess
from smtp import *

TLS = '530 5.7.0 Must issue a STARTTLS command first'
AUTH = '530 5.7.0 Authentication required'

client = Client('SUBMISSION')
expect(client.mail('<alice@example.test>'), TLS, '587 without TLS')
expect(client.mail('<>'), TLS, '587 without TLS, null sender')
line = journal_has('587 without TLS', reason='tls-required')
expect(line['action'], 'reject', 'action')
expect(line['mode'], 'enforce', 'mode')
expect(line['port'], env['LAB_SUBMISSION_PORT'], 'port')
expect(line['ip'], '127.0.0.5', 'address')
expect(line['why'], 'tls.mode', 'rule')
expect(line['answer'], '530/5.7.0', 'answer')
client.close()
say('587 without TLS: refused at MAIL')

client = Client('SUBMISSION', starttls=True)
expect(client.mail('<alice@example.test>'), AUTH, '587 with TLS, no login')
expect(client.auth('alice', 'wrong')[:3], '535', 'wrong password')
expect(client.mail('<alice@example.test>'), AUTH, '587 after a failed login')
expect(client.rcpt('<bob@example.test>')[:3], '503', 'no transaction is open')
journal_has('587 without login', reason='auth-required', why='login.mode')
say('587 with TLS and no login, or a failed one: refused at MAIL')

expect(client.auth('alice')[:3], '235', 'right password')
answer = client.send('<alice@example.test>', '<bob@example.test>', 'subject-587')
expect(answer[:9], '250 2.0.0', 'the same session after a login')
mailbox_has('bob', 'subject-587')
say('587 with TLS and login: delivered, in the very session that was refused')

client = Client('SUBMISSION', starttls=True, login='alice', second_ehlo=False)
expect(client.mail('<alice@example.test>'), TLS, 'STARTTLS without EHLO')
expect(client.command('EHLO client.test')[:3], '250', 'EHLO')
expect(client.mail('<alice@example.test>')[:3], '250', 'after EHLO')
say('587 without a second EHLO: TLS is not proven; with it mail goes on')

client = Client('SUBMISSIONS')
expect(client.mail('<alice@example.test>'), AUTH, '465 without login')
expect(client.auth('bob')[:3], '235', 'login on 465')
answer = client.send('<bob@example.test>', '<alice@example.test>', 'subject-465')
expect(answer[:9], '250 2.0.0', '465 with login')
mailbox_has('alice', 'subject-465')
say('465: TLS from the start, refused without a login, delivered with one')

client = Client('SUBMISSION', starttls=True, login='alice@example.test')
expect(client.mail('<>')[:3], '250', 'null sender is not refused for that')
expect(client.rcpt('<victim@foreign.test>')[:3], '250', 'relaying with a login')
expect(client.command('RSET')[:3], '250', 'RSET')
expect(client.mail('<alice@example.test>')[:3], '250', 'MAIL after RSET')
say('null sender and foreign recipients are fine with a login')

client = Client('SMTP')
expect(client.mail()[:3], '250', 'MAIL on 25 without TLS')
answer = client.rcpt('<victim@foreign.test>')
expect(answer[:9], '550 5.7.1', 'relaying on 25: ' + answer)
expect(client.rcpt('<bob@example.test>')[:3], '250', 'local on 25 without TLS')
expect(client.data('subject-25')[:3], '250', 'message on 25')
mailbox_has('bob', 'subject-25')
client = Client('SMTP', starttls=True)
expect(client.mail()[:3], '250', 'MAIL on 25 with TLS')
expect(client.rcpt('<alice@alias.test>')[:3], '250', 'second local domain')
say('25: no relaying; local mail needs neither TLS nor a login')

# Sendmail's own sendmail(1) brings mail by SMTP.
if env['LAB_MTA'] == 'postfix':
    subprocess.run(['sendmail', '-C', env['LAB_POSTFIX_CONF'], '-f',
                    'alice@example.test', 'bob@example.test'], check=True,
                   input=b'Subject: subject-local\n\ntext\n')
    mailbox_has('bob', 'subject-local')
    say('mail handed in by sendmail(1) needs neither TLS nor a login')
PYTHON
