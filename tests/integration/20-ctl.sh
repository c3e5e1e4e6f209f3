#!/bin/bash
# SPDX-License-Identifier: MIT
# gatepostctl: what it says, and its exit codes.
. "$(dirname "$0")/lib.sh"
ctl=$GATEPOST_BUILD/ctl/gatepostctl

# gives CODE TEXT ARGUMENT...: TEXT stands somewhere in what it prints
gives() {
	code=$1 text=$2 found=0
	shift 2
	"$ctl" "$@" > out 2>&1 || found=$?
	check "gatepostctl $* gives $code ($found)" [ "$found" = "$code" ]
	check "and says: $text" grep -qF -- "$text" out
}

echo 'poll { intervall = 5m }' > bad.conf
: > empty.conf
echo 'redis { server = "unix:/nonexistent/redis.sock" }' > away.conf
echo 'redis { server = "" }' > none.conf
echo 'store { kind = memory }' > memory.conf

gives 64 "which command?"
gives 64 "no command 'frobnicate'" frobnicate
gives 64 "explain which facts?" -c empty.conf explain
gives 64 "there is no fact 'prot'" -c empty.conf explain prot=587
gives 64 "port: '99999' is not a number from 0 to 65535" -c empty.conf explain port=99999
gives 64 "takes one user" -c none.conf who alice bob
gives 64 "forget whom?" -c none.conf forget
gives 64 "forget whom?" -c none.conf forget alice bob
gives 69 "redis.server is not set" -c none.conf forget alice
gives 69 "redis" -c away.conf forget alice
gives 78 "bad.conf:1: unknown setting 'intervall' in section 'poll'; did you mean 'interval'?" check bad.conf
gives 78 "nowhere.conf" -c nowhere.conf check
gives 78 "bad.conf:1" -c bad.conf who
gives 69 "redis.server is not set" -c none.conf who
gives 69 "redis" -c away.conf who
gives 0 "settings are good" check empty.conf
gives 0 "settings are good" check "$GATEPOST_SOURCE/conf/gatepost.conf"
gives 0 "Usage: gatepostctl" --help
commands=$("$ctl" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p')
for command in check check-site exempt explain forget log metrics probe replay report \
		reset status user who; do
	check "$command is a command" grep -qxF "$command" <<< "$commands"
done
for command in $commands; do
	gives 0 "Usage: gatepostctl [-c FILE] $command" "$command" --help
	check "its lines fit a terminal" [ -z "$(awk 'length > 80' out)" ]
	gives 0 "Usage: gatepostctl [-c FILE] $command" "$command" some word -x --help
	check "$command has --json" grep -q -e --json out
done
"$ctl" --help > out
check "so do those of --help" [ -z "$(awk 'length > 80' out)" ]
gives 0 "Usage: gatepostctl [-c FILE] exempt" exempt list -h
gives 64 "one user at most" -c none.conf who -- --help x
gives 0 '"good": true' check --json empty.conf
gives 78 "\"error\": \"bad.conf:1: unknown setting 'intervall'" check --json bad.conf
check "and nothing but JSON" python3 -m json.tool out
gives 0 '"note": "store.kind = memory' check memory.conf -j
gives 64 "check takes one file" check --json empty.conf bad.conf
gives 64 "unrecognized option" check --jsn
gives 64 "reset whom?" reset --json
gives 64 "there is no part 'ctrl', but milter, imap, pop3, auth, ctl" log --part ctrl

cat > some.journal <<X
time=2026-11-02T10:00:00.000Z host=mx s=- part=ctl action=pass mode=enforce reason=history-reset user=alice program=- ip=- port=- check=- every=- policy=- why=gatepostctl early=- wait=-
time=2026-11-02T10:00:01.000Z host=mx s=- part=imap action=absorb mode=enforce reason=early user=bob program=- ip=- port=- check=- every=- policy=- why=poll.overrides early=- wait=-
time=2026-11-02T10:00:02.000Z host=mx s=- part=milter action=reject mode=enforce reason=tls-required user=carol program=- ip=- port=- check=- every=- policy=- why=tls.mode early=- wait=-
X
# chooses NAMES OPTION...
chooses() {
	names=$1
	shift
	found=$("$ctl" -c empty.conf log --raw "$@" some.journal | sed 's/.*user=\([a-z]*\).*/\1/' | xargs)
	check "log $*: $names ($found)" [ "$found" = "$names" ]
}
chooses alice --part ctl
chooses bob --why poll.overrides
chooses "bob carol" --why 'POLL.*' --why tls.mode
chooses "" --why poll
gives 0 "1 seen" -c empty.conf report --why 'tls.*' some.journal

gives 0 "answer    530 5.7.0 Must issue a STARTTLS command first  (RFC 3207 section 4)" \
	-c empty.conf explain port=587 tls=no auth=no
gives 0 "rule      login.mode (mode enforce)" -c empty.conf explain port=587 tls=yes auth=no
gives 0 "decision  pass" -c empty.conf explain port=587 tls=yes login=alice
gives 0 '"reason": "relay-denied"' -c empty.conf explain --json port=25 \
	'recipient=<a@foreign.test>'
gives 0 "decision  delay" -c empty.conf explain check=noop early=13 wait=99
gives 0 "wait      25 s" -c empty.conf explain check=noop early=13 wait=99

if [ "$(id -u)" = 0 ]; then
	echo 'journal { stream = 10000 }' > stream.conf
	site site --conf stream.conf
	python <<'PYTHON'
import json
import subprocess
from poll import *

CTL = env['LAB_CTL'].split()


def who(*words):
    return json.loads(subprocess.check_output(CTL + ['who', '--json'] +
                                              list(words)))


expect(who(), [], 'nobody has checked yet')
alice = Program('alice', '127.0.0.9', name='Thunder\\"bird\\" <b>=')
alice.command('SELECT INBOX')
alice.command('NOOP')
alice.command('LOGOUT')
bob = Program('bob')
bob.command('STATUS INBOX (MESSAGES)')
bob.command('LOGOUT')
rows = wait_until(lambda: len(who()) == 2 and who(), 5, 'two programs')
expect({row['user'] for row in rows}, {'alice', 'bob'}, 'users')
row = who('alice')[0]
expect(row['program'][:21], 'imap/127.0.0.9/Thunde', 'program: %r' % row)
expect_true(not set('" <>=') & set(row['program']), 'escaped: %r' % row)
expect(row['checks'], 2, 'checks of alice')
expect(who('--early'), [], 'nobody was early')
expect(who('nobody'), [], 'an unknown user')
table = subprocess.check_output(CTL + ['who'], universal_newlines=True)
expect(table.split('\n')[0].split(),
       'USER PROGRAM CHECKS EVERY INTERVAL EARLY STATE WAIT LAST WHY'.split(), 'header')
expect_true('\x1b' not in table, 'no colour where there is no terminal')
say('who')


def keys():
    return subprocess.check_output(['redis-cli', '-s', env['LAB_REDIS'],
                                    'KEYS', '*'], universal_newlines=True)


def all_of_redis():
    """Keys and what they hold, as text; what is packed may hold names, too."""
    text = keys()
    for key in text.split():
        for words in (['GET', key], ['HGETALL', key], ['XRANGE', key, '-', '+']):
            text += subprocess.run(['redis-cli', '-s', env['LAB_REDIS']] + words,
                                   stdout=subprocess.PIPE).stdout.decode('latin-1')
    return text


def forget(user):
    return subprocess.check_output(CTL + ['forget', user],
                                   universal_newlines=True)


expect_true('alice' in keys(), 'Redis knows alice')
for user in ('alice', 'bob'):
    subprocess.check_call(CTL + ['exempt', user, '--for', '1h', '--reason', 'moves'],
                          stdout=subprocess.DEVNULL)
# More than are read at once, and under each of her login names
line = open(env['LAB_JOURNAL']).readline().strip()
page = ''.join("XADD gp:{journal}:j * l '%s'\n" % re.sub('user=[^ ]*', 'user=' + user,
               re.sub('detail=.*', 'detail=-', line))
               for user in ['bob', 'alice', 'Alice@example.test'] * 400)
subprocess.run(['redis-cli', '-s', env['LAB_REDIS']], input=page, check=True,
               stdout=subprocess.DEVNULL, universal_newlines=True)
lines = all_of_redis().count('user=bob')
wait_until(lambda: 'user=alice' in all_of_redis(), 10, 'the line of her exemption')
said = forget('alice@example.test')
expect_true(re.search('programs: 1, exemptions by hand: 1, lines of the journal: '
                      r'80\d; Redis holds nothing', said), 'forget: ' + said)
expect([line for line in all_of_redis().splitlines() if 'alice' in line.lower()], [],
       'all of Redis after forget')
expect(all_of_redis().count('user=bob'), lines, 'lines of others stay')
expect_true('moves' in all_of_redis(), 'exemptions of others stay')
expect(who('alice'), [], 'programs of alice after forget')
expect([row['user'] for row in who()], ['bob'], 'others stay')
expect(forget('alice'), 'Redis holds nothing of this user\n', 'a second time')
gone = json.loads(subprocess.check_output(CTL + ['forget', '--json', 'bob']))
expect_true(gone.pop('journal_lines') > 0, 'lines of bob')
expect(gone, {'user': 'bob', 'known': True, 'left': False, 'programs': 1,
              'exempt_by_hand': True}, 'for machines')
say('forget')
PYTHON
	check "who and forget against a live site" [ $? = 0 ]
fi
finish
