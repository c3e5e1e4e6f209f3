#!/bin/bash
# SPDX-License-Identifier: MIT
# Words for the user, once a day for each program; and the last step of the ladder,
# a session that ends in plain words.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
poll_site site <<CONF
poll {
	interval = 2s
	advised = 10m
	round = 0
	ladder = {"after 0: absorb", "after 60: disconnect"}
	login_ladder = {"after 0: note"}
	notice = "%{program} looks every %{every}, not %{policy}; set it to %{advised}"
	idle_notice = "Please let %{program} wait for mail (IDLE), 100%{x} of the time"
	notice_after = 2
	overrides = {"bob: mode observe"}
}
journal { interval = 1s }
CONF
python <<'PYTHON'
from poll import *


def poll(program, until, secs=30):
    """Checks until until(lines) is true of an answer; all answers."""
    end, answers = now() + secs, []
    while now() < end:
        try:
            answers.append(program.command('NOOP'))
        except OSError:         # it went before the command came
            answers.append(['(end of connection)'])
        if until(answers[-1]):
            return answers
        time.sleep(0.05)        # a hurried program
    fail('not within %s s; the last answer: %r' % (secs, answers[-1:]))


def alerts(answers):
    return [line for answer in answers for line in answer if 'ALERT' in line]


alice = Program('alice')
alice.command('SELECT INBOX')
answers = poll(alice, lambda lines: 'ALERT' in lines[0])
expect(alerts(answers), ['* OK [ALERT] Please let imap/127.0.0.2 wait for mail '
                         '(IDLE), 100%{x} of the time'], 'words for IDLE')
expect_true(answers[-1][-1].startswith('OK '), 'the check is answered')
line = wait_until(lambda: journal(user='alice', action='notice'), 10,
                  'a line about it')[0]
expect((line['why'], line['reason']), ('poll.notice_after', 'early'), 'line')
expect_true(int(line['early']) > 2, 'after so many early rounds: %r' % line)
say('after some early rounds the user is told, and the check is answered')

answers = poll(alice, lambda lines: lines[-1] == '(end of connection)')
expect(alerts(answers), [], 'no second alert')
bye = [line for answer in answers for line in answer if line.startswith('* BYE')]
expect_true(len(bye) == 1 and re.match(
    r'\* BYE You may look for new mail once every 2 seconds, try again in '
    r'\d seconds?$', bye[0]), 'the last words: %r' % bye)
wait_until(lambda: journal(user='alice', action='disconnect'), 10, 'a line')
say('disconnect: BYE with the policy and the seconds that remain')

again = Program('alice')
again.command('SELECT INBOX')
expect(alerts(poll(again, lambda lines: lines[-1] == '(end of connection)')), [],
       'no alert in another session of that day')
expect(len(journal(action='notice')), 1, 'notices')
say('once a day for each program')

bob = Program('bob')
bob.command('SELECT INBOX')
answers = poll(bob, lambda lines: journal(user='bob', action='would-disconnect'))
expect(alerts(answers), [], 'no words when observed')
expect(len(journal(user='bob', action='would-notice')), 1, 'would-notice')
say('observe: nothing is said and nobody goes')

# The words are chosen by what the program does, not by the command that it asks with.
NOTICE = (r'\* OK \[ALERT\] imap/127\.0\.0\.2 looks every (\d+|few) seconds?, not '
          r'2 seconds; set it to 10 minutes$')


def log_in_until(user, condition):
    """As curl does: a login for each STATUS.  All answers up to the last."""
    answers = []

    def check():
        program = Program(user)
        answers.append(program.command('STATUS INBOX (MESSAGES)'))
        program.command('LOGOUT')
        return condition(answers)
    wait_until(check, 60, 'logins of ' + user)
    return answers


found = alerts(log_in_until('carol', alerts))
expect_true(len(found) == 1 and re.match(NOTICE, found[0]),
            'words for who logs in for each check: %r' % found)
say('who logs in for each STATUS is told the interval')


def select_until_told(user, idles):
    program = Program(user)
    if idles:
        tag = program.start('IDLE')
        expect(program.read_line(), '+ idling', 'IDLE')
        program.send('DONE\r\n')
        program.finish(tag)
    answers = []

    def check():
        answers.append(program.command('SELECT INBOX'))
        return alerts(answers)
    return wait_until(check, 30, 'an alert of ' + user)


found = select_until_told('dave', False)
expect_true(len(found) == 1 and 'Please let imap/127.0.0.2 wait' in found[0],
            'words for who selects again and again: %r' % found)
found = select_until_told('erin', True)
expect_true(len(found) == 1 and re.match(NOTICE, found[0]),
            'words for who has used IDLE: %r' % found)
say('who stays is told of IDLE, unless it has used it')
PYTHON
[ $? = 0 ] || failures=1

# No words for who logs in: then there is no notice either, and it stays due.
cat >> "$LAB_CONF" <<CONF
poll { notice = "" }
CONF
python <<'PYTHON'
from poll import *

redis('FLUSHALL')
os.truncate(env['LAB_JOURNAL'], 0)


def many():
    for user, command in (('carol', 'STATUS INBOX (MESSAGES)'), ('dave', 'SELECT INBOX')):
        program = Program(user)
        lines = program.command(command)
        expect([line for line in lines if 'ALERT' in line], [], 'nothing to say')
        program.command('LOGOUT')
    return min(max([0] + [int(line['early']) for line in journal(user=user)])
               for user in ('carol', 'dave')) > 6


wait_until(many, 60, 'many early rounds')
expect(journal(action='notice'), [], 'notices without words')
carol = Program('carol')


def told():
    return [line for line in carol.command('NOOP') if 'ALERT' in line]


expect_true('wait for mail' in wait_until(told, 30, 'an alert')[0],
            'the words for IDLE are still due')
wait_until(lambda: journal(user='carol', action='notice'), 10, 'a line about it')
say('without words there is no notice, and the other one stays due')
PYTHON
[ $? = 0 ] || failures=1
check_no_ban
check "notices" [ "$failures" = 0 ]
finish
