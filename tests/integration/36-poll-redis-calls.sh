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
alice.command('LOGOUT')
say('%d checks in %d intervals: %d Redis calls' % (checks, admitted, spent))
PYTHON
