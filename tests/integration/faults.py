# SPDX-License-Identifier: MIT
"""What the tests of the milter with a broken Redis share: one outage from its
beginning to its end, as senders and the journal see it."""
import hostile
from rate import *

RETRY = 0.875                   # the breaker's second, less its jitter
DEFERRED = '451 4.3.0 Sending is not possible at the moment, try again later'
# Alice is never far from her limit, so she waits for what Redis says; the others
# often do not.
COMMON = '''rate { messages = 1000/1h overrides = {"alice: messages 7/1s"}
  on_store_failure = %s }
redis { retry = 1s deadline = %s server = "%s" }
'''


def told(reason):
    return len(lines(reason=reason, part='milter'))


class Outage:
    """What the milter makes of a server that is, or answers as, no good Redis.
    patience: its deadline."""

    def __init__(self, site, what, server, patience='1s'):
        self.site, self.what = site, what
        self.server, self.patience = server, patience
        self.went, self.back = told('store-unavailable'), told('store-back')
        self.use('pass')

    def use(self, policy, patience=None, name=None):
        self.site.use(COMMON % (policy, patience or self.patience,
                                name or self.server.name))

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
                   len(self.server.pids) > seen, 'another look: ' + self.what)
        self.expect_news(1, 0)

    def ends(self):
        """When the server is good again: found out by itself."""
        wait_until(lambda: accepted(send(user('dave'), 'dave')) and
                   told('store-back') > self.back, 'the end: ' + self.what)
        self.expect_news(1, 1)
        self.is_over()

    def is_over(self, news=(1, 1)):
        """With the lab's Redis nobody is locked out.  The server of this outage may
        go then: what was deferred is done before Alice has her answer."""
        self.use('pass', '1s', 'unix:' + env['LAB_REDIS'])
        wait_until(lambda: accepted(send(user('dave'), 'dave')) and
                   told('store-back') - self.back >= news[1],
                   'the end: ' + self.what)
        for name in ('bob', 'carol', 'alice'):
            expect_accepted(send(user(name), name), 'after ' + self.what)
        self.expect_news(*news)

    def expect_news(self, went, back):
        expect((told('store-unavailable') - self.went,
                told('store-back') - self.back), (went, back),
               'lines about what went and what came back: ' + self.what)
