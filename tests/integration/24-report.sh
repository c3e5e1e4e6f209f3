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

cat > recount.py <<'PYTHON'
import collections
import csv
import datetime
import io
import json
import os
import random
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
         'would-absorb', 'would-notice'])
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
    # Who is told of it is told beside another action, which counts the check.
    if entry['reason'].startswith('store-') or entry['action'].endswith('notice'):
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
           and e['action'] == 'absorb'), 'a filter')

# Outcomes
def story(user, everys, last=None):
    secs = START
    with open('outcome.log', 'a') as out:
        for every in everys:
            secs += 3600
            out.write(line(secs, part='imap', action='delay', mode='enforce',
                           reason='early', user=user, program='imap/10.0.0.1',
                           check='noop', every=every, policy=300, wait=10,
                           why='poll.ladder', early=5, count=20) + '\n')
        if last:
            out.write(line(last, part='imap', action='pass', reason='admitted',
                           user=user, program='imap/10.0.0.1', check='noop',
                           every=400, policy=300) + '\n')


story('same', [60] * 90)
story('slower', [60] * 40 + [120] * 50)
story('faster', [60] * 40 + [30] * 50)
story('obeys', [60] * 20, START + 89 * 3600)
story('quiet', [60] * 20)
outcome = json.loads(report('--json', 'outcome.log'))
expect({user['user']: user['outcome'] for user in outcome['rows']},
       {n: n for n in ('same', 'slower', 'faster', 'obeys', 'quiet')}, 'outcomes')
rows = {user['user']: user['programs'][0] for user in outcome['rows']}
expect(rows['slower']['interval_before_secs'], 60, 'interval before')
expect(rows['slower']['interval_after_secs'], 120, 'interval after')
expect(rows['quiet']['state'], 'quiet', 'state')
expect(rows['same']['habit'], 'every 60s, within 1s', 'habit')
sys.exit(failures > 0)
PYTHON
python3 recount.py "$ctl"
check "the report is what a recount gives" [ $? = 0 ]
finish
