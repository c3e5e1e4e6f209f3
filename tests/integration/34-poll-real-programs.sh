#!/bin/bash
# SPDX-License-Identifier: MIT
# Real mail programs look for mail ten times too often, through the whole ladder,
# while mail keeps arriving: no error, no mail lost, none late.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
for program in fetchmail mbsync mutt neomutt curl nc; do
	command -v $program > /dev/null || { echo "$program is missing"; exit 77; }
done
cat > dovecot.conf <<X
protocol imap {
  rawlog_dir = $work/rawlog/imap/%{user}
}
protocol pop3 {
  rawlog_dir = $work/rawlog/pop3/%{user}
}
X
poll_site site --dovecot-conf dovecot.conf <<CONF
poll {
	interval = 8s
	round = 1s
	ladder = {"after 0: absorb", "after 4: delay 2s"}
	login_ladder = {"after 2: hold 1s", "after 4: hold 3s"}
}
journal { interval = 1s }
CONF
python <<'PYTHON'
from programs import *

COUNT = 8
allow_raw_logs(env['LAB_USERS'].split())
post = Post(env['LAB_USERS'].split())
pollers = [kind(post) for kind in (FetchmailImap, FetchmailPop3, FetchmailIdle, Mbsync,
                                   Curl, Imaplib, Poplib, Mutt, NeoMutt)]
idle = pollers[2]
for poller in pollers:
    poller.start()


def is_going_well():
    bad = ['%s: %s' % (poller.name, problem) for poller in pollers
           for problem in poller.problems]
    if bad:
        fail('\n'.join(bad))
    return True


def fields_of(poller, field):
    return {line[field] for line in poller.lines()}


def next_is_due():
    """Each message has its time, and a program in IDLE has the one before at once."""
    return is_going_well() and idle.has_all() and (
        not post.times or time.time() > post.times[-1] + INTERVAL / 4)


for number in range(COUNT):
    wait_until(next_is_due, 60, 'message %d reaches the program in IDLE' % (number - 1))
    post.deliver()
wait_until(lambda: is_going_well() and all(
    poller.has_all() and poller.was_at_top() for poller in pollers), 60,
    'all mail in each program, and each at the top of the ladder')
for poller in pollers:
    poller.stopping.set()
for poller in pollers:
    poller.join()
is_going_well()

for poller in pollers:
    text = poller.messages().replace('\r', '')
    for number in range(COUNT):
        expect(text.count('Subject: message-%d\n' % number), 1,
               'message %d in %s' % (number, poller.name))
    expect(fields_of(poller, 'reason') - {'early', 'early-served'}, set(),
           'the journal about ' + poller.name)
    say('%s: every message once, none late; %s' % (
        poller.name, ', '.join(sorted(fields_of(poller, 'action'))) or 'never counted'))

# Told at once: nobody who asks once in an interval is, by chance, each time.
told = idle.told_at()
for number, arrived in enumerate(post.times):
    if arrived > idle.began_at():
        expect_true(min(at for at, count in told if count > number) - arrived <
                    INTERVAL / 2, 'message %d is told at once: %r' % (number, told))

# The one look that it had when it began; then it was told.
row = who(idle.user)[idle.program]
expect((row['checks'], row['early']), (1, 0), 'checks of the program in IDLE')
expect(fields_of(idle, 'action'), set(), 'the journal about the program in IDLE')
say('all got their mail without an error, the one in IDLE at once')

print('What each sends most often in one check, after its login:')
for poller in pollers:
    print('  %-16s %s' % (poller.name, one_check(poller)))
PYTHON
