#!/bin/bash
# SPDX-License-Identifier: MIT
# gatepostctl who: who is throttled, in what order, how many, and watched on a terminal.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
ctl=$GATEPOST_BUILD/ctl/gatepostctl
: > empty.conf

# gives CODE TEXT ARGUMENT...
gives() {
	code=$1 text=$2 found=0
	shift 2
	"$ctl" -c empty.conf who "$@" > out 2>&1 || found=$?
	check "who $* gives $code ($found)" [ "$found" = "$code" ]
	check "and says: $text" grep -qF -- "$text" out
}
gives 64 "--sort 'colour': the columns are every, user, program" --sort colour
gives 64 "--sort 'every': the columns are wait, user" --sending --sort -every
gives 64 "--top '0' is not a number" --top 0
gives 64 "--top 'x' is not a number" --top x
gives 64 "--watch '0' is not a number" --watch 0
gives 64 "--watch '5x' is not a number" --watch=5x
gives 64 "one user" --watch 5 alice bob
gives 64 "--early is about checks" --early --sending

need_root
poll_site site <<CONF
poll {
	interval = 60s
	round = 1s
	ladder = {"after 0: absorb"}
	overrides = {"carol: mode observe"}
}
rate { messages = {1/1h} }
CONF
python <<'PYTHON'
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios

from poll import *
import smtp

CTL = shlex.split(env['LAB_CTL'])


def ctl(*words):
    return subprocess.check_output(CTL + ['who'] + list(words),
                                   universal_newlines=True)


def users(*words):
    return [row['user'] for row in json.loads(ctl('--json', *words))]


# alice and carol check again and again, bob once, dave twice as a good program does.
for name, action in (('alice', 'absorb'), ('carol', 'would-absorb')):
    program = Program(name)
    program.command('SELECT INBOX')
    wait_until(lambda: program.command('NOOP') and
               journal(user=name, action=action), 20, action)
    program.command('LOGOUT')
bob = Program('bob')
bob.command('SELECT INBOX')
bob.command('LOGOUT')
expect_true(re.search(r'\.\d{4}', ctl('--json')) is None, 'milliseconds are exact')
wait_until(lambda: sorted(users()) == ['alice', 'bob', 'carol'], 20, 'all three')
expect(sorted(users('--early')), ['alice', 'carol'], 'who was early')
expect(users('--throttled'), ['alice'], 'nothing is done to who is only observed')
expect(users('--throttled', 'carol'), [], 'one user')
expect(users('carol', '--early'), ['carol'], 'an option after the name')
expect(users('--sort', 'user'), ['alice', 'bob', 'carol'], 'by name')
expect(users('--sort', '-user'), ['carol', 'bob', 'alice'], 'turned round')
expect(users('--sort', 'last')[0], 'bob', 'who was last heard of')
checks = [row['checks'] for row in json.loads(ctl('--json', '--sort', 'checks'))]
expect(checks, sorted(checks, reverse=True), 'most checks first')
expect(users('--sort', 'user', '--top', '2'), ['alice', 'bob'], 'the first two')
expect(len(ctl('--top', '1').splitlines()), 2, 'a header and a line')
rows = {row['user']: row for row in json.loads(ctl('--json'))}
expect([(rows[name]['interval_secs'], rows[name]['why']) for name in ('bob', 'carol')],
       [(60, 'poll.interval'), (60, 'poll.overrides')], 'the policy in force')
line = [line for line in ctl('--sort', 'user').splitlines() if line[:5] == 'carol'][0]
number = [i for i, text in enumerate(open(env['LAB_CONF']), 1) if 'carol: mode' in text][0]
expect_true(line.endswith(' poll.overrides, line %d' % number),
            'and where it stands: ' + line)
say('chosen, in order, the first')

client = smtp.Client('SUBMISSION', starttls=True, login='dave')
for command in ('MAIL FROM:<dave@example.test>', 'RCPT TO:<bob@example.test>',
                'DATA', 'From: dave@example.test\r\n\r\nx\r\n.'):
    client.command(command)
wait_until(lambda: users('--sending', '--throttled') == ['dave'], 10,
           'dave must wait before he sends more')
expect(users('--sending', '--sort', 'messages', '--top', '1'), ['dave'],
       'the fullest first')
say('who sends')


class Terminal:
    """A command on a terminal of so many lines."""

    def __init__(self, lines, *words):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ['TERM'] = 'xterm'
            os.execvp(CTL[0], CTL + list(words))
        self.resize(lines)
        self.seen = ''

    def resize(self, lines):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack('HHHH', lines, 100, 0, 0))

    def read(self):
        while select.select([self.fd], [], [], 0.05)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return False
            if not data:
                return False
            self.seen += data.decode()
        return True

    def picture(self):
        """The last whole one."""
        parts = self.seen.split('\x1b[H')
        whole = [part for part in parts[1:] if '\x1b[J' in part]
        return whole[-1].split('\x1b[J')[0] if whole else ''

    def shows(self, condition, what):
        wait_until(lambda: (self.read() or True) and condition(self.picture()),
                   20, what)

    def end(self, act):
        act()
        wait_until(lambda: not self.read(), 20, 'it ends')
        return os.waitpid(self.pid, 0)[1]


terminal = Terminal(24, 'who', '--watch', '1')
terminal.shows(lambda picture: 'carol' in picture, 'a picture')
expect_true(terminal.seen.startswith('\x1b[?1049h\x1b[?25l'), 'a screen of its own')
expect_true('Ctrl-C ends' in terminal.picture().splitlines()[0], 'how to end it')
expect_true('erin' not in terminal.picture(), 'erin is not there yet')
erin = Program('erin')
erin.command('SELECT INBOX')
erin.command('LOGOUT')
terminal.shows(lambda picture: 'erin' in picture, 'it is drawn again')
terminal.resize(4)
terminal.shows(lambda picture: len(picture.splitlines()) == 3 and
               'USER' in picture, 'cut to a lower terminal')
expect(terminal.end(lambda: os.write(terminal.fd, b'\x03')), 0, 'Ctrl-C is no fault')
expect_true(terminal.seen.endswith('\x1b[?25h\x1b[?1049l'), 'the screen is given back')
say('watched, and ended by Ctrl-C')

# A broken Redis is said, and is not the end.
redis_pid = int(open(os.path.join(os.path.dirname(env['LAB_LOG']), 'pids',
                                  'redis')).read().split()[0])
terminal = Terminal(24, 'who', '-w', '1', 'erin')
terminal.shows(lambda picture: 'erin' in picture, 'one user')
machine = subprocess.Popen(CTL + ['who', '--json', '--watch=1', 'erin'],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           universal_newlines=True)
before = json.loads(machine.stdout.readline())
os.kill(redis_pid, signal.SIGSTOP)
# Reviewing has a patience of its own: ten seconds.
terminal.shows(lambda picture: 'redis' in picture, 'the trouble is shown')
expect_true('redis' in machine.stderr.readline(), 'errors are not among the JSON')
os.kill(redis_pid, signal.SIGCONT)
terminal.shows(lambda picture: 'erin' in picture, 'it goes on')
expect(terminal.end(lambda: os.kill(terminal.pid, signal.SIGTERM)), 0, 'SIGTERM')
after = json.loads(machine.stdout.readline())
expect(sorted(before), ['programs', 'time'], 'one object a line')
expect_true(after['time'] > before['time'], 'later')
expect([row['user'] for row in after['programs']], ['erin'], 'the rows')
machine.send_signal(signal.SIGINT)
expect((machine.wait(20), machine.stderr.read()), (0, ''), 'it ends well')
machine = Terminal(24, 'who', '--sending', '--json', '--watch', '1')
wait_until(lambda: machine.read() and machine.seen.count('\n') > 1, 20,
           'JSON on a terminal is seen too')
expect([row['user'] for row in json.loads(machine.seen.splitlines()[0])['senders']],
       ['dave'], 'a line of it')
machine.end(lambda: os.kill(machine.pid, signal.SIGTERM))
expect_true('\x1b' not in machine.seen, 'and nothing but it')
say('Redis goes and comes, for people and machines')

piped = subprocess.Popen(CTL + ['who', '--watch=1', 'alice'],
                         stdout=subprocess.PIPE, universal_newlines=True)
lines = [piped.stdout.readline() for i in range(4)]
expect([line.split()[0] for line in lines], ['USER', 'alice'] * 2, 'twice in a pipe')
expect_true('\x1b' not in ''.join(lines), 'no control in a pipe')
piped.stdout.close()
expect(piped.wait(20), 0, 'it ends when nobody reads')
say('in a pipe')


def row(user, settings=''):
    """What is said of the user's program with these settings."""
    with open('other.conf', 'w') as file:
        file.write(open(env['LAB_CONF']).read() + settings)
    done = subprocess.run([CTL[0], '-c', 'other.conf', 'who', '--json', user],
                          stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)[0]


def often():
    """Bob's program checks once more, far too early; true when the time is known."""
    wait_until(lambda: row('bob')['last_secs'] > 1, 20, 'another burst')
    bob = Program('bob')
    bob.command('SELECT INBOX')
    bob.command('LOGOUT')
    wait_until(lambda: row('bob')['last_secs'] < 1, 20, 'it was heard')
    return row('bob')['every_secs'] > 0


# What is said of him follows what he does now, when all early checks are of long ago.
wait_until(often, 20, 'bob checks often')
AGED = 'poll { ladder_window = 1s interval = 1s round = 0 advised = %s }'
secs = int(row('bob')['every_secs']) + 3
wait_until(lambda: row('bob')['last_secs'] > secs, 60, 'nothing is heard for a while')
expect(row('bob', AGED % '1h')['state'], 'advise', 'lately, and often')
expect(row('bob', AGED % ('%ds' % secs))['state'], 'quiet', 'often, but not lately')
say('who has stopped is advised nothing')
PYTHON
check "a live site" [ $? = 0 ]
finish
