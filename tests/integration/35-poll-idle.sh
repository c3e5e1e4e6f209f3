#!/bin/bash
# SPDX-License-Identifier: MIT
# IDLE is what programs should use: never counted, never touched.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
poll_site site <<CONF
poll {
	interval = 60s
	round = 0
	ladder = {"after 0: delay 5s"}
}
CONF
python <<'PYTHON'
from poll import *

alice = Program('alice')
alice.command('SELECT INBOX')
calls = redis_calls()
tag = alice.start('IDLE')
expect(alice.read_line(), '+ idling', 'IDLE')
for number in range(4):
    deliver('alice', 'idle-%d' % number)
    line = alice.read_line()
    while not line.endswith(' EXISTS'):
        line = alice.read_line()
    expect(line, '* %d EXISTS' % (number + 1), 'new mail during IDLE')
    time.sleep(0.5)     # longer than a round
alice.send('DONE\r\n')
alice.finish(tag)
alice.command('LOGOUT')
expect(redis_calls(), calls, 'Redis calls of IDLE')
expect(journal(user='alice'), [], 'journal')
say('IDLE is told of new mail at once and never counted')
PYTHON
