#!/bin/bash
# SPDX-License-Identifier: MIT
# report, who and metrics have the same figures as a recount of the journal and as what
# the mail programs did themselves, without a stream and with one.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root

figures() { # STREAM
	poll_site "site$1" <<CONF
poll {
	interval = 60s
	round = 0
	ladder = {"after 0: absorb"}
	login_ladder = {"after 0: hold 1s"}
	overrides = {"erin: ladder after 90: absorb, login_ladder after 90: refuse"}
}
rate { messages = {"3/1h"} }
journal { all_checks = yes interval = 1s stream = $1 }
CONF
	python "$1" <<'PYTHON'
import collections
import rate
from pop3_session import *

HAS_STREAM = sys.argv[1] != '0'
CTL = shlex.split(env['LAB_CTL'])
sent = collections.Counter()            # checks, by user, as programs made them
done = collections.Counter()            # other things


def ctl(*words):
    return subprocess.check_output(CTL + list(words), universal_newlines=True)


def imap(user, source, *commands):
    program = Program(user, source)
    for command in commands:
        program.command(command)
        sent[user] += 1
    program.command('LOGOUT')


def pop3(user):
    Pop3(user).quit()
    sent[user] += 1


def mail(user, author, wanted):
    if rate.accepted(rate.send(rate.user(user), author)) != wanted:
        fail('mail of %s as %s' % (user, author))
    done['mail taken' if wanted else 'mail refused'] += 1


def metrics():
    """Of this host, counted on from run to run."""
    ctl('metrics', '--output', 'gatepost.prom')
    with open('gatepost.prom') as file:
        return {name: float(value) for name, value in
                (line.rsplit(' ', 1) for line in file if not line.startswith('#'))}


def traffic():
    imap('alice', '127.0.0.2', 'SELECT INBOX', *['NOOP'] * 14)
    imap('alice', '127.0.0.3', 'STATUS INBOX (MESSAGES)', 'SELECT INBOX', 'NOOP')
    for number in range(3):             # held, but for the first
        imap('bob', '127.0.0.4', 'SELECT INBOX')
    for number in range(3):
        pop3('carol')
    # Too early as well, but far from the first step of the ladders.
    imap('erin', '127.0.0.5', 'SELECT INBOX', 'NOOP', 'NOOP')
    for number in range(3):
        pop3('erin')
    mail('dave', 'dave', True)
    mail('dave', 'erin', False)


def is_early(row):
    return row['action'] != 'pass' or row['reason'] in ('early', 'early-served', 'held-max')


def recount():
    """The journal, in a few lines of Python."""
    checks, early, decisions = [collections.Counter() for number in range(3)]
    for row in journal():
        count = int(row.get('count', 1))
        decisions[row['part'], row['action'], row['reason']] += count
        if row['part'] != 'milter' and not row['reason'].startswith('store-'):
            checks[row['user']] += count
            early[row['user']] += count * is_early(row)
    return checks, early, decisions


traffic()
first = metrics()
traffic()
mail('dave', 'dave', True)
mail('dave', 'dave', False)
# The last sessions write their lines when they end.
wait_until(lambda: recount()[0] == sent, 20,
           'each check is in the journal: %r' % sent)
checks, early, decisions = recount()
expect(early['erin'], sent['erin'] - 2, 'early checks of erin: all but the first of each')
expect(sum(count for words, count in decisions.items()
           if words[1:] == ('pass', 'early')), early['erin'], 'they are told as such')
say('the journal has the checks that programs made')

if HAS_STREAM:
    wait_until(lambda: len(ctl('log', '--raw').splitlines()) == len(journal()), 20,
               'the stream has the lines')
report = json.loads(ctl('report', '--json'))
told = {user['user']: user for user in report['rows']}
expect({name: told[name]['checks'] for name in sent}, dict(sent), 'checks of users')
expect({name: told[name]['early'] for name in sent},
       {name: early[name] for name in sent}, 'early checks of users')
expect([report['checks']['seen'], report['checks']['early']],
       [sum(sent.values()), sum(early.values())], 'checks')
expect(report['mail']['reject'] + report['mail']['tempfail'], done['mail refused'],
       'mail that was refused')
say('so has the report')

kept = collections.Counter()
for row in json.loads(ctl('who', '--json')):
    kept[row['user']] += row['checks']
expect(kept, sent, 'who: checks')
expect({row['user'] for row in json.loads(ctl('who', '--json', '--early'))},
       {name for name in early if early[name] > 0}, 'who: who was early')
senders = {row['user']: row['messages'][0]['used']
           for row in json.loads(ctl('who', '--sending', '--json'))}
expect(senders, {'dave': done['mail taken']}, 'who --sending: messages')
say('so has who')

found = metrics()
expect([found['gatepost_checks_total'], found['gatepost_early_checks_total']],
       [sum(sent.values()), sum(early.values())], 'metrics: checks')
expect([found['gatepost_users'], found['gatepost_early_users']],
       [report['users'], len([name for name in early if early[name] > 0])],
       'metrics: users')
expect(found['gatepost_journal_lines_total{kind="journal"}'], len(journal()), 'lines')
expect({name: value for name, value in found.items()
        if name.startswith('gatepost_decisions_total')},
       {'gatepost_decisions_total{part="%s",action="%s",reason="%s",mode="enforce"}' % words:
        value for words, value in decisions.items()}, 'metrics: decisions')
expect([name for name in first if name in found and name.endswith('}') and
        '_total' in name and first[name] > found[name]], [], 'counters that fell')
say('so has metrics')

if HAS_STREAM:
    # A line of another host is in all reports, and counted by its own node_exporter.
    line = [line for line in ctl('log', '--raw').splitlines() if 'action=absorb' in line][0]
    redis('XADD', 'gp:{journal}:j', '*', 'l', re.sub('host=[^ ]*', 'host=mx2.test', line))
    expect(len(ctl('log', '--raw').splitlines()), len(journal()) + 1, 'lines of all hosts')
    expect(metrics()['gatepost_journal_lines_total{kind="journal"}'], len(journal()),
           'lines of this host')
    say('metrics are of one host, whatever the stream has')
PYTHON
	check "figures agree, with $1 lines in a stream" [ $? = 0 ]
	"$GATEPOST_SOURCE/scripts/lab" down "site$1"
	rm -f gatepost.prom gatepost.prom.state
}
figures 0
figures 10000
finish
