#!/bin/bash
# SPDX-License-Identifier: MIT
# gatepostctl replay: what a policy would have done, by logs of Dovecot and Postfix and
# by our own journal.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
ctl=$GATEPOST_BUILD/ctl/gatepostctl
export TZ=UTC
: > empty.conf
echo 'poll { intervall = 5m }' > bad.conf

# gives CODE TEXT ARGUMENT...
gives() {
	code=$1 text=$2 found=0
	shift 2
	"$ctl" -c empty.conf replay "$@" > out 2>&1 || found=$?
	check "replay $* gives $code ($found)" [ "$found" = "$code" ]
	check "and says: $text" grep -qF -- "$text" out
}
gives 64 "--interval 'often' is not a time" --interval often x.log
gives 64 "--interval '1s' is not a time" --interval 1s x.log
gives 64 "--share '101'" --share 101 x.log
gives 64 "--top 'x'" --top x x.log
gives 78 "bad.conf:1: unknown setting" --policy bad.conf x.log
gives 66 "nowhere.log: No such file" nowhere.log
printf 'journal { file = "%s/none.journal" }\n' "$work" > none.conf
gives 66 "which logs?" --policy none.conf

# A day of logins as several servers write them: alice each minute, dave each 7 minutes
# by POP3, bob each 15, erin twice a day; what strangers write counts for nothing.
python3 - <<'PYTHON'
import time

BEGIN = 1763856000              # 2025-11-23 00:00:00 UTC


def stamp(form, secs):
    return time.strftime(form, time.gmtime(secs))


def login(protocol, user, ip, more=''):
    return ('%s-login: %sLogin: user=<%s>, method=PLAIN, rip=%s, lip=10.0.0.1, '
            'mpid=7, TLS, session=<abc>' % (protocol, more, user, ip))


lines = {'mail.log': [], 'mail.log.1': [], 'dovecot.log': []}
for secs in range(0, 86400, 60):
    name = 'mail.log.1' if secs < 43200 else 'mail.log'
    lines[name].append((secs, stamp('%b %e %H:%M:%S', BEGIN + secs) +
                        ' mx dovecot: ' + login('imap', 'alice', '192.0.2.7')))
    if secs % 900 == 0:
        lines[name].append((secs, stamp('%Y-%m-%dT%H:%M:%S.5', BEGIN + secs) +
                            '+00:00 mx dovecot: ' + login('imap', 'bob', '192.0.2.8')))
    if secs % 420 == 0:
        lines['dovecot.log'].append((secs, stamp(
            '%Y-%m-%d %H:%M:%S ', BEGIN + secs) +
            login('pop3', 'dave', '2001:db8::7', 'Info: ')))
    if secs % 43200 == 0:
        lines['dovecot.log'].append((secs, stamp(
            '<22>1 %Y-%m-%dT%H:%M:%SZ mx dovecot 1 - - ', BEGIN + secs) +
            login('imap', 'erin@example.test', '192.0.2.9')))
    if secs % 600 == 0:
        number = 'Q%X' % secs
        for n in range(3 if secs == 3600 else 1):
            queue = number + 'abc'[n]
            lines[name].append((secs, stamp('%b %e %H:%M:%S', BEGIN + secs) +
                ' mx postfix/submission/smtpd[9]: %s: client=x[192.0.2.7], '
                'sasl_method=PLAIN, sasl_username=carol' % queue))
            for again in range(2):
                lines[name].append((secs, stamp('%b %e %H:%M:%S', BEGIN + secs) +
                    ' mx postfix/qmgr[8]: %s: from=<c, nrcpt=9@x.test>, size=5, '
                    'nrcpt=2 (queue active)' % queue))
for text in (
        'mx dovecot: imap-login: Disconnected (auth failed): user=<imap-login: '
        'Login: user=<forged>, rip=192.0.2.66>, method=PLAIN, rip=192.0.2.66',
        'mx postfix/smtpd[9]: warning: x[1.2.3.4]: imap-login: Login: '
        'user=<forged>, rip=1.2.3.4',
        'mx postfix/smtpd[9]: NOQUEUE: client=x[1.2.3.4], sasl_method=PLAIN',
        'mx dovecot: imap-login: Login: user=<damaged, rip=192.0.2.1',
        'mx dovecot: imap-login: Login: user=<damaged>, method=PLAIN'):
    lines['mail.log'].append((90000, 'Nov 23 23:59:59 ' + text))
for name, found in lines.items():
    open(name, 'w').write('\n'.join(line for secs, line in sorted(
        found, key=lambda pair: pair[0])) + '\n')
PYTHON
touch -d '2025-11-24 00:00:01 UTC' mail.log
touch -d '2025-11-23 12:00:01 UTC' mail.log.1
gzip mail.log.1
xz -k dovecot.log
echo 'rate { messages = {2/1h} }
relay { local_domains = {"example.test"} }
login { realms = {example.test} }' > policy.conf
"$ctl" -c bad.conf replay --json --policy policy.conf mail.log mail.log.1.gz dovecot.log.xz > found.json
python3 - <<'PYTHON'
import json
import sys


def expect(found, wanted, what):
    if found != wanted:
        sys.exit('FAILED: %s: wanted %r, found %r' % (what, wanted, found))
    print('ok:', what)


found = json.load(open('found.json'))
expect({run['interval_secs']: run['also'] for run in found['intervals'][1:]
        if run['also']}, {120: ['alice'], 600: ['dave'], 3600: ['bob']},
       'who comes with each interval')
expect(found['journal_is_partial'], False, 'logins are all there')
expect(found['imap_logins'], 1440 + 96 + 2, 'logins by IMAP')
expect(found['pop3_logins'], 206, 'logins by POP3')
expect(found['messages'], 144 + 2, 'messages, each once')
expect(found['damaged'], 2, 'damaged lines are counted')
expect(found['users'], 5, 'users: nobody is forged')
runs = {run['interval_secs']: run for run in found['intervals']}
expect([runs[secs]['users_touched'] for secs in (60, 120, 300, 600)], [0, 1, 1, 2],
       'users touched from a minute to ten')
shares = [run['users_percent'] for run in found['intervals'][1:]]
expect(shares, sorted(shares), 'a longer interval touches more')
expect(runs[300]['users_percent'], 20.0, 'share')
policy = [run for run in found['intervals'] if run['policy']][0]
expect(policy['interval_secs'], 300, 'the policy')
expect({name: policy[name] for name in ('early', 'touched', 'users_touched')},
       {name: runs[300][name] for name in ('early', 'touched', 'users_touched')},
       'the policy and the same interval agree')
# Of five rounds one is in time; the login after it in a minute is early.
expect(abs(policy['early'] - 1440 * 4 // 5) < 10, True, 'early: %d' % policy['early'])
expect([row['user'] for row in found['throttled']], ['alice'], 'who is held')
row = found['throttled'][0]
expect([row['program'], row['checks'], row['every_secs']],
       ['imap/192.0.2.7', 1440, 60.0], 'with what')
expect(row['held'] > 1000, True, 'and how often: %d' % row['held'])
expect([(row['user'], row['messages']) for row in found['senders']],
       [('carol', 146)], 'who sends too much')
expect(found['senders'][0]['refused'] > 90, True, 'most of six in an hour wait')
expect(found['suggested_secs'], 60, 'at most five percent')
PYTHON
check "the figures" [ $? = 0 ]
gives 0 "suggested: none of these; the shortest, 10m, touches 40.0 % of the users, more than 20.0 %" \
	--share 20 --interval 10m mail.log.1.gz mail.log dovecot.log
gives 0 "suggested: poll.interval = 5m, the longest of these that touches at most 20.0 %" \
	--share 20 mail.log.1.gz mail.log dovecot.log
says() { check "also: $1" grep -qE -- "$1" out; }
says 'period +2025-11-23 00:00 to 2025-11-23 23:5'
says '^5m \(policy\) +1 +20\.0 % +1 '
says '^damaged +2 lines'
says '^alice +imap/192.0.2.7 +1440 +60s'
says '^at 2m: alice$'
says '^at 10m: also dave$'
says '^at 1h: also bob$'
gives 0 "at most 5.0 %" --interval 90s --interval 45s - < dovecot.log
check "rising" [ "$(grep -oE '^(45s|90s) ' out | tr -d '\n')" = "45s 90s " ]
gives 0 "at 1h: alice, bob and 1 more" --top 2 --interval 1h mail.log.1.gz mail.log dovecot.log
check "no warning about logins" eval '! grep -q ^warning out'

# Our own journal without journal.all_checks has no check that was in time
line() { # HH:MM ACTION REASON WAIT
	printf 'time=2025-11-23T%s:00.000Z host=mx s=b part=imap action=%s mode=enforce reason=%s user=alice program=imap/192.0.2.7 ip=192.0.2.7 port=993 check=noop every=60 policy=300 why=poll.ladder early=1 wait=%s\n' "$@"
}
for minute in 01 02 03 04 06 07 08 09; do
	line "10:$minute" absorb early 200
done > early.journal
{ line 10:00 pass admitted -; cat early.journal; line 10:10 pass admitted -; } > all.journal
gives 0 "warning   the journal has early checks alone" early.journal
gives 0 '"journal_is_partial": true' --json early.journal
gives 0 '"journal_is_partial": false' --json all.journal
gives 0 "users     1" all.journal
check "no warning then" eval '! grep -q ^warning out'

# A login that was held is in the journal as such; another one that was asked about is in
# the line of who served it.
{
	printf 'time=2025-11-23T10:%s:00.000Z host=mx s=b part=imap action=pass mode=enforce reason=admitted user=alice program=imap/192.0.2.7/x ip=192.0.2.7 port=993 check=login every=- policy=300 why=poll.interval early=0 wait=- count=1\n' 00
	for minute in 01 02 03; do
		printf 'time=2025-11-23T10:%s:00.000Z host=mx s=b part=auth action=hold mode=enforce reason=early user=alice program=imap/192.0.2.7/x ip=192.0.2.7 port=993 check=login every=60 policy=300 why=poll.login_ladder early=1 wait=9 count=1\n' $minute
	done
	printf 'time=2025-11-23T10:04:00.000Z host=mx s=b part=auth action=note mode=enforce reason=early user=alice program=imap/192.0.2.7/x ip=192.0.2.7 port=993 check=login every=60 policy=300 why=poll.login_ladder early=4 wait=9 count=1\n'
} > held.journal
gives 0 "imap/192.0.2.7/x      4 " held.journal
# Dovecot tells of the same logins, in a log of its own: only the first is new.
for minute in 0 1 2 3; do
	printf 'Nov 23 10:0%s:01 mx dovecot: imap-login: Login: user=<alice>, method=PLAIN, rip=192.0.2.7, lip=10.0.0.1\n' $minute
done > same.log
TZ=UTC touch -d '2025-11-23 11:00:00 UTC' same.log
for order in "held.journal same.log" "same.log held.journal"; do
	# shellcheck disable=SC2086
	TZ=UTC gives 0 "imap/192.0.2.7/x      4 " $order
	check "no login twice ($order)" eval '! grep -q "imap/192.0.2.7  " out'
done

# Without a name: the mail log of syslog and our own journal
mkdir -p var
cp mail.log var/mail.log && cp mail.log.1.gz var/mail.log.1.gz
printf 'journal { file = "%s/all.journal" }\n' "$work" > usual.conf
gives 0 " 10 of the journal" --policy usual.conf
if [ "$(id -u)" = 0 ] && unshare -m true 2> /dev/null; then
	unshare -m sh -c 'mount --bind var /var/log && exec "$@"' - \
		"$ctl" -c usual.conf replay > out 2>&1
	says ' 1536 logins by IMAP, .* 10 of the journal'
fi
# What journalctl prints
python3 - <<'PYTHON'
import json
with open('json.log', 'w') as out:
    for i in range(60):
        out.write(json.dumps({
            'MESSAGE': 'imap-login: Login: user=<da\x1b[31mve>, method=PLAIN, '
                       'rip=192.0.2.7, lip=10.0.0.1',
            'SYSLOG_IDENTIFIER': 'dovecot',
            '__REALTIME_TIMESTAMP': str((1763856000 + 60 * i) * 1000000)}) + '\n')
PYTHON
gives 0 "da%1B[31mve imap/192.0.2.7     60" json.log
check "no byte for the terminal" [ "$(tr -d ' -~\n' < out | wc -c)" = 0 ]
if [ ! -e "$("$ctl" --help | sed -n 's/.*settings (\(.*\))/\1/p')" ]; then
	"$ctl" replay json.log > out 2>&1
	check "without settings: the defaults" grep -q '^5m (policy)' out
fi
head -c 300000 /dev/urandom > noise.log
gives 0 "users     0" noise.log

need_root
poll_site site <<CONF
poll { interval = 60s round = 1s ladder = {"after 0: absorb"} }
journal { all_checks = yes interval = 1s }
CONF
python <<'PYTHON'
import ssl

from poll import *
import smtp
import poplib

CTL = shlex.split(env['LAB_CTL'])


def replay(*logs):
    return json.loads(subprocess.check_output(CTL + ['replay', '--json'] + list(logs)))


for i in range(4):
    alice = Program('alice', '127.0.0.9')
    alice.command('SELECT INBOX')
    alice.command('LOGOUT')
context = ssl._create_unverified_context()
pop3 = poplib.POP3(env['LAB_HOST'], int(env['LAB_POP3_PORT']))
pop3.stls(context)
pop3.user('bob')
pop3.pass_('secret-bob')
pop3.quit()
client = smtp.Client('SUBMISSION', starttls=True, login='carol')
for command in ('MAIL FROM:<carol@example.test>', 'RCPT TO:<bob@example.test>',
                'RCPT TO:<alice@example.test>', 'DATA',
                'From: carol@example.test\r\n\r\nx\r\n.'):
    client.command(command)
program = Program('dave', name='Loop')
program.command('SELECT INBOX')
wait_until(lambda: program.command('NOOP') and journal(user='dave', action='absorb'),
           20, 'dave is early')
program.command('LOGOUT')
logs = [os.path.join(env['LAB_LOG'], name) for name in ('dovecot.log', 'postfix.log')]
found = wait_until(lambda: [found for found in [replay(*logs)] if found['messages'] and
                            found['pop3_logins']], 20, 'the logs are written')[0]
expect([found[name] for name in ('imap_logins', 'pop3_logins', 'messages', 'users',
                                 'damaged')],
       [len(re.findall('imap-login: Info: Log', open(logs[0]).read())), 1, 1, 4, 0],
       'what the logs tell')
expect_true(found['imap_logins'] >= 5, 'logins by IMAP')
found = replay(env['LAB_JOURNAL'])
expect_true('dave' in [row['user'] for row in found['throttled']],
            'the journal: %r' % found)
row = [row for row in found['throttled'] if row['user'] == 'dave'][0]
expect(row['program'].split('/')[2], 'Loop', 'its program')
together = replay(env['LAB_JOURNAL'], *logs)
expect(together['users'], 4, 'all together')
say('logs of real servers')


def said(*words):
    return subprocess.check_output([*words, 'replay', env['LAB_JOURNAL']],
                                   universal_newlines=True)


# Exemptions by hand, which only Redis knows.
expect(found['exempt_by_hand'], 0, 'nobody is exempt')
expect_true('by hand' not in said(*CTL), 'nothing to tell')
subprocess.run(CTL + ['exempt', 'dave', '--for', '1h', '--reason', 'test'], check=True,
               stdout=subprocess.DEVNULL)
found = replay(env['LAB_JOURNAL'])
expect(('dave' in [row['user'] for row in found['throttled']], found['exempt_by_hand']),
       (False, 1), 'dave is exempt')
expect_true('\nby hand   1 exemption, applied as of now\n' in said(*CTL), said(*CTL))
with open('policy.conf', 'w') as file:
    file.write('poll { interval = 60s round = 1s }\n')
found = replay('--policy', 'policy.conf', env['LAB_JOURNAL'])
expect(found['exempt_by_hand'], 1, 'with another policy, which knows no Redis')
with open('away.conf', 'w') as file:
    file.write(open(env['LAB_CONF']).read() + 'redis { server = "unix:/nonexistent" }\n')
text = said(CTL[0], '-c', 'away.conf')
expect_true(re.search('^by hand   exemptions are not applied: redis: ', text, re.M) and
            re.search('^dave ', text, re.M), 'without Redis: ' + text)
say('exemptions by hand are honoured, where Redis can be asked')
PYTHON
check "logs of a live site" [ $? = 0 ]
finish
