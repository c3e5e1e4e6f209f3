#!/bin/bash
# SPDX-License-Identifier: MIT
# Only so many sessions of a host are held at once, over all processes; one more is
# answered at once, and the journal says so.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
poll_site site <<CONF
poll {
	interval = 10m
	round = 0s
	ladder = {"after 0: delay 60s"}
	login_ladder = {"after 0: hold 60s"}
	held_max = 2
}
journal { interval = 1s }
# the plugins alone
authpolicy { held_max = 0 }
CONF
python <<'PYTHON'
from pop3_session import *


class Held:
    """A session with one check that waits."""

    def __init__(self, user, source='127.0.0.2'):
        self.program = Program(user, source)
        self.program.command('SELECT INBOX')
        self.tag = self.program.start('NOOP')
        wait_until(lambda: journal(user=user, ip=source, action='delay'), 20,
                   user + ' is held')

    def leave(self):
        self.program.close()


def passes(user):
    program = Program(user)
    program.command('SELECT INBOX')
    expect(program.command('NOOP')[-1], 'OK NOOP completed', 'NOOP of ' + user)
    program.close()
    lines = wait_until(lambda: journal(user=user, reason='held-max'), 20,
                       'the line about ' + user)
    expect((lines[0]['action'], lines[0]['why']), ('absorb', 'poll.held_max'), 'the line')
    expect(journal(user=user, action='delay'), [], user + ' is not held')


alice, bob = Held('alice'), Held('bob')
passes('carol')
passes('dave')
say('two are held, the third and fourth are answered at once')

began = now()
session = Pop3('erin')
session.quit()
session = Pop3('erin')
expect(session.command('STAT')[:3], b'+OK', 'POP3 while so many wait')
session.close()
lines = wait_until(lambda: journal(part='pop3', reason='held-max'), 20, 'the line')
expect((lines[0]['action'], lines[0]['why'], lines[0]['check']),
       ('pass', 'poll.held_max', 'login'), 'the line about POP3')
say('IMAP and POP3 share the places')

# Who leaves, and whose process is killed, gives the place back.
alice.leave()
Pop3('dave').quit()
session = Pop3('dave')
session.send('STAT')
wait_until(lambda: journal(part='pop3', action='hold'), 20, 'dave is held now')
passes('carol')
known = subprocess.run(['doveadm', '-c', env['LAB_DOVECOT_CONF'], 'who', 'bob'],
                       stdout=subprocess.PIPE, universal_newlines=True).stdout
pid = int(re.search(r'bob\s+1\s+imap\s+\((\d+)\)', known).group(1))
os.kill(pid, 9)
wait_until(lambda: is_gone(pid), 20, 'the process of bob')
Held('dave', '127.0.0.3').leave()
session.close()
say('a place is given back by who leaves, however that is')
PYTHON
