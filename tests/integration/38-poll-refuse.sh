#!/bin/bash
# SPDX-License-Identifier: MIT
# A ladder that refuses: STATUS and the first SELECT get NO [LIMIT] in plain words;
# what has no NO in its protocol waits.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
poll_site site <<CONF
poll {
	interval = 12s
	round = 1s
	ladder = {"after 0: absorb"}
	login_ladder = {"after 1: refuse"}
}
journal { interval = 1s }
CONF
python <<'PYTHON'
from poll import *

REFUSAL = re.compile(r'NO \[LIMIT\] You may look for new mail once every '
                     r'12 seconds, try again in (\d+) seconds?$')
Program('alice').command('SELECT INBOX')


def check_until_refused():
    end = now() + 60
    while True:
        alice = Program('alice')
        answer = alice.command('SELECT INBOX')
        # the journal has one line in a second
        if answer[-1].startswith('NO ') and journal(part='imap', action='refuse'):
            return alice, answer
        expect_true(now() < end, 'not refused within 60 s')
        alice.command('LOGOUT')
        time.sleep(0.3)


alice, answer = check_until_refused()
expect_true(len(answer) == 1 and REFUSAL.match(answer[0]), 'refusal: %r' % answer)
line = journal(part='imap', action='refuse')[0]
for key, value in (('check', 'login'), ('reason', 'early'),
                   ('why', 'poll.login_ladder')):
    expect(line[key], value, 'journal field ' + key)
expect(alice.command('NOOP'), ['OK NOOP completed'], 'NOOP is not refused')
expect(alice.command('LIST "" INBOX')[-1][:3], 'OK ', 'nor is LIST')
expect(alice.command('SELECT INBOX')[-1], 'OK [READ-WRITE] Select completed',
       'nor is a second SELECT')
expect(alice.command('LOGOUT')[-1], 'OK Logout completed', 'LOGOUT')
say('the first SELECT of an early login is refused, and nothing else')

end = now() + int(REFUSAL.match(answer[0]).group(1))
wait_until(lambda: now() >= end, 30, 'the time that was named')
alice = Program('alice')
expect(alice.command('SELECT INBOX')[-1], 'OK [READ-WRITE] Select completed',
       'served at the time that was named')
alice.command('LOGOUT')
say('who comes back after the time that was named is served')
PYTHON
[ $? = 0 ] || failures=1
check_no_ban
"$GATEPOST_SOURCE/scripts/lab" down "$work/site"

poll_site steps <<CONF
poll {
	interval = 60s
	round = 1s
	ladder = {"after 0: refuse"}
	login_ladder = {"after 0: note"}
}
CONF
python <<'PYTHON'
from poll import *

alice = Program('alice')
alice.command('SELECT INBOX')
answer = wait_until(lambda: [line for line in
                             alice.command('STATUS INBOX (MESSAGES)')
                             if line.startswith('NO ')], 20, 'a refused STATUS')
expect_true(re.match(r'NO \[LIMIT\] You may look for new mail once every 1 minute, '
                     r'try again in \d+ seconds$', answer[0]), '%r' % answer)
say('STATUS is refused')
# SELECT in the middle of a session would lose the mailbox that is open.
for command in ('NOOP', 'CHECK', 'SELECT INBOX', 'EXAMINE INBOX'):
    tag = alice.start(command)
    expect_true(alice.finish(tag)[-1].startswith(tag + ' OK'),
                command + ' is not refused')
expect_true(journal(action='delay', part='imap') or
            journal(action='refuse', part='imap'), 'the journal knows')
alice.command('LOGOUT')
say('NOOP, CHECK and SELECT of a session are never refused')
PYTHON
[ $? = 0 ] || failures=1
check_no_ban
check "refusals" [ "$failures" = 0 ]
finish
