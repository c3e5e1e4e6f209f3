# SPDX-License-Identifier: MIT
"""Mail programs that log in, check or send, and leave, all the time, each in a thread:
what they are told while something happens to Redis, and how long they wait for it."""
import threading

import rate
from pop3_session import *


def imap_round(user, source):
    """Yields each command after its answer, and how long that took."""
    program = Program(user, source)
    yield 'IMAP LOGIN', program.waited
    for command, wanted in (('STATUS INBOX (MESSAGES)', 'OK Status completed'),
                            ('SELECT INBOX', 'OK [READ-WRITE] Select completed'),
                            ('NOOP', 'OK NOOP completed'),
                            ('LOGOUT', 'OK Logout completed')):
        expect(program.command(command)[-1].rstrip('.'), wanted, command)
        yield 'IMAP ' + command, program.waited
    program.close()


def pop3_round(user, source):
    session = Pop3(user, source)
    expect_true(session.login.startswith(b'+OK'), 'PASS: %r' % session.login)
    yield 'POP3 PASS', session.waited
    for command in ('STAT', 'QUIT'):
        answer = session.command(command)
        expect_true(answer.startswith(b'+OK'), '%s: %r' % (command, answer))
        yield 'POP3 ' + command, session.waited
    session.close()


def message_round(user, source):
    client = rate.Client('SUBMISSION', source, starttls=True, login=user)
    began = now()
    rate.expect_accepted(rate.send(client, user), 'a message of ' + user)
    yield 'a message', now() - began
    client.close()


class Load:
    """programs: (which round, whose).  pause: what each leaves to others after a
    round, in seconds."""

    def __init__(self, *programs, pause=0.0):
        self.pause, self.is_over = pause, False
        self.trouble_at = None
        self.rounds = [0] * len(programs)
        self.commands = [[] for _ in programs]  # of each: (what, began, ended)
        self.served = []                        # who never met anything wrong
        self.threads = [threading.Thread(target=self.go_round, daemon=True,
                                         args=(number, *program))
                        for number, program in enumerate(programs)]
        for thread in self.threads:
            thread.start()

    def go_round(self, number, one_round, user):
        while not self.is_over:
            for what, took in one_round(user, '127.0.0.%d' % (100 + number)):
                self.commands[number].append((what, now() - took, now()))
            self.rounds[number] += 1
            time.sleep(self.pause)
        self.served.append(number)

    def goes_on(self, count, what):
        """Returns when each has gone round so often from now on."""
        wanted = [rounds + count + 1 for rounds in self.rounds]
        wait_until(lambda: not all(thread.is_alive() for thread in self.threads) or
                   all(found >= least for found, least in zip(self.rounds, wanted)),
                   120, what)
        expect_true(all(thread.is_alive() for thread in self.threads),
                    'somebody was not served: ' + what)

    def trouble_begins(self):
        """What commands took so far is what they take."""
        self.trouble_at = now()

    def end(self):
        self.is_over = True
        for thread in self.threads:
            thread.join(120)
        expect(sorted(self.served), list(range(len(self.threads))),
               'who was served to the end')

    def usual(self, wanted):
        return max([ended - began for commands in self.commands
                    for what, began, ended in commands
                    if what == wanted and began < self.trouble_at])

    def expect_patience(self, deadline, retry, slack):
        """Nobody has waited for longer than the deadline, nor again before Redis may
        be asked again."""
        usual = {what: self.usual(what)
                 for what in {command[0] for commands in self.commands
                              for command in commands}}
        for commands in self.commands:
            last = None
            for what, began, ended in commands:
                took = ended - began
                expect_true(took < usual[what] + deadline + slack,
                            '%s took %.2f s' % (what, took))
                if began < self.trouble_at or took < usual[what] + 0.9 * deadline:
                    continue
                # The breaker's time, less its jitter and what the machine takes.
                expect_true(last is None or began - last > retry / 2,
                            '%s waited for %.2f s, and so did who asks before it'
                            % (what, took))
                last = ended
