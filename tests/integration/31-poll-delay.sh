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

# A neighbour is not held, and one that leaves does not wait.
alice = Program('alice', '127.0.0.4')
alice.command('SELECT INBOX')
wait_until(lambda: alice.command('NOOP') and alice.waited > 1.5, 10, 'held again')
alice.start('NOOP')
bob = Program('bob', '127.0.0.4')
bob.command('SELECT INBOX')
bob.command('NOOP')
expect_true(bob.waited < 1.5, 'bob is not held')
bob.command('LOGOUT')
say('another user is not held')


def processes_of(user):
    """imap processes whose title names the user."""
    found = 0
    for pid in os.listdir('/proc'):
        try:
            with open('/proc/%s/environ' % pid, 'rb') as file:
                ours = ('GATEPOST_CONF=' + env['LAB_CONF']).encode() in file.read()
            with open('/proc/%s/comm' % pid) as file:
                if ours and file.read().strip() == 'imap':
                    found += 1
        except (OSError, ValueError):
            pass
    return found


held = processes_of('alice')
alice.start('NOOP')
alice.close()
began = now()
wait_until(lambda: processes_of('alice') < held, 10, 'the process ends')
with open(os.path.join(env['LAB_LOG'], 'dovecot.log')) as file:
    log = file.read()
for word in ('Panic', 'Fatal', 'Error', 'killed with signal'):
    expect_true(word not in log, '%s in the log of Dovecot:\n%s' % (word, log))
say('who leaves while held is gone at once, and nothing broke')
PYTHON
