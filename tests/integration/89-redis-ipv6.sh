#!/bin/bash
# SPDX-License-Identifier: MIT
# Redis by IPv6: one server in brackets, and the servers that a sentinel and a cluster
# name without them.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
python3 -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' \
	2> /dev/null || { echo "this machine has no ::1"; exit 77; }
absorbing_site site --redis none <<CONF
rate { overrides = {"bob: messages 2/1h", "erin: messages 2/1h"} }
CONF
python <<'PYTHON'
from redis_servers import *

SIX = '::1'
site = Users()

# One server
server = Server(host=SIX)
expect(server.name[:6], '[::1]:', 'its name')
site.use('server = "%s"' % server.name)
site.poll('alice')
site.send('bob', server)
rate.expect_accepted(rate.send(rate.user('bob'), 'bob'), 'the second')
rate.expect_refused(rate.send(rate.user('bob'), 'bob')[-1],
                    '450 4.7.1 Too many messages: at most 2 in 1h', 'the third')
expect(len(who('alice')), 1, 'the programs of alice')
said = ctl('redis { server = "[::1]:1" }', 'who')
expect_true('cannot connect to [::1]:1: ' in said, 'where nobody listens: ' + said)
said = ctl('redis { server = "::1:1" }', 'who')
expect_true('in brackets' in said, 'without brackets: ' + said)
said = ctl('', 'status')
expect_true(server.name in said, 'status names it: ' + said)
say('one server in brackets')

# A master that a sentinel names
master = Server(host=SIX)
replica = make_replica(master, host=SIX)
sentinel = make_sentinel(master, replicas=1)
expect(sentinel.ask('SENTINEL', 'get-master-addr-by-name', 'gatepost').split(),
       [SIX, master.port], 'what the sentinel says')
by_sentinel = 'server = "%s" topology = sentinel sentinel_master = gatepost' % \
    sentinel.name
site.use(by_sentinel)
site.poll('alice')
site.send('carol', master)
sentinel.must('SENTINEL', 'FAILOVER', 'gatepost')
wait_until(lambda: master_of(sentinel) == replica.port, 30, 'the other master')
wait_until(lambda: master.ask('ROLE').startswith('slave'), 30, 'the first obeys')
site.poll('alice')
site.send('dave', replica)
say('a master that a sentinel names, and the next one')

# A cluster that names its servers
nodes = make_cluster(2, host=SIX)
one, other = nodes
told = one.ask('EXISTS', key('erin'))
expect(told, 'MOVED %s ::1:%s' % (slot(one, 'erin'), other.port), 'what a cluster says')
site.use('server = "%s" topology = cluster' % one.name)
site.poll('alice', 'erin')
site.send('carol', one)
site.send('erin', other)
expect([len(who(user)) for user in ('alice', 'erin')], [1, 1], 'programs')
begin_move('erin', other, one)
site.poll('erin')
end_move('erin', other, one)
site.poll('erin')
rate.expect_accepted(rate.send(rate.user('erin'), 'erin'), 'the second after the move')
rate.expect_refused(rate.send(rate.user('erin'), 'erin')[-1],
                    '450 4.7.1 Too many messages: at most 2 in 1h', 'the third')
site.expect_no_outage()
say('a cluster that names its servers without brackets, asked and moved')
PYTHON
[ $? = 0 ] || failures=1
check "Redis by IPv6" [ "$failures" = 0 ]
finish
