#!/bin/bash
# SPDX-License-Identifier: MIT
# Redis with sentinels: whoever loses the master finds the next one by itself, with
# all that was counted, and nobody is told to start anew or waits for long.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
absorbing_site site --redis sentinel <<CONF
rate { overrides = {"bob: messages 6/1h"} }
redis { retry = 1s }
CONF
python <<'PYTHON'
import signal
import rate
from load import Load, imap_round, message_round, pop3_round
from pop3_session import *
from several import *

milter = running.pid()
servers = env['LAB_REDIS_PORTS'].split()
sentinels = env['LAB_SENTINEL_PORTS'].split()


def told():
    """How often Redis went and came, for parts that read mail."""
    return [len([line for line in journal(reason=reason) if line['part'] != 'milter'])
            for reason in ('store-unavailable', 'store-back')]


def told_by_milter():
    """How often the milter wrote that Redis went, and that it came back."""
    return (len(journal(reason='store-unavailable', part='milter')),
            len(journal(reason='store-back', part='milter')))


def master(by):
    return ask(by, 'SENTINEL', 'get-master-addr-by-name', 'gatepost').split()[-1]


# What cannot be right is said with its remedy.
for settings, wanted in (
        ('redis { sentinel_master = nobody }', "sentinels know no master 'nobody'; "
         'see redis.sentinel_master'),
        ('redis { sentinel_master = "" }', 'redis.topology: sentinel needs '
         'redis.sentinel_master'),
        ('redis { server = "127.0.0.1:1" }', 'cannot connect to 127.0.0.1:1'),
        ('redis { topology = single }', 'these are 3 servers; what they are is said '
         'by redis.topology')):
    said = ctl(settings, 'who')
    expect_true(wanted in said, '%s: %s' % (settings, said))
say('a wrong name, none, a wrong sentinel, a wrong topology: refused in plain words')

alice = Program('alice')
alice.command('SELECT INBOX')
absorbed(alice, 'alice')
bob = rate.user('bob')
for number in range(4):
    rate.expect_accepted(rate.send(bob, 'bob'), 'message %d' % number)
old = master(sentinels[0])
expect(old, servers[0], 'the master at first')
pop3_login('dave', 'at first')
expect_true('pop3/127.0.0.2' in who('dave'), 'a POP3 login is counted')
held = Pop3('alice')
say('with sentinels: throttled and counted on the master they name')

# One of three does not answer: the others do.
pid = pid_of(sentinels[0])
os.kill(pid, signal.SIGSTOP)
for user in ('carol', 'dave'):
    other = Program(user)
    other.command('SELECT INBOX')
    other.command('LOGOUT')
    wait_until(lambda: who(user), 10, '%s was counted' % user)
os.kill(pid, signal.SIGCONT)
expect(journal(reason='store-unavailable'), [], 'outages so far')
say('one sentinel frozen: the next is asked')

load = Load((imap_round, 'dave'), (pop3_round, 'carol'), (message_round, 'erin'),
            pause=0.1)
load.goes_on(1, 'with a master')
load.trouble_begins()
os.kill(pid_of(old), signal.SIGKILL)
wait_until(lambda: rate.accepted(rate.send(rate.user('carol'), 'carol')) and
           told_by_milter() == (1, 0), 20, 'the milter has noticed')
deliver('alice', 'while-there-is-no-master')
wait_until(lambda: exists(alice.command('NOOP')), 10, 'new mail without a master')
expect_true(held.command('STAT').startswith(b'+OK'), 'a POP3 session from before')
held.quit()
wait_until(lambda: pop3_login('erin', 'without a master') or
           master(sentinels[1]) != old, 60, 'another master')
new = master(sentinels[1])
absorbed(alice, 'alice')
wait_until(lambda: pop3_login('erin', 'with another master') or
           'pop3/127.0.0.2' in who('erin'), 30, 'POP3 logins are counted again')
expect(told(), [1, 1], 'lines that the master went and that there is another')
wait_until(lambda: rate.accepted(rate.send(rate.user('carol'), 'carol')) and
           told_by_milter() == (1, 1), 20, 'the milter is back')
load.end()
load.expect_patience(deadline=1, retry=1, slack=4)
say('the master killed: mail shows, and the next master is found by itself')

# What was sent is known there: two of six are left.
bob = rate.user('bob')
refused = []
for number in range(3):
    replies = rate.send(bob, 'bob')
    refused += [] if rate.accepted(replies) else [replies[-1]]
expect_true(len(refused) == 1 and refused[0].startswith('450 4.7.1 '),
            'bob has two left: %r' % refused)
say('rates go on from where they were')

# A master that is made a replica by hand, and lives.  Sentinels take ten seconds to tell
# it, and from Redis 7 on can be made to hurry.
for port in sentinels:
    ask(port, 'SENTINEL', 'DEBUG', 'info-period', '200', 'publish-period', '200')
wait_until(lambda: ask(sentinels[1], 'SENTINEL', 'FAILOVER', 'gatepost') == 'OK\n',
           60, 'a failover by hand begins')
wait_until(lambda: master(sentinels[1]) not in (new, ''), 60, 'a third master')
third = master(sentinels[1])
# As sentinels will tell it, some day.
expect(ask(new, 'REPLICAOF', '127.0.0.1', third), 'OK\n', 'the second obeys')
absorbed(alice, 'alice')
wait_until(lambda: rate.accepted(rate.send(rate.user('dave'), 'dave')) and
           ask(third, 'EVAL', HAS_SENT, '1',
               key('dave')) == '1\n', 20,
           'the milter writes to the third')
say('a master that steps down is left for the next one')
expect(alice.command('LOGOUT')[-1], 'OK Logout completed', 'LOGOUT')
expect_all_lived(milter)
PYTHON
