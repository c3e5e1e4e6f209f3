#!/bin/bash
# SPDX-License-Identifier: MIT
# A milter that dies or hangs with mail in flight, at each step of a message: the
# mail is deferred, never lost, never relayed, and arrives once when it is sent again.
. "$(dirname "$0")/lib.sh"
site site
[ -z "$LAB_POSTFIX_CONF" ] ||
	postconf -c "$LAB_POSTFIX_CONF" -e milter_command_timeout=2s milter_content_timeout=2s
python <<'PYTHON'
from running import *

STEPS = ('MAIL', 'RCPT', 'DATA', 'end')
sink = Sink()
subjects = []


def for_now(answer):
    return answer[:1] == '4' or answer == '(end of connection)'


def goes_on(client, step, subject, recipient):
    """The session from that step on: its last answer, which is the first that is
    not good."""
    text = 'From: %s\r\nSubject: %s\r\n\r\ntext\r\n.' % (client.sender, subject)
    commands = ['MAIL FROM:' + client.sender, 'RCPT TO:' + recipient, 'DATA',
                text]
    for command in commands[STEPS.index(step):]:
        answer = client.command(command)
        if answer[:3] not in ('250', '354'):
            return answer
    return answer


def in_flight(step, recipient):
    """A session of alice that has come up to the step."""
    client = Client('SUBMISSION', starttls=True, login='alice')
    for command, name in (('MAIL FROM:' + client.sender, 'MAIL'),
                          ('RCPT TO:' + recipient, 'RCPT'), ('DATA', 'DATA')):
        if name == step:
            break
        expect(client.command(command)[:3] in ('250', '354'), True, command)
    return client


def again(subject, recipient):
    client = Client('SUBMISSION', starttls=True, login='alice')
    client.mail()
    client.rcpt(recipient)
    expect(client.data(subject)[:3], '250', subject + ' sent again')
    subjects.append(subject)


def survives(step, what, harm, mend):
    recipients = ['<bob@example.test>', '<friend@foreign.test>']
    for recipient in recipients if what == 'killed' else recipients[:1]:
        subject = 'flight-%s-%s-%s' % (what, step, recipient[1:4])
        client = in_flight(step, recipient)
        stranger = Client('SMTP')
        harm()
        answer = goes_on(client, step, subject, recipient)
        if not for_now(answer):
            fail('%s at %s: %r' % (what, step, answer))
        if step == 'MAIL':
            answer = stranger.mail()
            if answer[:3] == '250':
                answer = stranger.rcpt('<victim@foreign.test>')
            if answer[:1] not in '45(':
                fail('%s: a stranger hears %r' % (what, answer))
        client.close()
        stranger.close()
        mend()
        again(subject, recipient)
    say('%s before %s: deferred; sent again it is taken' % (what, step))


def has_stopped(number):
    """Each of its threads."""
    for task in os.listdir('/proc/%d/task' % number):
        try:
            with open('/proc/%d/task/%s/stat' % (number, task)) as file:
                if file.read().rpartition(') ')[2][0] != 'T':
                    return False
        except (FileNotFoundError, ProcessLookupError):
            return False        # it has ended just now: look again
    return True


def frozen():
    os.kill(pid(), signal.SIGSTOP)
    wait_until(lambda: has_stopped(pid()), 30, 'the milter stands still')


def awake():
    os.kill(pid(), signal.SIGCONT)


for step in STEPS:
    survives(step, 'killed', lambda: end(pid(), signal.SIGKILL), start)
# Sendmail would wait for a minute at the end of a message.
for step in ('MAIL', 'RCPT' if env['LAB_MTA'] == 'sendmail' else 'end'):
    survives(step, 'frozen', frozen, awake)

end(pid(), signal.SIGTERM)
for role in ('SMTP', 'SUBMISSION', 'SUBMISSIONS'):
    try:
        client = Client(role)
    except (ConnectionResetError, ssl.SSLEOFError):     # Sendmail on 465, before TLS
        expect((env['LAB_MTA'], role), ('sendmail', 'SUBMISSIONS'), 'hangs up')
        continue
    expect(for_now(client.mail()), True, 'no milter on ' + role)
    expect(client.rcpt('<victim@foreign.test>')[:3], '503', 'RCPT after that')
say('no milter: mail is deferred on each port')
start()
again('flight-end', '<bob@example.test>')


def mail_of_bob():
    texts = []
    for folder, _, names in os.walk(os.path.join(env['LAB_MAIL'], 'bob')):
        for name in names:
            with open(os.path.join(folder, name), errors='replace') as file:
                texts.append(file.read())
    return sorted(re.findall(r'^Subject: (flight-\S+)', '\n'.join(texts), re.M))


wanted = sorted(subject for subject in subjects if not subject.endswith('fri'))
wait_until(lambda: len(mail_of_bob()) >= len(wanted), 30, 'all mail of bob')
expect(mail_of_bob(), wanted, 'mail of bob')
count = len(subjects) - len(wanted)
wait_until(lambda: len(sink.recipients) >= count, 30, 'all mail for the world')
expect(sorted(sink.recipients), ['RCPT TO:<friend@foreign.test>'] * count,
       'what left the site')
say('%d messages, each came once; nothing else left the site' % len(subjects))
PYTHON
