#!/bin/bash
# SPDX-License-Identifier: MIT
# poll.mode = observe: the journal says what would be done.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
poll_site site <<CONF
poll {
	interval = 60s
	round = 1s
	mode = observe
	ladder = {"after 0: absorb", "after 2: delay 2s"}
}
CONF
python <<'PYTHON'
from poll import *

alice = Program('alice')
alice.command('SELECT INBOX')
wait_until(lambda: alice.command('NOOP') and journal(action='would-absorb'), 10,
           'an observed early check')
line = journal(action='would-absorb')[0]
expect(line['mode'], 'observe', 'mode')
expect(line['reason'], 'early', 'reason')
deliver('alice', 'one')
wait_until(lambda: exists(alice.command('NOOP')), 5, 'new mail at once')
wait_until(lambda: alice.command('NOOP') and journal(action='would-delay'), 10,
           'an observed delay')
alice.command('NOOP')
expect_true(alice.waited < 1.5, 'nobody is held')
alice.command('LOGOUT')
expect(journal(mode='enforce'), [], 'nothing was enforced')
say('observe: the journal says what would be, and nothing is done')
PYTHON
