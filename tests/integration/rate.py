# SPDX-License-Identifier: MIT
"""What the tests of sending rates share: other settings for a running milter,
what a refusal says, and Redis."""
import re
import signal
import subprocess

from kept_user import HAS_SENT, kept, key
from smtp import *


class Site:
    """A lab by its environment."""

    def __init__(self, variables=None):
        self.env = dict(variables or env)
        self.conf = self.env['LAB_CONF']
        with open(self.conf) as file:
            self.settings = file.read()
        self.pid = int(open(re.search(r'pid_file\s*=\s*"([^"]*)"',
                                      self.settings).group(1)).read())

    def reloads(self):
        with open(os.path.join(self.env['LAB_LOG'], 'milter.log')) as file:
            return file.read().count('settings read again')

    def use(self, text):
        """The lab's own settings with these, in force when this returns."""
        with open(self.conf, 'w') as file:
            file.write(self.settings + text)
        before = self.reloads()
        os.kill(self.pid, signal.SIGHUP)
        wait_until(lambda: self.reloads() > before, 30, 'settings read again')


def user(name):
    return Client('SUBMISSION', starttls=True, login=name)


def send(client, name, recipients=1, subject='x'):
    """The replies to MAIL, each RCPT and the message, up to a refused MAIL; all
    recipients that are taken get it."""
    replies = [client.mail('<%s@example.test>' % name)]
    if not replies[0].startswith('250'):
        return replies
    for number in range(recipients):
        replies.append(client.rcpt('<r%d@foreign.test>' % number))
    if any(reply.startswith('250') for reply in replies[1:]):
        replies.append(client.data(subject))
    else:
        client.command('RSET')
    return replies


def accepted(replies):
    return all(reply.startswith('250') for reply in replies)


def expect_accepted(replies, what):
    if not accepted(replies):
        fail('%s\n  found %r' % (what, replies))


def expect_refused(reply, wanted, what):
    """wanted ends before the seconds, which are returned."""
    # Sendmail repeats the address: "450 4.7.1 <a@b>... Too many"
    reply = re.sub(r'^([0-9. ]+)<[^>]*>\.\.\. ', r'\1', reply)
    match = re.fullmatch(re.escape(wanted) +
                         r', try again in (\d+) seconds?', reply)
    if not match:
        fail('%s\n  wanted %r, try again in N seconds\n  found  %r' %
             (what, wanted, reply))
    return int(match.group(1))


def redis(*words):
    return subprocess.run(['redis-cli', '-s', env['LAB_REDIS'], '--raw', *words],
                          check=True, capture_output=True,
                          timeout=30).stdout.decode('latin-1').rstrip('\n')


def lines(**fields):
    return [line for line in journal()
            if all(line.get(key) == value for key, value in fields.items())]
