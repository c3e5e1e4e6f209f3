#!/bin/bash
# SPDX-License-Identifier: MIT
# Sentinels and a cluster that let in only who has a password: with the rights of
# gatepost.conf(5) all works, also while masters change, with less it says what is
# missing, and no password shows anywhere.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root

# The rights as the manual page has them
manual=$GATEPOST_SOURCE/docs/gatepost.conf.5
RIGHTS=$(sed -n 's/^\.Dl user gatepost on >PASSWORD //p' "$manual")
IN_CLUSTER=$(sed -n '/^A cluster needs/,/^as well/s/^\.Li //p' "$manual")
AT_SENTINELS=$(sed -n 's/^\.Dl user watcher on >PASSWORD //p' "$manual")
export RIGHTS IN_CLUSTER AT_SENTINELS
check "the manual page tells the rights" \
	[ -n "$RIGHTS" -a -n "$IN_CLUSTER" -a -n "$AT_SENTINELS" ]

# secret NAME: in a file of that name
secret() {
	printf 's3cret-%s-of-%s\n' "$$" "$1" > "$1"
	chown root:nogroup "$1" && chmod 640 "$1"
}
for name in redis sentinels cluster; do secret "$name"; done
absorbing_site site --redis none < /dev/null
python <<'PYTHON'
from redis_servers import *

STREAM = 'journal { stream = 100 }'
site = Users()
secrets = {name: open(name).read().strip() for name in ('redis', 'sentinels', 'cluster')}


def user(name, place, rights):
    return 'user %s on >%s %s' % (name, secrets[place], rights)


def named(name, place, prefix=''):
    """The settings of who it is."""
    return '%suser = %s %spassword_file = "%s"' % (
        prefix, name, prefix, os.path.abspath(place))


def refused(settings, wanted, what):
    said = site.ctl(settings, 'who')
    expect_true(wanted in said, '%s: %s' % (what, said))
    expect([name for name in secrets if secrets[name] in said], [], 'secrets: ' + said)


def forget_denials(*servers):
    for server in servers:
        server.must('ACL', 'LOG', 'RESET')


def denied(server):
    """What our users were refused."""
    words = server.ask('ACL', 'LOG').split('\n')
    return {value for name, value in zip(words, words[1:]) if name == 'object'}


def told_by_readers(reason):
    return len([line for line in journal(reason=reason) if line['part'] != 'milter'])


def run_all(user):
    for words in (['who'], ['who', user], ['user', user], ['who', '--sending'],
                  ['status'], ['log'], ['exempt', user, '--for', '1h', '--reason', 'x'],
                  ['exempt', 'list'], ['exempt', 'drop', user], ['reset', user],
                  ['forget', user]):
        said = ctl('', *words)
        expect_true('NOPERM' not in said and 'redis: ' not in said,
                    '%s: %s' % (words, said))


# --- sentinels

admin = ('--masteruser', ADMIN[0], '--masterauth', ADMIN[1])
rights = [user('gatepost', 'redis', os.environ['RIGHTS'])]
master = Server(*admin, users=rights)
replica = make_replica(master, *admin, users=rights)
known = ['sentinel auth-user gatepost ' + ADMIN[0],
         'sentinel auth-pass gatepost ' + ADMIN[1]]
sentinel = make_sentinel(master, *known, replicas=1, users=[
    user('watcher', 'sentinels', os.environ['AT_SENTINELS'])])
by_sentinel = 'server = "%s" topology = sentinel sentinel_master = gatepost ' % \
    sentinel.name
to_redis, to_sentinel = (named('gatepost', 'redis'),
                         ' ' + named('watcher', 'sentinels', 'sentinel_'))
for settings, wanted, what in (
        (to_redis, 'the sentinel wants a password; set redis.sentinel_password_file, '
         'and redis.sentinel_user if it has users', 'no password for the sentinel'),
        (to_redis + ' ' + named('watcher', 'redis', 'sentinel_'),
         'the sentinel knows no such user or password; see redis.sentinel_user and '
         'redis.sentinel_password_file', 'the password of Redis for the sentinel'),
        (to_redis + ' ' + named('gatepost', 'sentinels', 'sentinel_'),
         'the sentinel knows no such user or password', 'another user at the sentinel'),
        (to_sentinel, 'redis: it wants a password; set redis.password_file',
         'no password for Redis'),
        (named('gatepost', 'sentinels') + to_sentinel, 'redis: it knows no such user or '
         'password; see redis.user and redis.password_file',
         'the password of the sentinel for Redis')):
    refused(by_sentinel + settings, wanted, what)
refused(by_sentinel.replace(sentinel.name, '127.0.0.1:1 %s 127.0.0.1:2' % sentinel.name) +
        to_redis, 'the sentinel wants a password', 'no password, and others are gone')
say('wrong passwords or none, at the sentinel and behind it: told apart')

# The milter and mail processes without the password for sentinels.
site.use(by_sentinel + to_redis + ' retry = 1s', STREAM)
rate.expect_accepted(rate.send(rate.user('bob'), 'bob'), 'without the password')
wait_until(lambda: len(journal(reason='store-unavailable', part='milter')) == 1, 20,
           'the milter says so')
program = Program('bob', next(sources))
expect(program.command('SELECT INBOX')[-1], 'OK [READ-WRITE] Select completed', 'SELECT')
wait_until(lambda: told_by_readers('store-unavailable') == 1, 20,
           'IMAP, or auth policy before the login, says so')
program.close()
forget_denials(master, replica, sentinel)
site.use(by_sentinel + to_redis + to_sentinel + ' retry = 1s', STREAM)
site.poll('alice')
site.send('bob', master)
wait_until(lambda: len(journal(reason='store-back', part='milter')) == 1 and
           told_by_readers('store-back') == 1, 20, 'all is well again')
run_all('bob')
sentinel.must('SENTINEL', 'FAILOVER', 'gatepost')
wait_until(lambda: master_of(sentinel) == replica.port and
           master.ask('ROLE').startswith('slave'), 30, 'the other master')
site.poll('alice')
site.send('carol', replica)
wait_until(lambda: journal(part='imap')[-1]['time'] in
           replica.ask('XRANGE', 'gp:{journal}:j', '-', '+'), 20, 'the stream has the last line')
expect([denied(server) for server in (master, replica, sentinel)], [set()] * 3,
       'what was tried beside')
expect(len(journal(reason='store-unavailable')), 2, 'outages')
say('with the rights of the manual all works by sentinel, before and after a failover')

sentinel.must('ACL', 'SETUSER', 'watcher', '-sentinel|get-master-addr-by-name')
refused(by_sentinel + to_redis + to_sentinel, 'gatepost.conf(5), redis.sentinel_user',
        'a sentinel without the right')
sentinel.must('ACL', 'SETUSER', 'default', 'on', '>' + secrets['sentinels'], '+@all')
said = site.ctl('%s %s sentinel_password_file = "%s"' % (
    by_sentinel, to_redis, os.path.abspath('sentinels')), 'who')
expect_true('redis: ' not in said, 'a password without a user: ' + said)
say('a sentinel that has a password alone, or refuses the right')

# --- a cluster

rights = [user('gatepost', 'cluster',
               os.environ['RIGHTS'] + ' ' + os.environ['IN_CLUSTER'])]
nodes = make_cluster(2, *admin, replicas=1, users=rights)
one, other, spare = nodes
in_cluster = 'server = "%s" topology = cluster ' % one.name
to_cluster = named('gatepost', 'cluster')
refused(in_cluster, 'redis: it wants a password; set redis.password_file',
        'no password for a cluster')
refused(in_cluster + to_redis, 'redis: it knows no such user or password',
        'a wrong password for a cluster')
forget_denials(*nodes)
site.use(in_cluster + to_cluster + ' retry = 1s', STREAM)
moving = ('AUTH2', *ADMIN)
site.poll('dave', 'erin')
site.send('dave', other)
site.send('carol', one)
for name in ('dave', 'alice'):
    run_all(name)
begin_move('erin', other, one, *moving)
site.poll('erin')
end_move('erin', other, one)
site.poll('erin')
spare.must('CLUSTER', 'FAILOVER')
wait_until(lambda: spare.ask('ROLE').startswith('master') and
           other.ask('ROLE').startswith('slave'), 30, 'another master')
site.poll('dave', 'erin')
site.send('bob', spare)
expect([denied(node) for node in nodes], [set()] * 3, 'what was tried beside')
expect(len(journal(reason='store-unavailable')), 2, 'outages')
say('with the rights of the manual all works in a cluster, also while slots move and '
    'masters change')

# With one right less somebody is refused it.
site.poll('carol')
begin_move('carol', one, spare, *moving)
for right, words in (('+asking', ['who', 'carol']), ('+cluster|slots', ['who'])):
    for node in nodes:
        node.must('ACL', 'SETUSER', 'gatepost', '-' + right[1:])
    said = ctl('', *words)
    expect_true('NOPERM' in said and 'gatepost.conf(5), redis.user' in said,
                'without %s: %s' % (right, said))
    expect_true(any(right[1:] in denied(node) for node in nodes), right + ' was refused')
    for node in nodes:
        node.must('ACL', 'SETUSER', 'gatepost', right)
    said = ctl('', *words)
    expect_true('NOPERM' not in said, 'with %s again: %s' % (right, said))
expect(sorted(os.environ['IN_CLUSTER'].split()), ['+asking', '+cluster|slots'],
       'rights that were tried')
say('each right that a cluster needs is needed')
PYTHON
[ $? = 0 ] || failures=1
check "all works with these rights, and with no less" [ "$failures" = 0 ]
cat redis sentinels cluster > all
check "not in the process list, the logs or the journal" eval \
	'! { cat /proc/[0-9]*/cmdline | tr "\0" " "; cat site/log/*; } 2> /dev/null |
		grep -aq -f all'
finish
