#!/bin/bash
# SPDX-License-Identifier: MIT
# An idle session that Dovecot takes out of its process and puts into another one is
# the same session: not counted again, the same program, told of mail at once.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
cat > dovecot.conf <<CONF
imap_hibernate_timeout = 1s
service imap {
  unix_listener imap-master {
    user = dovecot
  }
}
service imap-hibernate {
  unix_listener imap-hibernate {
    mode = 0666
  }
}
CONF
poll_site site --dovecot-conf dovecot.conf <<CONF
poll {
	interval = 60s
	round = 0
	ladder = {"after 0: absorb"}
}
# With TLS, which Dovecot has forgotten of a session that is back: nobody may be
# judged by it.  Those of the test come from elsewhere than 127.0.0.1.
access {
	tls_mode = enforce
	trusted_networks = {127.0.0.1}
}
CONF
export LAB_DOVECOT_PID=$(cat site/run/dovecot/master.pid)
python <<'PYTHON'
from poll import *


def mail_processes():
    """The imap processes of the lab's Dovecot."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open('/proc/%s/stat' % pid) as file:
                stat = file.read()
        except OSError:
            continue
        name = stat[stat.index('(') + 1:stat.rindex(')')]
        state, parent = stat[stat.rindex(')') + 2:].split()[:2]
        if name == 'imap' and parent == env['LAB_DOVECOT_PID'] and state != 'Z':
            found.append(pid)
    return found


def fall_asleep(program):
    tag = program.start('IDLE')
    expect(program.read_line(), '+ idling', 'IDLE')
    wait_until(lambda: not mail_processes(), 20, 'the session hibernates')
    return tag


def wake_up(program, tag):
    program.send('DONE\r\n')
    lines = program.finish(tag)
    expect(plain(lines[-1]).rstrip('.'), 'OK Idle completed', 'DONE')
    return lines


def expect_mail(program, count):
    line = program.read_line()
    while line is not None and not line.endswith(' EXISTS'):
        line = program.read_line()
    expect(line, '* %d EXISTS' % count, 'mail that came during hibernation')


# one that gave its name after the login, and one that gave it before
late = Program('alice', name='Late x" "version" "1.\\\\\\"2')
late.command('SELECT INBOX')
calls = redis_calls()
tag = fall_asleep(late)
expect(redis_calls(), calls, 'Redis calls of hibernation')
deliver('alice', 'one')
expect_mail(late, 1)
wait_until(lambda: not mail_processes(), 20, 'it hibernates once more')
deliver('alice', 'two')
expect_mail(late, 2)
wait_until(lambda: not mail_processes(), 20, 'and once more')
expect(redis_calls(), calls, 'Redis calls of waking up')
wake_up(late, tag)
say('mail during hibernation is told at once, and nothing is counted')

deliver('alice', 'three')
expect(exists(late.command('NOOP')), [], 'a check after it is early as before')
expect(exists(late.command('STATUS INBOX (MESSAGES)')), [], 'STATUS')
tag = late.start('IDLE')
late.read_line()
expect_mail(late, 3)
wake_up(late, tag)
answer = late.command('SELECT INBOX')
expect(exists(answer), ['* 3 EXISTS'], 'SELECT after hibernation')
late.command('LOGOUT')
lines = wait_until(lambda: journal(user='alice'), 5, 'journal')
expect({line['program'] for line in lines}, {'imap/127.0.0.2/Late_x'},
       'the programs in the journal')
expect({line['client'] for line in lines}, {'Late%20x%201.%5C%222'}, 'its version')
expect({line['check'] for line in lines} & {'login'}, set(), 'no second login')
wait_until(lambda: list(who('alice')) == ['imap/127.0.0.2/Late_x'], 5,
           'one program, by its name')
expect(who('alice')['imap/127.0.0.2/Late_x']['checks'], 4, 'its checks')

early = Program('bob', early_id='("name" "Early")')
early.command('SELECT INBOX')
wake_up(early, fall_asleep(early))
early.command('NOOP')
early.command('LOGOUT')
wait_until(lambda: list(who('bob')) == ['imap/127.0.0.2/Early'], 5,
           'one program, by the name before the login')
expect(who('bob')['imap/127.0.0.2/Early']['checks'], 2, 'its checks')
say('the session keeps its program and its budget')

# one that leaves while it hibernates
gone = Program('carol')
gone.command('SELECT INBOX')
fall_asleep(gone)
gone.close()
again = Program('carol')
again.command('NOOP')
again.command('LOGOUT')
wait_until(lambda: who('carol')['imap/127.0.0.2']['checks'] == 2, 5,
           'the checks of one that left')
with open(os.path.join(env['LAB_LOG'], 'dovecot.log')) as file:
    trouble = [line for line in file if re.search(r'Error|Panic|Fatal', line)]
expect(trouble, [], "Dovecot's log")
say('it may leave while it hibernates')
PYTHON
check "hibernation" [ $? = 0 ]
finish
