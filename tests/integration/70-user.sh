#!/bin/bash
# SPDX-License-Identifier: MIT
# gatepostctl user: one person, from the settings, Redis and the journal.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
ctl=$GATEPOST_BUILD/ctl/gatepostctl

# gives CODE TEXT ARGUMENT...
gives() {
	code=$1 text=$2 found=0
	shift 2
	"$ctl" -c away.conf user "$@" > out 2>&1 || found=$?
	check "user $* gives $code ($found)" [ "$found" = "$code" ]
	check "and says: $text" grep -qF -- "$text" out
}
cat > away.conf <<X
redis { server = "unix:$work/no.sock" }
journal { file = "$work/journal" }
login { realms = {one.test} }
poll { overrides = {"alice: interval 20m"} }
rate { messages = {30/1m} }
X
for i in $(seq 1 25); do
	printf 'time=2026-11-02T10:00:%02d.000Z host=mx s=s1 part=imap action=absorb mode=enforce reason=early user=alice program=imap/192.0.2.7/%%1B]0;x ip=192.0.2.7 port=143 check=noop every=60 policy=300 why=poll.ladder early=%d wait=9 count=2\n' "$i" "$i"
done > journal
sed -n '1s/user=alice/user=alice%1B[2J/p' journal > hostile
cat hostile >> journal
sed -n '1{s/user=alice/user=Alice@ONE.test/;s/part=imap/part=auth/;s/absorb/hold/p}' journal > auth
cat auth >> journal
echo 'time=2026 part=imap action=absorb broken' >> journal

gives 64 "which user?"
gives 64 "which user?" ''
gives 64 "--lines 'x' is not a number" --lines x alice
gives 64 "'noon' is not a time" --since noon alice
gives 69 "redis" alice
gives 69 "nowhere.log: No such file" -n 1 alice nowhere.log
gives 69 "checks    enforce, interval 20m" --since 2026-11-01 Alice@one.test
says() { check "also: $1" grep -qF -- "$1" out; }
says "special   poll.overrides, away.conf:4: poll { overrides = {"
says "actions   absorb 50, hold 2 since"
says "passed over 1 line"
seen=$(grep -E '^imap/192.0.2.7/.* (absorb|hold) ' out)
says "2026-11-02 10:00 2026-11-02 10:00 192.0.2.7"
check "each program and action: since when, how often" \
	[ "$(awk '{ print $2 $3 }' <<< "$seen" | sort | xargs)" = "absorb50 hold2" ]
check "the last 20 lines" [ "$(grep -c ' early  ' out)" = 20 ]
check "no byte for the terminal" [ "$(tr -d ' -~\n' < out | wc -c)" = 0 ]
check "nobody else's" [ "$(grep -c '2J' out)" = 0 ]
gives 69 "%1B[2J" --since 2026-11-01 --lines 3 "$(printf 'alice\033[2J')"
for i in $(seq 1 100); do
	sed -n "1s/user=alice/user=mallory/;1s,program=[^ ]*,program=imap/192.0.2.7/$i,p" journal
done > many
gives 69 "(others)" --json --since 2026-11-01 mallory many
check "many programs have one row together" [ "$(grep -c '"since": ' out)" = 65 ]
says '"count": 72,'
gives 69 "messages  30/1m  (rate.messages)" --since 2026-11-01 bob
gives 69 "interval 20m" --lines 0 alice
check "without a journal" [ "$(grep -c ' early ' out)" = 0 ]

need_root
printf 'staff: alice bob\nothers: carol\n' > groups
chmod 644 groups
poll_site site <<CONF
login { groups_file = "$work/groups" }
poll {
	interval = 60s
	round = 1s
	ladder = {"after 0: absorb"}
	overrides = {"program=*/Outlook: ladder after 0: note"}
	exemptions = {"bob until 2999-01-01 by joe: webmail"}
}
rate { messages = {2/1h, 9/1d} overrides = {"bob: none"} }
CONF
python <<'PYTHON'
from poll import *
import smtp

CTL = shlex.split(env['LAB_CTL'])


def ctl(*words):
    return subprocess.check_output(CTL + list(words), universal_newlines=True)


def user(*words):
    return json.loads(ctl('user', '--json', *words))


found = user('alice')
expect([found[name] for name in ('programs', 'human_secs', 'sent_secs', 'journal')],
       [[], None, None, []], 'nothing is known yet')
expect_true('history   none' in ctl('user', 'alice'), 'and that is said')

expect((found['address'], found['groups'], found['seen']),
       ('alice@example.test', ['staff'], []), 'who that is')

for name in ('Thunderbird', 'Outlook'):
    program = Program('alice', name=name)
    program.command('SELECT INBOX')
    wait_until(lambda: program.command('NOOP') and
               [line for line in journal(user='alice')
                if line['program'].endswith(name)], 20, name)
    program.command('LOGOUT')
client = smtp.Client('SUBMISSION', starttls=True, login='alice')
for command in ('MAIL FROM:<alice@example.test>', 'RCPT TO:<bob@example.test>',
                'DATA', 'From: alice@example.test\r\n\r\nx\r\n.'):
    client.command(command)
wait_until(lambda: user('alice')['sent_secs'] is not None, 20, 'it was counted')
subprocess.check_output(['redis-cli', '-s', env['LAB_REDIS'], 'CONFIG', 'RESETSTAT'])
found = user('ALICE@example.test')
stats = subprocess.check_output(['redis-cli', '-s', env['LAB_REDIS'], 'INFO',
                                 'commandstats'], universal_newlines=True)
expect_true('cmdstat_get:calls=1,' in stats, 'the user: ' + stats)
expect_true('cmdstat_hgetall:calls=1,' in stats, 'who is exempt by hand: ' + stats)
expect_true('cmdstat_scan' not in stats, 'no scan')
expect(found['user'], 'alice', 'the person')
programs = {row['program'].split('/')[2]: row for row in found['programs']}
expect(sorted(programs), ['Outlook', 'Thunderbird'], 'programs')
expect(programs['Outlook']['state'], 'note', 'terms of a program')
expect(programs['Outlook']['terms']['setting'], 'poll.overrides', 'which')
expect_true('program=*/Outlook' in programs['Outlook']['terms']['text'], 'its line')
expect(programs['Thunderbird']['state'], 'absorb', 'state')
expect(programs['Thunderbird']['terms'], None, 'nothing special')
expect(found['messages'], [
    {'used': 1, 'left': 1, 'limit': 2, 'secs': 3600},
    {'used': 1, 'left': 8, 'limit': 9, 'secs': 86400}], 'what is left')
expect(found['wait_secs'], 0, 'no wait')
expect_true(0 <= found['human_secs'] < 60, 'sending is human: %r' % found['human_secs'])
expect_true(found['actions']['absorb'] >= 1 and found['actions']['note'] >= 1,
            'actions: %r' % found['actions'])
lines = journal(user='alice')
expect(len(found['journal']), min(20, len(lines)), 'lines of the journal')
expect(found['journal'][-1]['time'], lines[-1]['time'], 'the last line')
seen = {(row['program'].split('/')[-1], row['action']): row for row in found['seen']
        if row['program']}
for (name, action) in (('Thunderbird', 'absorb'), ('Outlook', 'note')):
    mine = [line for line in lines if line['program'].endswith(name) and
            line['action'] == action]
    row = seen[name, action]
    expect((row['since'], row['last'], row['count'], row['from']),
           (mine[0]['time'], mine[-1]['time'],
            sum(int(line['count']) for line in mine), '127.0.0.2'),
           'in the journal: ' + name)
text = ctl('user', 'alice')
for wanted in ('user      alice\n', 'address   alice@example.test\n',
               'messages  1 of 2/1h, 1 left; 1 of 9/1d, 8 left  (rate.messages)',
               'checks    enforce, interval 60s\n', 'groups    staff\n',
               'in the journal:\nPROGRAM ', 'PROGRAM ', 'absorb'):
    expect_true(wanted in text, '%r in\n%s' % (wanted, text))

ctl('exempt', 'alice', '--for', '2w', '--reason', 'waits for an offer',
    '--author', 'joe')
found = user('alice')
expect_true(found['exempt'] and 'by joe: waits for an offer' in found['exempt_by_hand'],
            'exempt by hand: %r' % found['exempt_by_hand'])
expect([row['state'] for row in found['programs']], ['exempt', 'exempt'], 'programs')
expect(found['programs'][0]['terms'], {'setting': 'exempt'}, 'by what')
expect_true('by joe: waits for an offer' in ctl('user', 'alice'), 'and for people')
expect(json.loads(ctl('who', '--json', '--throttled')), [], 'nothing is done to alice')
ctl('exempt', 'drop', 'alice')
expect_true(not user('alice')['exempt'], 'no more')

found = user('bob')
expect([place['setting'] for place in found['special']],
       ['poll.exemptions', 'rate.overrides'], 'special terms of bob')
expect_true(found['exempt'] and found['messages'] == [], 'bob: %r' % found)
expect_true('special   poll.exemptions, %s:' % env['LAB_CONF'] in ctl('user', 'bob'),
            'with its file and line')
say('a person on a live site')
PYTHON
check "a live site" [ $? = 0 ]
finish
