#!/bin/bash
# SPDX-License-Identifier: MIT
# A cluster whose two masters send everybody to the other one, as after a slot was moved
# by hand and by half: each part gives up at once, mail passes or waits as policy says,
# users are served, and the journal says once that it began and once that it ended.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
absorbing_site site --redis none <<< 'rate { overrides = {"alice: messages 7/1s"} }'
python <<'PYTHON'
from pop3_session import *
from redis_servers import *

DEFERRED = '451 4.3.0 Sending is not possible at the moment, try again later'
SLACK = 5                       # of a machine that does other things as well
users = env['LAB_USERS'].split()
site = Users()
masters = make_cluster(2)
in_cluster = 'server = "%s" topology = cluster retry = 1s' % masters[0].name


def told(part):
    return tuple(len(journal(reason=reason, part=part))
                 for reason in ('store-unavailable', 'store-back'))


def send(user):
    """The last reply, in time: alice, who is near her limit, waits for Redis."""
    began = now()
    replies = rate.send(rate.user(user), user)
    expect_true(now() - began < 1 + SLACK, '%s: %.1f s' % (user, now() - began))
    return replies[-1]


def expect_accepted(user):
    reply = send(user)
    expect_true(reply.startswith('250 '), '%s: %s' % (user, reply))


def asked():
    """How often the masters have sent somebody to the other one."""
    return sum(int(count) for master in masters for count in re.findall(
        r'cmdstat_eval(?:sha)?:.*rejected_calls=(\d+)',
        master.ask('INFO', 'commandstats')))


slots = {master.ask('CLUSTER', 'KEYSLOT', name) for master in masters
         for name in [key(user) for user in users] + ['gp:{exemptions}:x']}
owners = {number: next(master for master, first in zip(masters, (0, SLOTS // 2))
                       if first <= int(number) < first + SLOTS // 2)
          for number in slots}
site.use(in_cluster)
program = Program('alice', next(sources))
program.command('SELECT INBOX')
expect_accepted('alice')
wait_until(lambda: owners[slot(masters[0], 'alice')].has_sent('alice'), 20, 'counted')
milter = site.pid

# It begins: each owner takes the other one for the owner.
for master in masters:
    master.ask('FLUSHALL')
for number, owner in owners.items():
    other = masters[1 - masters.index(owner)]
    owner.must('CLUSTER', 'SETSLOT', number, 'NODE', node_id(other))
for user in users:
    expect([master.ask('GET', key(user)) for master in masters],
           ['MOVED %s %s' % (slot(masters[0], user), master.name)
            for master in reversed(masters)], 'the circle of ' + user)
said = ctl('', 'user', 'alice')
expect_true('the servers of the cluster send each key to one another' in said, said)
before = asked()
expect_accepted('alice')
wait_until(lambda: told('milter') == (1, 0), 20, 'the milter says so')
expect_true(asked() - before < 20, 'the milter was sent on %d times' % (asked() - before))
for user in ('bob', 'alice'):
    expect_accepted(user)
say('the milter gives up, and mail passes')

site.use(in_cluster, 'rate { on_store_failure = defer }')
for user in ('alice', 'carol'):
    expect(send(user), DEFERRED, 'with defer: ' + user)
site.use(in_cluster)
# It has looked again, for nothing.
before = asked()
wait_until(lambda: send('alice').startswith('250 ') and asked() > before, 20,
           'another look')
expect(told('milter'), (1, 0), 'lines of the milter')
say('or waits as policy says, and another look changes nothing')

deliver('alice', 'in-a-circle')
wait_until(lambda: exists(program.command('NOOP')), 20, 'new mail')
for user in users:
    session = Program(user, next(sources))
    expect(session.command('SELECT INBOX')[-1],
           'OK [READ-WRITE] Select completed', 'SELECT of ' + user)
    session.command('LOGOUT')
    session.close()
    pop3_login(user, 'in a circle')
readers = [line for line in journal(reason='store-unavailable')
           if line['part'] != 'milter']
expect(len(readers), 1, 'lines of those who read mail')
say('IMAP and POP3 serve everybody, and one says that it began')

# It ends.
for number, owner in owners.items():
    owner.must('CLUSTER', 'SETSLOT', number, 'NODE', node_id(owner))
wait_until(lambda: send('dave').startswith('250 ') and told('milter') == (1, 1), 20,
           'the milter is back')
absorbed(program, 'alice')
for user in users:
    expect_accepted(user)
    wait_until(lambda: owners[slot(masters[0], user)].has_sent(user), 20,
               '%s is counted again' % user)
expect(told('milter'), (1, 1), 'lines of the milter')
wait_until(lambda: program.command('NOOP') and
           [len([line for line in journal(reason=reason) if line['part'] != 'milter'])
            for reason in ('store-unavailable', 'store-back')] == [1, 1], 20,
           'lines of those who read mail')
with open('/proc/%d/comm' % milter) as file:
    expect(file.read(), 'gatepost-milter\n', 'the milter from the beginning')
say('all is counted again, nobody is locked out, and each part says once that it ended')

# A master that is gone and has no replica makes a circle too: its name leads nowhere, and
# the other one, asked again, names it again.
masters[1].process.kill()
masters[1].process.wait()
said = ctl('', 'user', 'bob')
expect_true('redis: cannot connect to %s: ' % masters[1].name in said, said)
say('of a master that is gone it is said that it is gone')
PYTHON
[ $? = 0 ] || failures=1
check "masters that send to one another" [ "$failures" = 0 ]
finish
