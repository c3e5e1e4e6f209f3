# SPDX-License-Identifier: MIT
"""A POP3 session of a mail program, for tests."""
from poll import *


class Pop3:
    """A POP3 session over TLS from an address of its own."""

    def __init__(self, user, source='127.0.0.2', tls=True):
        port = env['LAB_POP3S_PORT' if tls else 'LAB_POP3_PORT']
        self.socket = socket.create_connection(
            (env['LAB_HOST'], int(port)), 30, (source, 0))
        if tls:
            self.socket = ssl.create_default_context(
                cafile=env['LAB_CA']).wrap_socket(self.socket,
                                                  server_hostname='localhost')
        self.file = self.socket.makefile('rb')
        self.file.readline()
        self.command('USER ' + user)
        self.login = self.command('PASS secret-' + user)

    def send(self, text):
        self.socket.sendall(text.encode() + b'\r\n')

    def line(self):
        return self.file.readline().rstrip(b'\r\n')

    def command(self, text):
        began = now()
        self.send(text)
        line = self.line()
        self.waited = now() - began
        return line

    def quit(self):
        expect_true(self.command('QUIT').startswith(b'+OK'), 'QUIT')
        self.close()

    def close(self):
        self.file.close()
        self.socket.close()


def pop3_login(user, what, source='127.0.0.2'):
    """One that is served, whatever Redis does; at most one deadline later, and what
    the machine does else."""
    began = now()
    session = Pop3(user, source)
    expect_true(session.login.startswith(b'+OK'), '%s: %r' % (what, session.login))
    expect_true(session.command('STAT').startswith(b'+OK'), 'STAT: ' + what)
    expect_true(now() - began < 6, '%s: %.1f s' % (what, now() - began))
    session.quit()
