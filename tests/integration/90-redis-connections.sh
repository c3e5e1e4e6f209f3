#!/bin/bash
# SPDX-License-Identifier: MIT
# How many connections Redis has to bear: none for sessions that are only open, one each
# for the milter and the auth policy, whatever they have to do.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
poll_site site <<CONF
poll {
	interval = 60s
	round = 0
	programs_max = 0
	ladder = {"after 0: absorb"}
}
journal { interval = 1s }
rate { messages = 1000/1h overrides = {"alice: messages 100/1h"} }
CONF
python <<'PYTHON'
import concurrent.futures
import rate
from poll import *


def connections():
    """All but the one that asks."""
    return len(redis('CLIENT', 'LIST', 'TYPE', 'normal').splitlines()) - 1


sessions = []
for number in range(30):
    program = Program('bob', source='127.0.0.%d' % (2 + number))
    program.command('SELECT INBOX')
    program.command('NOOP')
    sessions.append(program)
expect(len(who('bob')), 30, 'programs that Redis was asked about')
# That of the auth policy, which was asked before each login.
wait_until(lambda: connections() == 1, 20, 'no connection for 30 open sessions')
# An early verdict is kept: nobody connects for checks that come before their time.
calls = redis_calls()
for program in sessions:
    for number in range(3):
        expect(program.command('NOOP'), ['OK NOOP completed'], 'absorbed')
expect(redis_calls(), calls, 'questions about checks that are known to be early')
expect(connections(), 1, 'connections after 90 early checks')
say('30 sessions, 90 early checks: no connection, no question')


def deliver_some(name):
    client = rate.user(name)
    for number in range(8):
        rate.expect_accepted(rate.send(client, name), name)


names = ['alice', 'bob', 'carol', 'dave', 'erin'] * 3
seen = set()
with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
    senders = [pool.submit(deliver_some, name) for name in names]
    while not all(sender.done() for sender in senders):
        seen.add(connections())
    for sender in senders:
        sender.result()
expect(max(seen), 2, 'connections while the milter is at work')
expect(connections(), 2, 'it keeps its one')
say('15 senders at once: the milter has one connection')
for program in sessions:
    program.close()
PYTHON
