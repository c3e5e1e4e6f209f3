#!/bin/bash
# SPDX-License-Identifier: MIT
# POP3: the login is the check.  Early ones are refused in plain words, held, or
# only noted; nothing is lost, and nothing looks like a wrong password.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
poll_site site <<CONF
poll {
	interval = 20s
	round = 1s
	login_ladder = {"after 0: note", "after 1: hold 2s", "after 3: refuse"}
}
journal { interval = 1s }
# the plugin alone: nobody is held before the login
authpolicy { held_max = 0 }
CONF
cat > "$work/pop3.py" <<'PYTHON'
from pop3_session import *

REFUSAL = re.compile(rb'^-ERR \[LOGIN-DELAY\] You may look for new mail once every '
                     rb'20 seconds, try again in (\d+) seconds?$')


def check_mail(user, source='127.0.0.2', tls=True):
    """One check as a program does it; the session that is left is at its STAT."""
    session = Pop3(user, source, tls)
    if session.login.startswith(b'+OK'):
        session.answer = session.command('STAT')
    return session


def log(name='dovecot.log'):
    with open(os.path.join(env['LAB_LOG'], name)) as file:
        return file.read()
PYTHON
PYTHONPATH=$work python <<'PYTHON'
from pop3 import *
from programs import FetchmailPop3, run

deliver('alice', 'one')
first = check_mail('alice')
expect(first.answer.split()[:2], [b'+OK', b'1'], 'the first login is served')
first.quit()


def check_until(action, tls=True):
    """Logs in until the journal shows the action; returns that session."""
    end = now() + 60
    while True:
        session = check_mail('alice', tls=tls)
        if journal(part='pop3', action=action, user='alice'):
            return session
        if hasattr(session, 'answer'):
            session.quit()
        expect_true(now() < end, 'not within 60 s: ' + action)
        time.sleep(0.3)


session = check_until('refuse')
found = REFUSAL.match(session.login)
expect_true(found, 'a refusal says policy and time: %r' % session.login)
left = int(found.group(1))
expect_true(0 < left <= 20, 'the time that is left: %d' % left)
expect(session.line(), b'', 'and the connection ends')
session.close()
line = journal(part='pop3', action='refuse')[0]
for key, value in (('mode', 'enforce'), ('reason', 'early'), ('check', 'login'),
                   ('program', 'pop3/127.0.0.2'), ('ip', '127.0.0.2'),
                   ('port', env['LAB_POP3S_PORT']), ('policy', '20'),
                   ('why', 'poll.login_ladder')):
    expect(line[key], value, 'journal field ' + key)
say('an early login is refused in plain words, and the connection ends')

actions = [line['action'] for line in journal(part='pop3', user='alice')]
expect([a for i, a in enumerate(actions) if a not in actions[:i]],
       ['note', 'hold', 'refuse'], 'the steps of the ladder in order')
say('the ladder is climbed step by step')

plain_port = check_mail('alice', tls=False)
expect_true(REFUSAL.match(plain_port.login), 'without TLS: %r' % plain_port.login)
bob = check_mail('bob')
expect_true(bob.answer.startswith(b'+OK'), 'another user is served')
bob.quit()
other = check_mail('alice', '127.0.0.9')
expect(other.answer.split()[:2], [b'+OK', b'1'], 'another program is served')
other.quit()
say('another user and another program are not touched')

# fetchmail takes the refusal for a mailbox that is busy: no error of the login.
class Fetchmail(FetchmailPop3):
    name, user = 'fetchmail, refused', 'dave'


def refused():
    code, text = run(*fetchmail.command)
    return code not in (0, 1) and (code, text)


LOCK_BUSY = 9
fetchmail = Fetchmail(None)
fetchmail.begin()
deliver('dave', 'first')
code, text = run(*fetchmail.command)
expect(code, 0, 'fetchmail: ' + text)
code, text = wait_until(refused, 60, 'fetchmail is refused')
expect(code, LOCK_BUSY, 'fetchmail: ' + text)
expect_true('try again in' in text and 'uthentication' not in text, text)
deliver('dave', 'second')

# Who comes back when he was told to is served.
end = now() + int(REFUSAL.match(plain_port.login).group(1))
wait_until(lambda: now() >= end, 30, 'the time that was named')
session = check_mail('alice')
expect_true(hasattr(session, 'answer'), 'served then: %r' % session.login)
expect(session.answer.split()[:2], [b'+OK', b'1'], 'with all mail')
session.quit()
wait_until(lambda: run(*fetchmail.command)[0] == 0, 40, 'fetchmail is served again')
expect([fetchmail.messages().count('Subject: ' + name) for name in ('first', 'second')],
       [1, 1], 'what fetchmail has got')
say('who comes back after the time that was named is served, fetchmail too')

expect_true(not re.search('Panic|Fatal|signal|auth failed|Password mismatch',
                          log()), 'log of Dovecot:\n' + log())
say('nothing broke, and nothing looks like a wrong password')
PYTHON
[ $? = 0 ] || failures=1
check_no_ban
"$GATEPOST_SOURCE/scripts/lab" down "$work/site"

poll_site held <<CONF
poll {
	interval = 60s
	round = 1s
	login_ladder = {"after 0: hold 3s", "after 2: hold 40s"}
}
journal { interval = 1s }
# the plugin alone: nobody is held before the login
authpolicy { held_max = 0 }
CONF
PYTHONPATH=$work python <<'PYTHON'
from pop3 import *

deliver('alice', 'one')
Pop3('alice').close()
Pop3('carol', '127.0.0.3').close()


def journal_has_hold(user, least):
    return [line for line in journal(part='pop3', action='hold', user=user)
            if int(line['wait']) >= least]


def login_held(user, source, least=1):
    """Connections that were dropped without a command count too."""
    end = now() + 30
    while True:
        session = Pop3(user, source)
        expect_true(session.login.startswith(b'+OK'), 'login: %r' % session.login)
        if journal_has_hold(user, least):
            return session
        session.close()
        expect_true(now() < end, 'not within 30 s: held')
        time.sleep(0.3)


session = login_held('alice', '127.0.0.2')
began = now()
session.send('STAT\r\nLIST 1\r\nUIDL 1\r\nNOOP\r\nRETR 1')
lines = [session.line() for i in range(4)]
expect_true(now() - began > 2, 'held: %s' % (now() - began))
expect_true(all(line.startswith(b'+OK') for line in lines), 'in order: %r' % lines)
expect(lines[0].split()[1], b'1', 'STAT')
while session.line() != b'.':
    pass
session.quit()
line = journal_has_hold('alice', 1)[0]
expect_true(int(line['wait']) <= 3, 'the wait: %r' % line)
say('an early login is held; then all commands are answered in order')


def sessions(user):
    return len(re.findall(r'pop3\(%s\).*Disconnected' % user, log()))


# Who leaves while held for 40 s is gone long before: with a command sent and
# without.
for text in (None, 'STAT'):
    session = login_held('carol', '127.0.0.3', 30)
    before = sessions('carol')
    if text:
        session.send(text)
    session.close()
    wait_until(lambda: sessions('carol') > before, 20, 'the session ends')
    say('who leaves while held is gone (%s)' % text)

expect_true(not re.search('Panic|Fatal|signal|auth failed|Password mismatch|Error',
                          log()), 'log of Dovecot:\n' + log())
say('nothing broke')
PYTHON
[ $? = 0 ] || failures=1
check_no_ban
check "POP3" [ "$failures" = 0 ]
finish
