#!/bin/bash
# SPDX-License-Identifier: MIT
# Something that is not Redis answers in Redis's place, in the middle of IMAP and
# POP3 sessions; then Redis is back and has forgotten everything.  Each session goes
# on, and asks once in a while only.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
poll_site site <<CONF
poll {
	interval = 1h
	round = 0
	ladder = {"after 0: absorb"}
	login_ladder = {"after 0: note"}
}
journal { interval = 1s }
redis {
	retry = 1s
	deadline = 50ms
}
CONF
python <<'PYTHON'
import poplib
import signal
import struct
import threading
from poll import *

RETRY = 0.875                   # a second, less what makes processes differ

# What it says to whatever it is asked.  None: nothing at all; '': goodbye.
NONSENSE = {
    'nothing': None,
    'goodbye': b'',
    'noise': bytes(range(255, 0, -1)) * 40,
    'another protocol': b'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n',
    'an error': b'-ERR %s%s%n \x1b[31m action=pass user=root\r\n',
    'LOADING': b'-LOADING Redis is loading the dataset in memory\r\n',
    'READONLY': b"-READONLY You can't write against a read only replica.\r\n",
    'OOM': b"-OOM command not allowed when used memory > 'maxmemory'.\r\n",
    'MOVED': b'-MOVED 3999 192.0.2.1:6379\r\n',
    'nil': b'*-1\r\n$-1\r\n',
    'another type': b'+OK\r\n',
    'too few': b'*2\r\n:2\r\n:1\r\n',
    'a verdict that is none': b'*7\r\n' + b':77\r\n' * 7,
    'below nothing': b'*7\r\n' + b':-9223372036854775808\r\n' * 7,
    'half an answer': b'*7\r\n:0\r\n:1',
    'a huge array': b'*2147483647\r\n:1\r\n',
    'a huge string': b'$536870912\r\nabc',
    'depth': b'*1\r\n' * 50000,
    'NOSCRIPT for ever': b'-NOSCRIPT No matching script.\r\n',
}


def name_of(pid):
    try:
        with open('/proc/%d/comm' % pid) as file:
            return file.read().strip()
    except OSError:
        return 'gone'


class Impostor:
    """Listens where Redis did.  Knows how often each process has come."""

    def __init__(self, reply):
        self.reply, self.began, self.pids = reply, now(), []
        self.connections = []
        if os.path.exists(env['LAB_REDIS']):
            os.unlink(env['LAB_REDIS'])
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(env['LAB_REDIS'])
        os.chmod(env['LAB_REDIS'], 0o777)
        self.socket.listen(64)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            self.pids.append(struct.unpack('3i', peer)[0])
            self.connections.append(connection)
            threading.Thread(target=self.answer, args=(connection,),
                             daemon=True).start()

    def answer(self, connection):
        try:
            while self.reply != b'' and connection.recv(65536):
                if self.reply is not None:
                    connection.sendall(self.reply)
        except OSError:
            pass
        if self.reply == b'':
            connection.close()

    def end(self):
        """Nobody came more often than the breaker allows."""
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        most = 1 + (now() - self.began) / RETRY
        for pid in set(self.pids):
            expect_true(self.pids.count(pid) <= most, '%s (process %d) came %d times to %r'
                        % (name_of(pid), pid, self.pids.count(pid), self.reply))
        for connection in self.connections:
            connection.close()


def pop3(user):
    pop = poplib.POP3_SSL('localhost', int(env['LAB_POP3S_PORT']), timeout=30,
                          context=ssl.create_default_context(cafile=env['LAB_CA']))
    pop.user(user)
    pop.pass_('secret-' + user)
    return pop


def start_redis():
    """As the lab does."""
    if os.path.exists(env['LAB_REDIS']):
        os.unlink(env['LAB_REDIS'])
    process = subprocess.Popen(
        ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups',
         'redis-server', '--port', '0', '--unixsocket', env['LAB_REDIS'],
         '--unixsocketperm', '770', '--save', '', '--appendonly', 'no',
         '--dir', '/'], stdout=subprocess.DEVNULL)
    wait_until(lambda: os.path.exists(env['LAB_REDIS']) and 'PONG' in redis('PING'),
               20, 'Redis is back')
    return process


deliver('alice', 'first')
deliver('bob', 'first')
alice = Program('alice')
alice.command('SELECT INBOX')
wait_until(lambda: alice.command('NOOP') and journal(action='absorb', user='alice'),
           20, 'throttled while Redis is there')
held_pop = pop3('bob')
# How long the last answer of the store holds is for the session to say: the
# sessions that follow have none.
carol = Program('carol', '127.0.0.3')
os.kill(int(re.search(r'process_id:(\d+)', redis('INFO', 'server')).group(1)),
        signal.SIGKILL)
say('IMAP and POP3 sessions are there, and Redis is gone')

for number, (what, reply) in enumerate(NONSENSE.items()):
    impostor = Impostor(reply)
    # one session goes on from nonsense to nonsense
    wait_until(lambda: carol.command('STATUS INBOX (MESSAGES)')[-1].startswith('OK')
               and impostor.pids, 20, 'carol comes to ' + what)
    deliver('carol', 'message-%d' % number)
    for _ in range(20):
        lines = carol.command('STATUS INBOX (MESSAGES)')
        expect(lines[0], '* STATUS INBOX (MESSAGES %d)' % (number + 1), what)
    expect(alice.command('NOOP')[-1], 'OK NOOP completed', what)
    # logins
    dave = Program('dave', '127.0.0.4')
    expect(dave.command('SELECT INBOX')[-1], 'OK [READ-WRITE] Select completed', what)
    expect(dave.command('LOGOUT')[-1], 'OK Logout completed', what)
    dave.close()
    pop = pop3('carol')
    expect(pop.stat()[0], number + 1, 'POP3: ' + what)
    pop.quit()
    impostor.end()
expect(len(journal(reason='store-unavailable', user='carol', part='imap')), 1,
       'one line for the session that was there all the time')
expect(held_pop.stat()[0], 1, 'the POP3 session from before')
expect_true(b'Subject: first' in held_pop.retr(1)[1], 'RETR')
held_pop.quit()
say('%d kinds of nonsense: each check is served, logins of both protocols too'
    % len(NONSENSE))

process = start_redis()
try:
    wait_until(lambda: carol.command('NOOP') and
               journal(reason='store-back', user='carol', part='imap'), 20,
               'the journal says that Redis is back')
    wait_until(lambda: carol.command('NOOP') and
               journal(action='absorb', user='carol'), 20, 'throttled again')
    wait_until(lambda: pop3('carol').quit() and
               journal(part='pop3', user='carol', action='note'), 20,
               'POP3 logins are seen again')
    expect(alice.command('LOGOUT')[-1], 'OK Logout completed', 'LOGOUT')
    expect(carol.command('LOGOUT')[-1], 'OK Logout completed', 'LOGOUT')
finally:
    process.kill()
say('Redis is back, empty: the journal says so, and throttling resumes by itself')

with open(os.path.join(env['LAB_LOG'], 'dovecot.log'), 'rb') as file:
    log = file.read()
for word in (b'Panic', b'Fatal', b'killed with signal', b'\x1b'):
    expect_true(word not in log, 'the log of Dovecot: %r' % word)
with open(env['LAB_JOURNAL'], 'rb') as file:
    text = file.read()
expect_true(b'\x1b' not in text and b'user=root' not in text, 'the journal: %r' % text)
say('nothing broke, and nothing of the nonsense is in the logs')
PYTHON
