#!/bin/bash
# SPDX-License-Identifier: MIT
# Redis as a cluster: each user's history is found on whichever master holds it, while
# its slot moves, when that master dies, and when most of them are gone nobody is
# locked out; each part says once that this began and once that it ended.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
absorbing_site site --redis cluster <<CONF
rate { overrides = {"bob: messages 6/1h"} }
redis { retry = 1s }
CONF
python <<'PYTHON'
import atexit
import hostile
import signal
import rate
from load import Load, imap_round, message_round, pop3_round
from pop3_session import *
from several import *

milter = running.pid()
servers = env['LAB_REDIS_PORTS'].split()
users = env['LAB_USERS'].split()


def slot(user):
    return ask(alive()[0], 'CLUSTER', 'KEYSLOT', key(user)).strip()


def alive():
    return [port for port in servers if ask(port, 'PING') == 'PONG\n']


def holder(user):
    """The master that has the user's key."""
    for port in alive():
        if ask(port, 'ROLE').startswith('master') and \
                ask(port, 'EXISTS', key(user)).strip() == '1':
            return port
    return None


def told():
    """How often the milter wrote that Redis went, and that it came back."""
    return (len(journal(reason='store-unavailable', part='milter')),
            len(journal(reason='store-back', part='milter')))


def told_by_readers():
    """The same, for those who read mail and share what they find out."""
    return tuple(len([line for line in journal(reason=reason)
                      if line['part'] != 'milter'])
                 for reason in ('store-unavailable', 'store-back'))


def readers_are_back(count):
    for user, program in programs.items():
        program.command('NOOP')
    return told_by_readers() == (count, count)


def checked(user, wanted):
    """Returns after a check of the user left the breaker of those who read mail so."""
    status = shlex.split(env['LAB_CTL']) + ['status']
    wait_until(lambda: programs[user].command('NOOP') and
               re.search('poll-breaker +' + wanted, subprocess.run(
                   status, text=True, stdout=subprocess.PIPE).stdout), 20,
               'after a check of %s: %s' % (user, wanted))


def counted(user):
    """Returns after Redis has answered the milter about the user."""
    def known():
        return ask(holders[user], 'EVAL', "return redis.sha1hex(redis.call('GET', "
                   "KEYS[1]))", '1', key(user))

    before = known()
    wait_until(lambda: rate.accepted(rate.send(rate.user(user), user)) and
               known() != before, 20, 'what %s sends is counted' % user)


def command_of(port):
    """What starts that server again: Redis shows something else as its command line."""
    folder = ask(port, 'CONFIG', 'GET', 'dir').split()[-1]
    words = [os.environ.get('GATEPOST_REDIS_SERVER', 'redis-server'), '--port', port,
             '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder,
             '--cluster-enabled', 'yes', '--cluster-port', str(int(port) + 10),
             '--cluster-node-timeout', '1500']
    return ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups', *words]


def node_id(port):
    return ask(port, 'CLUSTER', 'MYID').strip()


class Circle(hostile.Server):
    """A server that sends every key to itself."""

    def attend(self, connection):
        port = self.name.rpartition(':')[2]
        while connection.recv(65536):
            connection.sendall(b'-MOVED 1 127.0.0.1:%s\r\n' % port.encode() * 2)


circle = Circle()
for settings, wanted in (
        ('redis { database = 1 }', 'redis.database: a cluster has database 0 alone'),
        ('redis { server = "unix:/tmp/x" }', 'use HOST:PORT'),
        ('redis { sentinel_master = x }', 'this is for redis.topology = sentinel'),
        ('redis { server = "%s" }' % circle.name,
         'the servers of the cluster send each key to one another')):
    said = ctl(settings, 'user', 'alice')
    expect_true(wanted in said, '%s: %s' % (settings, said))
say('what a cluster cannot be is refused, and keys sent in circles are given up')

programs = {user: Program(user) for user in users}
for user, program in programs.items():
    program.command('SELECT INBOX')
for user, program in programs.items():
    absorbed(program, user)
holders = {user: holder(user) for user in users}
expect_true(len(set(holders.values())) > 1 and None not in holders.values(),
            'users are spread: %r' % holders)
for user in users:
    expect(len(who(user)), 1, 'the programs of %s' % user)
listed = subprocess.run(shlex.split(env['LAB_CTL']) + ['who', '--json'], text=True,
                        stdout=subprocess.PIPE).stdout
expect(sorted(set(re.findall(r'"user": *"(\w+)"', listed))), sorted(users),
       'who lists the users of all masters')
for user in users:
    count = 4 if user == 'bob' else 1
    client = rate.user(user)
    for number in range(count):
        rate.expect_accepted(rate.send(client, user), user)
for user in users:
    wait_until(lambda: ask(holders[user], 'EVAL', HAS_SENT,
                           '1', key(user)) == '1\n', 20,
               'what %s sent is counted' % user)
say('each user is throttled, counted and listed, on whichever master')

# Alice's slot moves: first her key alone (ASK), then for good (MOVED).
old = holders['alice']
new = next(port for port in holders.values() if port != old)
number = slot('alice')
ask(new, 'CLUSTER', 'SETSLOT', number, 'IMPORTING', node_id(old))
ask(old, 'CLUSTER', 'SETSLOT', number, 'MIGRATING', node_id(new))
expect(ask(old, 'MIGRATE', '127.0.0.1', new, key('alice'), '0', '5000'), 'OK\n',
       'MIGRATE')
absorbed(programs['alice'], 'alice')
rate.expect_accepted(rate.send(rate.user('alice'), 'alice'), 'while it moves')
expect_true(ask(old, 'EXISTS', key('alice')).startswith('ASK %s ' % number),
            'the key is on its way: ' + ask(old, 'EXISTS', key('alice')))
for port in (new, old):
    ask(port, 'CLUSTER', 'SETSLOT', number, 'NODE', node_id(new))
absorbed(programs['alice'], 'alice')
rate.expect_accepted(rate.send(rate.user('alice'), 'alice'), 'after it has moved')
expect(holder('alice'), new, 'who holds what is known of alice')
expect(len(who('alice')), 1, 'one program, not two')
expect(journal(reason='store-unavailable'), [], 'outages so far')
say('a slot that moves is followed, and nothing is forgotten or counted twice')

# The master of the exemptions freezes, and has no replica for long: who is on another
# one waits for no more than a part of the deadline, and is throttled as before.
def master_of_slot(number):
    """The port of who holds it, as the first server knows."""
    for line in ask(servers[0], 'CLUSTER', 'NODES').splitlines():
        words = line.split()
        ranges = [word.split('-') for word in words[8:] if word[0] != '[']
        if any(int(first[0]) <= int(number) <= int(first[-1]) for first in ranges):
            return words[1].partition('@')[0].rpartition(':')[2]
    return None


def replace_after(msecs):
    """For how long a master is away until its replica takes its place."""
    for port in servers:
        ask(port, 'CONFIG', 'SET', 'cluster-node-timeout', str(msecs))


def freeze(port):
    """Returns what thaws it; no replica takes its place meanwhile."""
    replace_after(60000)
    number = pid_of(port)
    os.kill(number, signal.SIGSTOP)

    def thaw():
        os.kill(number, signal.SIGCONT)
        replace_after(1500)
    return thaw


victim = master_of_slot(ask(servers[0], 'CLUSTER', 'KEYSLOT',
                             'gp:{exemptions}:x').strip())
name = next(user for user in users if holder(user) != victim)
program, waits = programs[name], []
absorbed(program, name)
thaw = freeze(victim)
end = now() + 6
while now() < end:
    program.command('NOOP')
    waits.append(program.waited)
absorbed(program, name)
thaw()
waits.sort()
# Of the second that is the deadline
expect_true(waits[-1] > 0.25, 'the frozen master was asked: %r' % waits[-9:])
expect_true(waits[-1] < 1, 'nobody waits for it that long: %r' % waits[-9:])
expect(len(waits) > 100, True, 'most checks do not wait')
expect(journal(reason='store-unavailable'), [], 'no outage')
say('exemptions that cannot be had: others are throttled as before')

# The master with bob and carol dies, and for a while none takes its place.  In turn they
# ask, and somebody on a master that is well: that is one outage.
victim = holders['bob']
expect(holders['carol'], victim, 'the master of carol')
well = next(user for user in users if holder(user) not in (victim, None))
replace_after(60000)
os.kill(pid_of(victim), signal.SIGKILL)
rate.expect_accepted(rate.send(rate.user('bob'), 'bob'), 'without his master')
wait_until(lambda: told() == (1, 0), 20, 'the milter has noticed')
for user in ('bob', 'carol'):
    checked(well, 'ok')
    checked(user, 'down')
    counted(well)
    rate.expect_accepted(rate.send(rate.user('carol'), 'carol'), 'without her master')
checked(well, 'ok')
counted(well)
expect((told(), told_by_readers()), ((1, 0), (1, 0)), 'lines while it is away')
say('one master is away and another is not: that is one outage')

# Its replica takes over with what was counted.
replace_after(1500)
deliver('bob', 'while-there-is-no-master')
wait_until(lambda: exists(programs['bob'].command('NOOP')), 10, 'new mail')
for user in users:
    pop3_login(user, 'while there is no master for bob')
wait_until(lambda: holder('bob') not in (None, victim) and
           'cluster_state:ok' in ask(holder('bob'), 'CLUSTER', 'INFO'), 60,
           'another master for bob')
absorbed(programs['bob'], 'bob')
for user in ('bob', 'carol'):
    wait_until(lambda: pop3_login(user, 'with another master') or
               'pop3/127.0.0.2' in who(user), 30, 'POP3 logins are counted: ' + user)
wait_until(lambda: rate.accepted(rate.send(rate.user('carol'), 'carol')) and
           told() == (1, 1), 20, 'the milter is back')
client, refused = rate.user('bob'), []
for number in range(3):
    replies = rate.send(client, 'bob')
    refused += [] if rate.accepted(replies) else [replies[-1]]
expect_true(len(refused) == 1 and refused[0].startswith('450 4.7.1 '),
            'bob has two left: %r' % refused)
wait_until(lambda: readers_are_back(1), 20, 'those who read mail say it is over')
expect(told(), (1, 1), 'lines of the milter about this')
say('a master dies: its replica is found, with what was counted')

# Most masters are gone: nobody is refused, mail shows at once.
load = Load((imap_round, 'carol'), (pop3_round, 'alice'), (message_round, 'dave'),
            pause=0.1)
load.goes_on(1, 'with most masters')
load.trouble_begins()
gone = []
for port in [port for port in alive() if ask(port, 'ROLE').startswith('master')][:2]:
    gone.append(command_of(port))
    os.kill(pid_of(port), signal.SIGKILL)
for user, program in programs.items():
    for number in range(2):
        deliver(user, 'most-are-gone-%d' % number)
        wait_until(lambda: exists(program.command('NOOP')), 20, 'new mail for ' + user)
rate.expect_accepted(rate.send(rate.user('dave'), 'dave'), 'without most masters')
for user in users:
    pop3_login(user, 'without most masters')
fresh = Program('erin', source='127.0.0.3')
expect(fresh.command('SELECT INBOX')[-1], 'OK [READ-WRITE] Select completed',
       'a login without most masters')
wait_until(lambda: rate.accepted(rate.send(rate.user('dave'), 'dave')) and
           told() == (2, 1), 20, 'the milter has noticed this')
load.goes_on(5, 'without most masters')
load.end()
load.expect_patience(deadline=1, retry=1, slack=4)
say('most masters are gone: users pass')

# They come back, empty, and nobody is locked out.
back = [subprocess.Popen(words, stdout=subprocess.DEVNULL) for words in gone]
atexit.register(lambda: [process.kill() for process in back])
wait_until(lambda: all('cluster_state:ok' in ask(port, 'CLUSTER', 'INFO')
                       for port in alive()) and len(alive()) == 5, 60, 'a whole cluster')
for user, program in programs.items():
    if user != 'bob':
        rate.expect_accepted(rate.send(rate.user(user), user), user)
    absorbed(program, user)
wait_until(lambda: rate.accepted(rate.send(rate.user('dave'), 'dave')) and
           told() == (2, 2), 20, 'the milter is back again')
wait_until(lambda: readers_are_back(2), 20, 'and so are those who read mail')
expect(told(), (2, 2), 'lines of the milter about all of it')
say('they are back: users are throttled and counted again')
expect_all_lived(milter)
PYTHON
