#!/bin/bash
# SPDX-License-Identifier: MIT
# A master that dies, is replaced, and comes back and still reads its file: it says so
# (LOADING; in a cluster CLUSTERDOWN), and who knew it as the master finds the one there
# is now.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root

cat > loading.py <<'PYTHON'
import atexit
import signal
import rate
from several import *

# So many keys take a minute to read, one after the other.
KEYS, MSECS_PER_KEY = 6000, 10
FILL = '''for i = 1, tonumber(ARGV[1]) do
    redis.call('SET', KEYS[1] .. i, string.rep(i, 1000 / #tostring(i)))
end'''
servers = env['LAB_REDIS_PORTS'].split()


def kill_with_a_file(port, prefix):
    """Returns the words that start it again."""
    folder = ask(port, 'CONFIG', 'GET', 'dir').split()[-1]
    expect(ask(port, 'CONFIG', 'SET', 'rdbcompression', 'no'), 'OK\n', 'CONFIG SET')
    ask(port, 'EVAL', FILL, '1', prefix, str(KEYS))
    expect(ask(port, 'SAVE'), 'OK\n', 'SAVE')
    os.kill(pid_of(port), signal.SIGKILL)
    return ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups',
            os.environ.get('GATEPOST_REDIS_SERVER', 'redis-server'), '--port', port,
            '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder,
            '--key-load-delay', str(MSECS_PER_KEY * 1000),
            '--loading-process-events-interval-bytes', '1024']


def is_loading(port):
    return ask(port, 'PING').startswith('LOADING ')


def start_loading(port, words):
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    atexit.register(process.kill)
    wait_until(lambda: is_loading(port), 30, 'it reads its file')


def expect_nobody_notices(program, old, new):
    """One who reads mail, and one who sends, as though nothing had happened."""
    absorbed(program, 'bob')
    rate.expect_accepted(rate.send(rate.user('bob'), 'bob'), 'while one reads its file')
    wait_until(lambda: ask(new, 'EVAL', HAS_SENT, '1', key('bob')) == '1\n', 20,
               'what was sent is counted at the new master')
    expect_true(is_loading(old), 'the old one still reads its file')
    expect(journal(reason='store-unavailable'), [], 'outages')
PYTHON

absorbing_site few --redis sentinel <<< 'redis { retry = 1s }'
python <<'PYTHON'
import sys
sys.path.insert(0, '.')
from loading import *

sentinel = env['LAB_SENTINEL_PORTS'].split()[0]


def master():
    return ask(sentinel, 'SENTINEL', 'get-master-addr-by-name', 'gatepost').split()[-1]


bob = Program('bob')
bob.command('SELECT INBOX')
absorbed(bob, 'bob')
rate.expect_accepted(rate.send(rate.user('carol'), 'carol'), 'at first')
old = master()
words = kill_with_a_file(old, 'fill:')
wait_until(lambda: master() != old and ask(master(), 'ROLE').startswith('master'), 60,
           'another master')
start_loading(old, words)
expect_nobody_notices(bob, old, master())
say('with sentinels: the next question finds the master they name now')
PYTHON
[ $? = 0 ] || exit 1
"$GATEPOST_SOURCE/scripts/lab" down "$work/few"

absorbing_site many --redis cluster <<< 'redis { retry = 1s }'
python <<'PYTHON'
import sys
sys.path.insert(0, '.')
from loading import *


def holder():
    """The master that has bob's key."""
    for port in servers:
        if ask(port, 'ROLE').startswith('master') and \
                ask(port, 'EXISTS', key('bob')).strip() == '1':
            return port
    return None


bob = Program('bob')
bob.command('SELECT INBOX')
absorbed(bob, 'bob')
for user in env['LAB_USERS'].split():
    rate.expect_accepted(rate.send(rate.user(user), user), 'at first')
old = holder()
words = kill_with_a_file(old, '{bob}:') + [
    '--cluster-enabled', 'yes', '--cluster-port', str(int(old) + 10),
    '--cluster-node-timeout', '1500']
wait_until(lambda: holder() not in (None, old) and
           'cluster_state:ok' in ask(holder(), 'CLUSTER', 'INFO'), 60,
           'another master for bob')
new = holder()
expect(ask(new, 'DEL', key('bob')), '1\n', 'what bob has sent is forgotten')
start_loading(old, words)
expect_nobody_notices(bob, old, new)
for _ in range(8):              # it begins with either
    said = ctl('redis { server = "127.0.0.1:%s 127.0.0.1:%s" }' % (old, new), 'who')
    expect_true('imap/127.0.0.2' in said, 'what gatepostctl finds: ' + said)
say('in a cluster: the next question finds who holds the key now')
PYTHON
