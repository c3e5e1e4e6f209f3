#!/bin/bash
# SPDX-License-Identifier: MIT
# gatepostctl report: its figures are those of a recount by other means, names from
# users break no form, and programs that slowed down are told from those that did not.
. "$(dirname "$0")/lib.sh"
ctl=$GATEPOST_BUILD/ctl/gatepostctl
export TZ=Europe/Zurich

# gives CODE TEXT ARGUMENT...: TEXT stands somewhere in what it prints
gives() {
	code=$1 text=$2 found=0
	shift 2
	"$ctl" "$@" > out 2>&1 || found=$?
	check "gatepostctl $* gives $code ($found)" [ "$found" = "$code" ]
	check "and says: $text" grep -qF -- "$text" out
}

: > empty.log
gives 64 "not both" report --json --csv empty.log
gives 64 "the same output" report --json --html - empty.log
gives 64 "--top 'x' is not a number" report --top x empty.log
gives 64 "is not a time" report --since noon empty.log
gives 66 "nowhere.log" report nowhere.log
gives 73 "/nonexistent/page.html" report --html /nonexistent/page.html empty.log
echo 'poll { intervall = 5m }' > bad.conf
gives 78 "bad.conf:1" -c bad.conf report empty.log
gives 0 "0 seen" -c none.conf report empty.log
gives 0 '"policy": null' -c none.conf report --json empty.log
echo 'poll { interval = 4m }' > good.conf
gives 0 "checks every 4m" -c good.conf report empty.log
says() { check "also: $1" grep -qE -- "$1" out; }
says "mode of tls enforce, login enforce, relay enforce, rate [a-z]+$"
says " mode of identity: envelope enforce, from enforce, sender enforce, reply_to observe, resent enforce, inbound observe$"
says " mode of access: protocol_mode [a-z]+, tls_mode [a-z]+, mechanisms_mode [a-z]+$"
says "^Redis +no outage$"
says "; no program waited$"
says "seen, admitted not recorded \(journal.all_checks\), 0 served"
says "^Users .* others are not recorded \(journal.all_checks\)$"
gives 0 '"reply_to": "observe"' -c good.conf report --json empty.log
says '"tls_mode": "enforce"'
says '"admitted": null'

cat > recount.py <<'PYTHON'
import collections
import csv
import datetime
import io
import json
import os
import random
import re
import subprocess
import sys
import zoneinfo

CTL = [sys.argv[1], '-c', 'none.conf', 'report']
failures = 0


def expect(found, wanted, what):
    global failures
    if found == wanted:
        print('ok:', what)
    else:
        failures += 1
        print('FAILED: %s: %r, not %r' % (what, found, wanted))


def report(*words):
    return subprocess.check_output(CTL + list(words))


def escape(text):
    plain = set(range(0x21, 0x7f)) - set(b'"%=\\')
    return ''.join(chr(b) if b in plain else '%%%02X' % b
                   for b in os.fsencode(text)) if text != '-' else '%2D'


def line(secs, **fields):
    time = datetime.datetime.fromtimestamp(secs, datetime.timezone.utc)
    names = ('host s part action mode reason user program ip port check every '
             'policy why early wait').split()
    words = ['time=' + time.strftime('%Y-%m-%dT%H:%M:%S.000Z')]
    words += [n + '=' + (escape(str(fields[n])) if n in fields else '-')
              for n in names]
    words += [n + '=' + escape(str(fields[n]))
              for n in ('from', 'to', 'answer', 'count') if n in fields]
    return ' '.join(words)


HOSTILE = ['=cmd()', '<script>x</script>', 'a"b,c', "o'x\n2", '\udcff\udcfe',
           '-', '\u202eevil', 'j\u00f6rg']
random.seed(3)
users = ['user%d@example.test' % i for i in range(40)] + HOSTILE
START = 1795392000
entries = []
for i in range(20000):
    user = random.choice(users)
    secs = START + i * 30
    if random.random() < 0.1:
        entries.append(dict(secs=secs, part='milter', reason='relay-denied',
                            action=random.choice(['reject', 'would-reject']),
                            program='smtp/192.0.2.%d' % random.randrange(9)))
        if random.random() < 0.5:
            entries[-1].update(user=user, reason='from-not-owned')
        continue
    part = random.choice(['imap', 'imap', 'pop3', 'auth'])
    reason = random.choice(['early', 'early', 'admitted', 'early-served'])
    action = 'pass' if reason != 'early' else random.choice(
        ['absorb', 'delay', 'note', 'hold', 'refuse', 'disconnect', 'notice',
         'pass', 'would-absorb', 'would-notice'])
    entries.append(dict(
        secs=secs, part=part, user=user, reason=reason, action=action,
        program='%s/10.0.0.%d%s' % (part, random.randrange(3),
                                    random.choice(['', '/Thunderbird'])),
        check=random.choice(['login', 'noop', 'status', 'select']),
        every=random.randrange(1, 32), policy=300, why='poll.ladder',
        wait=random.randrange(20), count=random.randrange(1, 50)))
entries.insert(50, dict(secs=START + 1500, host='mx1', part='imap', action='pass',
                        reason='store-unavailable'))
entries.insert(60, dict(secs=START + 1800, host='mx1', part='imap', action='pass',
                        reason='store-back'))
with open('big.log', 'w') as out:
    for entry in entries:
        entry = dict(entry)
        out.write('Nov 23 18:00:00 mx imap[12]: ' +
                  line(entry.pop('secs'), **entry) + '\n')

# The recount
KINDS = {'note': 'note', 'absorb': 'absorb', 'delay': 'delay', 'hold': 'hold',
         'refuse': 'refuse', 'disconnect': 'refuse', 'reject': 'reject'}
zone = zoneinfo.ZoneInfo('Europe/Zurich')
kinds, reasons, week, rows, hours = (collections.Counter() for _ in range(5))
per_row = collections.defaultdict(collections.Counter)
intervals = collections.defaultdict(list)
waited = 0
for entry in entries:
    count = entry.get('count', 1)
    reasons[entry['reason']] += count
    # Who is told of it is told beside another action, which counts the check; so is a
    # login that was not held before it began.
    if entry['reason'].startswith('store-') or entry['action'].endswith('notice') or \
            entry['part'] == 'auth' and entry['action'] != 'hold':
        continue
    if entry['action'].startswith('would-'):
        kind = 'would-mail' if entry['part'] == 'milter' else 'would'
    elif entry['action'] == 'pass':
        kind = 'admitted' if entry['reason'] == 'admitted' else 'served'
    else:
        kind = KINDS[entry['action']]
    kinds[kind] += count
    local = datetime.datetime.fromtimestamp(entry['secs'], zone)
    week[local.weekday() * 24 + local.hour] += count
    hours[entry['secs'] // 3600] += count
    if kind in ('delay', 'hold'):
        waited += entry['wait'] * count
    name = entry.get('user', None)
    key = (name, entry['program']) if name is not None else (None, 'smtp')
    per_row[key][kind] += count
    if 'every' in entry:
        intervals[key] += [entry['every']] * count

found = json.loads(report('--json', 'big.log'))
checks = ['admitted', 'served', 'note', 'absorb', 'delay', 'hold', 'refuse', 'would']
expect({k: found['checks'][k] for k in checks}, {k: kinds[k] for k in checks},
       'checks by what became of them')
expect(found['checks']['seen'], sum(kinds[k] for k in checks), 'checks seen')
expect(found['mail'], {k: kinds[k] for k in
                       ('reject', 'tempfail', 'rewrite', 'would-mail')}, 'mail')
expect(found['reasons'], dict(reasons), 'reasons')
expect(found['week'], [week[i] for i in range(168)], 'week')
expect([sum(v for k, v in h.items() if k != 'hour') for h in found['timeline']],
       [hours[h] for h in sorted(hours)], 'timeline')
expect(found['saved'], {'mailbox_looks': kinds['absorb'], 'waited_secs': waited},
       'what was saved')
expect(found['redis'], {'outages': 1, 'outage_secs': 300}, 'outages of Redis')
expect(found['users'], len(users), 'users')
expect(found['lines'], len(entries), 'lines')
expect(sum(row['checks'] for row in found['programs']), found['checks']['seen'],
       'checks of all names of programs')


def shown(text):
    if text is None:
        return '-'
    out = ''
    for byte in text:
        code = ord(byte)
        if 0xdc80 <= code <= 0xdcff:
            out += '%%%02X' % (code - 0xdc00)
        else:
            out += byte
    return out


found_rows = {(user['user'], row['program']): row for user in found['rows']
              for row in user['programs']}
# Nobody's mail and that of a user named - stand side by side.
wanted_rows = {(shown(k[0]), k[1]): v for k, v in per_row.items()}
expect({k: {n: c for n, c in row['actions'].items() if c}
        for k, row in found_rows.items()},
       {k: dict(v) for k, v in wanted_rows.items()}, 'rows')


def quantile(values, share):
    values = sorted(values)
    rank = max(1, -(-int(share * len(values) * 1000000) // 1000000))
    return values[rank - 1]


expect({k: row['interval_secs']['median'] for k, row in found_rows.items()
        if row['interval_secs']['measured']},
       {(shown(k[0]), k[1]): quantile(v, 0.5) for k, v in intervals.items()},
       'medians')
order = [user['early'] for user in found['rows'] if user['user'] != '-']
expect(order, sorted(order, reverse=True), 'who is early most comes first')
expect(found['rows'][-1]['user'], '-', 'who did not log in comes last')

# CSV: one row each, the same figures, nothing that a spreadsheet runs
table = list(csv.DictReader(io.StringIO(report('--csv', 'big.log').decode(),
                                        newline='')))
expect(len(table), len(found_rows), 'rows of CSV')
expect(sum(int(row['checks']) for row in table), found['checks']['seen'],
       'checks in CSV')
expect([row['user'] for row in table if row['user'][0] in '=+@'], [],
       'no formula in CSV')
text = report('--top', '100', 'big.log').decode()
expect([c for c in text if (ord(c) < 32 and c != '\n') or c == '\u202e'], [],
       'no byte for the terminal')

# Each filter of the log chooses the same lines here.
only = json.loads(report('--json', '--user', 'user7', '--action', 'absorb', 'big.log'))
expect(only['checks']['seen'],
       sum(e['count'] for e in entries if e.get('user') == 'user7@example.test'
           and e['action'] == 'absorb' and e['part'] != 'auth'), 'a filter')

# Outcomes
def story(user, everys, last=(), wait=0):
    secs = START
    with open('outcome.log', 'a') as out:
        for every in everys:
            secs += 3600
            out.write(line(secs, part='imap', action='delay', mode='enforce',
                           reason='early', user=user, program='imap/10.0.0.1',
                           check='noop', every=every, policy=300, wait=wait,
                           why='poll.ladder', early=5, count=20) + '\n')
        for secs in last:
            out.write(line(secs, part='imap', action='pass', reason='admitted',
                           user=user, program='imap/10.0.0.1', check='noop',
                           every=400, policy=300) + '\n')


story('same', [60] * 90)
story('slower', [60] * 40 + [120] * 50)
story('faster', [60] * 40 + [30] * 50)
story('obeys', [60] * 20, range(START + 80 * 3600, START + 89 * 3600 + 1, 3600))
story('quiet', [60] * 20)
story('pause', [60] * 89 + [495])
story('held', [1] + [3] * 89, wait=2)
story('few', [60] * 3)
with open('outcome.log', 'a') as out:
    out.write(line(START + 90 * 3600, part='imap', action='absorb', reason='early',
                   user='few', program='imap/10.0.0.1', check='noop', every=60,
                   policy=300) + '\n')
outcome = json.loads(report('--json', 'outcome.log'))
expect({user['user']: user['outcome'] for user in outcome['rows']},
       dict({n: n for n in ('same', 'slower', 'faster', 'obeys', 'quiet')},
            pause='same', held='same', few='same'), 'outcomes')
rows = {user['user']: user['programs'][0] for user in outcome['rows']}
expect(rows['slower']['interval_before_secs'], 60, 'interval before')
expect(rows['slower']['interval_after_secs'], 120, 'interval after')
expect(rows['quiet']['state'], 'quiet', 'state')
expect(rows['same']['habit'], 'every 60s, within 1s', 'habit')
expect(rows['held']['interval_after_secs'], 1, 'without what we held')
expect(rows['pause']['interval_after_secs'], 60, 'whatever a pause made of it')
expect(rows['same']['now'], None, 'no Redis was asked')

# Without journal.all_checks who was in time is not known, which is not none.
with open('early.log', 'w') as out:
    for i in range(59):
        out.write(line(START + i * 2, part='imap', action='absorb', reason='early',
                       user='eve', program='imap/10.0.0.1', check='noop', every=2,
                       policy=300, wait=9) + '\n')
early = json.loads(report('--json', 'early.log'))
expect([early['checks']['admitted'], early['all_checks'],
        early['rows'][0]['programs'][0]['actions']['admitted'],
        early['timeline'][0]['admitted'], early['programs'][0]['actions']['admitted']],
       [None, False, None, None, None], 'admitted ones are not known')
expect(found['all_checks'], True, 'where they are known')
text = report('early.log').decode()
expect('59 seen, admitted not recorded (journal.all_checks), 0 served' in text, True,
       'and in words')
expect('as of %s' % datetime.datetime.fromtimestamp(START + 116, zone).strftime(
    '%Y-%m-%d %H:%M') in text, True, 'the state, as of when')
# Two minutes give no rate by the hour.
row = early['rows'][0]['programs'][0]
expect([row['by_command'], row['checks_per_hour'], row['span_secs']],
       [{'noop': 59}, {'noop': None}, 116], 'no rate of two minutes')
[row] = csv.DictReader(io.StringIO(report('--csv', 'early.log').decode(), newline=''))
expect([row[n] for n in ('admitted', 'absorb', 'noop_per_hour', 'state', 'wait', 'now',
                         'left')],
       ['', '59', '', 'absorb', '9', '', ''], 'nor in CSV')

# What each program is told to change, how often it checks by what, and when
def few(out, user, program, count=12, secs=START, step=1800, **fields):
    for i in range(count):
        values = dict(part=program.split('/')[0], action='absorb', reason='early',
                      check='noop', every=20 + i, policy=300, why='poll.ladder')
        values.update(fields)
        values = {k: v for k, v in values.items() if v is not None}
        out.write(line(secs + i * step, user=user, program=program, **values) + '\n')


MAIL = {'tls-required': 'starttls', 'tls-version': 'update', 'auth-required': 'login',
        'mechanism-not-allowed': 'normal-password', 'plaintext-login': 'starttls',
        'sender-not-owned': 'own-address', 'from-not-owned': 'own-address',
        'header-ambiguous': 'one-address', 'relay-denied': 'login',
        'rate-messages': 'mailing-list', 'recipients-per-message': 'mailing-list'}
night = START + 3600            # 02:00 in Zurich
with open('advice.log', 'w') as out:
    few(out, 'stay', 'imap/10.0.0.1', check='login')
    few(out, 'pop', 'pop3/10.0.0.1', check='login')
    few(out, 'push', 'imap/10.0.0.1')
    few(out, 'bird', 'imap/10.0.0.1/Thunderbird')
    few(out, 'odd', 'imap/10.0.0.1/x-fetchmail')
    for reason in MAIL:
        few(out, reason, 'smtp/10.0.0.1', part='milter', action='reject',
            reason=reason, check=None, every=None, policy=None)
    for day in range(3):
        few(out, 'night', 'imap/10.0.0.1', 10, night + day * 86400, 1500, every=25)
advice = json.loads(report('--json', 'advice.log'))
rows = {user['user']: user['programs'][0] for user in advice['rows']}
expect({name: row['advice'] for name, row in rows.items()},
       dict(MAIL, stay='stay-connected', pop='pop3-interval', push='push',
            bird='thunderbird', odd='push', night='push'), 'advice')
expect(rows['push']['interval_secs'],
       {'p10': 21, 'median': 25, 'p90': 30, 'measured': 12}, 'p10, median, p90')
expect(rows['push']['checks_per_hour'], {'noop': round(12 * 3600 / (11 * 1800), 2)},
       'checks by the hour')
expect(rows['stay']['checks_per_hour'], {'login': 2.18}, 'and by command')
expect(rows['night']['habit'], 'every 25s, within 1s, 02:00-06:00', 'its hours')
table = {row['user']: row for row in csv.DictReader(io.StringIO(
    report('--csv', 'advice.log').decode(), newline=''))}
expect(list(table['push']), (
    'user program checks early mail admitted served note absorb delay hold refuse would '
    'reject tempfail rewrite would-mail login_per_hour noop_per_hour check_per_hour '
    'status_per_hour select_per_hour examine_per_hour list-status_per_hour idle_share '
    'interval_p10 interval_median policy why first last state wait now left outcome '
    'interval_before interval_after habit exempt_until exempt_by exempt_reason advice'
    ).split(), 'columns of CSV')
for name, row in rows.items():
    expect([table[name][n] for n in ('checks', 'early', 'mail', 'absorb', 'reject',
                                     'interval_p10', 'interval_median', 'habit',
                                     'outcome', 'advice')],
           [str('' if v is None else v) for v in (
               row['checks'], row['early'], row['mail'], row['actions']['absorb'],
               row['actions']['reject'], row['interval_secs']['p10'],
               row['interval_secs']['median'], row['habit'], row['outcome'],
               row['advice'])], 'CSV of ' + name)
    cells = re.search(r'^%s +(.*)$' % name, report('advice.log').decode(), re.M)
    expect(cells.group(1).split()[:3],
           [row['program'], str(row['checks']), str(row['early'])], 'table: ' + name)
    expect((cells.group(1).split()[-1], cells.group(1).split()[-3:-1]), (
        row['advice'], datetime.datetime.fromtimestamp(
            night if name == 'night' else START, zone).strftime('%Y-%m-%d %H:%M')
        .split()), 'table: since when and what to do, ' + name)

# On a terminal a bar tells how far it is
copies = 16
with open('long.log', 'w') as out:
    for i in range(copies):
        out.write(open('big.log').read())
reader, writer = os.openpty()
child = subprocess.Popen(CTL + ['--json', 'long.log'], stdout=subprocess.DEVNULL,
                         stderr=writer)
os.close(writer)
shown = b''
while True:
    try:
        more = os.read(reader, 65536)
    except OSError:
        break
    if not more:
        break
    shown += more
expect(child.wait(), 0, 'it ends')
bars = [int(n) for n in re.findall(rb'\r\[[# ]{40}\] +(\d+)% \d+ lines', shown)]
expect((len(bars) > 0, bars == sorted(bars), bars[-1:] <= [100]), (True,) * 3,
       'the bar: %r' % bars)
expect(shown.endswith(b'\r\x1b[K'), True, 'and goes')
sys.exit(failures > 0)
PYTHON
python3 recount.py "$ctl"
check "the report is what a recount gives" [ $? = 0 ]

# What Redis says of now, and what the journal said when it does not answer
[ "$(id -u)" = 0 ] || finish
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
poll_site site <<CONF
poll { interval = 10m round = 1s ladder = {"after 0: absorb"} }
journal { interval = 1s }
CONF
python <<'PYTHON'
from poll import *
import csv
import io

CTL = shlex.split(env['LAB_CTL'])


def report(*words):
    return subprocess.check_output(CTL + ['report'] + list(words) +
                                   [env['LAB_JOURNAL']], universal_newlines=True)


alice = Program('alice', name='Loop')
alice.command('SELECT INBOX')
wait_until(lambda: alice.command('NOOP') and journal(action='absorb'), 20, 'early')
alice.command('LOGOUT')
# The counts of a session reach Redis at its end.
wait_until(lambda: json.loads(report('--json'))['rows'][0]['programs'][0]['now'], 20,
           'Redis knows')
row = json.loads(report('--json'))['rows'][0]['programs'][0]
expect(row['now']['state'], 'absorb', 'the state now')
expect_true(0 < row['now']['left_secs'] <= 600, 'what is left: %r' % row['now'])
[cells] = csv.DictReader(io.StringIO(report('--csv'), newline=''))
expect(cells['now'], 'absorb', 'in CSV')
expect_true(0 < int(cells['left']) <= 600, 'what is left in CSV')
expect_true(re.search('^alice .* absorb +(10m|9m[0-9s]*) ', report(), re.M),
            'in the table: ' + report())
subprocess.check_call(['redis-cli', '-s', env['LAB_REDIS'], 'FLUSHALL'],
                      stdout=subprocess.DEVNULL)
expect(json.loads(report('--json'))['rows'][0]['programs'][0]['now'], None, 'forgotten')
expect_true(' absorb as of 20' in report(), 'as of then: ' + report())
say('the state now, and as of then')
PYTHON
check "what Redis says of now" [ $? = 0 ]
finish
