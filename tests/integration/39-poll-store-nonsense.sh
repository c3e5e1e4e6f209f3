#!/bin/bash
# SPDX-License-Identifier: MIT
# Redis answers late, in pieces, twice, something else or not at all, in the middle of
# IMAP and POP3 sessions and before logins: each fault met by each part.  Sessions go
# on, one of all waits, the journal says once that it began and once that it ended, and
# nobody is locked out.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
poll_site site <<CONF
poll {
	interval = 1s
	round = 0
	ladder = {"after 0: absorb"}
	login_ladder = {"after 0: note"}
}
journal { interval = 1s }
redis {
	deadline = 500ms
	retry = 10s
}
CONF
python <<'PYTHON'
import itertools
import shutil
import signal
import hostile
from hostile import Between
from pop3_session import *

HAS_VALGRIND = 'GATEPOST_VALGRIND' in env     # each login takes a second then
SLACK = 60 if HAS_VALGRIND else 5   # of a machine that does other things as well
DEADLINE = 0.5
with open(env['LAB_CONF']) as file:
    CONF = file.read()
sources = ('127.0.%d.%d' % (i, j) for i in range(1, 9) for j in range(1, 250))
users = itertools.cycle(env['LAB_USERS'].split())


def use(server_name):
    """New mail processes have this server, and so a breaker of its own."""
    with open(env['LAB_CONF'] + '.new', 'w') as file:
        file.write(CONF + 'redis { server = "%s" }\n' % server_name)
    shutil.copymode(env['LAB_CONF'], env['LAB_CONF'] + '.new')
    os.replace(env['LAB_CONF'] + '.new', env['LAB_CONF'])


def told():
    """How often Redis went and came, for parts that read mail."""
    return [len([line for line in journal(reason=reason) if line['part'] != 'milter'])
            for reason in ('store-unavailable', 'store-back')]


def imap_login(user, what):
    program = Program(user, next(sources))
    expect(program.command('SELECT INBOX')[-1],
           'OK [READ-WRITE] Select completed', 'IMAP login: ' + what)
    expect(program.command('LOGOUT')[-1], 'OK Logout completed', what)
    program.close()


def pop3_login(user, what):
    session = Pop3(user, next(sources))
    expect_true(session.login.startswith(b'+OK'), '%s: %r' % (what, session.login))
    expect_true(session.command('STAT').startswith(b'+OK'), 'STAT: ' + what)
    session.quit()


class Fault:
    """A server that is well at first."""

    def __init__(self, what, spoil):
        self.what, self.spoil = what, spoil
        is_tcp = spoil in (Between.reset, hostile.Hole)
        path = None if is_tcp else '%s.%d' % (env['LAB_REDIS'], next(numbers))
        self.server = Between(path, env['LAB_REDIS'])
        self.name, self.hole = self.server.name, None

    def begin(self):
        self.seen = len(self.server.pids)
        if self.spoil is hostile.Hole:
            self.server.end()
            self.hole = hostile.Hole(int(self.name.rpartition(':')[2]))
        else:
            self.server.spoil = self.spoil

    def end(self):
        if self.hole:
            self.hole.end()
            self.server = Between(None, env['LAB_REDIS'],
                                  port=int(self.name.rpartition(':')[2]))
        self.server.spoil = None

    def came(self):
        return len(self.server.pids) - self.seen


def in_imap(fault, user):
    session = Program(user, next(sources))
    session.command('SELECT INBOX')
    fault.begin()
    imap_login(user, fault.what)
    expect(session.command('NOOP')[-1], 'OK NOOP completed', fault.what)
    sessions.append((user, session, fault.what))


def news_show(subject, without=None):
    """In all sessions from before, an interval later at the latest."""
    for user in env['LAB_USERS'].split():
        deliver(user, subject)
    for _, session, what in sessions:
        if what == without:
            continue
        wait_until(lambda: exists(session.command('NOOP')), 20, 'news: ' + what)
        expect(session.command('STATUS INBOX (MESSAGES)')[-1][:3], 'OK ', what)


def in_pop3(fault, user):
    session = Pop3(user, next(sources))
    fault.begin()
    pop3_login(user, fault.what)
    expect_true(session.command('LIST 1').startswith(b'+OK'), 'LIST: ' + fault.what)
    session.quit()


def in_auth(fault, user):
    """Before there is a session."""
    before = log().count(b'settings read again')
    os.kill(authpolicy, signal.SIGHUP)
    wait_until(lambda: log().count(b'settings read again') > before, 20,
               'gatepost-authpolicy has the server: ' + fault.what)
    fault.begin()
    imap_login(user, fault.what)


def log(name='authpolicy.log'):
    with open(os.path.join(env['LAB_LOG'], name), 'rb') as file:
        return file.read()


def meet(part, fault):
    """The one that meets it first waits, and tells the others."""
    went, back = told()
    use(fault.name)
    began = now()
    {'imap': in_imap, 'pop3': in_pop3, 'auth': in_auth}[part](fault, next(users))
    for act in () if HAS_VALGRIND else (pop3_login, imap_login):
        act(next(users), fault.what)
    expect_true(now() - began < 2 * DEADLINE + SLACK,
                '%s took %.1f s' % (fault.what, now() - began))
    expect(told(), [went + 1, back], '%s: lines of %s' % (fault.what, part))
    # Dovecot waits less than this deadline for gatepost-authpolicy, and goes on.
    expect_true(journal(reason='store-unavailable')[-1]['part'] in
                (('auth', 'imap') if part == 'auth' else (part,)), fault.what)
    expect_true(fault.hole or 1 <= fault.came() <= 1 + (part == 'auth'),
                '%s: asked %d times' % (fault.what, fault.came()))


def be_well(fault):
    went, back = told()
    fault.end()
    use(fault.name)
    wait_until(lambda: imap_login('erin', fault.what) or told() == [went, back + 1],
               30, 'the journal says that it is over: ' + fault.what)
    if not HAS_VALGRIND:
        pop3_login('erin', fault.what)
    expect(told(), [went, back + 1], 'lines afterwards: ' + fault.what)


with open('site/pids/authpolicy') as file:
    authpolicy = int(file.read().split()[0])
numbers = itertools.count()
sessions, faults = [], []
for user in env['LAB_USERS'].split():
    deliver(user, 'first')
FAULTS = {
    'slow by a second': Between.slow,
    'dripping byte by byte': Between.drip,
    'cut in mid reply': Between.cut,
    'reset in mid reply': Between.reset,
    'one question late': Between.late,
    'a black hole': hostile.Hole,
    **{what: hostile.saying(reply) for what, reply in hostile.NONSENSE.items()},
}
# Each part meets all of them; where that takes too long a quarter each.
MEETINGS = {part: list(FAULTS) for part in ('imap', 'pop3', 'auth')}
if HAS_VALGRIND:
    MEETINGS = {'imap': list(FAULTS)[::4], 'pop3': list(FAULTS)[2::4]}
for part, names in MEETINGS.items():
    began = now()
    for what in names:
        faults.append(Fault(what, FAULTS[what]))
        meet(part, faults[-1])
    if part == 'imap':
        before = told()
        # The reply to an earlier question is one to be believed, when it comes in
        # another connection.
        news_show('meanwhile', without='one question late')
        expect(told(), before, 'no more lines, though some have asked once more')
    say('%s: %d faults, each met once and told once (%.0f s)'
        % (part, len(names), now() - began))

began = now()
for fault in faults:
    be_well(fault)
say('each is told once to be over (%.0f s)' % (now() - began))
news_show('afterwards')
user, session, what = sessions[0]
before = len(journal(action='absorb', user=user))
wait_until(lambda: session.command('NOOP') and
           len(journal(action='absorb', user=user)) > before, 20, 'throttled again')
say('the sessions from before live, get their mail, and are throttled again')

# Each reply twice is no fault: nobody takes the second one for an answer.
fault = Fault('each reply twice', Between.twice)
use(fault.name)
before = told()
fault.begin()
for user in env['LAB_USERS'].split():
    imap_login(user, fault.what)
    pop3_login(user, fault.what)
expect_true(fault.came() > len(env['LAB_USERS'].split()), 'asked: %d' % fault.came())
expect(told(), before, 'outages')
say('each reply twice: no outage')

for word in (b'Panic', b'Fatal', b'killed with signal', b'\x1b'):
    expect_true(word not in log('dovecot.log'), 'the log of Dovecot: %r' % word)
with open(env['LAB_JOURNAL'], 'rb') as file:
    text = file.read()
expect_true(b'\x1b' not in text and b'user=root' not in text, 'the journal: %r' % text)
say('nothing broke, and nothing of the nonsense is in the logs')
PYTHON
