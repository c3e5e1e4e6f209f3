#!/bin/bash
# SPDX-License-Identifier: MIT
# Early checks are absorbed: answered at once from what the session was told.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
poll_site site <<CONF
poll {
	interval = 20s
	round = 3s
	ladder = {"after 0: absorb"}
}
CONF
python <<'PYTHON'
from poll import *

alice = Program('alice')
opened = alice.command('SELECT INBOX')
expect(opened[-1], 'OK [READ-WRITE] Select completed', 'SELECT')
alice.command('STATUS Other (MESSAGES)')
other = Program('alice', '127.0.0.3')
other.command('CREATE Other')
other.command('CREATE Third')
before = alice.command('STATUS Other (MESSAGES UIDNEXT)')
expect(before[0], '* STATUS Other (MESSAGES 0 UIDNEXT 1)', 'STATUS')
served_again = alice.command('SELECT INBOX')

deliver('alice', 'one')
other.append('Other', 'two')


def is_early():
    """Until the round is over, checks are served."""
    return alice.command('NOOP') and journal(action='absorb', user='alice',
                                             program='imap/127.0.0.2')


# the message may still be on its way: this is what the round shows
wait_until(lambda: any('EXISTS' in line for line in alice.command('NOOP')), 5,
           'new mail within the round')
deliver('alice', 'three')
wait_until(is_early, 5, 'an absorbed NOOP')
line = journal(action='absorb', user='alice')[0]
for key, value in (('part', 'imap'), ('mode', 'enforce'), ('reason', 'early'),
                   ('check', 'noop'), ('policy', '20'), ('early', '1'),
                   ('ip', '127.0.0.2'), ('why', 'poll.ladder'),
                   ('port', env['LAB_IMAPS_PORT'])):
    expect(line[key], value, 'journal field ' + key)
other.append('Other', 'four')
other.append('INBOX', 'five')

expect(alice.command('NOOP'), ['OK NOOP completed'], 'absorbed NOOP')
expect(alice.command('CHECK'), ['OK Check completed'], 'absorbed CHECK')
say('NOOP and CHECK are answered without a look at the mailbox')

status = alice.command('STATUS Other (MESSAGES UIDNEXT)')
expect(status[0] in (before[0], '* STATUS Other (MESSAGES 1 UIDNEXT 2)'), True,
       'absorbed STATUS: %r' % status)
expect(alice.command('STATUS Other (UIDNEXT MESSAGES)')[-1], status[-1],
       'the same items in another order')
say('STATUS is answered as it was last')

again = alice.command('SELECT INBOX')
expect([line.split(' [')[0] for line in again if 'EXISTS' not in line and
        'RECENT' not in line and 'UNSEEN' not in line and 'UIDNEXT' not in line],
       [line.split(' [')[0] for line in served_again if 'EXISTS' not in line and
        'RECENT' not in line and 'UNSEEN' not in line and 'UIDNEXT' not in line],
       'an absorbed SELECT has the form of a served one')
expect(any(line.startswith('* 4 EXISTS') for line in again), False,
       'it does not look: %r' % again)
say('SELECT of the selected mailbox looks like one that was served')

third = alice.command('SELECT Third')
expect(third[-1], 'OK [READ-WRITE] Select completed', 'first SELECT')
expect_true('* 0 EXISTS' in third, 'a first SELECT is served: %r' % third)
back = alice.command('SELECT INBOX')
expect_true('* 3 EXISTS' in back, 'served SELECT shows all mail: %r' % back)
say('a first SELECT is served in full')

deliver('alice', 'six')
wait_until(lambda: '* 4 EXISTS' in alice.command('NOOP'), 30,
           'new mail after the interval')
say('at the end of the interval new mail is seen')

alice.append('Third', 'own')
wait_until(lambda: len(journal(action='absorb', user='alice')) >= 1 and
           alice.command('NOOP') == ['OK NOOP completed'], 5, 'early again')
expect(alice.command('STATUS Third (MESSAGES)')[0], '* STATUS Third (MESSAGES 1)',
       'what the session changed itself is never answered from memory')
say('after an own change STATUS is fresh')

for program in (alice, other):
    expect(program.command('LOGOUT')[-1], 'OK Logout completed', 'LOGOUT')
PYTHON
