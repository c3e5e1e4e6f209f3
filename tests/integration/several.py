# SPDX-License-Identifier: MIT
"""What the tests with several servers of Redis share: a server by its port,
gatepostctl with other settings, and whether all parts have lived through it."""
import running
from poll import *


def ask(port, *words):
    """What the server on that port says; '' when it is gone."""
    done = subprocess.run(['redis-cli', '-p', port, *words], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout


def pid_of(port):
    return int(re.search(r'process_id:(\d+)', ask(port, 'INFO', 'server'))[1])


def absorbed(program, user):
    """Returns after a check of it, made now, was absorbed."""
    before = len(journal(action='absorb', user=user))
    wait_until(lambda: program.command('NOOP')[-1].startswith('OK ') and
               len(journal(action='absorb', user=user)) > before, 30,
               '%s is throttled' % user)


def ctl(settings, *words):
    """What gatepostctl says with these settings beside those of the site."""
    with open('other.conf', 'w') as file:
        file.write(open(env['LAB_CONF']).read() + settings)
    program = shlex.split(env['LAB_CTL'])[0]
    return subprocess.run([program, '-c', 'other.conf', *words], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout


def expect_all_lived(milter):
    """The milter is the process that it was, and no mail process has died."""
    expect((running.pid(), is_gone(milter)), (milter, False), 'the milter')
    with open(os.path.join(env['LAB_LOG'], 'dovecot.log')) as file:
        found = re.findall('.*(?:Panic|Fatal|killed with signal).*', file.read())
    expect(found, [], "Dovecot's log")
