#!/bin/bash
# SPDX-License-Identifier: MIT
# A real Redis that is not there, dies under load, freezes, is out of reach, may not
# write, has no room, knows its user no longer or has forgotten everything: mail
# passes or waits as policy says, and each outage is told once.  Frozen and dead
# Redis: see also 16-rate-store.sh.
. "$(dirname "$0")/lib.sh"
site site
python <<'PYTHON'
import atexit
import concurrent.futures
import shutil
from faults import *
import running

site = Site()
folder = os.path.dirname(env['LAB_REDIS'])
processes = []


class Own:
    """A Redis of this test's own, which may come and go."""

    def __init__(self):
        self.path = os.path.join(folder, 'redis-%d.sock' % len(processes))
        self.name = 'unix:' + self.path

    def start(self):
        self.process = hostile.start_redis(self.path)
        processes.append(self.process)
        return self

    def ask(self, *words):
        return subprocess.run(['redis-cli', '-s', self.path, *words], check=True,
                              capture_output=True, timeout=30, text=True).stdout

    def kill(self):
        self.process.kill()
        self.process.wait()


atexit.register(lambda: [process.kill() for process in processes])

# The milter starts before its Redis.
own = Own()
running.end(site.pid, signal.SIGTERM)
with open(site.conf, 'w') as file:
    file.write(site.settings + COMMON % ('pass', 1, '1s', own.name, ''))
log = open(running.LOG, 'a')
processes.append(subprocess.Popen([running.PROGRAM, '-f', '-c', site.conf], stdout=log,
                                  stderr=log))
site.pid = processes[-1].pid
wait_until(lambda: running.log_text().count('listens on') == 2, 30, 'a milter')
outage = Outage(site, 'not there at the start', own)
outage.begins()
own.start()
outage.ends()
say(outage.what)


def load(name):
    """What was not taken of twelve messages, from the middle on without Redis."""
    session, refused = user(name), []
    for number in range(12):
        if number == 6:
            own.kill()
        replies = send(session, name)
        refused += [] if accepted(replies) else replies
    return refused


outage = Outage(site, 'killed under load', own)
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    expect(list(pool.map(load, ('bob', 'carol', 'dave', 'erin'))), [[]] * 4,
           'what was refused when Redis died')
outage.begins()
own.start()
outage.ends()
say(outage.what)

outage = Outage(site, 'frozen', own, '700ms')
own.process.send_signal(signal.SIGSTOP)
outage.begins()
own.process.send_signal(signal.SIGCONT)
outage.ends()
say(outage.what)

hole = hostile.Hole()
outage = Outage(site, 'a black hole', hole, '700ms')
outage.begins()
outage.is_over()
hole.end()
say(outage.what)

# What a Redis can be made to be, and how it is good again.
FAULTS = {
    'a replica, that may not be written to':
        (('REPLICAOF', '127.0.0.1', '1'), ('REPLICAOF', 'NO', 'ONE')),
    'full, and told to forget nothing':
        (('CONFIG', 'SET', 'maxmemory', '1'), ('CONFIG', 'SET', 'maxmemory', '0')),
    'without permission for scripts':
        (('ACL', 'SETUSER', 'default', '-eval', '-evalsha'),
         ('ACL', 'SETUSER', 'default', '+@all')),
    'asking for a password':
        (('ACL', 'SETUSER', 'admin', 'on', 'nopass', '~*', '+@all'),
         ('ACL', 'SETUSER', 'default', 'on')),
}
for what, (worse, better) in FAULTS.items():
    outage = Outage(site, what, own)
    if what == 'asking for a password':
        own.ask(*worse)
        own.ask('ACL', 'SETUSER', 'default', 'off')
        own.ask('--user', 'admin', '--pass', 'x', 'CLIENT', 'KILL', 'TYPE', 'normal')
        better = ('--user', 'admin', '--pass', 'x') + better
    else:
        own.ask(*worse)
    outage.begins()
    own.ask(*better)
    outage.ends()
    say(what)

secret = os.path.join(folder, 'password')
with open(secret, 'w') as file:
    file.write('good\n')
os.chmod(secret, 0o640)
shutil.chown(secret, group='nogroup')
own.ask('ACL', 'SETUSER', 'mailer', 'on', '>good', '~*', '+@all')
outage = Outage(site, 'with another password than it had', own,
                access='user = mailer password_file = "%s"' % secret)
expect_accepted(send(user('alice'), 'alice'), 'before')
own.ask('ACL', 'SETUSER', 'mailer', 'resetpass', '>other')
own.ask('CLIENT', 'KILL', 'USER', 'mailer')
outage.begins()
own.ask('ACL', 'SETUSER', 'mailer', 'resetpass', '>good')
outage.ends()
say(outage.what)

outage = Outage(site, 'without its scripts', own)
for turn in range(2):
    for name in ('alice', 'bob'):
        expect_accepted(send(user(name), name), outage.what)
    own.ask('SCRIPT', 'FLUSH')
outage.is_over((0, 0))
outage = Outage(site, 'started anew, empty', own)
expect_accepted(send(user('alice'), 'alice'), 'before')
own.kill()
own.start()
expect_accepted(send(user('alice'), 'alice'), outage.what)
expect(own.ask('EVAL', HAS_SENT, '1', key('alice')), '1\n',
       'counted in the new one')
outage.is_over((0, 0))
say('without its scripts, or empty: no outage at all')

expect(hostile.name_of(site.pid), 'gatepost-milter', 'the milter')
expect_no_mail_lost()
PYTHON
