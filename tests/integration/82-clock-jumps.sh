#!/bin/bash
# SPDX-License-Identifier: MIT
# The clock of Redis jumps by an hour, forward and back: nobody is locked out for
# longer than one interval, or one window of a rate.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
shift=$GATEPOST_BUILD/tests/integration/.libs/libclock_shift.so
[ -e "$shift" ] || { echo "what shifts the clock is not built: make check"; exit 77; }
cp "$shift" "$work"
poll_site site <<CONF
poll {
	interval = 3s
	round = 0
	ladder = {"after 0: absorb"}
	login_ladder = {"after 0: refuse"}
}
journal { interval = 1s }
rate { messages = 2/3s }
CONF
python <<'PYTHON'
import poplib
import struct
import hostile
import rate
from poll import *

CLOCK = os.path.join(os.path.dirname(env['LAB_REDIS']), 'clock')


def set_clock(secs):
    with open(CLOCK, 'r+b' if os.path.exists(CLOCK) else 'wb') as file:
        file.write(struct.pack('q', secs))
    os.chmod(CLOCK, 0o644)


pid = int(re.search(r'process_id:(\d+)', redis('INFO', 'server')).group(1))
os.kill(pid, 9)
wait_until(lambda: is_gone(pid), 10, 'the end of Redis')
set_clock(0)
process = hostile.start_redis(env['LAB_REDIS'], {
    'LD_PRELOAD': os.path.abspath('libclock_shift.so'), 'CLOCK_SHIFT': CLOCK})

alice = Program('alice')
alice.command('SELECT INBOX')
number = 0


def expect_served(what):
    """Within an interval new mail is shown."""
    global number
    number += 1
    deliver('alice', 'message-%d' % number)
    wait_until(lambda: exists(alice.command('NOOP')), 30, 'news: ' + what)


def clock():
    return int(redis('TIME').split()[0])


def pop3(user):
    pop = poplib.POP3_SSL('localhost', int(env['LAB_POP3S_PORT']), timeout=30,
                          context=ssl.create_default_context(cafile=env['LAB_CA']))
    pop.user(user)
    try:
        pop.pass_('secret-' + user)
    except poplib.error_proto as error:
        expect_true(b'LOGIN-DELAY' in error.args[0], error.args[0])
        return False
    pop.quit()
    return True


def send():
    return rate.send(rate.user('carol'), 'carol')


def throttled():
    """All three are held to policy."""
    before = len(journal(action='absorb', user='alice'))
    wait_until(lambda: alice.command('NOOP') and
               len(journal(action='absorb', user='alice')) > before, 20,
               'a check that is absorbed')
    wait_until(lambda: not pop3('bob'), 20, 'a POP3 login that is refused')
    wait_until(lambda: not rate.accepted(send()), 20, 'a message that is deferred')


try:
    for shift, what in ((3600, 'forward'), (0, 'back'), (-3600, 'back once more'),
                        (0, 'forward to where it was')):
        throttled()
        before = clock()
        set_clock(shift)
        expect_true(abs(clock() - before) > 3000, 'the clock has not jumped')
        expect_served(what)
        wait_until(lambda: pop3('bob'), 30, 'a POP3 login: ' + what)
        wait_until(lambda: rate.accepted(send()), 30, 'a message: ' + what)
        say('an hour %s: checks, logins and mail pass within one interval' % what)
finally:
    process.kill()
PYTHON
