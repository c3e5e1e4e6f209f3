#!/bin/bash
# SPDX-License-Identifier: MIT
# Redis answers the milter late, in pieces, twice, or something else altogether: mail
# passes or waits as policy says, nobody waits twice, and the journal says once that
# it began and once that it ended.
. "$(dirname "$0")/lib.sh"
site site
python <<'PYTHON'
from faults import *

site = Site()
milter = site.pid
number = 0


def at_a_path():
    global number
    number += 1
    return os.path.join(os.path.dirname(site.conf), 'impostor-%d' % number)


def expect_patience(server, what):
    expect(server.came_too_often(RETRY), None, what)


# Faults of time have a short deadline, the others none that matters.
SPOILT = {
    'slow by a second': ('slow', at_a_path(), '700ms'),
    'dripping byte by byte': ('drip', at_a_path(), '700ms'),
    'cut in mid reply': ('cut', at_a_path(), '1s'),
    'reset in mid reply': ('reset', None, '1s'),
    'one question late': ('late', at_a_path(), '1s'),
}
for what, (how, path, patience) in SPOILT.items():
    server = hostile.Between(path, env['LAB_REDIS'], getattr(hostile.Between, how))
    outage = Outage(site, what, server, patience)
    outage.begins()
    if how in ('slow', 'late'):
        outage.goes_on()
    expect_patience(server, what)
    server.spoil = None
    outage.ends()
    server.end()
    say(what)

server = hostile.Between(at_a_path(), env['LAB_REDIS'], hostile.Between.twice)
outage = Outage(site, 'each reply twice', server)
for name in ('alice', 'bob', 'carol') * 2:
    expect_accepted(send(user(name), name), 'each reply twice')
outage.is_over((0, 0))
server.end()
say('each reply twice: nobody takes the second for an answer')

for what, reply in hostile.NONSENSE.items():
    server = hostile.Impostor(at_a_path(), reply)
    outage = Outage(site, what, server,
                    '700ms' if what in ('nothing', 'half an answer') else '1s')
    outage.begins()
    expect_patience(server, what)
    outage.is_over()
    server.end()
say('%d kinds of nonsense: each is one outage' % len(hostile.NONSENSE))

expect(hostile.name_of(milter), 'gatepost-milter', 'the milter from the beginning')
expect_no_mail_lost()
with open(env['LAB_JOURNAL'], 'rb') as file:
    text = file.read()
for word in (b'\x1b', b'user=root'):
    if word in text:
        fail('in the journal: %r' % word)
say('the milter lives, and nothing of the nonsense is in the journal')
PYTHON
