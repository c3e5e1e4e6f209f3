#!/bin/bash
# SPDX-License-Identifier: MIT
# Many sessions in one mail process, one after the other and side by side; a reload
# and a killed process in the middle of it.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
case $(dovecot --version) in
2.3.*) for_ever='service_count = 0' ;;
*) for_ever='service_restart_request_count = unlimited' ;;
esac
for protocol in imap pop3; do
	cat <<CONF
service $protocol {
  client_limit = 50
  $for_ever
}
CONF
done > dovecot.conf
poll_site site --dovecot-conf dovecot.conf <<CONF
poll {
	interval = 60s
	round = 0
	ladder = {"after 0: absorb", "after 2: delay 3s"}
	overrides = {"program=pop3/*: login_ladder after 0: hold 3s"}
}
journal { interval = 1s }
# the plugins alone: nobody is held before the login
authpolicy { held_max = 0 }
CONF
python <<'PYTHON'
import imaplib
import select
import signal
from functools import partial
from pop3_session import *

# Over TLS the login process stands between, which a reload ends at once.
Program = partial(Program, tls=False)


def log():
    with open(os.path.join(env['LAB_LOG'], 'dovecot.log')) as file:
        return file.read()


def process_of(user, protocol='imap'):
    """Where Dovecot's log says that the last login of the user went."""
    return wait_until(lambda: re.findall(
        r'%s-login: .*ser=<%s>.*mpid=(\d+)' % (protocol, user), log()), 5,
        'login of ' + user)[-1]


def has_answer(program):
    return select.select([program.socket], [], [], 0)[0] != []


def climb(program):
    """Checks until the next one is held."""
    program.command('SELECT INBOX')
    program.command('NOOP')
    program.command('NOOP')


alice, bob = Program('alice'), Program('bob', source='127.0.0.3')
process = process_of('alice')
expect(process_of('bob'), process, 'one process for both')
climb(alice)
bob.command('SELECT INBOX')
held = alice.start('NOOP')
expect(alice.read_line(), '* OK Still here', 'alice is held')
expect(bob.command('NOOP')[-1], 'OK NOOP completed', "bob's check")
expect(bob.command('CAPABILITY')[-1][:2], 'OK', "bob's other command")
expect(has_answer(alice), False, 'alice is still held')
other = Program('alice', source='127.0.0.4')
expect(process_of('alice'), process, 'a third one in it')
expect(exists(other.command('SELECT INBOX')), ['* 0 EXISTS'], 'it is not held')
expect(has_answer(alice), False, 'alice is still held')
alice.finish(held)
say('who is held holds up nobody else in the process')

for number in range(5):
    session = Program('carol', source='127.0.0.5', name='One' if number % 2 else None)
    session.command('SELECT INBOX')
    session.command('LOGOUT')
    session.close()
    expect(process_of('carol'), process, 'one after the other')
wait_until(lambda: {name: row['checks'] for name, row in who('carol').items()} ==
           {'imap/127.0.0.5': 3, 'imap/127.0.0.5/One': 2}, 5,
           "carol's sessions are counted for their programs")
say('sessions of one process take nothing over from each other')

def pop3(user, source):
    session = Pop3(user, source, tls=False)
    expect_true(session.login.startswith(b'+OK'), 'login: %r' % session.login)
    return session


first = pop3('carol', '127.0.0.7')
expect(first.command('STAT'), b'+OK 0 0', 'the first login by POP3')
pop3_process = process_of('carol', 'pop3')
first.quit()
held = pop3('carol', '127.0.0.7')
held.send('STAT')
other = pop3('erin', '127.0.0.8')
expect([process_of(user, 'pop3') for user in ('carol', 'erin')], [pop3_process] * 2,
       'one process for both, and again')
expect(other.command('STAT'), b'+OK 0 0', 'who is not early is served')
expect(has_answer(held), False, 'carol is still held')
expect(held.line(), b'+OK 0 0', 'and then served')
for session in (held, other):
    session.quit()
expect([(line['user'], line['ip'], line['action']) for line in journal(part='pop3')],
       [('carol', '127.0.0.7', 'hold')], 'the journal about POP3')
say('by POP3, too: who is held holds up nobody else, and nothing is taken over')

# Dovecot gives processes that serve more than one client some seconds to end after
# a reload; a login in the very moment of it may fail.  New ones see new settings.
with open(env['LAB_CONF'], 'a') as file:
    file.write('poll { mode = observe }\n')
held = alice.start('NOOP')
subprocess.run(['doveadm', '-c', env['LAB_DOVECOT_CONF'], 'reload'], check=True,
               stderr=subprocess.DEVNULL)
expect(alice.finish(held)[-1].split(' ')[1], 'OK', 'held across the reload')


def new_process():
    try:
        session = imaplib.IMAP4(env['LAB_HOST'], int(env['LAB_IMAP_PORT']))
        session.login('erin', 'secret-erin')
        session.logout()
    except (OSError, imaplib.IMAP4.error):
        return False
    return process_of('erin') != process


wait_until(new_process, 20, 'a new process after the reload')
dave = Program('dave', source='127.0.0.6')
climb(dave)
dave.command('NOOP')
wait_until(lambda: journal(user='dave', action='would-delay'), 5,
           'the new session has the new settings')
expect({line['mode'] for line in journal(user='alice')}, {'enforce'},
       "the old session's mode")
say('a reload: who is held is answered, new sessions have new settings')

# The process dies with all its sessions; what was counted is not lost.
count = len(journal(user='dave'))
os.kill(int(process_of('dave')), signal.SIGKILL)
expect(dave.finish('none')[-1], '(end of connection)', 'the killed session')
again = Program('dave', source='127.0.0.6')
again.command('SELECT INBOX')
again.command('LOGOUT')
lines = wait_until(lambda: journal(user='dave')[count:], 5, 'journal')
expect_true(int(lines[-1]['early']) >= 1, 'it is early at once: %r' % lines[-1])
expect([line for line in log().splitlines() if re.search('Panic|signal (?!9)', line)],
       [], "Dovecot's log")
say('a killed process: the history is still there')
PYTHON
check "processes" [ $? = 0 ]
finish
