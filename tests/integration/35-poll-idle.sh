#!/bin/bash
# SPDX-License-Identifier: MIT
# IDLE is what programs should use: never counted, never touched.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
poll_site site <<CONF
poll {
	interval = 60s
	round = 0
	ladder = {"after 0: delay 5s"}
}
CONF
python <<'PYTHON'
from poll import *

alice = Program('alice')
alice.command('SELECT INBOX')
calls = redis_calls()
tag = alice.start('IDLE')
expect(alice.read_line(), '+ idling', 'IDLE')
for number in range(4):
    deliver('alice', 'idle-%d' % number)
    arrived = now()
    line = alice.read_line()
    while not line.endswith(' EXISTS'):
        line = alice.read_line()
    expect(line, '* %d EXISTS' % (number + 1), 'new mail during IDLE')
    expect_true(now() - arrived < 30, 'long before the interval of 60 s is over')
    time.sleep(0.5)     # longer than a round
alice.send('DONE\r\n')
alice.finish(tag)
alice.command('LOGOUT')
expect(redis_calls(), calls, 'Redis calls of IDLE')
expect(journal(user='alice'), [], 'journal')
say('IDLE is told of new mail at once and never counted')

# Who uses IDLE and checks all the same is told apart from who knows no IDLE.
bob, carol = Program('bob'), Program('carol')
for program in (bob, carol):
    program.command('SELECT INBOX')
    if program is bob:
        tag = program.start('IDLE')
        expect(program.read_line(), '+ idling', 'IDLE')
        program.send('DONE\r\n')
        program.finish(tag)
    program.command('NOOP')
for user, wanted in (('bob', 'yes'), ('carol', None)):
    lines = wait_until(lambda: journal(user=user, action='delay'), 20, 'a line')
    expect([line.get('idle') for line in lines], [wanted], 'idle of ' + user)
done = subprocess.run(shlex.split(env['LAB_CTL']) + ['report', '--json'],
                      stdout=subprocess.PIPE, universal_newlines=True)
report = json.loads(done.stdout)
expect({row['user']: row['programs'][0]['idle_share'] for row in report['rows']},
       {'bob': 1.0, 'carol': 0.0}, 'share of IDLE')
expect(report['checks']['with_idle'], 1, 'in the head')
say('the journal and the report tell who uses IDLE')
PYTHON
