#!/bin/bash
# SPDX-License-Identifier: MIT
# The journal of all hosts in a stream in Redis: each line gets there or is counted,
# nobody waits for it, it stays as long as it may be, and what others put there does
# no harm.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
shift=$GATEPOST_BUILD/tests/integration/.libs/libclock_shift.so
[ -e "$shift" ] || { echo "what shifts the clock is not built: make check"; exit 77; }
cp "$shift" "$work"
poll_site site <<CONF
poll {
	interval = 2s
	round = 0
	ladder = {"after 0: absorb"}
	login_ladder = {"after 1000: note"}
}
journal { interval = 1s stream = 100 }
redis { retry = 1s }
access {
	imap_mechanisms = {EXTERNAL}
	exemptions = {"alice until 2099-12-31 by test: others lose lines"}
}
CONF
python <<'PYTHON'
import atexit
import signal
import struct
import hostile
import rate
from poll import *
from pop3_session import Pop3

KEY = 'gp:{journal}:j'
program = shlex.split(env['LAB_CTL'])


def ctl(*words, before=()):
    return subprocess.run([*before, *program, *words], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def file_lines():
    with open(env['LAB_JOURNAL']) as file:
        return sorted(file.read().split('\n')[:-1])


def stream_lines():
    return sorted(ctl('log', '--raw').stdout.split('\n')[:-1])


def xadd(line):
    redis('XADD', KEY, '*', 'l', line)


def told(reason):
    """Lines of all mail processes: who asks first may be a check or a line."""
    return len(journal(reason=reason, part='imap') + journal(reason=reason, part='pop3'))


def lost():
    found = re.search(r'(\d+) lost on their way', ctl('status').stdout)
    return int(found[1])


expect(ctl('log').stdout, '', 'an empty stream')

# What is no stream is said.
redis('SET', KEY, 'x')
done = ctl('log')
expect_true(done.returncode != 0 and 'WRONGTYPE' in done.stdout, done.stdout)
redis('DEL', KEY)
# What others put there is no line, ends no line, and cannot reach a terminal.
xadd('nonsense')
xadd('time=2026-01-01T00:00:00.000Z \x1b[31mforged\nadmin=yes')
redis('XADD', KEY, '*', 'other', 'field')
done = ctl('log')
expect((done.returncode, [line for line in done.stdout.split('\n')
                          if 'forged' in line or '\x1b' in line]), (0, []), 'forged')
redis('DEL', KEY)
say('what is no journal is passed over, and a key that is no stream is said')

# Nothing older than anything else may be, also where few lines come.
redis('XADD', KEY, '1-1', 'l', 'of long ago')
rate.user('carol').mail('<dave@example.test>')
wait_until(lambda: int(redis('XLEN', KEY)) > 0 and
           'of long ago' not in redis('XRANGE', KEY, '-', '+'), 20, 'an old line goes')
say('a line goes when its time is over')

follower = subprocess.Popen([*program, 'log', '--follow', '--raw'], text=True,
                            stdout=subprocess.PIPE)
alice = Program('alice')
alice.command('SELECT INBOX')
wait_until(lambda: alice.command('NOOP') and journal(action='absorb'), 20, 'absorbed')
for number in range(3):
    Pop3('bob').quit()
client = rate.user('carol')
expect_true(client.mail('<dave@example.test>').startswith('550'), 'a foreign sender')
# Another host, which has nothing but Redis in common.
done = ctl('exempt', 'erin', '--for', '1h', '--reason', 'test',
           before=('unshare', '-u', 'sh', '-c', 'hostname mx2.test; exec "$@"', 'sh'))
expect(done.returncode, 0, done.stdout)
alice.command('LOGOUT')
wait_until(lambda: stream_lines() == file_lines(), 20, 'the stream holds the lines')
parts = {line['part'] for line in journal()}
expect_true({'imap', 'milter', 'ctl'} <= parts, 'parts in the journal: %r' % parts)
expect(len(journal(host='mx2.test')), 1, 'lines of the other host')
say('each line of plugin, milter and tool is in the stream, as it is in the file')

followed = [follower.stdout.readline().rstrip('\n') for line in file_lines()]
expect(sorted(followed), file_lines(), 'what was followed')
follower.terminate()
follower.wait()
expect(ctl('report', '--csv').stdout,
       ctl('report', '--csv', env['LAB_JOURNAL']).stdout, 'the report')
expect_true('absorb' in ctl('user', 'alice').stdout, 'what user knows')
say('log --follow, report and user read it')

# Redis is frozen: nobody waits, what is lost is counted.
expect(lost(), 0, 'lost so far')
pid = int(re.search(r'process_id:(\d+)', redis('INFO', 'server'))[1])
dave = Program('dave')
dave.command('SELECT INBOX')
os.kill(pid, signal.SIGSTOP)
wait_until(lambda: dave.command('NOOP') and told('store-unavailable'), 20, 'the outage')
for number in range(5):
    client = rate.user('carol')
    expect_true(client.mail('<dave@example.test>').startswith('550'), 'refused still')
os.kill(pid, signal.SIGCONT)
wait_until(lambda: dave.command('NOOP') and
           rate.user('carol').mail('<dave@example.test>') and lost() > 0 and
           told('store-back'), 30, 'lines that were lost are counted')
wait_until(lambda: len(stream_lines()) + lost() >= len(file_lines()), 20,
           'each line is in the stream or counted')
expect_true(set(stream_lines()) <= set(file_lines()), 'no other line is there')
say('a frozen Redis: each line is in the stream or counted as lost')

# Redis is away while short sessions come and go: what they lose outlives them.  Each
# login writes a line, since its mechanism is not wanted.
def missing():
    """Lines of erin's sessions, and of what was lost, that the stream lacks."""
    return [line for line in set(file_lines()) - set(stream_lines())
            if ('part=imap' in line and 'user=erin' in line) or 'detail=untold' in line]


ctl('exempt', 'drop', 'erin')
expect(missing(), [], 'lines of erin so far')
lost_before = lost()
os.rename(env['LAB_REDIS'], env['LAB_REDIS'] + '.away')
for number in range(3):
    session = Program('erin')
    for count in range(3):
        session.command('SELECT INBOX')
    session.command('LOGOUT')
untold = wait_until(lambda: len(rows := journal(reason='stream-lost', detail='untold')) >= 3
                    and rows, 20, 'three sessions have lost lines')
os.rename(env['LAB_REDIS'] + '.away', env['LAB_REDIS'])
expect(sum(int(row['count']) for row in untold), len(missing()), 'lines that were lost')
expect_true(len(missing()) >= 6, 'lines of three sessions and three of their losses')
expect_true(lost() - lost_before >= len(missing()), 'status counts them')
wait_until(lambda: dave.command('NOOP') and rate.user('carol').mail('<dave@example.test>') and
           journal(reason='stream-lost', detail='told'), 20, 'those who live on tell theirs')
rows = journal(reason='stream-lost')
total = sum(int(row['count']) for row in rows)
figures = ctl('metrics', '--offline').stdout
expect(int(re.search(r'^gatepost_journal_stream_lost_total (\d+)', figures, re.M)[1]), total,
       'the figure')
expect_true('%d lines of the journal were lost' % total in
            ctl('report', env['LAB_JOURNAL']).stdout, 'the report')
expect(len(ctl('log', '--reason', 'stream-lost', env['LAB_JOURNAL']).stdout.splitlines()),
       len(rows), 'the log')
say('lines of sessions that end meanwhile are counted, in the journal too')

# No more than was allowed (Redis drops a hundred at once).
client = rate.user('carol')
for number in range(400):
    client.mail('<dave@example.test>')
wait_until(lambda: 0 < int(redis('XLEN', KEY)) <= 220 and
           len(journal(part='milter')) > 400, 20, 'the stream is cut')
expect_true(0 < int(redis('PTTL', KEY)), 'it expires')
say('the stream holds no more than it may')

# The clock of Redis, which gives lines their times, also says which are too old.
DAY, CLOCK = 86400, os.path.join(os.path.dirname(env['LAB_REDIS']), 'clock')
with open(CLOCK, 'wb') as file:
    file.write(struct.pack('q', -10 * DAY))
os.chmod(CLOCK, 0o644)
os.kill(pid, signal.SIGKILL)
wait_until(lambda: is_gone(pid), 10, 'the end of Redis')
process = hostile.start_redis(env['LAB_REDIS'], {
    'LD_PRELOAD': os.path.abspath('libclock_shift.so'), 'CLOCK_SHIFT': CLOCK})
atexit.register(process.kill)


def days(*counts):
    """The stream has nothing but lines of so many days ago, as this host sees it.  At
    once: none can be put before what the milter writes meanwhile."""
    redis('EVAL', """redis.call('DEL', KEYS[1])
                     for _, id in ipairs(ARGV) do
                         redis.call('XADD', KEYS[1], id, 'l', 'of then')
                     end""", '1', KEY,
          *('%d-0' % ((time.time() - count * DAY) * 1000) for count in counts))


days(16, 12)
wait_until(lambda: rate.user('carol').mail('<dave@example.test>') and
           int(redis('XLEN', KEY)) >= 4, 20, 'lines of a clock that is late')
expect(redis('XRANGE', KEY, '-', '+').count('of then'), 2, 'not old by that clock')
with open(CLOCK, 'r+b') as file:
    file.write(struct.pack('q', 10 * DAY))
days(1)
wait_until(lambda: rate.user('carol').mail('<dave@example.test>') and
           'of then' not in redis('XRANGE', KEY, '-', '+'), 20,
           'a line that is old by that clock')
expect_true(int(redis('XLEN', KEY)) > 0, 'the others stay')
say('how old a line is Redis says, not the host')
PYTHON
