#!/bin/bash
# SPDX-License-Identifier: MIT
# Something that is not Redis answers in Redis's place, in the middle of IMAP and
# POP3 sessions; then Redis is back and has forgotten everything.  Each session goes
# on, and asks once in a while only.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
poll_site site <<CONF
poll {
	interval = 1h
	round = 0
	ladder = {"after 0: absorb"}
	login_ladder = {"after 0: note"}
}
journal { interval = 1s }
redis {
	retry = 1s
	deadline = 50ms
}
CONF
python <<'PYTHON'
import poplib
import signal
import hostile
from poll import *

RETRY = 0.875                   # a second, less what makes processes differ


def pop3(user):
    pop = poplib.POP3_SSL('localhost', int(env['LAB_POP3S_PORT']), timeout=30,
                          context=ssl.create_default_context(cafile=env['LAB_CA']))
    pop.user(user)
    pop.pass_('secret-' + user)
    return pop


deliver('alice', 'first')
deliver('bob', 'first')
alice = Program('alice')
alice.command('SELECT INBOX')
wait_until(lambda: alice.command('NOOP') and journal(action='absorb', user='alice'),
           20, 'throttled while Redis is there')
held_pop = pop3('bob')
# How long the last answer of the store holds is for the session to say: the
# sessions that follow have none.
carol = Program('carol', '127.0.0.3')
os.kill(int(re.search(r'process_id:(\d+)', redis('INFO', 'server')).group(1)),
        signal.SIGKILL)
say('IMAP and POP3 sessions are there, and Redis is gone')

for number, (what, reply) in enumerate(hostile.NONSENSE.items()):
    impostor = hostile.Impostor(env['LAB_REDIS'], reply)
    # one session goes on from nonsense to nonsense
    wait_until(lambda: carol.command('STATUS INBOX (MESSAGES)')[-1].startswith('OK')
               and impostor.pids, 20, 'carol comes to ' + what)
    deliver('carol', 'message-%d' % number)
    for _ in range(20):
        lines = carol.command('STATUS INBOX (MESSAGES)')
        expect(lines[0], '* STATUS INBOX (MESSAGES %d)' % (number + 1), what)
    expect(alice.command('NOOP')[-1], 'OK NOOP completed', what)
    # logins
    dave = Program('dave', '127.0.0.4')
    expect(dave.command('SELECT INBOX')[-1], 'OK [READ-WRITE] Select completed', what)
    expect(dave.command('LOGOUT')[-1], 'OK Logout completed', what)
    dave.close()
    pop = pop3('carol')
    expect(pop.stat()[0], number + 1, 'POP3: ' + what)
    pop.quit()
    expect(impostor.came_too_often(RETRY), None, what)
    impostor.end()
expect(len(journal(reason='store-unavailable', user='carol', part='imap')), 1,
       'one line for the session that was there all the time')
expect(held_pop.stat()[0], 1, 'the POP3 session from before')
expect_true(b'Subject: first' in held_pop.retr(1)[1], 'RETR')
held_pop.quit()
say('%d kinds of nonsense: each check is served, logins of both protocols too'
    % len(hostile.NONSENSE))

process = hostile.start_redis(env['LAB_REDIS'])
try:
    wait_until(lambda: carol.command('NOOP') and
               journal(reason='store-back', user='carol', part='imap'), 20,
               'the journal says that Redis is back')
    wait_until(lambda: carol.command('NOOP') and
               journal(action='absorb', user='carol'), 20, 'throttled again')
    wait_until(lambda: pop3('carol').quit() and
               journal(part='pop3', user='carol', action='note'), 20,
               'POP3 logins are seen again')
    expect(alice.command('LOGOUT')[-1], 'OK Logout completed', 'LOGOUT')
    expect(carol.command('LOGOUT')[-1], 'OK Logout completed', 'LOGOUT')
finally:
    process.kill()
say('Redis is back, empty: the journal says so, and throttling resumes by itself')

with open(os.path.join(env['LAB_LOG'], 'dovecot.log'), 'rb') as file:
    log = file.read()
for word in (b'Panic', b'Fatal', b'killed with signal', b'\x1b'):
    expect_true(word not in log, 'the log of Dovecot: %r' % word)
with open(env['LAB_JOURNAL'], 'rb') as file:
    text = file.read()
expect_true(b'\x1b' not in text and b'user=root' not in text, 'the journal: %r' % text)
say('nothing broke, and nothing of the nonsense is in the logs')
PYTHON
