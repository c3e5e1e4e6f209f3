#!/bin/bash
# SPDX-License-Identifier: MIT
# privacy.pseudonyms: a secret that is none is refused; with a good one neither Redis nor
# the journal holds a name or an address, and all goes on as before, by name.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root

mkdir secret
openssl rand -hex 32 > secret/good
chown root:nogroup secret/good && chmod 640 secret/good
cp secret/good secret/open && chmod 644 secret/open
echo "too short" > secret/short && chmod 600 secret/short

settings() { # FILE
	printf 'privacy {\n\tpseudonyms = yes\n\tsecret_file = "%s"\n}\n' "$1"
}
refused() { # FILE TEXT...: gatepostctl names file, line and remedy
	settings "$1" > conf
	"$GATEPOST_BUILD/ctl/gatepostctl" check "$work/conf" > said 2>&1
	[ $? = 78 ] || { cat said; return 1; }
	shift
	for text in "$work/conf:" "privacy.secret_file" "openssl rand -hex 32" "$@"; do
		grep -qF -e "$text" said || { cat said; return 1; }
	done
}
check "no file is named" refused "" "conf:2:"
check "no such file" refused "$work/secret/none" "conf:3:" "there is no such file"
check "others can read it" refused "$work/secret/open" "conf:3:" "chmod o="
check "too short" refused "$work/secret/short" "conf:3:" "less than 32 bytes"
{
	settings "$work/secret/open"
	printf 'milter { user = nobody socket = "unix:%s/milter.sock" }\n' "$work"
} > conf
check "the milter does not start" eval \
	'! "$GATEPOST_BUILD/milter/gatepost-milter" -f -c "$work/conf" > said 2>&1 &&
		grep -qF "conf:3: privacy.secret_file" said'
settings "$work/secret/good" > conf
check "a good one" "$GATEPOST_BUILD/ctl/gatepostctl" check "$work/conf"

poll_site site <<CONF
privacy {
	pseudonyms = yes
	secret_file = "$work/secret/good"
}
poll {
	interval = 30s
	round = 1s
	ladder = {"after 0: absorb"}
	login_ladder = {"after 0: hold 1s"}
	exemptions = {"127.0.0.7 until 2099-12-31 by joe: webmail"}
}
rate { messages = {"2/1h"} }
journal {
	interval = 1s
	all_checks = yes
	stream = 1000
}
CONF
python <<'PYTHON'
from pop3_session import *


def ctl(*words):
    done = subprocess.run(shlex.split(env['LAB_CTL']) + list(words),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          universal_newlines=True)
    return done.returncode, done.stdout


def pseudonym(user):
    return [line.split()[1] for line in ctl('user', '-n', '0', user)[1].splitlines()
            if line.startswith('pseudonym')][0]


names = {user: pseudonym(user) for user in ('alice', 'bob', 'carol', 'dave')}
expect(len(set(names.values())), 4, 'pseudonyms: %s' % names)

program = Program('alice')
program.command('SELECT INBOX')
wait_until(lambda: [program.command('NOOP'),
                    journal(user=names['alice'], action='absorb')][1], 20,
           'alice is early')
program.close()
say('IMAP: checks are counted and absorbed')
wait_until(lambda: [Pop3('bob').quit(), journal(user=names['bob'], action='hold')][1],
           30, 'bob is held')
say('POP3: logins are counted and held')
free = Program('dave', source='127.0.0.7')
free.command('SELECT INBOX')
for count in range(5):
    free.command('NOOP')
free.close()
expect(journal(user=names['dave'], reason='early'), [], 'networks are judged before')
say('a trusted network is seen before its pseudonym')
for number in range(3):
    done = subprocess.run(
        ['curl', '-s', '-k', '--ssl-reqd', '--user', 'carol:secret-carol', '--mail-from',
         'carol@example.test', '--mail-rcpt', 'dave@example.test', '--upload-file', '-',
         'smtp://%s:%s' % (env['LAB_HOST'], env['LAB_SUBMISSION_PORT'])],
        input=b'From: carol@example.test\r\n\r\nText.\r\n')
    expect(done.returncode == 0, number < 2, 'message %d' % number)
expect(len(journal(user=names['carol'], reason='rate-messages')), 1, 'the limit')
say('SMTP: messages are counted and limited')
subprocess.run(
    ['curl', '-s', '-k', '--ssl-reqd', '--user', 'dave:secret-dave', '--mail-from',
     'dave@example.test', '--mail-rcpt', 'dave@example.test', '--upload-file', '-',
     'smtp://%s:%s' % (env['LAB_HOST'], env['LAB_SUBMISSION_PORT'])],
    input=b'From: "mal lory"@evil.test\r\n\r\nText.\r\n')
line = journal(user=names['dave'], reason='from-not-owned')[0]
expect(line['detail'], 'From', 'the header of somebody else')
expect_true(line['address'].startswith('m-'), line['address'])

# By name, by pseudonym, and all of them
for who in ('alice', names['alice']):
    for words in (['user', who], ['who', who], ['log', '--user', who],
                  ['report', '--user', who]):
        code, text = ctl(*words)
        expect((code, names['alice'] in text or who in text), (0, True),
               '%s: %s' % (words, text))
    code, text = ctl('metrics', '--offline', '--user', who)
    expect((code, 'action="absorb"' in text, 'rate-messages' in text), (0, True, False),
           'metrics: %s' % text)
expect_true('imap/a-' in ctl('who', 'alice')[1], 'her program')
expect_true('absorb' in ctl('log', '--user', 'Alice')[1], 'her lines')
expect_true('absorb' not in ctl('log', '--user', 'bob')[1], 'and not those of others')
expect(names['carol'] in ctl('who', '--sending')[1], True, 'who sends')
say('gatepostctl finds a user by name')

expect(ctl('exempt', 'alice', '--for', '1h', '--reason', 'x', '--author', 'joe')[0], 0,
       'exempt')
expect_true('exempt' in ctl('user', 'alice')[1], 'her exemption')
expect_true('alice' not in ctl('exempt', 'list')[1], 'the list')
expect_true('exempt' in ctl('explain', 'check=noop', 'user=Alice')[1], 'explained')
lines = len(journal(user=names['alice'], action='absorb'))
program = Program('alice')
for count in range(5):
    program.command('SELECT INBOX')
program.close()
expect(len(journal(user=names['alice'], action='absorb')), lines, 'she is not held')
expect(ctl('exempt', 'drop', 'alice')[0], 0, 'drop')
say('an exemption by name holds')
expect_true('begins anew' in ctl('reset', 'bob')[1], 'reset')

# All of Redis and of the journal
text = open(env['LAB_JOURNAL'], errors='replace').read()
redis = ['redis-cli', '-s', env['LAB_REDIS']]
keys = subprocess.run(redis + ['KEYS', '*'], stdout=subprocess.PIPE).stdout.decode()
expect_true(len(keys.split()) >= 3, 'keys: %s' % keys)
for key in keys.split():
    for command in (['GET', key], ['HGETALL', key], ['XRANGE', key, '-', '+']):
        text += key + '\n' + subprocess.run(redis + command, stdout=subprocess.PIPE,
                                            ).stdout.decode('latin-1')
expect_true('gp:{journal}:j' in keys, 'the stream of the journal')
for word in ('alice', 'bob', 'carol', 'dave', r'example\.test', r'127[.][\d.]+',
             'lory', r'evil\.test'):
    # as a word: the letters of a pseudonym may spell a short name by chance
    known = re.compile(r'(?<![a-z0-9])%s(?![a-z0-9])' % word, re.IGNORECASE)
    expect([line for line in text.splitlines() if known.search(line)], [], word)
say('no name and no address stands in Redis or in the journal')
expect_true('s=s-' in text, 'Dovecot session names hold the address')

expect_true(names['alice'] in text, 'her pseudonym is there')
said = ctl('forget', 'alice')[1]
expect_true('Redis holds nothing' in said and 'journal: 0' not in said, 'forget: ' + said)
text = subprocess.run(redis + ['KEYS', '*'], stdout=subprocess.PIPE).stdout.decode()
for key in text.split():
    for command in (['GET', key], ['HGETALL', key], ['XRANGE', key, '-', '+']):
        text += subprocess.run(redis + command,
                               stdout=subprocess.PIPE).stdout.decode('latin-1')
expect([line for line in text.splitlines() if names['alice'] in line], [],
       'all of Redis after forget')
expect_true(names['bob'] in text, 'others stay')
say('forget by name')
PYTHON
[ $? = 0 ] || failures=1

# A reload does not change names under way
sed -i 's/pseudonyms = yes/pseudonyms = no/' "$LAB_CONF"
kill -HUP "$(cat site/etc/milter.pid)"
check "a reload says that this needs a start" wait_until 10 grep -qs \
	"started anew" "$LAB_LOG/milter.log"
finish
