#!/bin/bash
# SPDX-License-Identifier: MIT
# How many connections Redis has to bear, alone, with sentinels and as a cluster: none
# for sessions that are only open, one each for the milter and the auth policy at each
# master, whatever they have to do.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
absorbing_site site --redis none <<CONF
poll { interval = 60s programs_max = 0 }
rate { overrides = {"alice: messages 200/1h"} }
CONF
python <<'PYTHON'
from concurrent.futures import ThreadPoolExecutor
from redis_servers import *

users = env['LAB_USERS'].split()
sessions = []
site = Users()


def connections(servers):
    return [server.connections() for server in servers]


def hold_sessions(what, masters, others):
    """30 of them.  Auth policy was asked before each login, and keeps a connection.
    What they did is brought to Redis when they end, so they are kept for now."""
    for number in range(30):
        session = Program(users[number % 5], source='127.0.0.%d' % (2 + number))
        session.command('SELECT INBOX')
        session.command('NOOP')
        sessions.append(session)
    expect(sum(len(who(user)) for user in users), 30, 'programs: ' + what)
    wait_until(lambda: connections(others) == [0] * len(others) and
               connections(masters) == [1] * len(masters), 20,
               'no connection for 30 open sessions: ' + what)
    # An early verdict is kept: nobody connects for checks that come before their time.
    calls = [server.calls() for server in masters]
    for session in sessions[-30:]:
        for number in range(3):
            expect(session.command('NOOP'), ['OK NOOP completed'], 'absorbed')
    expect([server.calls() for server in masters], calls,
           'questions about checks that are known to be early: ' + what)
    expect(connections(masters), [1] * len(masters), 'after 90 early checks: ' + what)
    say('%s: 30 sessions, 90 early checks: no connection, no question' % what)


def deliver_some(name):
    client = rate.user(name)
    for number in range(8):
        rate.expect_accepted(rate.send(client, name), name)


def send_at_once(what, masters, others):
    seen = []
    with ThreadPoolExecutor(15) as pool:
        senders = [pool.submit(deliver_some, name) for name in users * 3]
        while not all(sender.done() for sender in senders):
            seen.append(max(connections(masters)))
        for sender in senders:
            sender.result()
    expect(max(seen), 2, 'connections while the milter is at work: ' + what)
    expect((connections(masters), connections(others)),
           ([2] * len(masters), [0] * len(others)), 'it keeps its one: ' + what)
    say('%s: 15 senders at once: the milter has one connection to each master' % what)


server = Server()
site.use('server = "%s"' % server.name)
hold_sessions('one server', [server], [])
send_at_once('one server', [server], [])

master = Server()
sentinel = make_sentinel(master)
site.use('server = "%s" topology = sentinel sentinel_master = gatepost' % sentinel.name)
hold_sessions('with a sentinel', [master], [sentinel])
send_at_once('with a sentinel', [master], [sentinel])
expect(connections([server]), [0], 'those to the server before')

masters = make_cluster(2)
site.use('server = "%s" topology = cluster' % masters[0].name)
hold_sessions('a cluster', masters, [])
send_at_once('a cluster', masters, [])
site.expect_no_outage()
for session in sessions:
    session.close()
PYTHON
