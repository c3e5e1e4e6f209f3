#!/bin/bash
# SPDX-License-Identifier: MIT
# gatepostctl explain: whose terms hold, which line of the settings decides, and what
# becomes of lines that a real site has written.
. "$(dirname "$0")/lib.sh"
ctl=$GATEPOST_BUILD/ctl/gatepostctl

# gives CODE TEXT ARGUMENT...: TEXT stands somewhere in what it prints
gives() {
	code=$1 text=$2 found=0
	shift 2
	"$ctl" -c policy.conf explain "$@" > out 2>&1 || found=$?
	check "explain $* gives $code ($found)" [ "$found" = "$code" ]
	check "and says: $text" grep -qF -- "$text" out
}
row() { # SETTING ABOUT MODE COMPARED RESULT: a row of the table
	check "the row of $1 $2: $4" grep -qE "$1 *$2 +$3 +$4 +$5 " out
}
says() { check "also: $1" grep -qF -- "$1" out; }

echo 'staff: dave' > groups
cat > more.conf <<'X'
poll { overrides = {"@staff: interval 20m",
	"program=imap/*/Outlook: none",
	"carol: interval 2m",
	"refused: login_ladder after 0: refuse"} }
X
cat > policy.conf <<X
# a comment
poll {
	interval = 5m
	exemptions = {
		"192.0.2.0/28 until 2999-01-01 by joe: webmail",
		"bob until 2999-01-01 by joe: asked for it",
		"erin until 2001-01-01 by joe: long over"
	}
}
login { groups_file = "$work/groups" }
relay { local_domains = {"example.test"} }
identity { envelope = enforce }
rate { messages = {"30/1m"}
	overrides = {"alice: messages 60/1m"} }
include("more.conf")
X

# Bad input
gives 64 "no other" --journal 'time=x' port=587
gives 64 "explain which facts?" --rules
gives 64 "" --journal
gives 65 "no line of the journal" --journal 'Nov  2 11:00:02 mx postfix: warning'
gives 65 "field 'policy' has a broken value" --journal 'time=2026-11-02T10:00:00.000Z host=a s=b part=imap action=absorb mode=enforce reason=early user=a program=p ip=- port=- check=noop every=60 policy=x why=poll.ladder early=1 wait=2'
line='time=2026-11-02T10:00:00.000Z host=mx s=b part=imap action=absorb mode=enforce reason=early user=erin program=imap/203.0.113.9/K-9 ip=203.0.113.9 port=143 check=noop every=60 policy=300 why=poll.ladder early=1 wait=240'
gives 65 "reason 'ea%1B[31mrly' is not known" --journal "${line/reason=early/reason=ea%1B[31mrly}"
gives 65 "no line" --journal - < /dev/null

# Whose terms hold
gives 0 "rule      poll.exemptions" check=noop early=14 user=bob
says 'setting   policy.conf:6: "bob until 2999-01-01 by joe: asked for it"'
gives 0 "policy.conf:5: " check=noop early=14 user=frank ip=192.0.2.3
gives 0 "decision  delay" check=noop early=14 wait=99 user=erin
gives 0 "more.conf:1: poll { overrides = " check=noop every=900 user=dave
gives 0 "decision  pass" check=noop every=900 user=erin
gives 0 'more.conf:3: "carol: interval 2m"' check=noop every=100 user=carol
says "wait      14 s"
gives 0 "rule      poll.overrides" check=noop early=20 program=imap/198.51.100.7/Outlook
gives 0 'default {"after 0: absorb", "after 12: delay 25s"}' check=noop every=60 user=erin
gives 0 "answer    -ERR [LOGIN-DELAY] You may look for new mail once every 5 minutes, try again in 9 seconds" \
	part=pop3 check=login early=9 wait=9 user=refused
gives 0 "> tls.mode" --rules port=587 tls=no
row "login.mode" "" enforce "not logged in" refuses
gives 0 '"line": 14' --json port=587 login=alice tls=yes sender='<alice@example.test>' rate=messages

# Lines of the journal
gives 0 "now       the same" --journal "$line"
says "every 60 s, interval 300 s, 240 s to wait"
says "> poll.interval   enforce"
gives 0 "now       pass" --journal "${line//erin/bob}"
says "answer    OK, from what the session was last told"
gives 0 "reason    exempt" --journal "Nov  2 11:00:01 mx imap[12]: ${line//erin/bob}"
gives 0 "now       the same" --journal "${line//erin/dave}"
says "every 60 s, interval 1200 s, 1080 s to wait"
gives 0 "reason    admitted" --journal "$(sed 's/wait=240/wait=20/; s/erin/carol/' <<< "$line")"
says "every 60 s, interval 120 s"
gives 0 "nothing to decide" --journal "$(sed 's/reason=early/reason=store-back/; s/absorb/pass/' <<< "$line")"
submission='time=2026-11-23T18:53:20.123Z host=mx1 s=m1 part=milter action=tempfail mode=enforce reason=rate-messages user=alice program=smtp/198.51.100.9 ip=198.51.100.9 port=587 check=- every=- policy=- why=rate.messages early=- wait=3 from=<alice@example.test> to=<a@foreign.test> answer=450/4.7.1 limit=60/1m'
gives 0 "answer    450 4.7.1 Too many messages: at most 60 in 1m, try again in 3 seconds" \
	--journal "$submission"
says "now       the same"
says 'setting   policy.conf:14: overrides = {"alice: messages 60/1m"} }'
gives 0 "now       pass" --journal "${submission/60/30}"
gives 0 "now       reject" --journal "${submission//user=alice/user=bob}"
says "reason    sender-not-owned"
gives 0 "60 of 60/1m used" --journal "$submission"
row "  tls.min_bits" "" enforce "not in the line" "[?]"
says "submission.exemptions client"
says "submission.exemptions login"
author='time=2026-11-23T18:53:20.123Z host=mx1 s=m1 part=milter action=reject mode=enforce reason=from-not-owned user=bob program=smtp/198.51.100.9 ip=198.51.100.9 port=587 check=- every=- policy=- why=identity.from early=- wait=- from=<bob@example.test> to=<a@foreign.test> answer=550/5.7.1 detail=From address=mallory@evil.test'
gives 0 "address   mallory@evil.test" --journal "$author"
row "> identity.from" From enforce "From: mallory@evil.test" refuses
row "  identity.sender" Sender enforce "not in the line" "[?]"
row "  identity.resent" Resent-From enforce "not in the line" "[?]"
row "  identity.resent" Resent-Sender enforce "not in the line" "[?]"
resent=$(sed 's/from-not-owned/resent-not-owned/; s/identity.from/identity.resent/; s/detail=From/detail=Resent-Sender/' <<< "$author")
gives 0 "now       the same" --journal "$resent"
row "> identity.resent" Resent-Sender enforce "Resent-Sender: mallory@evil.test" refuses
row "  identity.resent" Resent-From enforce "not in the line" "[?]"
gives 0 "now       pass" --journal "${author/mallory@evil.test/bob@example.test}"
row "  identity.from" From enforce "From: bob@example.test" kept
gives 0 "now       the same" --journal "${author/mallory@evil.test/m-0123456789abcdef}"
gives 0 '"compared": "From: mallory@evil.test"' --json --journal "$author"
check "and the header" grep -qF '"about": "Resent-Sender"' out
several=$(sed 's/from-not-owned/header-ambiguous/; s/identity.from/identity.sender/; s/detail=.*/detail=several/' <<< "$author")
gives 0 "now       the same" --journal "$several"
row "> identity.sender" Sender enforce "Sender: ambiguous, several" refuses
echo "$line" > journal
gives 0 "now       the same" --journal - < journal
gives 0 '"same": true' --json --journal - < journal
hostile=$(sed 's/erin/da%1B[31mve%E2%80%AE/; s/K-9/%1B]0;x/' <<< "$line")
gives 0 "da%1B[31mve%E2%80%AE imap/203.0.113.9/%1B]0;x" --journal "$hostile"
check "no byte for the terminal" [ "$(tr -d ' -~\n' < out | wc -c)" = 0 ]
gives 0 '"compared": "da\u001B[31mve' --json --journal "$hostile"

[ "$(id -u)" = 0 ] || finish
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
poll_site site --open-relay <<CONF
poll {
	interval = 60s
	round = 1s
	ladder = {"after 0: absorb", "after 2: delay 1s", "after 3: refuse"}
	overrides = {"carol: ladder after 0: note"}
}
tls { denied_ciphers = {"*CHACHA20*"} }
login { mechanisms = {PLAIN} }
rate { messages = {1/1h} }
identity {
	from = enforce
	reply_to = enforce
}
journal { all_checks = yes interval = 1s }
CONF
python <<'PYTHON'
from poll import *
import smtp

CTL = shlex.split(env['LAB_CTL'])


def told():
    return subprocess.check_output(
        CTL + ['log', '--raw', env['LAB_JOURNAL']],
        universal_newlines=True).splitlines()


def explain(line):
    return json.loads(subprocess.check_output(
        CTL + ['explain', '--json', '--journal', line]))


alice = Program('alice')
alice.command('SELECT INBOX')
for wanted in ('absorb', 'delay', 'refuse'):
    wait_until(lambda: alice.command('STATUS INBOX (MESSAGES)') and
               journal(action=wanted), 20, wanted)
refusal = alice.command('STATUS INBOX (MESSAGES)')[-1]
alice.command('LOGOUT')
carol = Program('carol')
carol.command('SELECT INBOX')
wait_until(lambda: carol.command('NOOP') and journal(action='note'), 20, 'a note')
carol.command('LOGOUT')

answers = {}
client = smtp.Client('SUBMISSION')
answers['tls-required'] = client.command('MAIL FROM:<a@b.test>')
client = smtp.Client('SUBMISSION', starttls=True)
answers['auth-required'] = client.command('MAIL FROM:<a@b.test>')
client = smtp.Client('SUBMISSION', starttls=True, login='alice')
answers['sender-not-owned'] = client.command('MAIL FROM:<bob@example.test>')
client = smtp.Client('SMTP')
client.command('MAIL FROM:<a@b.test>')
answers['relay-denied'] = client.command('RCPT TO:<victim@foreign.test>')


def prepare(context):
    context.maximum_version = smtp.ssl.TLSVersion.TLSv1_2
    context.set_ciphers('ECDHE-ECDSA-CHACHA20-POLY1305')


client = smtp.Client('SUBMISSION', starttls=True, login='alice', prepare=prepare)
answers['cipher-denied'] = client.command('MAIL FROM:<a@b.test>')
client = smtp.Client('SUBMISSION', starttls=True, login='bob')
for command in ('MAIL FROM:<bob@example.test>', 'RCPT TO:<carol@example.test>',
                'DATA', 'From: bob@example.test\r\n\r\nx\r\n.'):
    client.command(command)
answers['rate-messages'] = client.command('MAIL FROM:<bob@example.test>')

# Each header with somebody else's address
authors = {'from-not-owned': 'From', 'sender-header-not-owned': 'Sender',
           'resent-not-owned': 'Resent-From', 'reply-to-not-owned': 'Reply-To'}
stranger = '"mal lory%x"@' + 'long.' * 70 + 'evil.test'
for reason, header in authors.items():
    client = smtp.Client('SUBMISSION', starttls=True, login='dave')
    own = '' if header == 'From' else 'From: dave@example.test\r\n'
    for command in ('MAIL FROM:<dave@example.test>', 'RCPT TO:<carol@example.test>',
                    'DATA'):
        client.command(command)
    answers[reason] = client.command('%s%s: <mallory@evil.test>\r\n\r\nx\r\n.' % (
        own, header))
client = smtp.Client('SUBMISSION', starttls=True, login='dave')
for command in ('MAIL FROM:<dave@example.test>', 'RCPT TO:<carol@example.test>',
                'DATA', 'From: %s\r\n\r\nx\r\n.' % stranger):
    client.command(command)

# Whatever was written is decided in the same way again, by the same policy.
lines = told()
seen = set()
addresses, strangers = [], 0
for line in lines:
    found = explain(line)
    reason = found['line']['reason']
    expect_true(found['same'] or reason == 'rate-messages',
                'the same decision: %s\n%s' % (line, json.dumps(found, indent=1)))
    seen.add((found['line']['action'], reason))
    if reason in answers:
        expect(found['then']['answer'].split(', try')[0],
               answers[reason].split(', try')[0], 'answer of ' + reason)
    if reason in authors:
        row = [r for r in found['now']['rules'] if r['decisive']][0]
        expect((row['about'], found['line']['detail']), (authors[reason],) * 2, line)
        compared = row['compared'].split(': ', 1)[1]
        expect(compared, found['line']['address'], 'the address')
        expect_true(compared == 'mallory@evil.test' or
                    compared == stranger[:320] + '...', compared)
        if compared == 'mallory@evil.test':
            addresses.append(row['about'])
        else:
            strangers += 1
    if reason == 'cipher-denied':
        expect_true('CHACHA20' in found['line']['detail'], 'the cipher: ' + line)
    if found['line']['action'] == 'refuse':
        wanted = found['now']['answer'].split(', try')[0]
        expect_true(wanted in refusal, '%s in %s' % (wanted, refusal))
for wanted in [(answer and 'reject', reason) for reason, answer in answers.items()
               if reason != 'rate-messages'] + [
        ('pass', 'admitted'), ('absorb', 'early'), ('delay', 'early'),
        ('refuse', 'early'), ('note', 'early'), ('tempfail', 'rate-messages')]:
    expect_true(wanted in seen, '%s was explained: %s' % (wanted, seen))
expect(sorted(addresses), sorted(authors.values()), 'an address in each header')
expect(strangers, 1, 'a long address is bounded')
say('%d lines, each decided again as it was' % len(lines))
PYTHON
check "lines of a live site" [ $? = 0 ]
finish
