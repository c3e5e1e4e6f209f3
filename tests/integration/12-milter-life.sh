#!/bin/bash
# SPDX-License-Identifier: MIT
# A running milter: reload, drain, death and frost, with mail in flight.
. "$(dirname "$0")/lib.sh"
site site
python <<'PYTHON'
import re
import signal
import subprocess
from smtp import *

CONF = env['LAB_CONF']
LOG = os.path.join(env['LAB_LOG'], 'milter.log')
with open(CONF) as file:
    settings = file.read()
PID_FILE = re.search(r'pid_file\s*=\s*"([^"]*)"', settings).group(1)


def pid():
    with open(PID_FILE) as file:
        return int(file.read())


def log_text():
    with open(LOG) as file:
        return file.read()


def reload_with(text, wanted):
    before = log_text().count(wanted)
    with open(CONF, 'w') as file:
        file.write(settings + text)
    os.kill(pid(), signal.SIGHUP)
    wait_until(lambda: log_text().count(wanted) > before, 'log: ' + wanted)


def anonymous_mail():
    client = Client('SUBMISSION', starttls=True)
    answer = client.mail('<alice@example.test>')
    client.close()
    return answer


reload_with('login { moed = off }\n', 'settings not changed: %s' % CONF)
expect(anonymous_mail()[:9], '530 5.7.0', 'old settings stay in force')
wait_until(lambda: "unknown setting 'moed'" in log_text(), 'the log names it')
say('SIGHUP with a bad file: the old settings stay, the log says why')

reload_with('login { mode = observe }\n', 'settings read again')
client = Client('SUBMISSION', starttls=True)
expect(client.mail('<alice@example.test>')[:3], '250', 'login rule observed')
line = journal_has('observed', reason='auth-required', mode='observe')
expect(line['action'], 'would-reject', 'action when observed')
expect(client.rcpt('<victim@foreign.test>')[:9], '550 5.7.1', 'no relaying')
say('observe: mail passes, the journal says would-reject, other rules hold')

reload_with('login { mode = off }\nrelay { mode = off }\ntls { mode = off }\n',
            'settings read again')
plain = Client('SUBMISSION')
expect(plain.mail('<alice@example.test>')[:3], '250', 'rules switched off')
plain.close()
reload_with('', 'settings read again')
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
wait_until(lambda: 'stopping' in log_text(), 'log: stopping')
expect(late.mail()[:9], '451 4.3.2', 'no new message while stopping')
expect(client.data('subject-drain')[:3], '250', 'the open message is finished')
wait_until(lambda: not os.path.exists('/proc/%d/stat' % old) or
           open('/proc/%d/stat' % old).read().split(')')[1].split()[0] == 'Z',
           'the milter ends')
mailbox_has('bob', 'subject-drain')
journal_has('stopping', reason='stopping', action='tempfail', why='milter.drain')
say('SIGTERM: the open message is delivered, a new one deferred')

for role in ('SMTP', 'SUBMISSION', 'SUBMISSIONS'):
    client = Client(role)
    expect(client.mail()[:3], '451', 'milter gone: mail is deferred on ' + role)
say('no milter: mail is deferred on each port')

milter = subprocess.Popen([os.path.join(env['GATEPOST_BUILD'],
                                        'milter/gatepost-milter'),
                           '-c', CONF, '-f'], stderr=subprocess.DEVNULL)
try:
    wait_until(lambda: os.path.exists(PID_FILE), 'the milter is back')
    client = wait_until(lambda: (lambda c: c.mail()[:3] == '250' and c)
                        (Client('SMTP')), 'mail is taken again')
    expect(client.rcpt('<bob@example.test>')[:3], '250', 'RCPT')
    milter.kill()
    milter.wait()
    expect(client.rcpt('<victim@foreign.test>')[:1] in '45', True,
           'killed: no relaying')
    expect(client.data('subject-killed')[:3], '451', 'killed: deferred')
    say('killed in the middle of a message: deferred, never relayed')
finally:
    milter.kill()
    milter.wait()

milter = subprocess.Popen([os.path.join(env['GATEPOST_BUILD'],
                                        'milter/gatepost-milter'),
                           '-c', CONF, '-f'], stderr=subprocess.DEVNULL)
try:
    client = wait_until(lambda: (lambda c: c.mail()[:3] == '250' and c)
                        (Client('SMTP')), 'mail is taken again')
    milter.send_signal(signal.SIGSTOP)
    expect(client.rcpt('<victim@foreign.test>')[:1] in '45', True,
           'frozen: no relaying')
    milter.send_signal(signal.SIGCONT)
    expect(Client('SMTP').mail()[:3], '250', 'awake again')
    say('frozen: deferred, never relayed')
finally:
    milter.kill()
    milter.wait()
PYTHON
