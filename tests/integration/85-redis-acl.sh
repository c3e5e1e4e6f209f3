#!/bin/bash
# SPDX-License-Identifier: MIT
# A Redis that lets in only who has a password: with the rights of gatepost.conf(5) all
# works, with less it says what is missing, and the password shows nowhere.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root

# The rights as the manual page has them
rights=$(sed -n '/^\.Dl user gatepost/s/^\.Dl user gatepost //p' \
	"$GATEPOST_SOURCE/docs/gatepost.conf.5" | sed 's/ >[^ ]*//')
check "the manual page tells the rights" [ -n "$rights" ]
mkdir acl && chown nobody:nogroup acl
secret=s3cret-$$-of-redis
printf '%s\n' "$secret" > acl/password
chown root:nogroup acl/password && chmod 640 acl/password
setsid setpriv --reuid=nobody --regid=nogroup --clear-groups \
	"${GATEPOST_REDIS_SERVER:-redis-server}" --port 0 --unixsocket "$work/acl/redis.sock" --unixsocketperm 770 --save '' \
	--dir "$work/acl" > redis.log 2>&1 < /dev/null &
at_exit "kill $!"
as_admin() { redis-cli -s "$work/acl/redis.sock" --user admin --pass admin \
	--no-auth-warning "$@"; }
wait_until 10 redis-cli -s "$work/acl/redis.sock" ping > /dev/null 2>&1 || exit 99
redis-cli -s "$work/acl/redis.sock" acl setuser admin on '>admin' '~*' '+@all' \
	> /dev/null
# shellcheck disable=SC2086
as_admin acl setuser gatepost $rights ">$secret" > said || cat said
as_admin acl setuser default off > /dev/null

poll_site site --redis none <<CONF
poll {
	interval = 30s
	round = 1s
	ladder = {"after 0: absorb"}
	login_ladder = {"after 0: hold 2s"}
	notice = "too often"
	notice_after = 0
}
rate { messages = {"2/1h"} }
journal { interval = 1s stream = 100 }
redis {
	server = "unix:$work/acl/redis.sock"
	database = 3
	user = gatepost
	password_file = "$work/acl/password"
	retry = 1s
}
CONF
as_admin acl log reset > /dev/null
python <<'PYTHON'
from pop3_session import *

program = Program('alice')
program.command('SELECT INBOX')
wait_until(lambda: [program.command('NOOP'), journal(user='alice', action='absorb')][1],
           20, 'alice is early')
program.command('STORE 1:* +FLAGS (\\Seen)')
program.close()
wait_until(lambda: [Pop3('bob').quit(), journal(user='bob', action='hold')][1], 30,
           'bob is held')
for number in range(3):
    done = subprocess.run(
        ['curl', '-s', '-k', '--ssl-reqd', '--user', 'carol:secret-carol', '--mail-from',
         'carol@example.test', '--mail-rcpt', 'dave@example.test', '--upload-file', '-',
         'smtp://%s:%s' % (env['LAB_HOST'], env['LAB_SUBMISSION_PORT'])],
        input=b'From: carol@example.test\r\n\r\nText.\r\n')
    expect(done.returncode == 0, number < 2, 'message %d' % number)
expect(len(journal(user='carol', reason='rate-messages')), 1, 'the limit')
for words in (['who'], ['who', '--sending'], ['user', 'alice'], ['status'],
              ['exempt', 'alice', '--for', '1h', '--reason', 'x'], ['exempt', 'list'],
              ['exempt', 'drop', 'alice'], ['reset', 'bob'], ['forget', 'carol']):
    done = subprocess.run(shlex.split(env['LAB_CTL']) + words, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, universal_newlines=True)
    expect((done.returncode, 'redis: ' in done.stdout), (0, False),
           '%s: %s' % (words, done.stdout))
expect(journal(reason='store-unavailable'), [], 'Redis always answered')
say('all works with these rights')
PYTHON
[ $? = 0 ] || failures=1
check "nothing more was tried" [ -z "$(as_admin acl log)" ]

check "all is in the database of the settings" \
	[ "$(as_admin info keyspace | grep -o '^db[0-9]*')" = db3 ]

# With one right less somebody is refused it.  A line of the journal that got lost is
# counted in Redis with the next one, by the milter.
denied() { # COMMAND
	as_admin acl log | grep -qx "$1"
}
refused_sender() {
	curl -s -k --ssl-reqd --user carol:secret-carol --mail-from bob@example.test \
		--mail-rcpt dave@example.test --upload-file /dev/null \
		"smtp://$LAB_HOST:$LAB_SUBMISSION_PORT" > /dev/null
}
denied_to_the_milter() { # COMMAND
	refused_sender
	denied "$1"
}
lose_a_line() {
	as_admin acl setuser gatepost -xadd > /dev/null
	wait_until 20 denied_to_the_milter xadd
	as_admin acl setuser gatepost +xadd > /dev/null
	wait_until 20 denied_to_the_milter hincrby
}
try_all() {
	python > said 2>&1 <<'PYTHON'
from poll import *
for words in (['who'], ['who', 'alice'], ['status'],
              ['exempt', 'x', '--for', '1h', '--reason', 'x'], ['forget', 'x'],
              ['reset', 'alice']):
    subprocess.run(shlex.split(env['LAB_CTL']) + words)
program = Program('alice', source='127.0.0.9', early_id='("name" "x")')
program.command('SELECT INBOX')
program.command('NOOP')
PYTHON
}
# While Redis is left alone, for it refused something just now, nothing is tried; and
# some of it happens when the session has ended.
needed() { # COMMAND
	local turn
	for turn in 1 2 3 4; do
		try_all
		wait_until 5 denied "$1" && return
	done
	return 1
}
for right in $(printf '%s\n' $rights | grep '^+'); do
	as_admin acl setuser gatepost "-${right#+}" > /dev/null
	as_admin script flush > /dev/null
	as_admin acl log reset > /dev/null
	[ "$right" != +hincrby ] || lose_a_line
	needed "${right#+}" || echo "$right" >> not-needed
	as_admin acl setuser gatepost "$right" > /dev/null
done
# The patterns of keys likewise; "key" is what the log says is the reason then.
for pattern in $(printf '%s\n' $rights | grep '^~'); do
	others=$(printf '%s\n' $rights | grep '^~' | grep -vxF -e "$pattern")
	# shellcheck disable=SC2086
	as_admin acl setuser gatepost resetkeys $others > /dev/null
	as_admin acl log reset > /dev/null
	needed key || echo "$pattern" >> not-needed
	as_admin acl setuser gatepost "$pattern" > /dev/null
done
check "each right is needed" eval '! cat not-needed 2> /dev/null'

says() { # TEXT
	$LAB_CTL who > said 2>&1
	[ $? = 69 ] && grep -qF -e "$1" said || { cat said; return 1; }
}
as_admin acl setuser gatepost resetkeys '~other' > /dev/null
check "keys of others" says "NOPERM"
as_admin acl setuser gatepost resetpass '>another' > /dev/null
check "a wrong password" says "redis: it knows no such user or password"
sed -i -e '/^	user = gatepost/d' -e '/password_file/d' "$LAB_CONF"
check "no password" says "redis: it wants a password; set redis.password_file"
as_admin acl setuser default on resetpass ">$secret" '~*' '+@all' > /dev/null
printf 'redis { password_file = "%s" }\n' "$work/acl/password" >> "$LAB_CONF"
check "a password without a user" $LAB_CTL who
check "not in the process list, the logs or the journal" eval \
	'! { cat /proc/[0-9]*/cmdline | tr "\0" " "; cat site/log/*; } 2> /dev/null |
		grep -aq -f acl/password'
finish
