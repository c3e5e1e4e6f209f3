# SPDX-License-Identifier: MIT
"""Servers of Redis of a test's own, alone, with sentinels or as a cluster, at any
address of loopback; and the site that is told to use them."""
import itertools
import signal

import rate
from several import *

LOCAL = '127.0.0.1'
# For a server whose users are the test's: this one may do all, for whoever looks at it.
ADMIN = ('admin', 'admin')
numbers = itertools.count(1)
sources = ('127.0.1.%d' % number for number in itertools.count(1))


def free_port(host):
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    with socket.socket(family) as free:
        free.bind((host, 0))
        return free.getsockname()[1]


class Server:
    """One server.  words: more arguments for it; lines: those of the settings file
    that makes it a sentinel; users: those of an ACL file, beside the administrator.
    It can be asked at a unix socket, whatever it wants of others."""

    def __init__(self, *words, host=LOCAL, lines=None, users=None, tls=False,
                 has_bus=False):
        self.host, self.words, self.lines = host, words, lines
        self.users, self.tls, self.has_bus = users, tls, has_bus
        self.folder = os.path.abspath('redis-%d' % next(numbers))
        self.socket = self.folder + '/sock'
        self.cli = ['redis-cli', '-s', self.socket]
        if users is not None:
            self.cli += ['--user', ADMIN[0], '--pass', ADMIN[1], '--no-auth-warning']
        os.mkdir(self.folder)
        self.write('users.acl', ['user default off',
                                 'user %s on >%s ~* &* +@all' % ADMIN] + (users or []))
        for _ in range(5):
            if self.start():
                return
        fail('no Redis starts: ' + open(self.folder + '/log').read())

    def write(self, name, lines):
        with open(os.path.join(self.folder, name), 'w') as file:
            file.write('\n'.join(lines) + '\n')
        for path in (self.folder, file.name):
            os.chown(path, 65534, 65534)

    def start(self):
        """False if a port that was free was taken meanwhile."""
        self.port = str(free_port(self.host))
        words = list(self.words)
        ports = {'tls-port' if self.tls else 'port': self.port}
        if self.tls:
            ports['port'] = '0'
        if self.has_bus:
            ports['cluster-port'] = str(free_port(self.host))
        settings = {**ports, 'bind': self.host, 'unixsocket': self.socket,
                    'dir': self.folder}
        if self.users is not None:
            settings['aclfile'] = self.folder + '/users.acl'
        if self.lines is not None:
            self.write('conf', ['%s %s' % item for item in settings.items()] +
                       [line for line in self.lines])
            words = [self.folder + '/conf', '--sentinel']
        else:
            settings.update({'save': '', 'repl-diskless-sync-delay': '0'})
            for name, value in settings.items():
                words += ['--' + name, value]
        self.process = subprocess.Popen(
            ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups',
             '--pdeathsig', 'KILL',
             os.environ.get('GATEPOST_REDIS_SERVER', 'redis-server'), *words],
            stdout=open(self.folder + '/log', 'w'), stderr=subprocess.STDOUT)
        wait_until(lambda: self.ask('PING') == 'PONG' or
                   self.process.poll() is not None, 20, 'Redis starts')
        return self.process.poll() is None

    @property
    def name(self):
        return ('[%s]:%s' if ':' in self.host else '%s:%s') % (self.host, self.port)

    def ask(self, *words):
        """What it says, without the last line's end; '' when it is gone."""
        return subprocess.run(self.cli + list(words), text=True, timeout=30,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout.rstrip('\n')

    def must(self, *words, says='OK'):
        expect(self.ask(*words), says, ' '.join(words)[:60])

    def has_sent(self, user):
        """Does it count what that user sends?"""
        return self.ask('EVAL', HAS_SENT, '1', key(user)) == '1'

    def calls(self):
        """How many scripts it has run."""
        return sum(int(calls) for calls in re.findall(
            r'cmdstat_eval(?:sha)?:calls=(\d+)', self.ask('INFO', 'commandstats')))

    def connections(self):
        """Of whoever is no server, no sentinel and not this question."""
        return len([line for line in self.ask('CLIENT', 'LIST', 'TYPE',
                                              'normal').splitlines()
                    if ' name=sentinel-' not in line and ' cmd=client' not in line])


# --- with sentinels

def make_replica(master, *words, **how):
    replica = Server('--replicaof', '%s %s' % (master.host, master.port), *words, **how)
    wait_until(lambda: 'master_link_status:up' in replica.ask('INFO', 'replication'),
               20, 'a replica')
    return replica


def make_sentinel(master, *lines, replicas=0, at=None, **how):
    """Decides alone, for a master that it reaches at the address at."""
    sentinel = Server(host=master.host, lines=[
        *[line for line in lines if '-hostnames ' in line],
        'sentinel monitor gatepost %s %s 1' % (at or master.host, master.port),
        'sentinel down-after-milliseconds gatepost 5000',
        'sentinel failover-timeout gatepost 4000',
        *[line for line in lines if '-hostnames ' not in line]], **how)
    # It takes ten seconds over a failover otherwise; before Redis 7 it does.
    sentinel.ask('SENTINEL', 'DEBUG', 'info-period', '200', 'publish-period', '200')
    wait_until(lambda: 'num-slaves %d ' % replicas in
               ' '.join(sentinel.ask('SENTINEL', 'MASTER', 'gatepost').split()) and
               's_down' not in sentinel.ask('SENTINEL', 'MASTER', 'gatepost'), 20,
               'a sentinel')
    return sentinel


def master_of(sentinel):
    """Its port, as the sentinel says."""
    return sentinel.ask('SENTINEL', 'get-master-addr-by-name', 'gatepost').split()[-1]


# --- clusters

SLOTS = 16384


def make_cluster(count, *words, replicas=0, **how):
    """count masters with as many slots each; the last one has the replicas."""
    nodes = [Server('--cluster-enabled', 'yes', '--cluster-node-timeout', '5000',
                    *words, has_bus=True, **how) for _ in range(count + replicas)]
    for number, node in enumerate(nodes[:count]):
        node.must('CLUSTER', 'ADDSLOTSRANGE', str(SLOTS * number // count),
                  str(SLOTS * (number + 1) // count - 1))
    for number, node in enumerate(nodes):
        node.ask('CLUSTER', 'SET-CONFIG-EPOCH', str(number + 1))
    for node in nodes[1:]:
        bus = node.ask('CONFIG', 'GET', 'cluster-port').split()[-1]
        nodes[0].must('CLUSTER', 'MEET', node.host, node.port, bus)
    wait_until(lambda: all('cluster_state:ok' in node.ask('CLUSTER', 'INFO') and
                           'cluster_known_nodes:%d' % len(nodes) in
                           node.ask('CLUSTER', 'INFO') for node in nodes), 30,
               'a whole cluster')
    for node in nodes[count:]:
        node.must('CLUSTER', 'REPLICATE', node_id(nodes[count - 1]))
    for node in nodes[count:]:
        wait_until(lambda: 'master_link_status:up' in node.ask('INFO', 'replication'),
                   30, 'a replica')
    wait_until(lambda: all(node.ask('CLUSTER', 'NODES').count('slave') == replicas
                           for node in nodes), 30, 'all know of the replicas')
    return nodes


def node_id(node):
    return node.ask('CLUSTER', 'MYID')


def slot(node, user):
    return node.ask('CLUSTER', 'KEYSLOT', key(user))


def begin_move(user, old, new, *access):
    """The user's key is elsewhere, its slot is not yet."""
    number = slot(old, user)
    new.must('CLUSTER', 'SETSLOT', number, 'IMPORTING', node_id(old))
    old.must('CLUSTER', 'SETSLOT', number, 'MIGRATING', node_id(new))
    old.must('MIGRATE', new.host, new.port, key(user), '0', '5000', *access)
    expect_true(old.ask('EXISTS', key(user)).startswith('ASK %s ' % number),
                'the key is on its way: ' + old.ask('EXISTS', key(user)))


def end_move(user, old, new):
    for node in (new, old):
        node.must('CLUSTER', 'SETSLOT', slot(old, user), 'NODE', node_id(new))


# --- the site

def times_read():
    """How often gatepost-authpolicy has read its settings again."""
    with open(os.path.join(env['LAB_LOG'], 'authpolicy.log')) as file:
        return file.read().count('settings read again')


class Users(rate.Site):
    """The mail site, told to use other servers, and users that prove it."""

    def use(self, settings, others=''):
        """In force everywhere, in new mail processes too, when this returns."""
        super().use('redis { %s }\n%s\n' % (settings, others))
        self.held = {}
        with open('site/pids/authpolicy') as file:
            before, pid = times_read(), int(file.read().split()[0])
        os.kill(pid, signal.SIGHUP)
        wait_until(lambda: times_read() > before, 20, 'gatepost-authpolicy has read it')

    def ctl(self, settings, *words):
        """What gatepostctl says with the site's own settings and these."""
        with open('try.conf', 'w') as file:
            file.write(self.settings + 'redis { %s }\n' % settings)
        program = shlex.split(env['LAB_CTL'])[0]
        return subprocess.run([program, '-c', 'try.conf', *words], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout

    def poll(self, *users):
        """Each has a session, and a check in it is absorbed."""
        for user in users:
            if user not in self.held:
                self.held[user] = Program(user, next(sources))
                expect(self.held[user].command('SELECT INBOX')[-1],
                       'OK [READ-WRITE] Select completed', 'SELECT of ' + user)
            absorbed(self.held[user], user)

    def send(self, user, server, what='a message'):
        """One message, counted there."""
        rate.expect_accepted(rate.send(rate.user(user), user), what + ' of ' + user)
        wait_until(lambda: server.has_sent(user), 20,
                   '%s: what %s sent is counted' % (what, user))

    def expect_no_outage(self):
        """The logs have the reason of one."""
        reasons = [line for name in ('dovecot.log', 'milter.log', 'authpolicy.log')
                   for line in open(os.path.join(env['LAB_LOG'], name), errors='replace')
                   if 'redis: ' in line]
        expect(journal(reason='store-unavailable'), [], 'outages: %r' % reasons)
