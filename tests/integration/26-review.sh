#!/bin/bash
# SPDX-License-Identifier: MIT
# Mail programs on a live site, then the questions of an administrator: log, report
# and who tell the same story, and with journal.all_checks each check is in it once.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
poll_site site --open-relay <<CONF
poll {
	interval = 60s
	round = 1s
	ladder = {"after 0: absorb", "after 3: delay 1s"}
}
journal { all_checks = yes interval = 1h }
CONF
python <<'PYTHON'
import smtplib

from poll import *

CTL = shlex.split(env['LAB_CTL'])


def ctl(*words):
    return subprocess.check_output(CTL + list(words), universal_newlines=True)


def report(*words):
    return json.loads(ctl('report', '--json', *words, env['LAB_JOURNAL']))


# alice looks all the time, bob once with another program, carol by POP3's cousin:
# one login for each check.
alice = Program('alice', '127.0.0.9', name='Thunderbird')
alice.command('SELECT INBOX')
wait_until(lambda: alice.command('NOOP') and journal(action='delay'), 20,
           'alice is slowed down')
alice.command('LOGOUT')
bob = Program('bob', name='K-9 Mail')
bob.command('STATUS INBOX (MESSAGES)')
bob.command('LOGOUT')
for i in range(3):
    carol = Program('carol', '127.0.0.8')
    carol.command('SELECT INBOX')
    carol.command('LOGOUT')

# Somebody wants to relay.
smtp = smtplib.SMTP(env['LAB_HOST'], int(env['LAB_SMTP_PORT']),
                    source_address=('127.0.0.7', 0))
smtp.ehlo()
smtp.mail('a@b.test')
expect(smtp.rcpt('victim@foreign.test')[0], 550, 'relaying')
smtp.close()


def counted():
    """Checks by user and program, of Redis and of the report."""
    kept = {(row['user'], row['program']): row['checks']
            for row in json.loads(ctl('who', '--json'))}
    told = {(user['user'], row['program']): row['checks']
            for user in report()['rows'] for row in user['programs']
            if row['checks']}
    return kept, told


wait_until(lambda: len(counted()[1]) == 3 and counted()[0] == counted()[1], 10,
           'report and who count the same: %r and %r' % counted())
say('report and who count the same checks')

found = report()
users = {user['user']: user for user in found['rows']}
expect(found['rows'][0]['user'], 'alice', 'who checks too often comes first')
expect(users['alice']['advice'], 'thunderbird', 'what to tell alice')
expect(users['bob']['early'], 0, 'bob keeps to the policy')
expect(users['bob']['advice'], 'none', 'so there is nothing to tell')
expect(found['users'], 3, 'users')
expect_true(found['checks']['absorb'] > 0 and found['checks']['delay'] > 0,
            'what was done: %r' % found['checks'])
expect(found['mail']['reject'], 1, 'refused mail')
expect(found['policy']['interval_secs'], 60, 'policy in force')
expect(found['broken'], 0, 'damaged lines')
say('report')

# Independently: the journal's own counts
lines = [line for line in journal() if line['part'] == 'imap']
expect(found['checks']['seen'], sum(int(line.get('count', 1)) for line in lines),
       'a recount')

# Why was that message refused?
log = [json.loads(line) for line in
       ctl('log', '--json', '--network', '127.0.0.7', '--since', '1h').splitlines()]
expect([(line['reason'], line['to'], line['answer']) for line in log],
       [('relay-denied', '<victim@foreign.test>', '550/5.7.1')], 'log')
expect(ctl('log', '--user', 'nobody'), '', 'nobody')
expect_true('delay' in ctl('log', '--user', 'alice', '--action', 'delay'),
            'the journal is found by the settings')
say('log')
PYTHON
check "the story is the same everywhere" [ $? = 0 ]
finish
