#!/bin/bash
# SPDX-License-Identifier: MIT
# A running milter: reload and drain, with mail in flight.
. "$(dirname "$0")/lib.sh"
site site
python <<'PYTHON'
from running import *


def anonymous_mail():
    client = Client('SUBMISSION', starttls=True)
    answer = client.mail('<alice@example.test>')
    client.close()
    return answer


reload_with('login { moed = off }\n', 'settings not changed: %s' % CONF)
expect(anonymous_mail()[:9], '530 5.7.0', 'old settings stay in force')
wait_until(lambda: "unknown setting 'moed'" in log_text(), 30, 'the log names it')
say('SIGHUP with a bad file: the old settings stay, the log says why')

reload_with('login { mode = observe }\n')
client = Client('SUBMISSION', starttls=True)
expect(client.mail('<alice@example.test>')[:3], '250', 'login rule observed')
line = journal_has('observed', reason='auth-required', mode='observe')
expect(line['action'], 'would-reject', 'action when observed')
expect(client.rcpt('<victim@foreign.test>')[:9], '550 5.7.1', 'no relaying')
say('observe: mail passes, the journal says would-reject, other rules hold')

reload_with('login { mode = off }\nrelay { mode = off }\ntls { mode = off }\n')
plain = Client('SUBMISSION')
expect(plain.mail('<alice@example.test>')[:3], '250', 'rules switched off')
plain.close()
reload_with('')
expect(client.rcpt('<bob@example.test>')[:3], '250', 'the open message goes on')
expect(client.data('subject-reload')[:3], '250', 'and is taken')
mailbox_has('bob', 'subject-reload')
expect(anonymous_mail()[:9], '530 5.7.0', 'enforced again')
say('SIGHUP with a good file: new messages follow it, open ones go on')

client = Client('SMTP')
expect(client.mail()[:3], '250', 'MAIL')
expect(client.rcpt('<bob@example.test>')[:3], '250', 'RCPT')
late = Client('SMTP')
old = pid()
os.kill(old, signal.SIGTERM)
wait_until(lambda: 'stopping' in log_text(), 30, 'log: stopping')
expect(late.mail()[:9], '451 4.3.2', 'no new message while stopping')
expect(client.data('subject-drain')[:3], '250', 'the open message is finished')
wait_until(lambda: is_gone(old), 30, 'the milter ends')
mailbox_has('bob', 'subject-drain')
journal_has('stopping', reason='stopping', action='tempfail', why='milter.drain')
say('SIGTERM: the open message is delivered, a new one deferred')
PYTHON
