#!/bin/bash
# SPDX-License-Identifier: MIT
# Redis frozen, back and dead in the middle of sessions: users pass.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
poll_site site <<CONF
poll {
	interval = 2s
	round = 0
	ladder = {"after 0: absorb"}
}
journal { interval = 1s }
redis { retry = 1s }
CONF
python <<'PYTHON'
import signal
from poll import *

alice = Program('alice')
alice.command('SELECT INBOX')
wait_until(lambda: alice.command('NOOP') and journal(action='absorb'), 10,
           'throttled while Redis is there')
pid = int(re.search(r'process_id:(\d+)', redis('INFO', 'server')).group(1))


def new_mail_each_time(count, what):
    """Every check is served: new mail shows at once."""
    for number in range(count):
        deliver('alice', '%s-%d' % (what, number))
        wait_until(lambda: exists(alice.command('NOOP')), 10, what)


os.kill(pid, signal.SIGSTOP)
wait_until(lambda: alice.command('NOOP') and
           journal(reason='store-unavailable', user='alice'), 15,
           'the journal says that Redis went')
new_mail_each_time(3, 'frozen')
alice.command('STATUS INBOX (MESSAGES)')
bob = Program('bob')
expect(bob.command('SELECT INBOX')[-1], 'OK [READ-WRITE] Select completed',
       'a login while Redis is frozen')
expect(bob.command('LOGOUT')[-1], 'OK Logout completed', 'LOGOUT')
expect(len(journal(reason='store-unavailable', user='alice')), 1,
       'one line for the whole outage')
say('frozen Redis: sessions go on, checks are served, one journal line')

os.kill(pid, signal.SIGCONT)
wait_until(lambda: alice.command('NOOP') and
           journal(reason='store-back', user='alice'), 15,
           'the journal says that Redis is back')
before = len(journal(action='absorb'))
wait_until(lambda: alice.command('NOOP') == ['OK NOOP completed'] and
           alice.command('NOOP') and len(journal(action='absorb')) > before, 15,
           'throttled again')
say('Redis back: the journal says so, throttling resumes by itself')

os.kill(pid, signal.SIGKILL)
wait_until(lambda: alice.command('NOOP') and
           len(journal(reason='store-unavailable', user='alice')) == 2, 15,
           'the journal says that Redis died')
new_mail_each_time(3, 'dead')
carol = Program('carol')
expect(carol.command('SELECT INBOX')[-1], 'OK [READ-WRITE] Select completed',
       'a login while Redis is dead')
expect(carol.command('LOGOUT')[-1], 'OK Logout completed', 'LOGOUT')
expect(alice.command('LOGOUT')[-1], 'OK Logout completed', 'LOGOUT')
say('dead Redis: sessions go on')
PYTHON
