#!/bin/bash
# SPDX-License-Identifier: MIT
# A session that checks all the time asks Redis once per interval.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
poll_site site <<CONF
poll {
	interval = 3s
	round = 1s
	tolerance = 0
	ladder = {"after 0: absorb"}
}
CONF
python <<'PYTHON'
from poll import *

alice = Program('alice')
alice.command('SELECT INBOX')
calls = redis_calls()
expect_true(calls in (1, 2), 'the first check asks Redis, which may lack the script')
began, checks, admitted = now(), 0, 0
while admitted < 4:
    deliver('alice', 'mail-%d' % admitted)
    # absorbed until the interval is over; then the mail is seen
    while not exists(alice.command('NOOP')):
        checks += 1
        expect_true(now() - began < 60, 'intervals end')
        time.sleep(0.05)
    admitted += 1
    # the rest of the round would show each mail at once
    time.sleep(1.1)
spent = redis_calls() - calls
expect_true(admitted - 1 <= spent <= admitted,
            '%d Redis calls in %d intervals with %d checks'
            % (spent, admitted, checks))
expect_true(checks > 8 * admitted, 'many more checks than intervals')
# What was not told yet is told at the end, before the next part counts.
alice.command('NOOP')
alice.command('LOGOUT')
wait_until(lambda: redis_calls() - calls == spent + 1, 20, 'the last call of a session')
say('%d checks in %d intervals: %d Redis calls' % (checks, admitted, spent))
PYTHON
[ $? = 0 ] || failures=1

# Whatever it does, and whatever is done about it.
cat >> "$LAB_CONF" <<CONF
poll { ladder = {"after 0: absorb", "after 1: delay 1s"} }
CONF
python <<'PYTHON'
from poll import *

bob = Program('bob')
bob.command('SELECT INBOX')
calls, began, commands, waits = redis_calls(), now(), 0, 0
while now() - began < 13:
    deliver('bob', 'mail-%d' % commands)
    for command in ('NOOP', 'STATUS INBOX (MESSAGES)', 'CHECK', 'SELECT INBOX',
                    'LIST "" "*" RETURN (STATUS (MESSAGES UNSEEN))', 'EXAMINE INBOX',
                    'STATUS INBOX (UNSEEN UIDNEXT)', 'FETCH 1 (FLAGS)'):
        lines = bob.command(command)
        expect_true(lines[-1].startswith('OK '), '%s: %r' % (command, lines))
        commands, waits = commands + 1, waits + (bob.waited > 0.5)
spent, lasted = redis_calls() - calls, now() - began
expect_true(waits > 0 and commands > 20 * spent, 'delays, and many more commands')
expect_true(spent <= lasted / 3 + 1, '%d Redis calls in %.1f s, %d commands'
            % (spent, lasted, commands))
say('%d commands in %.1f s, %d of them delayed: %d Redis calls'
    % (commands, lasted, waits, spent))
PYTHON
[ $? = 0 ] || failures=1
check "calls" [ "$failures" = 0 ]
finish
