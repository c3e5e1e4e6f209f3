# SPDX-License-Identifier: MIT
"""What the tests of the milter with a broken Redis share: one outage from its
beginning to its end, as senders and the journal see it."""
import hostile
import rate
from rate import *

RETRY = 0.875                   # the breaker's second, less its jitter
DEFERRED = '451 4.3.0 Sending is not possible at the moment, try again later'
# Alice is never far from her limit, so she waits for what Redis says; the others
# often do not.
COMMON = '''rate { messages = 1000/1h overrides = {"alice: messages 7/1s"}
  on_store_failure = %s }
redis { retry = %ds deadline = %s server = "%s" %s }
'''
# What the machine may take for anything else than waiting for Redis.
SLACK = 3

sink = Sink()
sent = []                       # when, how long it took, and whether it was accepted


def send(client, name):
    """As that of rate.py, and remembered."""
    began = time.monotonic()
    replies = rate.send(client, name)
    sent.append((began, time.monotonic() - began, accepted(replies)))
    return replies


def expect_no_mail_lost():
    """All that was accepted arrives, once."""
    count = sum(1 for _, _, is_accepted in sent if is_accepted)
    subprocess.run(['postqueue', '-c', env['LAB_POSTFIX_CONF'], '-f'], check=True)
    wait_until(lambda: len(sink.recipients) >= count, 60, 'all mail arrives')
    expect(len(sink.recipients), count, 'messages that arrived')
    say('%d messages were accepted, and as many arrived' % count)


def open_files(pid):
    return len(os.listdir('/proc/%d/fd' % pid))


def told(reason):
    return len(lines(reason=reason, part='milter'))


class Outage:
    """What the milter makes of a server that is, or answers as, no good Redis.
    patience: its deadline.  access: more settings of section redis."""

    files = None                # of the milter, before the first outage

    def __init__(self, site, what, server, patience='1s', access=''):
        self.site, self.what = site, what
        self.server, self.patience, self.access = server, patience, access
        # Longer where somebody waits: two waits are told apart from slow mail.
        self.retry = 3 if patience.endswith('ms') else 1
        self.went, self.back = told('store-unavailable'), told('store-back')
        self.first = len(sent)
        if Outage.files is None:
            Outage.files = open_files(site.pid) + 1
        self.use('pass')

    def use(self, policy, patience=None, name=None):
        self.site.use(COMMON % (policy, self.retry, patience or self.patience,
                                name or self.server.name,
                                '' if name else self.access))

    def begins(self):
        """Policy says what mail does meanwhile."""
        sessions = {name: user(name) for name in ('alice', 'bob')}
        for name, session in sessions.items():
            expect_accepted(send(session, name), self.what)
        self.use('defer')
        expect(send(user('carol'), 'carol')[-1], DEFERRED, self.what)
        self.use('pass')
        for name, session in sessions.items():
            expect_accepted(send(session, name), self.what)
        self.expect_news(1, 0)

    def goes_on(self):
        """The milter has looked once more, for nothing."""
        seen = len(self.server.pids)
        wait_until(lambda: accepted(send(user('dave'), 'dave')) and
                   len(self.server.pids) > seen, 30, 'another look: ' + self.what)
        self.expect_news(1, 0)

    def ends(self):
        """When the server is good again: found out by itself."""
        wait_until(lambda: accepted(send(user('dave'), 'dave')) and
                   told('store-back') > self.back, 30, 'the end: ' + self.what)
        self.expect_news(1, 1)
        self.is_over()

    def is_over(self, news=(1, 1)):
        """With the lab's Redis nobody is locked out.  The server of this outage may
        go then: what was deferred is done before Alice has her answer."""
        self.use('pass', '1s', 'unix:' + env['LAB_REDIS'])
        wait_until(lambda: accepted(send(user('dave'), 'dave')) and
                   told('store-back') - self.back >= news[1],
                   30, 'the end: ' + self.what)
        for name in ('bob', 'carol', 'alice'):
            expect_accepted(send(user(name), name), 'after ' + self.what)
        self.expect_news(*news)
        self.expect_patience()
        # One connection to Redis, and those of sessions that are ending.
        wait_until(lambda: open_files(self.site.pid) <= Outage.files,
                   30, 'open files of the milter: ' + self.what)

    def expect_patience(self):
        """Nobody has waited for longer than the deadline, and nobody again before
        the time has passed for which Redis is left alone."""
        secs = int(self.patience[:-2]) / 1000 if self.patience.endswith('ms') \
            else int(self.patience[:-1])
        mine = sent[self.first:]
        expect([took for _, took, _ in mine if took > secs + SLACK], [],
               'longer than the deadline: ' + self.what)
        ends = sorted(began + took for began, took, _ in mine if took >= secs)
        for before, after in zip(ends, ends[1:]):
            if 0.2 < after - before < RETRY * self.retry - 0.1:
                fail('somebody waited again after %.2f s: %s' %
                     (after - before, self.what))

    def expect_news(self, went, back):
        expect((told('store-unavailable') - self.went,
                told('store-back') - self.back), (went, back),
               'lines about what went and what came back: ' + self.what)
