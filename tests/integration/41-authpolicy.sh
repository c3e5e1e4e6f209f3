#!/bin/bash
# SPDX-License-Identifier: MIT
# Programs that log in for each check wait before a mail process exists; nothing
# looks like a wrong password, nobody waits twice, and without the service Dovecot
# goes on by itself.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
command -v fail2ban-regex > /dev/null || { echo "fail2ban is missing"; exit 77; }
need_authpolicy
# The penalty of Dovecot can be looked at.
cat > penalty.conf <<CONF
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0600
  }
}
CONF
# A login at the very end of a round may be early only for the plugin, a moment
# later, which then makes it wait instead.
poll_site site --dovecot-conf penalty.conf <<CONF
poll {
	interval = 90s
	round = 1s
	ladder = {"after 0: delay 5s"}
	login_ladder = {"after 0: hold 3s"}
}
journal { interval = 1s }
redis { retry = 1s }
CONF
python <<'PYTHON'
import atexit
import threading
import hostile
from logins import *

SETTINGS = site_file('etc/gatepost.conf')
RETRY = 0.875                   # the breaker's second, less its jitter
PID, KEY = service_pid(), site_file('etc/authpolicy.key').strip()

for protocol in ('imap', 'pop3'):
    held, served = held_check(protocol, 'alice', '127.0.0.2')
    expect_true(2 < held < 6, '%s: held before the login, and once: %s'
                % (protocol, held))
    expect_true(served < 2, '%s: but not once more: %s' % (protocol, served))
    line = journal(part='auth', program=protocol + '/127.0.0.2')[0]
    for key, value in (('action', 'hold'), ('mode', 'enforce'),
                       ('reason', 'early'), ('user', 'alice'),
                       ('check', 'login'), ('ip', '127.0.0.2'), ('wait', '3'),
                       ('policy', '90'), ('why', 'poll.login_ladder')):
        expect(line[key], value, 'journal field ' + key)
    expect(journal(part=protocol, action='hold', s=line['s']) +
           journal(part=protocol, action='delay', s=line['s']), [],
           'the plugin did not make it wait again')
    say('%s: an early login waits before it, and not once more after it'
        % protocol)

# There is no process for who is held, but a connection.
for protocol in ('imap', 'pop3'):
    login, answers = Login(protocol, '127.0.0.2'), []
    wait_until(lambda: not mail_processes(), 20, 'no mail process is left')
    began = now()
    thread = threading.Thread(target=lambda: answers.append(login.login('alice')))
    thread.start()
    seen = []
    while now() < began + 2:
        seen += mail_processes()
        time.sleep(0.05)
    expect(seen, [], '%s: processes while the login is held' % protocol)
    thread.join()
    expect_true(is_good(answers[0]) and 2 < login.waited < 6, 'then it goes on')
    expect_true(mail_processes(), 'and has its process')
    login.end()
say('who is held has no mail process')

MUTT = '("os" "x" "name" "mutt")'
while not journal(part='auth', action='hold', program='imap/127.0.0.8/mutt'):
    held, served = one_check('imap', 'dave', '127.0.0.8', early_id=MUTT)
    time.sleep(0.3)
expect_true(2 < held < 6 and served < 2, 'the login whose line that is: %s, %s'
            % (held, served))
say('a program is known by the name that it gives before the login')

expect_true(one_check('imap', 'bob', '127.0.0.2')[0] < 2, 'another user')
expect_true(one_check('imap', 'alice', '127.0.0.3')[0] < 2, 'another program')
say('another user and another program do not wait')
expect_true(not re.search('Panic|Fatal|auth failed|mismatch|Error', log()),
            'log of Dovecot:\n' + log())
expect(matches(), 0, "fail2ban's filter finds nothing")
expect(failures(), [], 'what a filter could find')
with open(env['LAB_CONF'], 'a') as file:
    file.write('access { pop3 = deny }\n')
refused = Login('pop3', '127.0.0.3')
expect_true(refused.login('bob').startswith('-ERR [SYS/PERM]'), 'refused')
with open(env['LAB_CONF'], 'a') as file:
    file.write('access { pop3 = allow }\n')
expect(matches(), 0, "fail2ban's filter finds nothing in a refusal")
expect(penalties(), {}, 'nobody has a penalty')
say("nothing looks like a wrong password: no penalty, no match for fail2ban's filter")

# Who is not known costs nothing and is answered at once.
keys = redis_keys()
for number in range(20):
    expect(ask(login='nobody-%d' % number, remote='192.0.2.%d' % number,
               protocol='imap', session_id='x', local_port='143'), 0, 'unknown')
login = Login('imap', '127.0.0.4')
expect_true(login.login('mallory', 'x').startswith('NO [AUTHENTICATIONFAILED]'),
            'a user who does not exist')
expect_true(login.waited < 2, 'is told so at once: %s' % login.waited)
expect(redis_keys(), keys, 'nothing was kept')
expect(ask(login='alice', remote='127.0.0.2', protocol='smtp'), 0, 'sending')
expect(ask(login='alice', remote='127.0.0.2', protocol='imap'), 3, 'known')
expect(ask(login='alice', remote='', protocol='imap'), 0, 'no address')
expect(ask(login='', remote='127.0.0.2', protocol='imap'), 0, 'no login')
say('who is not known is answered at once, and nothing is kept of him')

for key in ('', 'x' * 32, KEY + 'x', KEY[:-1]):
    try:
        fail('answered with the key %r: %r' % (key, ask(key, login='alice')))
    except urllib.error.HTTPError as error:
        expect(error.code, 403, 'key %r' % key)
say('without the key nobody is answered')
wrong = Login('imap', '127.0.0.4')
wrong.login('alice', 'wrong')
wrong.end()
wait_until(lambda: re.search('Aborted login|Login aborted', ''.join(failures())),
           30, 'a wrong password is in the log')
knows_its_words = 'Login aborted' not in ''.join(failures())
expect_true(matches() > 0 or not knows_its_words,
            'the filter would have found a wrong password')
# Dovecot 2.4 shows no penalty in this site, not even for a wrong password.
expect_true('127.0.0.4' in penalties() or not knows_its_words,
            'and it gets a penalty: %r' % penalties())

# Dovecot's report counts a login that succeeded, and no other.
report = dict(command='report', login='erin', remote='127.0.0.9', protocol='imap')
for success in (False, None, 'true'):
    expect(ask(success=success, **report), 0, 'a report')
expect(kept('erin'), None, 'a login that failed')
expect(ask(success=True, **report), 0, 'a report')
expect(list(kept('erin').programs), ['imap/127.0.0.9'], 'counted')
expect_true(kept('erin').human > 0, 'and seen for the first time')
wait_until(lambda: ask(login='erin', remote='127.0.0.9', protocol='imap') == 3,
           10, 'early after a login that was reported')
expect(ask(login='erin', remote='127.0.0.9', protocol='imap',
           device_id='"name" "mutt"'), 3, 'with a name that is not known yet')
expect(ask(login='erin', remote='127.0.0.10', protocol='imap'), 0, 'elsewhere')
say('a report of a success counts as a check, one of a failure does not')

# Frozen, then dead: Dovecot goes on.
os.kill(PID, signal.SIGSTOP)
for number in range(3):
    expect_true(one_check('imap', 'carol', '127.0.0.5')[0] < 2, 'frozen')
os.kill(PID, signal.SIGCONT)
say('the service is frozen: logins go on')
held_check('imap', 'carol', '127.0.0.6')
say('it goes on: early logins wait again')

# So does everybody while Redis is silent.
pid = int(re.search(r'process_id:(\d+)', redis('INFO', 'server')).group(1))
os.kill(pid, signal.SIGSTOP)
expect(ask(login='alice', remote='127.0.0.2', protocol='imap'), 0, 'Redis silent')
for number in range(3):
    expect_true(one_check('pop3', 'alice', '127.0.0.2')[0] < 2, 'Redis is frozen')
expect(len(journal(part='auth', reason='store-unavailable')), 1, 'one line')
os.kill(pid, signal.SIGCONT)
wait_until(lambda: ask(login='alice', remote='127.0.0.2', protocol='imap') == 3,
           10, 'held again')
expect(len(journal(part='auth', reason='store-back')), 1, 'one line')
say('Redis is frozen: logins go on, and wait again when it is back')

# One place: two that are early.
with open(env['LAB_CONF'], 'a') as file:
    file.write('authpolicy { held_max = 1 }\n')
os.kill(PID, signal.SIGHUP)
wait_until(lambda: 'settings read again' in site_file('log/authpolicy.log'), 10,
           'settings read again')
first = dict(login='erin', remote='127.0.0.11', protocol='imap')
second = dict(login='erin', remote='127.0.0.12', protocol='imap')
for program in (second, first):
    expect(ask(command='report', success=True, **program), 0, 'a report')
wait_until(lambda: ask(**first) == 3, 20, 'the first is held')
expect(ask(**second), 0, 'the second passes meanwhile')
line = journal(part='auth', reason='held-max')[0]
expect((line['action'], line['why'], line['user']),
       ('pass', 'authpolicy.held_max', 'erin'), 'the line')
wait_until(lambda: ask(**second) == 3, 20, 'it is held when that is over')
say('beyond held_max logins pass, and the journal says so')

with open(env['LAB_CONF'], 'a') as file:
    file.write('authpolicy { held_max = 9 }\npoll { mode = observe }\n')
os.kill(PID, signal.SIGHUP)
wait_until(lambda: ask(login='alice', remote='127.0.0.2', protocol='imap') == 0
           and journal(part='auth', action='would-hold'), 10, 'observed')
say('observe: the journal says what would be')

with open(env['LAB_CONF'], 'a') as file:
    file.write('poll { mode = nonsense }\n')
os.kill(PID, signal.SIGHUP)
wait_until(lambda: 'settings not changed' in open(os.path.join(
    env['LAB_LOG'], 'authpolicy.log')).read(), 10, 'a mistake changes nothing')
expect(ask(login='alice', remote='127.0.0.2', protocol='imap'), 0, 'as before')
say('a mistake in the settings changes nothing')

os.kill(PID, signal.SIGTERM)
wait_until(lambda: is_gone(PID), 10, 'stopped')
for number in range(3):
    expect_true(one_check('imap', 'dave', '127.0.0.7')[0] < 3, 'stopped')
say('the service is stopped: logins go on')

# Started before Redis is: what is in its place says nothing.
os.kill(int(re.search(r'process_id:(\d+)', redis('INFO', 'server')).group(1)),
        signal.SIGKILL)
silent = hostile.Impostor(env['LAB_REDIS'], None)
with open(env['LAB_CONF'], 'w') as file:
    file.write(SETTINGS + '''redis { deadline = 500ms }
poll { round = 0 ladder = {"after 0: absorb"} login_ladder = {"after 0: hold 1s"} }
''')
went, back = told('store-unavailable'), told('store-back')
with open(os.path.join(env['LAB_LOG'], 'authpolicy.log'), 'a') as file:
    service = subprocess.Popen(
        [env['GATEPOST_BUILD'] + '/imapd-hooks/gatepost-authpolicy', '-f', '-c',
         env['LAB_CONF']], stderr=file)
atexit.register(service.kill)
wait_until(lambda: site_file('log/authpolicy.log').count('listens on') == 2, 20,
           'it starts without Redis')
for number in range(20):
    expect(ask(login='alice', remote='127.0.0.2', protocol='imap'), 0, 'no Redis')
for protocol in ('imap', 'pop3'):
    expect_true(one_check(protocol, 'dave', '127.0.0.13')[0] < 3, 'no Redis')
wait_until(lambda: ask(login='alice', remote='127.0.0.2', protocol='imap') == 0 and
           len(silent.pids) > 1, 20, 'it is asked once more, in vain')
expect(silent.came_too_often(RETRY), None, 'who asks in vain')
expect((told('store-unavailable'), told('store-back')), (went + 1, back), 'one line')
silent.end()
atexit.register(hostile.start_redis(env['LAB_REDIS']).kill)
held, served = held_check('imap', 'carol', '127.0.0.13')
expect_true(1 <= held < 5, 'held: %s' % held)
expect((told('store-unavailable'), told('store-back')), (went + 1, back + 1), 'one line')
say('started before Redis: logins go on, and wait when it is there')
expect_true(not re.search('Panic|Fatal|killed with signal', log()),
            'log of Dovecot:\n' + log())
PYTHON
[ $? = 0 ] || failures=1

program=$GATEPOST_BUILD/imapd-hooks/gatepost-authpolicy
refuses() { # CONF WORDS...
	printf '%s\n' "$1" > bad.conf
	shift
	! timeout 10 "$program" -f -c bad.conf 2> bad.log && grep -q -- "$*" bad.log
}
echo short > short.key && chmod 600 short.key
echo 0123456789abcdef > open.key && chmod 644 open.key
check "a key is needed" refuses '' 'authpolicy.key_file: a key is needed'
check "a short key is refused" \
	refuses "authpolicy { key_file = $work/short.key }" 'at least 16 bytes'
check "a key that others can read is refused" \
	refuses "authpolicy { key_file = $work/open.key }" 'others can read it'
check "help" eval '"$program" --help | grep -q Usage:'
check "a good file" eval '"$program" -t -c "$GATEPOST_SOURCE/conf/gatepost.conf" |
	grep -q "settings are good"'
finish
