#!/bin/bash
# SPDX-License-Identifier: MIT
# Other terms for a user, a group, a network or a program, from the settings and from
# Dovecot's userdb; and who is exempt until a day.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
printf 'lab: dave\n' > groups
chmod 644 groups
poll_site site <<CONF
login { groups_file = "$work/groups" }
poll {
	interval = 60s
	round = 1s
	ladder = {"after 0: absorb"}
	login_ladder = {"after 0: refuse"}
	overrides = {
		"bob: mode observe",
		"carol: interval 3s",
		"@lab: none",
		"127.0.0.7: ladder after 0: note; after 50: delay 2s",
		"program=pop3/*: login_ladder after 0: note"
	}
	exemptions = {
		"127.0.0.8 until 2099-12-31 by ann: webmail",
		"program=imap/*/Relic* until 2099-12-31 by ann: cannot be taught",
		"alice until 2001-01-01 by ann: long over"
	}
}
journal { interval = 1s }
CONF
# Dovecot's own word about two users, one of them a mistake.
sed -i -e '/^erin:/s/$/ userdb_gatepost_interval=5m/' \
	-e '/^dave:/s/$/ userdb_gatepost_interval=soon/' site/etc/users
doveadm -c "$LAB_DOVECOT_CONF" reload || exit 1
python <<'PYTHON'
from pop3_session import *


def session(user, **options):
    program = Program(user, **options)
    program.command('SELECT INBOX')
    return program


def looks(program):
    """Is a check answered from the mailbox?"""
    deliver(program.user, 'mail for ' + program.user)
    return any('EXISTS' in line for line in program.command('NOOP'))


def wait_for_line(client, **wanted):
    def find():
        client.command('NOOP')
        return journal(**wanted)
    return wait_until(find, 30, 'a line %r' % wanted)[0]


def open_session(user, **options):
    program = session(user, **options)
    program.user = user
    return program


alice = open_session('alice')
line = wait_for_line(alice, user='alice', reason='early')
expect((line['action'], line['why'], line['policy']),
       ('absorb', 'poll.ladder', '60'), 'an exemption that has ended')
expect(looks(alice), False, 'alice is held')
say('who has no terms of their own is held, also when an exemption has ended')

bob = open_session('bob')
line = wait_for_line(bob, user='bob')
expect((line['action'], line['mode'], line['why']),
       ('would-absorb', 'observe', 'poll.overrides'), 'mode of a user')
expect(looks(bob), True, 'bob is only observed')
say('mode for a user: observed, nothing is done')

carol = open_session('carol')
line = wait_for_line(carol, user='carol', reason='early')
expect((line['policy'], line['why']), ('3', 'poll.overrides'), 'interval of carol')
wait_until(lambda: looks(carol), 10, 'a round 3 seconds later')
say('interval for a user')

dave = open_session('dave')
for _ in range(30):
    expect(looks(dave), True, 'dave is in a group without terms')
expect(journal(user='dave'), [], 'lines about dave')
say('a group without terms')

noted = open_session('alice', source='127.0.0.7')
line = wait_for_line(noted, user='alice', program='imap/127.0.0.7')
expect((line['action'], line['why']), ('note', 'poll.overrides'), 'a network')
webmail = open_session('alice', source='127.0.0.8')
for _ in range(30):
    expect(looks(webmail), True, 'the webmail is exempt')
expect(journal(ip='127.0.0.8'), [], 'lines about the webmail')
relic = open_session('alice', source='127.0.0.9', name='Relic 1.0')
for _ in range(30):
    expect(looks(relic), True, 'the program is exempt')
expect(journal(ip='127.0.0.9'), [], 'lines about the program')
say('a network with another ladder; a webmail and a program that are exempt')



def pop3_is_early():
    """A login that is refused raises an error."""
    pop3 = Pop3('alice')
    pop3.quit()
    return journal(user='alice', part='pop3')


line = wait_until(pop3_is_early, 30, 'an early login by POP3')[0]
expect((line['action'], line['why']), ('note', 'poll.overrides'), 'POP3')
say('a program by its pattern: POP3 with another ladder for logins')

erin = open_session('erin')
line = wait_for_line(erin, user='erin')
expect((line['action'], line['policy'], line['why']), ('absorb', '300', 'userdb'),
       "Dovecot's userdb")
say("terms in Dovecot's userdb")
with open(os.path.join(env['LAB_LOG'], 'dovecot.log')) as file:
    expect_true("gatepost_interval: interval 'soon': allowed is 1s to 1d" in
                file.read(), 'a mistake in the userdb is logged')
alice.close()
noted.close()


def states():
    rows = who('alice')
    return [rows[program]['state']
            for program in ('imap/127.0.0.2', 'imap/127.0.0.7')]


wait_until(lambda: states() == ['absorb', 'note'], 10, 'who knows the terms')
say('who knows the terms, too')
PYTHON
[ $? = 0 ] || failures=1

check "overrides" [ "$failures" = 0 ]

# All that the userdb can say, and that it comes before the overrides; a blank ends a
# field there, a tab does not.  And a ladder with a time of its own.
cat >> "$LAB_CONF" <<CONF
poll {
	ladder_window = 2s
	overrides = {
		"bob: mode observe",
		"carol: interval 3s",
		"@lab: none",
		"127.0.0.9: interval 3s, ladder after 0: note; after 8 within 1h: absorb",
		"program=pop3/*: login_ladder after 0: note"
	}
}
journal { all_checks = yes }
CONF
tab=$(printf '\t')
sed -i -e '/^dave:/s/userdb_gatepost_interval=soon/userdb_gatepost_interval=5m/' \
	-e '/^bob:/s/$/ userdb_gatepost_mode=enforce/' \
	-e "/^carol:/s/\$/ userdb_gatepost_ladder=after${tab}0:${tab}note/" \
	-e "/^erin:/s/\$/ userdb_gatepost_login_ladder=after${tab}0:${tab}hold${tab}1s/" \
	site/etc/users
doveadm -c "$LAB_DOVECOT_CONF" reload || exit 1
python <<'PYTHON'
import poplib
from poll import *

redis('FLUSHALL')
os.truncate(env['LAB_JOURNAL'], 0)


def early_line(user, **wanted):
    """The first line about early checks of a new session."""
    program = Program(user)
    program.command('SELECT INBOX')

    def find():
        program.command('NOOP')
        return journal(user=user, reason='early', **wanted)
    line = wait_until(find, 30, 'a line about ' + user)[0]
    program.command('LOGOUT')
    return line['action'], line['mode'], line['policy'], line['why']


expect(early_line('bob'), ('absorb', 'enforce', '60', 'userdb'),
       'gatepost_mode before an override')
expect(early_line('carol'), ('note', 'enforce', '3', 'userdb'),
       'gatepost_ladder beside what an override says')
expect(early_line('dave'), ('absorb', 'enforce', '300', 'userdb'),
       'gatepost_interval before an override that lifts all')


def pop3_is_held():
    pop = poplib.POP3_SSL('localhost', int(env['LAB_POP3S_PORT']),
                          context=ssl.create_default_context(cafile=env['LAB_CA']))
    pop.user('erin')
    pop.pass_('secret-erin')
    pop.quit()
    return journal(user='erin', part='pop3', action='hold')


line = wait_until(pop3_is_held, 30, 'a POP3 login that is held')[0]
expect((line['policy'], line['why']), ('300', 'userdb'),
       'gatepost_login_ladder and gatepost_interval by POP3')
say('mode, ladders and interval in the userdb, before the overrides')

for source, why in (('127.0.0.8', 'poll.exemptions'), ('127.0.0.3', 'poll.interval')):
    program = Program('alice', source=source)
    program.command('SELECT INBOX')
    program.command('LOGOUT')
    line = wait_until(lambda: journal(user='alice', ip=source), 10, 'a line')[0]
    expect((line['action'], line['why']), ('pass', why), 'all checks: ' + source)
say('with all_checks the journal says who is exempt')

# Never so many within ladder_window.
program = Program('alice', source='127.0.0.9')
program.command('SELECT INBOX')


def absorbed():
    program.command('NOOP')
    return journal(user='alice', ip='127.0.0.9', action='absorb')


line = wait_until(absorbed, 60, 'nine early rounds within an hour')[0]
expect_true(int(line['early']) <= 8, 'fewer within ladder_window: %r' % line)
expect(len(journal(user='alice', ip='127.0.0.9', action='note')) > 0, True,
       'the step before')
say('a step counts in a time of its own')
PYTHON
[ $? = 0 ] || failures=1
# A pilot group: off for all, on for one.
cat >> "$LAB_CONF" <<CONF
poll {
	mode = off
	overrides = {"alice: mode enforce"}
	login_ladder = {"after 0: hold 2s"}
}
CONF
read -r service rest < site/pids/authpolicy
kill -HUP "$service"
wait_until 10 grep -q 'settings read again' "$LAB_LOG/authpolicy.log" || failures=1
doveadm -c "$LAB_DOVECOT_CONF" reload || exit 1
python <<'PYTHON'
from logins import *

end = now() + 30
while not journal(part='auth', user='alice', action='hold', ip='127.0.0.11'):
    one_check('imap', 'alice', '127.0.0.11')
    expect_true(now() < end, 'alice is not held before the login')
    time.sleep(0.3)
alice = Program('alice', source='127.0.0.12')
alice.command('SELECT INBOX')


def is_absorbed():
    alice.command('NOOP')
    return journal(part='imap', user='alice', action='absorb', ip='127.0.0.12')


line = wait_until(is_absorbed, 30, 'a check of alice')[0]
expect((line['mode'], line['why']), ('enforce', 'poll.overrides'), 'the line')
for _ in range(5):
    expect_true(one_check('imap', 'carol', '127.0.0.11')[0] < 1.5, 'carol waits')
expect(journal(user='carol', ip='127.0.0.11'), [], 'lines about carol')
expect_true('imap/127.0.0.11' not in kept('carol').programs, 'carol is not counted')
say('a pilot group: only those are judged whom an override names')
PYTHON
[ $? = 0 ] || failures=1
check "userdb, exempt, a time of its own, a pilot group" [ "$failures" = 0 ]
finish
