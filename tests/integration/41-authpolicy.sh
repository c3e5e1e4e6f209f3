#!/bin/bash
# SPDX-License-Identifier: MIT
# Programs that log in for each check wait before a mail process exists; nothing
# looks like a wrong password, nobody waits twice, and without the service Dovecot
# goes on by itself.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
command -v fail2ban-regex > /dev/null || { echo "fail2ban is missing"; exit 77; }
[ -x "$GATEPOST_BUILD/imapd-hooks/gatepost-authpolicy" ] ||
	{ echo "gatepost-authpolicy is not built"; exit 77; }
# A login at the very end of a round may be early only for the plugin, a moment
# later, which then makes it wait instead.
poll_site site <<CONF
poll {
	interval = 90s
	round = 1s
	ladder = {"after 0: delay 5s"}
	login_ladder = {"after 0: hold 3s"}
}
journal { interval = 1s }
redis { retry = 1s }
CONF
read -r AUTHPOLICY_PID rest < "$work/site/pids/authpolicy"
KEY=$(cat "$work/site/etc/authpolicy.key")
export AUTHPOLICY_PID KEY
cat > "$work/logins.py" <<'PYTHON'
import json
import signal
import urllib.error
import urllib.request
from poll import *

PID = int(env['AUTHPOLICY_PID'])


class Login:
    """A connection over TLS; login() says how long it took."""

    def __init__(self, protocol, source):
        port = env['LAB_IMAPS_PORT' if protocol == 'imap' else 'LAB_POP3S_PORT']
        raw = socket.create_connection((env['LAB_HOST'], int(port)), 30,
                                       (source, 0))
        self.protocol = protocol
        self.socket = ssl.create_default_context(
            cafile=env['LAB_CA']).wrap_socket(raw, server_hostname='localhost')
        self.file = self.socket.makefile('rb')
        self.line()

    def line(self):
        return self.file.readline().decode().rstrip('\r\n')

    def command(self, text):
        began = now()
        tag = 'a ' if self.protocol == 'imap' else ''
        self.socket.sendall((tag + text + '\r\n').encode())
        line = self.line()
        while tag and line and not line.startswith(tag):
            line = self.line()
        self.waited = now() - began
        return line[len(tag):]

    def login(self, user, password=None):
        password = password or 'secret-' + user
        if self.protocol == 'imap':
            return self.command('LOGIN %s %s' % (user, password))
        self.command('USER ' + user)
        return self.command('PASS ' + password)

    def check(self):
        return self.command('SELECT INBOX' if self.protocol == 'imap'
                            else 'STAT')

    def end(self):
        self.command('LOGOUT' if self.protocol == 'imap' else 'QUIT')
        self.file.close()
        self.socket.close()


def is_good(answer):
    return answer.startswith(('OK', '+OK'))


def one_check(protocol, user, source):
    """What a program does that logs in for each check."""
    login = Login(protocol, source)
    answer = login.login(user)
    expect_true(is_good(answer), 'login: %r' % answer)
    held = login.waited
    answer = login.check()
    expect_true(is_good(answer), 'check: %r' % answer)
    served = login.waited
    login.end()
    return held, served


def held_check(protocol, user, source):
    """Comes back until it is held."""
    end = now() + 30
    while True:
        held, served = one_check(protocol, user, source)
        if journal(part='auth', action='hold', user=user,
                   program='%s/%s' % (protocol, source)):
            return held, served
        expect_true(now() < end, 'not held within 30 s')
        time.sleep(0.3)


def log():
    with open(os.path.join(env['LAB_LOG'], 'dovecot.log')) as file:
        return file.read()


def matches():
    """What fail2ban's own filter for Dovecot finds in the log."""
    done = subprocess.run(
        ['fail2ban-regex', os.path.join(env['LAB_LOG'], 'dovecot.log'),
         'dovecot'], stdout=subprocess.PIPE, universal_newlines=True)
    return int(re.search(r'Failregex: (\d+) total', done.stdout).group(1))


def failures():
    """The lines of the log that name a wrong password, which the filter of Debian
    13 does not know in the words of Dovecot 2.4."""
    with open(os.path.join(env['LAB_LOG'], 'dovecot.log')) as file:
        return [line for line in file
                if re.search(r'auth failed|auth_failed|Password mismatch', line)]


def ask(key=env['KEY'], command='allow', **fields):
    """Asks the service as Dovecot does; returns its status."""
    listen = re.search(r'listens on (\S+)', open(os.path.join(
        env['LAB_LOG'], 'authpolicy.log')).read()).group(1)
    request = urllib.request.Request(
        'http://%s/?command=%s' % (listen, command),
        json.dumps(fields).encode(), {'X-API-Key': key})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)['status']


def redis_keys():
    return redis('DBSIZE').strip()
PYTHON
PYTHONPATH=$work python <<'PYTHON'
from logins import *

first = {}
for protocol in ('imap', 'pop3'):
    held, served = held_check(protocol, 'alice', '127.0.0.2')
    expect_true(held > 2, '%s: held before the login: %s' % (protocol, held))
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

expect_true(one_check('imap', 'bob', '127.0.0.2')[0] < 2, 'another user')
expect_true(one_check('imap', 'alice', '127.0.0.3')[0] < 2, 'another program')
say('another user and another program do not wait')
expect_true(not re.search('Panic|Fatal|auth failed|mismatch|Error', log()),
            'log of Dovecot:\n' + log())
expect(matches(), 0, "fail2ban's filter finds nothing")
expect(failures(), [], 'what a filter could find')
say("nothing looks like a wrong password; fail2ban's filter finds nothing")

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

for key in ('', 'x' * 32, env['KEY'] + 'x', env['KEY'][:-1]):
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

with open(env['LAB_CONF'], 'a') as file:
    file.write('authpolicy { held_max = 0 }\n')
os.kill(PID, signal.SIGHUP)
wait_until(lambda: 'settings read again' in open(os.path.join(
    env['LAB_LOG'], 'authpolicy.log')).read(), 10, 'settings read again')
expect(ask(login='alice', remote='127.0.0.2', protocol='imap'), 0, 'full')
line = journal(part='auth', reason='held-max')[0]
expect(line['action'], 'pass', 'action')
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
