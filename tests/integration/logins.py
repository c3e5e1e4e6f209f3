# SPDX-License-Identifier: MIT
"""What the tests of logins share: one that tells how long it waited, the questions of
Dovecot to gatepost-authpolicy, and what fail2ban would find in Dovecot's log."""
import json
import signal
import urllib.error
import urllib.request
from poll import *


class Login:
    """A connection over TLS: waited is how long a command took, told what was said
    before its answer."""

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
        line, self.told = self.line(), []
        while tag and line and not line.startswith(tag):
            self.told.append(line)
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
        try:
            self.command('LOGOUT' if self.protocol == 'imap' else 'QUIT')
        except OSError:
            pass    # it was ended
        self.file.close()
        self.socket.close()


def is_good(answer):
    return answer.startswith(('OK', '+OK'))


def one_check(protocol, user, source, early_id=None):
    """What a program does that logs in for each check: how long its login and its
    check took."""
    login = Login(protocol, source)
    if early_id:
        login.command('ID ' + early_id)
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
    return site_file('log/dovecot.log')


def matches():
    """What fail2ban's own filter for Dovecot finds in the log."""
    done = subprocess.run(
        ['fail2ban-regex', os.path.join(env['LAB_LOG'], 'dovecot.log'),
         'dovecot'], stdout=subprocess.PIPE, universal_newlines=True)
    return int(re.search(r'Failregex: (\d+) total', done.stdout).group(1))


def failures():
    """The lines of the log that name a wrong password, which the filter of Debian
    13 does not know in the words of Dovecot 2.4."""
    return [line for line in log().splitlines()
            if re.search(r'auth failed|auth_failed|Password mismatch', line)]


def site_file(name):
    """The text of a file of the site."""
    with open(os.path.join(os.path.dirname(env['LAB_LOG']), name)) as file:
        return file.read()


def service_pid():
    return int(site_file('pids/authpolicy').split()[0])


def mail_processes():
    """The site's processes that have a mailbox."""
    master, found = site_file('pids/dovecot').split()[0], []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open('/proc/%s/stat' % pid) as file:
                name, _, rest = file.read().partition('(')[2].rpartition(')')
        except (FileNotFoundError, ProcessLookupError):
            continue
        if name in ('imap', 'pop3') and rest.split()[1] == master:
            found.append(pid)
    return found


def penalties():
    """The addresses that Dovecot lets wait for their wrong passwords."""
    done = subprocess.run(['doveadm', '-c', env['LAB_DOVECOT_CONF'], 'penalty'],
                          stdout=subprocess.PIPE, check=True,
                          universal_newlines=True)
    return {row.split()[0]: row.split()[1] for row in done.stdout.splitlines()[1:]}


def ask(key=None, command='allow', **fields):
    """Asks the service as Dovecot does; returns its status."""
    if key is None:
        key = site_file('etc/authpolicy.key').strip()
    listen = re.search(r'listens on (\S+)', site_file('log/authpolicy.log')).group(1)
    request = urllib.request.Request(
        'http://%s/?command=%s' % (listen, command),
        json.dumps(fields).encode(), {'X-API-Key': key})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)['status']


def redis_keys():
    return redis('DBSIZE').strip()
