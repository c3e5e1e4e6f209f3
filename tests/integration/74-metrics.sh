#!/bin/bash
# SPDX-License-Identifier: MIT
# gatepostctl metrics: figures that Prometheus takes, that equal those of the report and
# of a recount, and that the alerts and the dashboard of conf/ are made of.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
command -v promtool > /dev/null || { echo "promtool is missing"; exit 77; }
ctl=$GATEPOST_BUILD/ctl/gatepostctl

refuses() { # CODE TEXT ARGUMENT...
	local code=$1 text=$2
	shift 2
	"$ctl" "$@" > said 2>&1
	[ $? = "$code" ] && grep -qF -- "$text" said || { cat said; return 1; }
}
: > empty.log
check "no number" refuses 64 "--top 'x' is not a number" metrics --top x empty.log
check "too many users" refuses 64 "from 0 to 1000" metrics --top 1001 empty.log
check "no such file" refuses 66 "nowhere.log" -c none.conf metrics nowhere.log
check "no such folder" refuses 73 "/nonexistent/x" -c none.conf metrics \
	--output /nonexistent/x empty.log
echo 'poll { intervall = 5m }' > bad.conf
check "settings that are not good" refuses 78 "bad.conf:1" -c bad.conf metrics empty.log

poll_site site <<CONF
poll {
	interval = 30s
	round = 1s
	ladder = {"after 0: absorb"}
}
journal { interval = 1s }
CONF
# Some of each: refused mail, early checks, and what nobody should believe.
python <<'PYTHON'
import smtplib
import rate
from poll import *

for number in range(3):
    with smtplib.SMTP(env['LAB_HOST'], int(env['LAB_SUBMISSION_PORT'])) as smtp:
        smtp.ehlo('x')
        expect(smtp.mail('<>')[0], 530, 'mail without TLS')
program = Program('alice')
program.command('SELECT INBOX')
wait_until(lambda: [program.command('NOOP'), journal(user='alice')][1], 20, 'a line')
program.close()
# Who is only refused mail does not check too often.
expect_true(rate.user('bob').mail('<dave@example.test>').startswith('550'),
            'a foreign sender')
PYTHON
[ $? = 0 ] || failures=1
day=$(date -u +%F)
sed "s/^time=/&$day/" >> "$LAB_JOURNAL" <<'X'
time=T00:00:00.000Z host=mx2 s=1 part=imap action=would-delay mode=observe reason=early user=a%22b%5C%0Ac program=imap/192.0.2.1 ip=192.0.2.1 port=993 check=noop every=1 policy=300 why=poll.ladder early=70 wait=10 count=70
time=T00:00:00.001Z host=mx2 s=1 part=imap action=explode mode=enforce reason=early user=bob program=imap/192.0.2.1 ip=192.0.2.1 port=993 check=noop every=1 policy=300 why=poll.ladder early=1 wait=10 count=1
X
$LAB_CTL metrics --top 5 --output "$work/gatepost.prom" || failures=1
check "promtool finds nothing wrong" eval \
	'promtool check metrics < gatepost.prom > promtool.log 2>&1 || { cat promtool.log; false; }'
check "others may read it" [ "$(stat -c %a gatepost.prom)" = 644 ]
check "nothing else is left but its state" \
	[ "$(echo gatepost.prom*)" = "gatepost.prom gatepost.prom.state" ]
check "without users nobody is named" eval '! $LAB_CTL metrics | grep -q "user="'
check "offline nothing is asked" eval '! $LAB_CTL metrics --offline | grep -q part_up'

python <<'PYTHON'
import collections
from poll import *

figures = {}
with open('gatepost.prom') as file:
    for line in file:
        if not line.startswith('#'):
            name, value = line.rstrip('\n').rsplit(' ', 1)
            figures[name] = float(value)


def by(**labels):
    return sum(value for name, value in figures.items()
               if name.startswith('gatepost_decisions_total{')
               and all('%s="%s"' % pair in name for pair in labels.items()))


# A recount by other means
counts = collections.Counter()
for row in journal():
    count = int(row.get('count', 1)) if row.get('count', '1').isdigit() else 1
    counts[row['part'], row['action'], row['reason']] += count
for (part, action, reason), count in counts.items():
    if action != 'explode':
        observed = action.startswith('would-')
        expect(by(part=part, action=action[6:] if observed else action, reason=reason,
                  mode='observe' if observed else 'enforce'), count,
               '%s %s %s' % (part, action, reason))
expect(by(), sum(counts.values()) - 1, 'all decisions')
expect(by(reason='tls-required'), 3, 'mail without TLS')
expect(figures['gatepost_unknown_words_total'], 1, 'words of another version')

report = json.loads(subprocess.run(
    shlex.split(env['LAB_CTL']) + ['report', '--json'], stdout=subprocess.PIPE,
    check=True).stdout)
expect(figures['gatepost_early_checks_total'], report['checks']['early'],
       'early checks')
expect(figures['gatepost_users'], report['users'], 'users')
expect(figures['gatepost_early_users'],
       len({row['user'] for row in journal() if row['user'] != '-' and
            row['reason'] in ('early', 'early-served') and row['action'] != 'explode'}),
       'users who check too often')
expect(by(reason='early') + by(reason='early-served'),
       sum(report['reasons'].get(word, 0) for word in ('early', 'early-served')) - 1,
       'early, by reason; the report knows the exploded one')
expect(figures['gatepost_user_early_checks{user="a\\"b\\\\%0Ac"}'], 70,
       'a name that would break the line')
for part in ('milter', 'store'):
    expect([value for name, value in figures.items()
            if name.startswith('gatepost_part_up{') and part in name], [1], part)
expect(figures['gatepost_settings_valid'], 1, 'settings')
say('the figures are those of a recount and of the report')

# JSON has the same, also names that would break a line
gatepostctl = shlex.split(env['LAB_CTL']) + ['metrics', '--offline', '--top', '3']
text = subprocess.check_output(gatepostctl, text=True)
both = {}
for figure in json.loads(subprocess.check_output(gatepostctl + ['-j']))['figures']:
    labels = ','.join('%s="%s"' % (name, value.replace('\\', '\\\\').replace('"', '\\"'))
                      for name, value in figure['labels'].items())
    both[figure['name'] + ('{%s}' % labels if labels else '')] = figure['value']
expect(both, {name: float(value) for name, value in
              (line.rsplit(' ', 1) for line in text.splitlines() if line[0] != '#')},
       'the figures as JSON')
say('JSON has the same figures')

# What the dashboard and the alerts are made of
known = {re.split('[{ ]', name)[0] for name in figures} | {
    'node_textfile_mtime_seconds'}
conf = os.path.join(env['GATEPOST_SOURCE'], 'conf')
with open(os.path.join(conf, 'gatepost-grafana.json')) as file:
    dashboard = json.load(file)
used = set()
for panel in dashboard['panels']:
    for target in panel['targets']:
        used.update(re.findall(r'\b(?:gatepost|node)_\w+', target['expr']))
with open(os.path.join(conf, 'gatepost-alerts.yml')) as file:
    used.update(name for line in file if 'expr:' in line
                for name in re.findall(r'\b(?:gatepost|node)_\w+', line))
expect(used - known, set(), 'figures that nobody writes')
expect_true(len(used) > 10, 'figures are used')
with open('queries', 'w') as file:
    for panel in dashboard['panels']:
        for target in panel['targets']:
            file.write(target['expr'].replace('$instance', '.*') + '\n')
say('dashboard and alerts use figures that are there')
PYTHON
[ $? = 0 ] || failures=1

# Every query of the dashboard is one that Prometheus understands.
{
	echo 'groups: [{name: g, rules: ['
	awk '{ gsub(/\\/, "\\\\"); gsub(/"/, "\\\""); printf "{record: r%d, expr: \"%s\"},\n", NR, $0 }' queries
	echo ']}]'
} > queries.yml
check "Prometheus understands the dashboard" eval \
	'promtool check rules queries.yml > promtool.log 2>&1 || { cat promtool.log; false; }'

cp "$GATEPOST_SOURCE/conf/gatepost-alerts.yml" .
check "Prometheus understands the alerts" eval \
	'promtool check rules gatepost-alerts.yml > promtool.log 2>&1 || { cat promtool.log; false; }'
cat > alerts-test.yml <<'X'
rule_files: [gatepost-alerts.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - { series: 'gatepost_part_up{instance="mx1",part="milter"}', values: '1x9 0x20' }
      - { series: 'gatepost_part_up{instance="mx1",part="store"}', values: '1x30' }
      - { series: 'gatepost_settings_valid{instance="mx1"}', values: '1x30' }
      - { series: 'gatepost_breaker_open{instance="mx1",of="milter"}', values: '1x40' }
      - { series: 'gatepost_breaker_open{instance="mx1",of="checks"}', values: '0x10 1x10 0x20' }
      - { series: 'gatepost_plugins_last_heard_seconds{instance="mx1"}', values: '3000+60x40' }
      - { series: 'gatepost_plugins_last_heard_seconds{instance="mx2"}', values: '99999999x40' }
      - { series: 'gatepost_plugins_last_heard_seconds{instance="mx3"}', values: '9x40' }
      - { series: 'gatepost_decisions_total{instance="mx1",part="milter",action="tempfail",reason="rate-messages",mode="enforce"}', values: '400x20 460x20' }
      - { series: 'gatepost_decisions_total{instance="mx1",part="milter",action="tempfail",reason="rate-recipients",mode="enforce"}', values: '0x20 60x20' }
      - { series: 'gatepost_decisions_total{instance="mx2",part="milter",action="tempfail",reason="rate-messages",mode="enforce"}', values: '400x20 460x20' }
      - { series: 'gatepost_decisions_total{instance="mx2",part="milter",action="tempfail",reason="rate-messages",mode="observe"}', values: '0x20 900x20' }
      - { series: 'gatepost_store_outages_total{instance="mx1"}', values: '0x20 1x10' }
      - { series: 'gatepost_journal_stream_lost_total{instance="mx1"}', values: '5x20 8x10' }
      - { series: 'gatepost_journal_stream_lost_total{instance="mx2"}', values: '5x30' }
      - { series: 'gatepost_decisions_total{instance="mx1",part="milter",action="reject",reason="relay-denied",mode="enforce"}', values: '0+120x30' }
      - { series: 'gatepost_journal_lines_total{instance="mx1",kind="damaged"}', values: '0x30' }
      - { series: 'node_textfile_mtime_seconds{instance="mx1",file="/x/gatepost.prom"}', values: '0x30' }
    alert_rule_test:
      - { eval_time: 9m, alertname: GatepostPartDown, exp_alerts: [] }
      - eval_time: 20m
        alertname: GatepostPartDown
        exp_alerts:
          - exp_labels: { severity: critical, instance: mx1, part: milter }
            exp_annotations:
              summary: "gatepost: milter on mx1 does not answer"
              description: "Mail is deferred without the milter; without Redis checks for mail are not limited. Ask: gatepostctl status"
      - { eval_time: 25m, alertname: GatepostSettingsInvalid, exp_alerts: [] }
      - { eval_time: 10m, alertname: GatepostStoreSilent, exp_alerts: [] }
      - eval_time: 25m
        alertname: GatepostStoreSilent
        exp_alerts:
          - exp_labels: { severity: warning, instance: mx1 }
            exp_annotations:
              summary: "gatepost: Redis did not answer mx1"
              description: "Checks for mail passed meanwhile. See: gatepostctl log --reason store-unavailable"
      - { eval_time: 14m, alertname: GatepostBreakerOpen, exp_alerts: [] }
      - eval_time: 30m
        alertname: GatepostBreakerOpen
        exp_alerts:
          - exp_labels: { severity: warning, instance: mx1, of: milter }
            exp_annotations:
              summary: "gatepost: Redis is left alone by the milter on mx1"
              description: "It failed, and was not asked or did not answer since. Ask: gatepostctl status"
      - eval_time: 20m
        alertname: GatepostPluginsNotHeard
        exp_alerts:
          - exp_labels: { severity: warning, instance: mx2 }
            exp_annotations: &unheard
              summary: "gatepost: no mail program is heard of on mx2"
              description: "Are Dovecot's plugins loaded, and do they find Redis? Ask: gatepostctl check-site"
      - eval_time: 40m
        alertname: GatepostPluginsNotHeard
        exp_alerts:
          - exp_labels: { severity: warning, instance: mx1 }
            exp_annotations:
              summary: "gatepost: no mail program is heard of on mx1"
              description: "Are Dovecot's plugins loaded, and do they find Redis? Ask: gatepostctl check-site"
          - exp_labels: { severity: warning, instance: mx2 }
            exp_annotations: *unheard
      - { eval_time: 19m, alertname: GatepostSendingLimited, exp_alerts: [] }
      - eval_time: 25m
        alertname: GatepostSendingLimited
        exp_alerts:
          - exp_labels: { severity: warning, instance: mx1 }
            exp_annotations:
              summary: "gatepost: somebody sends far over the limits on mx1"
              description: "A stolen password looks like this. See: gatepostctl who --sending"
      - eval_time: 25m
        alertname: GatepostStreamIncomplete
        exp_alerts:
          - exp_labels: { severity: warning, instance: mx1 }
            exp_annotations:
              summary: "gatepost: the stream lacks lines of mx1"
              description: "The file of the journal has them. See: gatepostctl log --reason stream-lost, with that file named"
      - eval_time: 30m
        alertname: GatepostRelayAttempts
        exp_alerts:
          - exp_labels: { severity: warning, instance: mx1 }
            exp_annotations:
              summary: "gatepost: somebody tries to relay through mx1"
              description: "2 refusals a second. See: gatepostctl log --reason relay-denied"
      - { eval_time: 30m, alertname: GatepostDamagedLines, exp_alerts: [] }
      - { eval_time: 10m, alertname: GatepostMetricsOld, exp_alerts: [] }
      - eval_time: 20m
        alertname: GatepostMetricsOld
        exp_alerts:
          - exp_labels: { severity: warning, instance: mx1, file: /x/gatepost.prom }
            exp_annotations:
              summary: "gatepost: no figures from mx1 for 15 minutes"
              description: "Look at the cron job that runs gatepostctl metrics --output."
X
check "alerts come when they should, and only then" eval \
	'promtool test rules alerts-test.yml > promtool.log 2>&1 || { cat promtool.log; false; }'
finish
