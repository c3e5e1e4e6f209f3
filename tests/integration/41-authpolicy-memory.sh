#!/bin/bash
# SPDX-License-Identifier: MIT
# Who comes no sooner than the interval costs no question to Redis before the login; who
# comes sooner is asked about, and held, as if nothing were remembered.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
need_authpolicy
poll_site site <<CONF
poll {
	interval = 5s
	round = 1s
	tolerance = 0
	programs_max = 2
	ladder = {"after 0: delay 2s"}
	login_ladder = {"after 0: hold 1s"}
}
journal { interval = 1s }
redis { retry = 1s }
CONF
python <<'PYTHON'
import atexit
import itertools
from logins import *

INTERVAL = 5
MARKS = itertools.count()
with open('monitor.log', 'w') as file:
    atexit.register(subprocess.Popen(['redis-cli', '-s', env['LAB_REDIS'], 'monitor'],
                                     stdout=file).kill)
wait_until(lambda: os.path.getsize('monitor.log') > 0, 10, 'Redis tells what it does')


def questions(user):
    """How often a GET about the user has come, not counting those within scripts."""
    mark = 'mark-%d' % next(MARKS)
    redis('ECHO', mark)

    def read():
        with open('monitor.log') as file:
            return file.read()

    text = wait_until(lambda: mark in read() and read(), 10, 'Redis tells what it does')
    return len(re.findall(r'^\S+ \[0 (?!lua)[^]]*\] "GET" "gp:\{%s\}:u"' % user, text,
                          re.M))


def comes(user, source='127.0.0.2', **more):
    """A login that Dovecot asks about, holds and reports: for how long it was held, and
    how many questions that took."""
    before = questions(user)
    program = dict(login=user, remote=source, protocol='imap', **more)
    held = ask(**program)
    time.sleep(held)
    ask(command='report', success=True, **program)
    return held, questions(user) - before


def is_held(user):
    """Once it comes sooner; each time a question."""
    held, asked = comes(user)
    expect(asked, 1, 'questions about %s, who comes sooner' % user)
    return held == 1


def settings(text):
    known = site_file('log/authpolicy.log').count('settings read again')
    with open(env['LAB_CONF'], 'a') as file:
        file.write(text)
    os.kill(service_pid(), signal.SIGHUP)
    wait_until(lambda: site_file('log/authpolicy.log').count('settings read again') >
               known, 10, 'settings read again')


# Real logins: sooner, in time, and sooner once more.
for protocol, user in (('imap', 'alice'), ('pop3', 'bob')):
    logins = 0
    while not journal(part='auth', action='hold', user=user):
        held, served = one_check(protocol, user, '127.0.0.2')
        logins += 1
        expect(questions(user), logins, 'questions about ' + user)
        expect_true(logins < 300, 'none of 300 logins was held')
    expect_true(1 <= held < 4 and served < 1.5, 'held: %s, %s' % (held, served))
    for turn in range(3):
        time.sleep(INTERVAL)
        held, served = one_check(protocol, user, '127.0.0.2')
        expect_true(held < 0.9 and served < 1.5, 'in time: %s, %s' % (held, served))
        expect(questions(user), logins, 'questions about %s, in time' % user)
    while len(journal(part='auth', action='hold', user=user)) < 2:
        held, served = one_check(protocol, user, '127.0.0.2')
        logins += 1
        expect(questions(user), logins, 'questions about %s, sooner again' % user)
        expect_true(logins < 600, 'none of 300 logins was held again')
    expect_true(1 <= held < 4 and served < 1.5, 'held: %s, %s' % (held, served))
    say(protocol + ': who comes in time costs no question, who comes sooner is held')

# Nobody but Redis knows what several share.
for number in range(6):
    expect(comes('crowd', '127.0.0.%d' % (20 + number % 3))[1], 1, 'new, or sooner')
expect(comes('one')[1], 1, 'a user with one program')
expect(comes('named')[1], 1, 'a program without a name')
names = [dict(login='named', remote='127.0.0.2', protocol='imap',
              device_id='"name" "invented-%d"' % number) for number in range(2)]
for name in names:
    expect(ask(**name), 0, 'within the round')
time.sleep(INTERVAL)
for number in range(3):
    expect(comes('crowd', '127.0.0.%d' % (20 + number))[1], 1,
           'questions about each of more than programs_max')
expect(comes('one'), (0, 0), 'one program in time')
before = questions('named')
for name in names:
    expect(ask(**name), 0, 'in time')
expect(questions('named') - before, 2, 'known by the address that they share')
say('who has too many programs, or one known by the address alone, is asked about')

# Exempt by hand, or to begin anew: that is found out when somebody comes sooner.
CTL = shlex.split(env['LAB_CTL'])
wait_until(lambda: is_held('one'), 10, 'held')
subprocess.run(CTL + ['exempt', 'one', '--for', '1h', '--reason', 'x'], check=True)
wait_until(lambda: not is_held('one'), 10, 'exempt')
time.sleep(INTERVAL)
expect(comes('one'), (0, 0), 'exempt and in time')
for turn in range(3):
    expect(is_held('one'), False, 'exempt')
subprocess.run(CTL + ['exempt', 'drop', 'one'], check=True)
wait_until(lambda: is_held('one'), 10, 'exempt no more')
subprocess.run(CTL + ['reset', 'one'], check=True)
expect(comes('one'), (0, 1), 'begins anew')
wait_until(lambda: is_held('one'), 10, 'held again')
time.sleep(INTERVAL)
expect(comes('one'), (0, 0), 'in time')
subprocess.run(CTL + ['forget', 'one'], check=True)
expect(comes('one'), (0, 1), 'forgotten')
wait_until(lambda: is_held('one'), 10, 'held once more')
say('who is exempt by hand passes, who was reset or forgotten begins anew')

# A silent Redis has said nothing.
expect(comes('silent'), (0, 1), 'the first login')
pid = int(re.search(r'process_id:(\d+)', redis('INFO', 'server')).group(1))
os.kill(pid, signal.SIGSTOP)
expect(ask(login='silent', remote='127.0.0.2', protocol='imap'), 0, 'Redis is silent')
expect(ask(login='new', remote='127.0.0.2', protocol='imap'), 0, 'Redis is silent')
os.kill(pid, signal.SIGCONT)
wait_until(lambda: ask(login='probe', remote='127.0.0.2', protocol='imap') == 0 and
           journal(reason='store-back'), 20, 'Redis is back')
time.sleep(INTERVAL)
for user in ('silent', 'new'):
    expect(comes(user), (0, 1), user + ' was last asked about in vain')
    expect(comes(user)[1], 1, user + ' comes sooner')
time.sleep(INTERVAL)
expect(comes('silent'), (0, 0), 'Redis has spoken again')
say('while Redis is silent nothing is taken for an answer')

# Other settings are other terms.
time.sleep(INTERVAL)
settings('poll { login_ladder = {"after 0: hold 4s"} }\n')
expect(comes('silent')[1], 1, 'in time, on terms that nobody has asked on')
say('other settings empty the memory')

# Who is held logs in when that is over.
program = dict(login='silent', remote='127.0.0.2', protocol='imap')
held = wait_until(lambda: ask(**program), 10, 'held')
expect_true(held >= 3, 'held for long: %s' % held)
before = questions('silent')
time.sleep(INTERVAL)
expect(ask(**program), 0, 'an interval after the hold began')
expect(questions('silent') - before, 1, 'the interval begins when the hold is over')
say('who was held is asked about until the interval has passed since the hold')

# Who becomes away is found out.
settings('poll { away_after = 9s away_interval = 10m }\n')
expect(comes('person'), (0, 1), 'the first login')
time.sleep(INTERVAL)
expect(comes('person'), (0, 0), 'in time, and not away yet')
time.sleep(INTERVAL)
expect(comes('person'), (0, 1), 'away from now on')
time.sleep(INTERVAL)
expect(comes('person'), (4, 1), 'early for somebody who is away')
line = journal(part='auth', user='person', action='hold')[0]
expect((line['policy'], line['why']), ('600', 'poll.away_interval'), 'the line')
say('who becomes away is held')
PYTHON
[ $? = 0 ] || failures=1
check "what is remembered of logins" [ "$failures" = 0 ]
finish
