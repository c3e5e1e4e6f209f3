#!/bin/bash
# SPDX-License-Identifier: MIT
# Sending rates and Redis: two hosts share one budget; a silent Redis makes mail
# pass or wait as policy says, and is told of once.
. "$(dirname "$0")/lib.sh"
site one
cat > two.conf <<CONF
redis { server = "unix:$LAB_REDIS" }
CONF
"$GATEPOST_SOURCE/scripts/lab" up "$work/two" --conf two.conf || exit $?
export TWO=$work/two/env
python <<'PYTHON'
import shlex
from rate import *

MESSAGES = '450 4.7.1 Too many messages: at most '
ones = dict(env)
twos = dict(env)
with open(env['TWO']) as file:
    for line in file:
        for word in shlex.split(line):
            name, _, value = word.partition('=')
            twos[name] = value
one, two = Site(ones), Site(twos)
HOSTS = '''rate { messages = 4/1h }
redis { server = "unix:%s" }''' % ones['LAB_REDIS']
one.use(HOSTS)
two.use(HOSTS)


def at(site):
    env.update(site.env)


sent = 0
for turn in range(5):
    for site in (one, two):
        at(site)
        sent += accepted(send(user('erin'), 'erin'))
expect(sent, 4, 'messages by two hosts')
say('two hosts share one budget')

# Far from the limit neither waits for Redis; what is counted is the same.
HOSTS = HOSTS.replace('4/1h', '24/2h')
one.use(HOSTS)
two.use(HOSTS)
dave = {}
for site in (one, two):
    at(site)
    dave[site] = user('dave')
sent = 0
for turn in range(14):
    for site in (one, two):
        at(site)
        sent += accepted(send(dave[site], 'dave'))
expect(sent, 24, 'messages by two hosts')
at(one)
say('two hosts share a budget, also while they answer before it is charged')

pid = int(re.search(r'process_id:(\d+)', redis('INFO', 'server')).group(1))
RETRY = 'redis { retry = 1s }\n'
one.use(RETRY + 'rate { messages = 3/2h }')
alice = user('alice')
expect_accepted(send(alice, 'alice'), 'Redis is there')
os.kill(pid, signal.SIGSTOP)
for number in range(2):
    expect_accepted(send(alice, 'alice'), 'Redis is frozen')
expect_refused(send(alice, 'alice')[0], MESSAGES + '3 in 2h',
               'this host counts by itself, from what Redis said last')
expect_accepted(send(user('bob'), 'bob'), 'somebody else')
expect(len(lines(reason='store-unavailable', part='milter')), 1,
       'one line for the whole outage')
say('frozen Redis: mail passes, and is counted here meanwhile')

one.use(RETRY + 'rate { messages = 3/3h on_store_failure = defer }')
replies = []


def is_deferred():
    replies[:] = send(user('alice'), 'alice')
    return replies[-1] == '451 4.3.0 Sending is not possible at the moment, ' \
        'try again later'


wait_until(is_deferred, 30, 'deferred while Redis is frozen')
journal_has('defer', reason='rate-store-failure', action='tempfail',
            why='rate.on_store_failure')
say('frozen Redis: 451 where policy is to defer')

os.kill(pid, signal.SIGCONT)
wait_until(lambda: accepted(send(user('carol'), 'carol')),
           30, 'mail passes when Redis is back')
wait_until(lambda: not accepted(send(user('carol'), 'carol')),
           30, 'and is limited again')
expect(len(lines(reason='store-back', part='milter')), 1, 'one line for its return')
expect(kept('carol').sent, 1, 'counted in Redis')
say('Redis back: one line, and mail is counted there')

one.use(RETRY + 'rate { messages = 5/4h }')
dave = user('dave')
expect_accepted(send(dave, 'dave'), 'before')
os.kill(pid, signal.SIGKILL)
for number in range(4):
    expect_accepted(send(dave, 'dave'), 'Redis is dead')
expect_refused(send(dave, 'dave')[0], MESSAGES + '5 in 4h', 'counted here')
expect(len(lines(reason='store-unavailable', part='milter')), 2, 'one more line')
say('dead Redis: the same')

one.use('redis { server = "" }\nrate { messages = 2/5h }')
for number in range(2):
    expect_accepted(send(dave, 'dave'), 'no Redis at all')
expect_refused(send(dave, 'dave')[0], MESSAGES + '2 in 5h', 'counted here')
expect(len(lines(reason='store-unavailable', part='milter')), 2, 'nothing to tell')
say('no Redis configured: each host counts by itself')
PYTHON
