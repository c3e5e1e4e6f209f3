# SPDX-License-Identifier: MIT
"""What the submission tests share: an SMTP client that sends just what it is
told, the journal, and mail in mailboxes."""
import base64
import os
import socket
import ssl
import threading

from asserts import *


def port(role):
    return int(env['LAB_%s_PORT' % role])


class Client:
    """One SMTP session.  role: SMTP, SUBMISSION or SUBMISSIONS."""

    def __init__(self, role, source='127.0.0.5', starttls=False, login=None,
                 second_ehlo=True, prepare=None):
        self.context = ssl.create_default_context(cafile=env['LAB_CA'])
        if prepare:
            prepare(self.context)
        self.socket = socket.create_connection(
            (env['LAB_HOST'], port(role)), 60, (source, 0))
        if role == 'SUBMISSIONS':
            self.wrap()
        self.file = self.socket.makefile('rb')
        self.reply()
        self.command('EHLO client.test')
        if starttls:
            self.command('STARTTLS')
            self.wrap()
            self.file = self.socket.makefile('rb')
            if second_ehlo:
                self.command('EHLO client.test')
        self.sender = '<someone@foreign.test>'
        if login:
            expect(self.auth(login)[:3], '235', 'login of ' + login)

    def wrap(self):
        self.socket = self.context.wrap_socket(self.socket,
                                               server_hostname='localhost')

    def reply(self):
        """The last line of a reply, without its CR LF."""
        while True:
            line = self.file.readline()
            if not line:
                return '(end of connection)'
            if line[3:4] != b'-':
                return line.decode('utf-8', 'replace').rstrip('\r\n')

    def command(self, text):
        data = text if isinstance(text, bytes) else text.encode()
        self.socket.sendall(data + b'\r\n')
        return self.reply()

    def auth(self, user, password=None):
        password = password or 'secret-' + user.partition('@')[0]
        text = '\0%s\0%s' % (user, password)
        answer = self.command('AUTH PLAIN ' +
                              base64.b64encode(text.encode()).decode())
        return self.note_login(user, answer)

    def auth_login(self, user, password=None):
        """By the mechanism LOGIN."""
        password = password or 'secret-' + user.partition('@')[0]
        self.command('AUTH LOGIN')
        self.command(base64.b64encode(user.encode()))
        return self.note_login(user, self.command(
            base64.b64encode(password.encode())))

    def note_login(self, user, answer):
        if answer.startswith('235'):
            self.sender = '<%s@%s>' % (user.partition('@')[0],
                                       env['LAB_DOMAIN'])
        return answer

    def mail(self, sender=None):
        """Without a sender: somebody's, or the address of who logged in."""
        return self.command('MAIL FROM:' + (sender or self.sender))

    def rcpt(self, recipient):
        if isinstance(recipient, str):
            recipient = recipient.encode()
        return self.command(b'RCPT TO:' + recipient)

    def data(self, subject='x', body='text'):
        expect(self.command('DATA')[:3], '354', 'DATA')
        return self.command('From: %s\r\nSubject: %s\r\n\r\n%s\r\n.' %
                            (self.sender, subject, body))

    def send(self, sender, recipient, subject):
        """The first reply that is not good, else the one to the message."""
        for step in (lambda: self.mail(sender), lambda: self.rcpt(recipient)):
            answer = step()
            if not answer.startswith('250'):
                return answer
        return self.data(subject)

    def close(self):
        self.file.close()
        self.socket.close()


def journal():
    """The lines as dictionaries, values as they stand there."""
    with open(env['LAB_JOURNAL']) as file:
        return [dict(field.split('=', 1) for field in line.split())
                for line in file]


def journal_has(what, **fields):
    """Waits for a line with these fields; returns it."""
    def find():
        for line in journal():
            if all(line.get(key) == value for key, value in fields.items()):
                return line
        return None
    return wait_until(find, 10, 'a journal line for ' + what)


def message_with(user, text, secs=30):
    """Waits for a message with that text in the user's mailbox; its bytes."""
    def find():
        for folder in ('new', 'cur'):
            path = os.path.join(env['LAB_MAIL'], user, folder)
            if not os.path.isdir(path):
                continue
            for name in os.listdir(path):
                try:
                    with open(os.path.join(path, name), 'rb') as file:
                        message = file.read()
                except FileNotFoundError:
                    continue
                if text.encode() in message:
                    return message
        return None
    return wait_until(find, secs, 'mail %r for %s' % (text, user))


def mailbox_has(user, text, secs=30):
    """Waits for a message with that text in the user's mailbox."""
    message_with(user, text, secs)


class Sink:
    """Where the lab's mail for foreign domains goes: a tiny SMTP server that
    keeps the recipients."""

    def __init__(self):
        self.recipients = []
        self.server = socket.create_server((env['LAB_HOST'],
                                            int(env['LAB_SINK_PORT'])))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.server.accept()
            threading.Thread(target=self.serve, args=(connection,),
                             daemon=True).start()

    def serve(self, connection):
        file = connection.makefile('rwb')

        def answer(text):
            file.write(text + b'\r\n')
            file.flush()
        answer(b'220 sink')
        while True:
            try:
                line = file.readline()
            except ConnectionResetError:
                return
            if not line:
                return
            verb = line[:4].upper()
            if verb == b'RCPT':
                self.recipients.append('RCPT TO:' +
                                       line.strip().decode()[8:])
            if verb == b'DATA':
                answer(b'354 go on')
                while file.readline() not in (b'.\r\n', b''):
                    pass
            answer(b'221 bye' if verb == b'QUIT' else b'250 ok')
