#!/bin/bash
# SPDX-License-Identifier: MIT
# Early checks are delayed: held without blocking, refusing or reordering.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
poll_site site <<CONF
poll {
	interval = 60s
	round = 1s
	ladder = {"after 0: delay 2s"}
}
CONF
python <<'PYTHON'
from poll import *

alice = Program('alice')
alice.command('SELECT INBOX')
wait_until(lambda: alice.command('NOOP') and journal(action='delay'), 10,
           'a delayed NOOP')
expect_true(alice.waited > 1.5, 'it was held: %s' % alice.waited)
line = journal(action='delay')[0]
expect(line['why'], 'poll.ladder', 'why')
expect(line['mode'], 'enforce', 'mode')
say('an early NOOP is held')

# Everything at once: the answers come in order, nothing is refused.  (Dovecot
# itself answers CREATE before a NOOP that waits for its sync; not tried here.)
deliver('alice', 'one')
alice.send('p1 NOOP\r\np2 NOOP\r\np3 STATUS INBOX (MESSAGES)\r\n'
           'p4 UID FETCH 1:* (UID)\r\np5 APPEND INBOX {5+}\r\nhello\r\n'
           'p6 LOGOUT\r\n')
lines, line = [], alice.read_line()
while line is not None:
    lines.append(line)
    line = alice.read_line()
tagged = [line.split()[:2] for line in lines if re.match(r'p\d ', line)]
expect(tagged, [['p%d' % i, 'OK'] for i in range(1, 7)],
       'answers in order: %r' % lines)
say('pipelined commands behind a held one: all answered, in order')

# More than Dovecot keeps for later: it would break the held command off.
alice = Program('alice', '127.0.0.5')
alice.command('SELECT INBOX')
wait_until(lambda: alice.command('NOOP') and alice.waited > 1.5, 10, 'held again')
text = message('large') + ('x' * 78 + '\r\n') * 4000
alice.send('q1 NOOP\r\nq2 APPEND INBOX {%d+}\r\n%s\r\nq3 NOOP\r\n'
           % (len(text), text))
for tag in ('q1', 'q2', 'q3'):
    lines = alice.finish(tag)
    expect_true(lines[-1].startswith(tag + ' OK '), 'large: %r' % lines)
alice.command('LOGOUT')
say('a large message behind a held command arrives')

# A neighbour is not held.
alice = Program('alice', '127.0.0.4')
alice.command('SELECT INBOX')
wait_until(lambda: alice.command('NOOP') and alice.waited > 1.5, 10, 'held again')
time.sleep(1)   # a program's pause: what comes at once would not wait again
held_tag = alice.start('NOOP')
bob = Program('bob', '127.0.0.4')
bob.command('SELECT INBOX')
bob.command('NOOP')
expect_true(bob.waited < 1.5, 'bob is not held')
bob.command('LOGOUT')
alice.finish(held_tag)
say('another user is not held')


# A sweep through folders waits once.
carol = Program('carol', '127.0.0.6')
carol.command('SELECT INBOX')
wait_until(lambda: carol.command('NOOP') and carol.waited > 1.5, 10, 'held')
time.sleep(1)
carol.command('STATUS INBOX (MESSAGES)')
expect_true(carol.waited > 1.5, 'the first of a sweep is held')
for folder in range(4):
    carol.command('STATUS INBOX (MESSAGES)')
    expect_true(carol.waited < 1.5, 'the others of a sweep are not held')
carol.command('LOGOUT')
say('a sweep waits once')


# The program hears at once that it is not forgotten.  What a person may wait for ends
# the wait; one more check does not.
erin = Program('erin', '127.0.0.8')
erin.command('SELECT INBOX')
wait_until(lambda: erin.command('NOOP') and erin.waited > 1.5, 10, 'held')
for behind, is_held in (('NOOP', True), ('FETCH 1:* (FLAGS)', False),
                        ('status INBOX (MESSAGES)', True), ('UID SEARCH ALL', False),
                        ('IDLE', False)):
    time.sleep(1)
    began = now()
    tag = erin.start('NOOP')
    expect(erin.read_line(), '* OK Still here', 'while it is held')
    expect_true(now() - began < 1.5, 'said at once')
    next_tag = erin.start(behind)
    expect(plain(erin.finish(tag)[-1]), 'OK NOOP completed', 'before ' + behind)
    expect(now() - began > 1.5, is_held, 'held with %s behind it' % behind)
    if behind != 'IDLE':
        erin.finish(next_tag)
expect_true(erin.read_line().startswith('+ '), 'in IDLE')
erin.send('DONE\r\n')
erin.finish(next_tag)
# In one packet, the other way round, and with a literal.
time.sleep(1)
began = now()
erin.send('r1 NOOP\r\nr2 EXAMINE {9+}\r\nx FETCH 1\r\nr3 NOOP\r\n')
expect_true(erin.finish('r1')[-1].startswith('r1 OK '), 'before a literal')
expect_true(now() - began > 1.5, 'a literal is no command')
expect(plain(erin.finish('r3')[-1]), 'r3 OK NOOP completed', 'after a literal')
erin.command('LOGOUT')
say('a held check ends when more than a check is asked for')


def dovecot_log():
    with open(os.path.join(env['LAB_LOG'], 'dovecot.log')) as file:
        return file.read()


alice.start('NOOP')
# What is not read would make it a reset instead of an end.
expect(alice.read_line(), '* OK Still here', 'while it is held')
alice.close()
left = wait_until(lambda: re.search(
    r'Connection closed \(NOOP running for .* waiting input for ([\d.]+) secs',
    dovecot_log()), 10, 'the session ends')
expect_true(float(left.group(1)) < 1.9, 'held until the end: ' + left.group(0))
log = dovecot_log()
for word in ('Panic', 'Fatal', 'Error', 'killed with signal'):
    expect_true(word not in log, '%s in the log of Dovecot:\n%s' % (word, log))
say('who leaves while held is gone at once, and nothing broke')
PYTHON
[ $? = 0 ] || failures=1

# In a round, who is made to wait for early checks is told the same once more.
cat >> "$LAB_CONF" <<CONF
poll {
	interval = 21s
	round = 20s
	tolerance = 0
}
journal { interval = 1s }
CONF
python <<'PYTHON'
from poll import *

STATUS = 'STATUS Other (MESSAGES)'
writer = Program('dave', '127.0.0.9')
writer.command('CREATE Other')
dave = Program('dave', '127.0.0.7')
dave.command('SELECT INBOX')
# The one that waits for the new round begins it.
wait_until(lambda: dave.command('NOOP') and journal(user='dave', action='delay'), 40,
           'a held NOOP')
deliver('dave', 'one')
time.sleep(2.5)     # a tenth of the round, and a little
expect(dave.command('NOOP'), ['OK NOOP completed'], 'NOOP again in the round')
expect_true(dave.waited < 1.5, 'it did not wait: %s' % dave.waited)
line = journal(user='dave', reason='repeated')[0]
expect((line['action'], line['check'], line['early'], line['why']),
       ('absorb', 'noop', '1', 'poll.ladder'), 'its line')
explained = subprocess.run(
    shlex.split(env['LAB_CTL']) + ['explain', '--journal', ' '.join(
        '%s=%s' % field for field in line.items())],
    stdout=subprocess.PIPE, universal_newlines=True)
expect_true('in this round already' in explained.stdout,
            'explained: ' + explained.stdout)
writer.append('Other', 'two')
expect(dave.command(STATUS)[0], '* STATUS Other (MESSAGES 1)', 'what was not told')
writer.append('Other', 'three')
expect(dave.command(STATUS)[0], '* STATUS Other (MESSAGES 2)', 'twice in one check')
expect(who('dave')['imap/127.0.0.7']['early'], 1, 'early rounds')
say('in a round, what was told a while before is told again, all else is served')
wait_until(lambda: '* 1 EXISTS' in dave.command('NOOP'), 40,
           'new mail at the end of the interval')
say('at the end of the interval new mail is seen')
for program in (dave, writer):
    program.command('LOGOUT')
PYTHON
[ $? = 0 ] || failures=1
check "delays" [ "$failures" = 0 ]
finish
