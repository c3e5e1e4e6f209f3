#!/bin/bash
# SPDX-License-Identifier: MIT
# The counters of gatepostctl metrics count each line once and never fall, whatever
# happens to the files of the journal.
. "$(dirname "$0")/lib.sh"
ctl=$GATEPOST_BUILD/ctl/gatepostctl
command -v xz > /dev/null || { echo "xz is missing"; exit 77; }

refuses() { # CODE TEXT ARGUMENT...
	local code=$1 text=$2
	shift 2
	"$ctl" "$@" > said 2>&1
	[ $? = "$code" ] && grep -qF -- "$text" said || { cat said; return 1; }
}
: > empty.log
check "a state and a file" refuses 64 "--state is for what is added" \
	metrics --state s empty.log
check "a state and a period" refuses 64 "--state is for what is added" \
	metrics --state s --since today
echo "journal { file = \"$work/journal.log\" }" > gatepost.conf
: > journal.log
check "no folder for the state" refuses 73 "/nonexistent/s" -c gatepost.conf metrics \
	--offline --state /nonexistent/s

python "$ctl" <<'PYTHON'
import fcntl
import glob
import gzip
import json
import lzma
import os
import shutil
import subprocess
import sys
import time

from asserts import fail, say, wait_until

ctl = sys.argv[1]
total = 0


def lines(count, day=0, user='alice', whole=True, **others):
    """Journal lines, which the counters are to have from now on."""
    global total
    text = ''
    for number in range(count):
        total += 1
        stamp = time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(time.time() - 86400 * day))
        fields = dict(time=stamp + '.%03dZ' % (total % 1000), host='mx1', s=total,
                      part='imap', action='absorb', mode='enforce', reason='early',
                      user=user, program='imap/192.0.2.1', ip='192.0.2.1', port=993,
                      check='noop', every=1, policy=300, why='poll.ladder', early=1,
                      wait='-', count=1)
        fields.update(others)
        text += ' '.join('%s=%s' % field for field in fields.items()) + '\n'
    return text


def write(text, name='journal.log'):
    with open(name, 'a') as file:
        file.write(text)


def figures(*words, output='gatepost.prom'):
    done = subprocess.run([ctl, '-c', 'gatepost.conf', 'metrics', '--offline',
                           '--output', output, *words], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0 or done.stdout != '':
        fail('metrics: %d %s' % (done.returncode, done.stdout))
    with open(output) as file:
        return {name: float(value) for name, value in (
            line.rsplit(' ', 1) for line in file if not line.startswith('#'))}


def expect(what, wanted=None, *words):
    found = figures(*words)['gatepost_early_checks_total']
    if found != (total if wanted is None else wanted):
        fail('%s: wanted %d, found %d' % (what, total, found))


def pack(name, opener, end):
    """As logrotate does: the packed file is as old as what it was made of."""
    stat = os.stat(name)
    with open(name, 'rb') as plain, opener(name + end, 'wb') as packed:
        shutil.copyfileobj(plain, packed)
    os.utime(name + end, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    os.unlink(name)


def clean():
    global total
    for name in glob.glob('journal.log*') + glob.glob('gatepost.prom*'):
        os.unlink(name)
    total = 0
    write('')


def rotated(how, keep):
    """Newest first."""
    names = sorted((name for name in glob.glob('journal.log.*')),
                   key=lambda name: int(name.split('.')[2]))
    for name in names[keep:]:
        os.unlink(name)
    for name in reversed(names[:keep]):
        base, number = name.split('.')[:2], int(name.split('.')[2])
        os.rename(name, '.'.join(base + [str(number + 1)] + name.split('.')[3:]))


def rename():
    os.rename('journal.log', 'journal.log.1')


def rename_and_create():
    rename()
    write('')


def copy():
    shutil.copy2('journal.log', 'journal.log.1')
    os.truncate('journal.log', 0)


def nothing(name):
    pass


# Each way of logrotate, with few files kept, so that most of it is deleted.
for what, move, packer in (
        ('renamed', rename, nothing),
        ('renamed, with a new one', rename_and_create, nothing),
        ('renamed and packed by gzip', rename,
         lambda name: pack(name, gzip.open, '.gz')),
        ('renamed and packed by xz', rename, lambda name: pack(name, lzma.open, '.xz')),
        ('copied and cut', copy, nothing),
        ('copied, cut and packed', copy,
         lambda name: pack(name, gzip.open, '.gz'))):
    for is_late in (False, True):
        clean()
        for turn in range(6):
            write(lines(5 + turn))
            expect('%s, turn %d' % (what, turn))
            # What was written after the last run is in a file that was moved away.
            write(lines(3))
            rotated(move, 2)
            if is_late:
                for name in glob.glob('journal.log.2'):
                    packer(name)
            move()
            if not is_late:
                packer('journal.log.1')
            expect('%s, moved, turn %d' % (what, turn))
            expect('%s, asked again' % what)
        if len(glob.glob('journal.log.*')) > 3:
            fail('too much is left: %s' % glob.glob('journal.log.*'))
    say('files are %s: each line is counted once' % what)

# Several rotations between two runs.
clean()
write(lines(4))
expect('at first')
for turn in range(2):
    write(lines(2))
    rotated(rename, 5)
    rename()
write(lines(1))
expect('two rotations between two runs')
say('nobody has to run in between')

# The file is away for a moment; a line is half written; bytes that are no line of ours.
os.rename('journal.log', 'journal.log.0')
expect('no file of that name')
os.rename('journal.log.0', 'journal.log')
text = lines(1)
total -= 1
write(text[:40])
expect('half a line')
write(text[40:])
total += 1
expect('the other half')
write('x' * 200000 + '\n' + lines(1) + lines(1).replace('early=1', 'early=x'))
total -= 1
found = figures()
if found['gatepost_journal_lines_total{kind="damaged"}'] != 2:
    fail('damaged lines: %s' % found)
expect('nonsense between lines')
expect('and again')
say('half a line waits for its end, nonsense is counted as that')

# An outage from one run to a later one.
write(lines(1, action='pass', reason='store-unavailable', time='2026-01-01T00:00:00.000Z'))
total -= 1
if figures()['gatepost_store_outages_total'] != 1:
    fail('an outage has begun')
write(lines(1, action='pass', reason='store-unavailable', time='2026-01-01T00:00:01.000Z'))
write(lines(1, action='pass', reason='store-back', time='2026-01-01T00:00:05.000Z'))
total -= 2
before = figures()
after = figures()
if after['gatepost_store_outages_total'] != 1 or before != after:
    fail('one outage: %s %s' % (before, after))
say('an outage in several runs is one')

# Who is gone for a day is not counted, nor kept.
write(lines(3, day=2, user='bob') + lines(2, user='carol') +
      lines(1, user='dave', part='milter', action='reject', reason='relay-denied'))
total -= 1
found = figures('--top', '9')
names = sorted(name for name in found if 'user=' in name)
if (found['gatepost_users'], found['gatepost_early_users']) != (3, 2) or [
        name.split('"')[1] for name in names] != ['alice', 'carol']:
    fail('users: %s' % found)
with open('gatepost.prom.state') as file:
    state = json.load(file)
if sorted(state['users']) != ['alice', 'carol', 'dave']:
    fail('users that are kept: %s' % state['users'])
if os.stat('gatepost.prom.state').st_mode & 0o777 != 0o600:
    fail('others can read the state')
say('users are those of a day; refused mail makes nobody early')

# Without a state the figures are those of what is there.
found = figures('--since', '2026-01-01', output='other.prom')
if os.path.exists('other.prom.state'):
    fail('a period has no state')
# Another choice of lines needs a state of its own; a broken one is said.
found = figures('--user', 'carol', '--state', 'carol.state', output='carol.prom')
if found['gatepost_early_checks_total'] != 2:
    fail('lines of carol: %s' % found)
for words, text in ((['--user', 'alice', '--state', 'carol.state'], 'other lines'),
                    (['--state', 'broken.state'], 'broken.state')):
    write('{"version": 1', 'broken.state')
    done = subprocess.run([ctl, '-c', 'gatepost.conf', 'metrics', '--offline', *words],
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if text not in done.stderr or 'begin anew' not in done.stderr:
        fail('said: %s' % done.stderr)
say('a state that does not fit is said, and counters begin anew')

# Several at once: one after the other.
write(lines(50))
folder = os.open('.', os.O_RDONLY)
fcntl.flock(folder, fcntl.LOCK_EX)
runs = [subprocess.Popen([ctl, '-c', 'gatepost.conf', 'metrics', '--offline', '--output',
                          'gatepost.prom']) for number in range(3)]


def waiting():
    with open('/proc/locks') as file:
        return [line.split()[5] for line in file if '->' in line]


wait_until(lambda: all(str(run.pid) in waiting() for run in runs), 20, 'all three wait')
os.close(folder)
for run in runs:
    if run.wait() != 0:
        fail('one of several')
expect('several at once')
say('several at once: one after the other')
PYTHON
[ $? = 0 ] || failures=1
finish
