#!/bin/bash
# SPDX-License-Identifier: MIT
# Tables on a terminal: no line is wider than it, and in a pipe nothing is cut.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
poll_site site <<CONF
poll {
	interval = 60s
	round = 1s
	ladder = {"after 0: absorb"}
	overrides = {"alice: interval 20m, ladder after 0: delay 5s"}
	exemptions = {"erin until 2999-01-01 by the.postmaster: the webmail of the faculty asks for each open window, until it learns IDLE"}
}
rate { messages = {30/1m, 300/1h, 2000/1d} recipients = {100/1m, 1000/1h, 9000/1d} }
CONF
long=gertrude.of.a.very.long.name.indeed@department.example.test
for i in $(seq 1 30); do
	printf 'time=2026-11-02T10:00:%02d.000Z host=mx s=s1 part=imap action=absorb mode=enforce reason=early user=%s program=imap/2001:db8:1:2::%%2F64/Thunderbird%%20of%%20the%%20year ip=2001:db8:1:2::7 port=143 check=noop every=60 policy=300 why=poll.ladder early=%d wait=9 count=2\n' "$i" "$long" "$i"
	printf 'time=2026-11-02T10:00:%02d.000Z host=mx s=s1 part=imap action=delay mode=enforce reason=early user=bob program=imap/192.0.2.7/Outlook ip=192.0.2.7 port=143 check=noop every=60 policy=300 why=poll.ladder early=%d wait=9 count=2\n' "$i" "$i"
done > old.journal
export old=$PWD/old.journal long
python <<'PYTHON'
import fcntl
import os
import pty
import re
import signal
import struct
import termios
import unicodedata

from poll import *
import smtp

CTL = shlex.split(env['LAB_CTL'])


def piped(*words):
    return subprocess.run(CTL + list(words), stdout=subprocess.PIPE).stdout.decode()


def on_terminal(width, *words, **setting):
    """What it writes on a terminal of that width, without its colours unless something
    is set."""
    pid, fd = pty.fork()
    if pid == 0:
        # It begins when the terminal has its size.
        os.read(0, 1)
        os.environ['LC_ALL'] = 'C.UTF-8'
        os.environ.update(setting)
        os.execvp(CTL[0], CTL + list(words))
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 40, width, 0, 0))
    mode = termios.tcgetattr(fd)
    mode[3] &= ~termios.ECHO
    termios.tcsetattr(fd, termios.TCSANOW, mode)
    os.write(fd, b'\n')
    seen = b''
    while True:
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        seen += data
    os.waitpid(pid, 0)
    text = seen.decode().replace('\r', '')
    return text if setting else re.sub('\x1b\\[[0-9;]*m', '', text)


def width_of(line):
    return sum(2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in line)


alice = Program('alice', name='Thunderbird of a very long name')
alice.command('SELECT INBOX')
wait_until(lambda: alice.command('NOOP') and journal(user='alice', action='delay'),
           20, 'alice is early')
alice.command('LOGOUT')
client = smtp.Client('SUBMISSION', starttls=True, login='dave')
for command in ('MAIL FROM:<dave@example.test>', 'RCPT TO:<bob@example.test>',
                'DATA', 'From: dave@example.test\r\n\r\nx\r\n.'):
    client.command(command)
wait_until(lambda: 'dave' in piped('who', '--sending'), 20, 'dave has sent')
piped('exempt', 'carol', '--for', '2w', '--author', 'joe', '--reason',
      'her new telephone asks every minute until somebody has time to look at it')

ports = []
for role, port in (('smtp', 'SMTP'), ('submission', 'SUBMISSION'),
                   ('submissions', 'SUBMISSIONS'), ('imap', 'IMAP'),
                   ('imaps', 'IMAPS'), ('pop3', 'POP3'), ('pop3s', 'POP3S')):
    ports += ['--port', '%s=%s' % (role, env['LAB_%s_PORT' % port])]
VIEWS = {
    'who': (['who'], ['alice', '20m', 'INTERVAL']),
    'who --sending': (['who', '--sending'], ['dave', '2000/1d']),
    'status': (['status'], ['milter', 'redis', 'DETAIL']),
    'report': (['report', env['old']], ['bob', 'ADVICE', 'Reasons', 'SINCE']),
    'user': (['user', 'alice'], ['poll.overrides', 'alice', 'actions']),
    'user of the past': (['user', '--since', '2026-11-01', env['long'], env['old']],
                         ['absorb', 'Thunderbird']),
    'exempt list': (['exempt', 'list'], ['carol', 'telephone', 'REASON']),
    'probe': (['probe', '--names', 'a.retired.name.example.test'] + ports +
              ['localhost'], ['failed', 'FOUND']),
}
for name, (words, wanted) in VIEWS.items():
    for width in (80, 120):
        text = on_terminal(width, *words)
        wide = [line for line in text.splitlines() if width_of(line) > width]
        expect(wide, [], '%s in %d columns' % (name, width))
        for part in wanted:
            expect_true(part in text, '%s in %d columns: no %r in\n%s' %
                        (name, width, part, text))
    expect_true('\x1b' not in piped(*words), '%s: no control in a pipe' % name)
    say('%s fits a terminal' % name)

# Colours only where they are wanted.
VIEWS['log'] = (['log', '-n', '5', env['old']], [])
VIEWS['check-site'] = (['check-site'], [])
for name, (words, wanted) in VIEWS.items():
    for setting in ({'NO_COLOR': '1', 'TERM': 'xterm'}, {'TERM': 'dumb'}):
        text = on_terminal(120, *words, **setting)
        expect_true(not re.search('\x1b\\[[0-9;]*m', text),
                    '%s with %r: %r' % (name, setting, text))
    if name in ('status', 'probe', 'log'):
        expect_true(re.search('\x1b\\[[0-9;]*m',
                              on_terminal(120, *words, NO_COLOR='', TERM='xterm')),
                    '%s: colours' % name)
say('NO_COLOR and a dumb terminal get no colours')

whole = piped('report', env['old'])
expect_true(env['long'] in whole and '2001:db8:1:2::/64/Thunderbird of the year' in whole and
            'ABSORBED' in whole, 'a pipe gets all of the report:\n' + whole)
text = on_terminal(80, 'report', env['old'])
expect_true('\u2026' in text and env['long'] not in text.split('PROGRAM')[1],
            'a name that was cut says so')
expect_true('(a wider terminal also shows ' in text, 'and columns that were left out')
expect([' 2026-11-02 outlook' in text, '10:00 outlook' in text], [True, False],
       'who, with what program, since what day:\n' + text)
expect_true(' 2026-11-02 10:00 outlook' in on_terminal(250, 'report', env['old']),
            'and since what time')
expect_true('WOULD' not in text, 'a column without any figure is not missed')
expect_true('(a wider' not in on_terminal(250, 'report', env['old']), 'all of it')
expect_true(' WOULD' in on_terminal(250, 'report', env['old']), 'even the empty ones')
reason = ' '.join(line[-30:] for line in on_terminal(80, 'exempt', 'list').splitlines())
expect_true('telephone asks' in on_terminal(120, 'exempt', 'list'),
            'broken between words: ' + reason)
say('what does not fit')

# Who has read enough ends it, as with any command: it does not go on for nobody.
reading = subprocess.Popen(CTL + ['log', '--follow', env['old']], stdout=subprocess.PIPE)
reading.stdout.readline()
reading.stdout.close()
with open(env['old']) as file:
    line = file.readline()


def is_over():
    with open(env['old'], 'a') as file:
        file.write(line)
    return reading.poll() is not None


wait_until(is_over, 20, 'it ends when nobody reads')
expect(reading.returncode, -signal.SIGPIPE, 'by what ends others')
say('a reader that goes')
PYTHON
check "terminals" [ $? = 0 ]
finish
