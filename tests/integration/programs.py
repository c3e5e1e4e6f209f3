# SPDX-License-Identifier: MIT
"""Real mail programs that look for mail far too often, each in a thread of its own.

A program knows how many messages it has seen.  What was delivered before a check must
be there after it; a program that holds its connection may be answered from memory for
one interval.  So "late" is judged by what was asked when, not by how fast this
machine is."""
import imaplib
import poplib
import pty
import shutil
import termios
import threading

from poll import *

PAUSE = 0.8                     # between two checks of a program
INTERVAL = 8.0                  # ten times that is policy
RAWLOG = os.path.abspath('rawlog')
localhost = 'localhost'


class Post:
    """Mail to all users, numbered, and when each message was in the mailboxes."""

    def __init__(self, users):
        self.users, self.times = users, []

    def deliver(self):
        for user in self.users:
            deliver(user, 'message-%d' % len(self.times))
        self.times.append(time.time())

    def due(self, age, at=None):
        """How many messages a check sees that may be as old as that."""
        at = time.time() if at is None else at
        return sum(1 for arrived in self.times if arrived <= at - age)


class Poller(threading.Thread):
    """Checks in a loop until it is told to stop; what went wrong is in problems."""
    user, protocol, age, top = None, 'imap', 0.0, 'hold'
    address = '127.0.0.1'

    def __init__(self, post):
        super().__init__(daemon=True)
        self.program = '%s/%s' % (self.protocol, self.address)
        self.post, self.seen, self.problems = post, 0, []
        self.stopping = threading.Event()

    def run(self):
        try:
            self.begin()
            while not self.stopping.wait(PAUSE) and not self.problems:
                due = self.post.due(self.age)
                self.seen = self.check()
                if self.seen < due:
                    self.problems.append('%d messages of %d that were due'
                                         % (self.seen, due))
            self.end()
        except Exception as error:
            self.problems.append('%s: %s' % (type(error).__name__, error))

    def begin(self):
        pass

    def end(self):
        pass

    def lines(self, **wanted):
        """Of the journal: a login is held before the plugin sees it."""
        return journal(user=self.user, program=self.program, **wanted)

    def was_at_top(self):
        """The step of logins before it holds them for a second."""
        return [line for line in self.lines(action=self.top)
                if self.top != 'hold' or int(line['wait']) > 1]

    def has_all(self):
        return self.seen >= len(self.post.times)

    def messages(self):
        """The text of all messages that it has got."""
        raise NotImplementedError

    def is_mine(self, sent):
        """Is this what the program sent in a session, of all programs of the user?"""
        return ' IDLE' not in sent


def must(value, *what):
    if not value:
        raise AssertionError(' '.join(map(str, what)))


def write(name, text):
    with open(name, 'w') as file:
        file.write(text)
    os.chmod(name, 0o600)
    return os.path.abspath(name)


def read(name):
    try:
        with open(name, errors='replace') as file:
            return file.read()
    except OSError:
        return ''


def run(*words):
    done = subprocess.run(words, env=dict(env, HOME=os.getcwd()),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          universal_newlines=True)
    return done.returncode, done.stdout


# --- fetchmail

def fetchmail_complains(text):
    """An error of fetchmail's?  It also says that this host's own name is in no
    file, where that is so."""
    said = '\n'.join(line for line in text.lower().split('\n')
                     if 'getaddrinfo' not in line and 'do not report' not in line)
    return any(word in said for word in ('fail', 'error', 'limit', 'refused',
                                         'timeout', 'lock'))


class Fetchmail(Poller):
    name, port = 'fetchmail', 'LAB_IMAPS_PORT'
    server = user_options = ''

    def begin(self):
        self.folder = os.path.abspath(self.name.replace(', ', '-'))
        os.makedirs(self.folder, exist_ok=True)
        self.fetched = self.folder + '/fetched'
        rc = write(self.folder + '/rc', '''
poll localhost service %s protocol %s %s
  user %s password secret-%s ssl sslcertfile "%s" sslcertck %s
  mda "cat >> %s" keep
''' % (env[self.port], self.protocol.upper(), self.server, self.user, self.user,
            env['LAB_CA'], self.user_options, self.fetched))
        self.command = ('env', 'FETCHMAILHOME=' + self.folder, 'fetchmail', '-f', rc,
                        '--nosyslog', '--pidfile', self.folder + '/pid',
                        '--idfile', self.folder + '/ids')

    def check(self):
        code, text = run(*self.command)
        # 1: there was no mail
        must(code in (0, 1) and not fetchmail_complains(text), code, text)
        return self.messages().count('Subject: message-')

    def messages(self):
        return read(self.fetched)


class FetchmailImap(Fetchmail):
    name, user = 'fetchmail, IMAP', 'alice'


class FetchmailPop3(Fetchmail):
    name, user, protocol = 'fetchmail, POP3', 'alice', 'pop3'
    port, server = 'LAB_POP3S_PORT', 'uidl'


class FetchmailIdle(Fetchmail):
    """One process to the end; it has an address of its own."""
    name, user, user_options = 'fetchmail, IDLE', 'erin', 'idle'
    address = '127.0.0.11'
    server = 'plugin "nc -s %s 127.0.0.1 %%p"' % address

    def begin(self):
        super().begin()
        self.process = subprocess.Popen(
            self.command, env=dict(env, HOME=os.getcwd()), stdin=subprocess.DEVNULL,
            stdout=open(self.folder + '/out', 'w'), stderr=subprocess.STDOUT)

    def check(self):
        must(self.process.poll() is None, read(self.folder + '/out'))
        self.seen = self.messages().count('Subject: message-')
        # nothing is due: it is told, and the end says of what
        return max(self.seen, len(self.post.times))

    def end(self):
        self.process.terminate()
        self.process.wait()
        must(not fetchmail_complains(read(self.folder + '/out')),
             read(self.folder + '/out'))

    def is_mine(self, sent):
        return ' IDLE' in sent

    def heard(self):
        for line in raw(self, '.out').split('\n'):
            words = line.rstrip('\r').split(' ')
            if re.match(r'[\d.]+$', words[0]):
                yield float(words[0]), words[1:]

    def began_at(self):
        """When it was in IDLE first."""
        return next(at for at, words in self.heard() if words == ['+', 'idling'])

    def told_at(self):
        """When it was told of how many messages."""
        return [(at, int(words[1])) for at, words in self.heard()
                if len(words) == 3 and words[2] == 'EXISTS']

    def was_at_top(self):
        return True

    def has_all(self):
        return (self.messages().count('Subject: message-') >=
                len(self.post.times))


# --- isync

class Mbsync(Poller):
    name, user = 'mbsync', 'bob'

    def begin(self):
        # isync 1.5 has another name for it, and says so on standard error.
        version = run('mbsync', '--version')[1]
        tls = 'SSLType' if re.match(r'isync 1\.[0-4]\b', version) else 'TLSType'
        os.makedirs('near', exist_ok=True)
        write('mbsyncrc', '''
IMAPAccount lab
Host localhost
Port %s
User bob
Pass secret-bob
%s IMAPS
CertificateFile %s
Timeout 120
# or the raw log shows no commands
DisableExtension COMPRESS=DEFLATE

IMAPStore far
Account lab

MaildirStore near
Path near/
Inbox near/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns INBOX
Create Near
SyncState *
''' % (env['LAB_IMAPS_PORT'], tls, env['LAB_CA']))

    def check(self):
        said = run('mbsync', '-c', 'mbsyncrc', '-q', 'all')
        must(said == (0, ''), *said)
        return self.messages().count('Subject: message-')

    def messages(self):
        return ''.join(read(os.path.join(base, name))
                       for base, _, names in os.walk('near') for name in names
                       if base.endswith(('/new', '/cur')))


# --- curl

class Curl(Poller):
    name, user = 'curl', 'carol'

    def curl(self, path, *options):
        return run('curl', '-sS', '--cacert', env['LAB_CA'], '-u',
                   'carol:secret-carol', 'imaps://localhost:%s/%s'
                   % (env['LAB_IMAPS_PORT'], path), *options)

    def check(self):
        code, text = self.curl('', '-X', 'STATUS INBOX (MESSAGES)')
        found = re.match(r'\* STATUS INBOX \(MESSAGES (\d+)\)\s*$', text)
        must(code == 0 and found, code, text)
        return int(found.group(1))

    def messages(self):
        return self.curl('INBOX;MAILINDEX=[1-%d]' % len(self.post.times))[1]


# --- Python

def python_tls():
    return ssl.create_default_context(cafile=env['LAB_CA'])


class Imaplib(Poller):
    """Holds its connection, looks into its own mailbox and asks about it."""
    name, user, age, top = 'Python imaplib', 'erin', INTERVAL, 'delay'

    def begin(self):
        self.fetched, self.count = '', 0
        self.imap = imaplib.IMAP4_SSL(localhost, int(env['LAB_IMAPS_PORT']),
                                      ssl_context=python_tls())
        self.imap.login(self.user, 'secret-' + self.user)
        self.count = int(self.ok(self.imap.select())[0])

    @staticmethod
    def ok(answer):
        must(answer[0] == 'OK', answer)
        return answer[1]

    def check(self):
        self.ok(self.imap.noop())
        news = self.imap.response('EXISTS')[1][-1]
        self.count = max(self.count, int(news or 0))
        status = self.ok(self.imap.status('INBOX', '(MESSAGES)'))[0]
        must(int(re.search(rb'MESSAGES (\d+)', status).group(1)) >= self.seen,
             'STATUS went back:', status)
        for number in range(self.fetched.count('Subject: message-') + 1,
                            self.count + 1):
            # flags may have been told before it
            parts = self.ok(self.imap.fetch(str(number), '(BODY.PEEK[])'))
            self.fetched += next(part[1].decode() for part in parts
                                 if isinstance(part, tuple))
        return self.fetched.count('Subject: message-')

    def end(self):
        must(self.imap.logout()[0] == 'BYE', 'LOGOUT')

    def messages(self):
        return self.fetched


class Poplib(Poller):
    name, user, protocol = 'Python poplib', 'bob', 'pop3'

    def begin(self):
        self.known, self.fetched = set(), ''

    def check(self):
        pop = poplib.POP3_SSL(localhost, int(env['LAB_POP3S_PORT']),
                              context=python_tls())
        pop.user(self.user)
        pop.pass_('secret-' + self.user)
        pop.stat()
        for line in pop.uidl()[1]:
            number, uid = line.split()
            if uid not in self.known:
                self.known.add(uid)
                self.fetched += b'\n'.join(pop.retr(int(number))[1]).decode() + '\n'
        pop.quit()
        return self.fetched.count('Subject: message-')

    def messages(self):
        return self.fetched


# --- mutt

class Mutt(Poller):
    """On a terminal of its own.  What it asked and what it heard is in Dovecot's raw
    log, with the time of each line."""
    name, user, age, top = 'mutt', 'dave', INTERVAL, 'delay'
    # It looks into this one too; by that its sessions are known.
    folder, others = 'Other', 'Neo'
    settings = ''

    def where(self):
        return 'imaps://localhost:%s/' % env['LAB_IMAPS_PORT']

    def is_mine(self, sent):
        return self.others not in sent

    def begin(self):
        for folder in ('', *('.%s/%s' % (self.folder, part)
                             for part in ('', 'cur', 'new', 'tmp'))):
            folder = os.path.join(env['LAB_MAIL'], self.user, folder)
            os.makedirs(folder, exist_ok=True)
            shutil.chown(folder, 'nobody', 'nogroup')
        where = self.where()
        rc = write(self.name + 'rc', '''
%s
set ssl_ca_certificates_file="%s"
set imap_user=dave imap_pass=secret-dave
set folder="%s"
set spoolfile="%sINBOX"
mailboxes =%s
set timeout=1 mail_check=1 header_cache="" quit=yes wait_key=no
# Half of the delay: it must hear something at once, or gives the connection up.
set imap_poll_timeout=1
''' % (self.settings, env['LAB_CA'], where, where, self.folder))
        self.terminal, end = pty.openpty()
        termios.tcsetwinsize(end, (24, 80))
        self.process = subprocess.Popen(
            (self.name, '-n', '-F', rc), stdin=end, stdout=end, stderr=end,
            env=dict(env, HOME=os.getcwd(), TERM='xterm'), start_new_session=True)
        os.close(end)
        self.screen = b''
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self):
        try:
            while True:
                self.screen = (self.screen + os.read(self.terminal, 4096))[-4096:]
        except OSError:
            pass

    def check(self):
        must(self.process.poll() is None, 'it has ended', self.screen)
        heard = re.findall(r'\* (\d+) EXISTS', self.messages())
        self.seen = int(heard[-1]) if heard else 0
        return max(self.seen, self.post.due(self.age))

    def has_all(self):
        return self.messages().count('Subject: message-') >= len(self.post.times)

    def end(self):
        os.write(self.terminal, b'q')
        must(self.process.wait(60) == 0, 'exit code', self.process.returncode)
        must(not re.search(r'^[\d.]+ \S+ (NO|BAD) ', self.messages(), re.MULTILINE),
             self.messages())
        self.judge_checks()

    def judge_checks(self):
        """Each NOOP that is asked an interval after a message arrived shows it."""
        answers = [line.split(' ', 2) for line in self.messages().split('\n')]
        for at, tag, command in raw_commands(self):
            if command != 'NOOP':
                continue
            count, seen = 0, None
            for line in answers:
                found = re.match(r'(\d+) EXISTS', line[-1])
                if len(line) == 3 and line[1] == '*' and found:
                    count = int(found.group(1))
                elif len(line) == 3 and line[1] == tag:
                    seen = count
                    break
            must(seen is None or seen >= self.post.due(self.age, at),
                 'a NOOP showed', seen, 'messages of', self.post.due(self.age, at))

    def messages(self):
        return raw(self, '.out')


class NeoMutt(Mutt):
    """From another address, by a tunnel, in which it has no TLS."""
    name, address, folder, others = 'neomutt', '127.0.0.12', 'Neo', 'Other'
    # before the folders, or it has no effect
    settings = 'set tunnel="nc -s %s 127.0.0.1 %s"' % (address, env['LAB_IMAP_PORT'])

    def where(self):
        return 'imap://localhost:%s/' % env['LAB_IMAP_PORT']


# --- Dovecot's raw logs

def allow_raw_logs(users):
    for protocol in ('imap', 'pop3'):
        for user in users:
            folder = os.path.join(RAWLOG, protocol, user)
            os.makedirs(folder)
            shutil.chown(folder, 'nobody', 'nogroup')


def raw_files(poller, ending):
    """Of each session of the program: a pair of logs, .in and .out."""
    folder = os.path.join(RAWLOG, poller.protocol, poller.user)
    bases = [os.path.join(folder, name[:-3]) for name in sorted(os.listdir(folder))
             if name.endswith('.in')]
    return [read(base + ending) for base in bases if poller.is_mine(read(base + '.in'))]


def raw(poller, ending):
    return ''.join(raw_files(poller, ending))


def raw_commands(poller):
    """Each command that the program sent: time, tag, words."""
    for text in raw_files(poller, '.in'):
        yield from commands_of(poller.protocol, text)


def commands_of(protocol, text):
    for line in text.split('\n'):
        words = line.rstrip('\r').split(' ', 2 if protocol == 'imap' else 1)
        if protocol == 'pop3' and len(words) == 2:
            words.insert(1, '')
        if len(words) == 3 and re.match(r'[\d.]+$', words[0]):
            yield float(words[0]), words[1], words[2]


def one_check(poller):
    """What the program sends most often in one go."""
    bursts = {}
    for text in raw_files(poller, '.in'):
        burst, before = [], None
        for at, _, command in list(commands_of(poller.protocol, text)) + [(9e9, '', '')]:
            if before is not None and at - before > PAUSE / 2:
                key = ' | '.join(burst)
                bursts[key] = bursts.get(key, 0) + 1
                burst = []
            burst.append(command[:60])
            before = at
    return max(bursts, key=bursts.get) if bursts else '(nothing)'
