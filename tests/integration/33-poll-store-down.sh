#!/bin/bash
# SPDX-License-Identifier: MIT
# Redis dead from the start, back, frozen, back, killed under load, back: IMAP sessions
# and logins by IMAP and POP3 go on, one of all waits for it, also for lines that go
# there, the journal says once that it went and once that it came back, and throttling
# resumes.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
# A login must fit into it several times.
interval=1s
[ -z "${GATEPOST_VALGRIND:-}" ] || interval=8s
poll_site site <<CONF
poll {
	interval = $interval
	round = 0
	ladder = {"after 0: absorb"}
	login_ladder = {"after 0: note"}
}
journal { interval = 1s stream = 1000 }
# Each login has a line.
access { imap_mechanisms = {EXTERNAL} }
redis {
	deadline = 1s
	retry = 10s
}
CONF
python <<'PYTHON'
import atexit
import signal
import hostile
from load import Load, imap_round, pop3_round
from logins import *
from pop3_session import *

DEADLINE = 1.0
PERIOD, LONGEST = 8.75, 11.25   # retry and its jitter
SHORT_RETRY = 2
# Of a machine that does other things as well: under valgrind nothing can be told.
SLACK = 600 if 'GATEPOST_VALGRIND' in env else 4
USERS = env['LAB_USERS'].split()


def redis_pid():
    return int(re.search(r'process_id:(\d+)', redis('INFO', 'server')).group(1))


def imap_login(user):
    program = Program(user)
    expect(program.command('SELECT INBOX')[-1],
           'OK [READ-WRITE] Select completed', 'SELECT of ' + user)
    expect(program.command('LOGOUT')[-1], 'OK Logout completed', 'LOGOUT')
    program.close()


def pop3_login(user):
    session = Pop3(user)
    expect_true(session.login.startswith(b'+OK'), session.login)
    expect_true(session.command('STAT').startswith(b'+OK'), 'STAT of ' + user)
    session.quit()


def postlogin(user):
    """As Dovecot's script-login runs it."""
    subprocess.run([env['GATEPOST_BUILD'] + '/imapd-hooks/gatepost-postlogin',
                    '-c', env['LAB_CONF'], 'imap', '/bin/true'], check=True,
                   env={**env, 'USER': user, 'IP': '127.0.0.5', 'AUTH_MECH': 'PLAIN'})


def session_with_line(user):
    """Still there when the line of its login goes to the stream."""
    program = Program(user)
    end = now() + 0.15
    while now() < end:
        expect(program.command('NOOP')[-1][:3], 'OK ', 'NOOP of ' + user)
    program.command('LOGOUT')
    program.close()


def sessions_check(user):
    """In the sessions that are open all the time."""
    for session in sessions:
        for command in ('NOOP', 'STATUS INBOX (MESSAGES)'):
            expect(session.command(command)[-1][:3], 'OK ', command)


def new_mail_shows(what):
    """At once, or after an interval."""
    for number in range(3):
        deliver('alice', '%s-%d' % (what.replace(' ', '-'), number))
        wait_until(lambda: exists(sessions[0].command('NOOP')), 20, 'mail: ' + what)


def everybody():
    """How long each took."""
    waits = []
    acts = [(act, user) for user in USERS
            for act in (imap_login, pop3_login, postlogin, sessions_check)]
    for act, user in acts + [(session_with_line, user) for user in USERS[:3]]:
        began = now()
        act(user)
        waits.append(now() - began)
    return waits


def throttled(what):
    """Open sessions and logins of both protocols."""
    before = {part: len(journal(part=part, reason='early'))
              for part in ('imap', 'pop3')}
    wait_until(lambda: sessions[0].command('NOOP') and
               len(journal(part='imap', reason='early')) > before['imap'], 20,
               'sessions are throttled: ' + what)
    wait_until(lambda: pop3_login('bob') or
               len(journal(part='pop3', reason='early')) > before['pop3'], 20,
               'logins are noted: ' + what)


def nobody_waits(what):
    """More than one of all in a period."""
    began = now()
    waits = everybody()
    most = 1 + (now() - began) // PERIOD
    slow = [wait for wait in waits if wait > max(healthy) + 0.8 * DEADLINE]
    expect_true(len(slow) <= most or SLACK > 60, '%s: %d waited: %r' % (what, len(slow), waits))
    expect_true(sum(waits) < sum(healthy) + (most + 1) * DEADLINE + SLACK,
                '%s: together %.1f s, else %.1f s' % (what, sum(waits), sum(healthy)))
    new_mail_shows(what)
    print('%s: %d checks took %.2f s, with Redis %.2f s; the longest %.2f s'
          % (what, len(waits), sum(waits), sum(healthy), max(waits)))


def is_back(count, what):
    """Found out by whoever comes first, after a period."""
    wait_until(lambda: imap_login('erin') or told('store-back') == count, 30,
               'the journal says that Redis is back: ' + what)
    throttled(what)
    everybody()
    new_mail_shows(what)
    expect((told('store-unavailable'), told('store-back')), (count, count),
           'lines that it went and came: ' + what)


def have_shorter_periods(secs):
    """For who logs in from now on."""
    with open(env['LAB_CONF'], 'a') as file:
        file.write('redis { retry = %ds }\n' % secs)
    os.kill(service_pid(), signal.SIGHUP)
    wait_until(lambda: 'settings read again' in site_file('log/authpolicy.log'), 20,
               'gatepost-authpolicy has read it')


def is_throttled_again(part):
    """Since Redis came back for the last time."""
    lines = journal()
    last = max(number for number, line in enumerate(lines)
               if line['reason'] == 'store-back' and line['part'] != 'milter')
    return any(line['part'] == part and line['reason'] in ('early', 'early-served')
               for line in lines[last:])


def killed_under_load(process):
    """Dead, then something that lets everybody in and says nothing, then an empty
    Redis."""
    load = Load((imap_round, 'bob'), (imap_round, 'carol'), (pop3_round, 'carol'),
                (pop3_round, 'dave'))
    load.goes_on(1, 'with Redis')
    load.trouble_begins()
    process.kill()
    load.goes_on(1, 'without Redis')
    silent = hostile.Impostor(env['LAB_REDIS'], None)
    load.goes_on(1, 'with one that says nothing')
    silent.end()
    again = hostile.start_redis(env['LAB_REDIS'])
    atexit.register(again.kill)
    wait_until(lambda: told('store-back') >= 3, 60, 'Redis is back for the third time')
    wait_until(lambda: is_throttled_again('imap') and is_throttled_again('pop3'), 60,
               'programs of both protocols are throttled again')
    load.end()
    if 'GATEPOST_VALGRIND' not in env:
        load.expect_patience(DEADLINE, SHORT_RETRY, SLACK)


sessions = [Program('alice', '127.0.0.3'), Program('alice', '127.0.0.4')]
for session in sessions:
    session.command('SELECT INBOX')
throttled('at first')
healthy = everybody()
expect(told('store-unavailable'), 0, 'outages so far')

# Whoever starts now has never seen Redis.
pid = redis_pid()
os.kill(pid, signal.SIGKILL)
wait_until(lambda: is_gone(pid), 10, 'the end of Redis')
nobody_waits('dead')
expect(told('store-unavailable'), 1, 'lines that it went')
say('dead Redis: sessions and logins go on, one line in the journal')
process = hostile.start_redis(env['LAB_REDIS'])
try:
    is_back(1, 'started anew')
    say('started anew, empty: one line, and throttling resumes by itself')

    pid = redis_pid()
    os.kill(pid, signal.SIGSTOP)
    nobody_waits('frozen')
    expect(told('store-unavailable'), 2, 'lines that it went')
    time.sleep(LONGEST)         # nothing is to be seen in it, so nothing to wait for
    nobody_waits('frozen for longer')
    expect(told('store-unavailable'), 2, 'lines that it went, after a period')
    say('frozen Redis: one of all waits in a period, one line for all')
    os.kill(pid, signal.SIGCONT)
    is_back(2, 'thawed')
    say('thawed: one line, and throttling resumes by itself')

    for session in sessions:
        expect(session.command('LOGOUT')[-1], 'OK Logout completed', 'LOGOUT')
    have_shorter_periods(SHORT_RETRY)
    killed_under_load(process)
    expect((told('store-unavailable'), told('store-back')), (3, 3),
           'lines that it went and came')
    say('killed under load: all are served, one line, and throttling resumes by itself')
finally:
    process.kill()
PYTHON
