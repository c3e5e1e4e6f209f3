#!/bin/bash
# SPDX-License-Identifier: MIT
# People and their programs: who only checks is held; what only a person does makes
# checks free, in all sessions; who is away is held longer; inventing programs gains
# nothing; a busy server asks for more patience.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
poll_site site <<CONF
poll {
	interval = 12s
	round = 1s
	grace = 10s
	away_after = 14s
	away_interval = 10m
	overrides = {"erin: interval 5m"}
	programs_max = 3
	ladder = {"after 0: absorb"}
	login_ladder = {"after 0: note"}
}
journal { interval = 1s }
CONF

# One for each thing that only people do.
for person in person{0..11}; do
	mkdir -p "$LAB_MAIL/$person"/{,.Kept/}{cur,new,tmp}
	chown -R nobody:nogroup "$LAB_MAIL/$person"
	for name in "$person" "$person@$LAB_DOMAIN"; do
		printf '%s:{PLAIN}secret-%s:%s:%s::%s::userdb_gatepost_interval=5m\n' \
			"$name" "$person" "$(id -u nobody)" \
			"$(getent group nogroup | cut -d: -f3)" "$LAB_MAIL/$person"
	done
done >> site/etc/users
python <<'PYTHON'
import smtp
from poll import *


def answer(program, command):
    return program.command(command)[-1].split(' ')[0]


def is_early(program):
    """Checks once more; is it held to be early?"""
    user = program.user
    before = early_of(user)
    program.command('NOOP')
    return early_of(user) > before


def early_of(user):
    return sum(int(line['count']) for line in journal(user=user, part='imap')
               if line['reason'] in ('early', 'early-served'))


def open_inbox(user, source='127.0.0.2', name=None):
    program = Program(user, source=source, name=name)
    program.user = user
    program.command('SELECT INBOX')
    return program


def looks(program):
    """Is a check, at once and only one, answered from the mailbox?"""
    deliver(program.user, 'mail for ' + program.user)
    return bool(exists(program.command('NOOP')))


# Early for the next 5 minutes, whatever happens but what a person does.
deliver('erin', 'one')
erin, other = (open_inbox('erin', source=source)
               for source in ('127.0.0.2', '127.0.0.3'))
for program in (erin, other):
    wait_until(lambda: is_early(program), 20, 'early without human activity')
for quiet in ('FETCH 1 (FLAGS BODY[])', 'UID FETCH 1 (RFC822)', 'SEARCH UNSEEN',
              'LIST "" "*"'):
    erin.command(quiet)
    expect(looks(erin), False, 'looking into the mailbox after ' + quiet)
say('FETCH, SEARCH and LIST are no human activity')

# Each person is early for 5 minutes, tries in vain, and then does it.
DEEDS = {
    'STORE 9 +FLAGS (\\Seen)': 'STORE 1 +FLAGS (\\Seen)',
    'UID STORE': 'UID STORE 1 +FLAGS (\\Seen)',
    'COPY 1 None': 'COPY 1 Kept',
    'UID COPY 1 None': 'UID COPY 1 Kept',
    'MOVE 1 None': 'MOVE 1 Kept',
    'UID EXPUNGE': 'EXPUNGE',
    'CREATE Kept': 'CREATE New',
    'DELETE None': 'DELETE Kept',
    'RENAME None New': 'RENAME Kept New',
    'SUBSCRIBE a/../b': 'SUBSCRIBE Kept',
    'UNSUBSCRIBE': 'UNSUBSCRIBE Kept',
    'APPEND None {4+}\r\nx: y': 'APPEND Kept {4+}\r\nx: y',
}
for number in range(len(DEEDS)):
    deliver('person%d' % number, 'one')
persons = [open_inbox('person%d' % number) for number in range(len(DEEDS))]
for (vain, deed), person in zip(DEEDS.items(), persons):
    wait_until(lambda: is_early(person), 20, 'early')
    expect_true(answer(person, vain) in ('NO', 'BAD'), vain)
    expect(looks(person), False, 'looking into the mailbox after ' + vain)
    expect(answer(person, deed), 'OK', deed)
    expect(looks(person), True, 'looking into the mailbox after ' + deed)
say('what only a person does makes checks free, what is refused does not')

# A session that has no answer yet; the other program was early in the one before.
other.command('LOGOUT')
other = open_inbox('erin', source='127.0.0.3')
expect(looks(other), False, 'early in a new session')
other.command('LOGOUT')
erin.command('STORE 1 +FLAGS (\\Flagged)')
other = open_inbox('erin', source='127.0.0.3')
expect(looks(other), True, 'free in a new session, by STORE in another one')
say('human activity makes the checks of all programs free')

deliver('alice', 'one')
alice = open_inbox('alice')
wait_until(lambda: is_early(alice), 20, 'early without human activity')
alice.command('STORE 1 +FLAGS (\\Flagged)')
deliver('alice', 'two')
expect([line for line in alice.command('NOOP') if 'EXISTS' in line],
       ['* 2 EXISTS'], 'a check right after STORE looks into the mailbox')
other = open_inbox('alice', source='127.0.0.3')
wait_until(lambda: 'imap/127.0.0.3' in who('alice'), 10, 'the other program')
wait_until(lambda: is_early(alice), 30, 'early when the grace is over')
say('after STORE checks are free for a while')

bob = open_inbox('bob')
wait_until(lambda: is_early(bob), 20, 'bob is early')
client = smtp.Client('SUBMISSION', starttls=True, login='bob')
expect(client.send('<bob@example.test>', '<erin@example.test>', 'hello')[:3],
       '250', 'a message of bob')
again = open_inbox('bob')
deliver('bob', 'fresh')
wait_until(lambda: any('EXISTS' in line for line in again.command('NOOP')), 5,
           'a check right after sending looks into the mailbox')
say('sending makes checks free, also those of a program that was early')

line = wait_until(lambda: is_early(alice) and
                  journal(user='alice', why='poll.away_interval'), 60,
                  'alice is away')[0]
expect(line['policy'], '600', 'the interval in force')
alice.command('STORE 1 -FLAGS (\\Flagged)')
deliver('alice', 'three')
expect_true(any('EXISTS' in line for line in alice.command('NOOP')),
            'a sign of life ends it')
say('who does nothing for long is away, until the first sign of life')


def be_away():
    """Until the session has an answer that would hold for 10 minutes."""
    os.truncate(env['LAB_JOURNAL'], 0)
    wait_until(lambda: is_early(alice) and
               journal(user='alice', program='imap/127.0.0.2',
                       why='poll.away_interval'), 60, 'alice is away again')
    expect(looks(alice), False, 'away')


def notices():
    wait_until(lambda: looks(alice), 40, 'the session hears of it in one interval')


be_away()
other = open_inbox('alice', source='127.0.0.3')
other.command('STORE 1 +FLAGS (\\Flagged)')
notices()
be_away()
client = smtp.Client('SUBMISSION', starttls=True, login='alice')
expect(client.send('<alice@example.test>', '<bob@example.test>', 'hello')[:3],
       '250', 'a message of alice')
notices()
say('... in another session, or by sending')

# A new name for each login.
before = journal(user='carol')
for number in range(12):
    program = open_inbox('carol', name='invented-%d' % number)
    program.command('NOOP')
    program.close()
wait_until(lambda: journal(user='carol', why='poll.programs_max'), 10,
           'too many programs of carol')
lines = journal(user='carol', why='poll.programs_max')
expect_true(max(int(line['early']) for line in lines) >= 5,
            'the early rounds of all programs count: %r' % lines)
expect_true(len({line['program'] for line in lines}) >= 5, 'by many names')
say('inventing programs gains nothing')
PYTHON
[ $? = 0 ] || failures=1

# A load that is always there: of 0 percent it is already high.
cat >> site/etc/gatepost.conf <<CONF
poll {
	interval_max = 18s
	away_after = 0
	load_low = 0
	load_high = 1
}
CONF
python <<'PYTHON'
from poll import *

program = Program('dave')
program.command('SELECT INBOX')


def early():
    program.command('NOOP')
    return journal(user='dave', reason='early')


wait_until(lambda: float(open('/proc/loadavg').read().split()[0]) > 0.1 or
           sum(range(1000000)) < 0, 60, 'some load')
line = wait_until(early, 30, 'early')[0]
expect(line['policy'], '18', 'the interval in force')
say('the interval grows with the load, and the journal names it')
PYTHON
[ $? = 0 ] || failures=1
check "people and load" [ "$failures" = 0 ]
finish
