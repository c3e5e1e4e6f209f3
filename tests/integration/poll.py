# SPDX-License-Identifier: MIT
"""What the poll tests share: a mail program that notes each line it is sent and
how long it waited, new mail by LMTP, and the journal."""
import json
import re
import shlex
import smtplib
import socket
import ssl
import subprocess

from asserts import *
from kept_user import HAS_SENT, kept, key


class Program:
    """A mail program at an address of its own: an IMAP session, over TLS unless it
    says no."""

    def __init__(self, user, source='127.0.0.2', name=None, early_id=None,
                 tls=True, port=None):
        port = port or env['LAB_IMAPS_PORT' if tls else 'LAB_IMAP_PORT']
        self.socket = socket.create_connection(
            (env['LAB_HOST'], int(port)), 30, (source, 0))
        if tls:
            context = ssl.create_default_context(cafile=env['LAB_CA'])
            self.socket = context.wrap_socket(self.socket,
                                              server_hostname='localhost')
        self.file = self.socket.makefile('rb')
        self.count = 0
        self.waited = 0.0
        self.read_line()
        if early_id is not None:
            self.command('ID ' + early_id)
        login = self.command('LOGIN %s secret-%s' % (user, user))
        expect_true(login[-1].startswith('OK '), 'login: %r' % login)
        if name is not None:
            self.command('ID ("name" "%s")' % name)

    def read_line(self):
        line = self.file.readline()
        if not line:
            return None
        return line.decode('utf-8', 'replace').rstrip('\r\n')

    def send(self, text):
        self.socket.sendall(text.encode())

    def start(self, command):
        self.count += 1
        tag = 't%d' % self.count
        self.send('%s %s\r\n' % (tag, command))
        return tag

    def finish(self, tag):
        """All lines up to the tagged one, which comes last."""
        lines = []
        while True:
            line = self.read_line()
            if line is None:
                return lines + ['(end of connection)']
            lines.append(line)
            if line.startswith(tag + ' '):
                return lines

    def command(self, command):
        """The answer, without tag and without Dovecot's timing."""
        began = now()
        lines = self.finish(self.start(command))
        self.waited = now() - began
        return [plain(line) for line in lines]

    def append(self, mailbox, subject):
        text = message(subject)
        self.count += 1
        tag = 't%d' % self.count
        self.send('%s APPEND %s {%d+}\r\n%s\r\n'
                  % (tag, mailbox, len(text), text))
        lines = self.finish(tag)
        expect_true(' OK ' in lines[-1], 'APPEND: %r' % lines)

    def close(self):
        self.file.close()
        self.socket.close()


def plain(line):
    line = re.sub(r' \(\d[\d.]*( \+ [\d.]+)* secs\)\.?$', '', line)
    return re.sub(r'^t\d+ ', '', line)


def message(subject):
    return ('From: sender@example.test\r\nTo: user@example.test\r\n'
            'Subject: %s\r\nMessage-ID: <%s@example.test>\r\n\r\nText.\r\n'
            % (subject, subject))


def deliver(user, subject):
    with smtplib.LMTP(env['LAB_HOST'], int(env['LAB_LMTP_PORT'])) as lmtp:
        lmtp.sendmail('sender@example.test',
                      ['%s@%s' % (user, env['LAB_DOMAIN'])],
                      message(subject))


def journal(**wanted):
    """The lines whose fields are as wanted, each a dictionary."""
    try:
        with open(env['LAB_JOURNAL']) as file:
            lines = [line[line.index('time='):] for line in file
                     if 'time=' in line]
    except OSError:
        return []
    lines = [dict(field.split('=', 1) for field in line.split())
             for line in lines]
    return [line for line in lines
            if all(line.get(key) == value for key, value in wanted.items())]


def told(reason):
    """How many lines all parts that read mail have written with it."""
    return len([line for line in journal(reason=reason) if line['part'] != 'milter'])


def who(user):
    """What is kept of the user's programs: their fields by their names."""
    done = subprocess.run(shlex.split(env['LAB_CTL']) + ['who', '--json', user],
                          stdout=subprocess.PIPE, universal_newlines=True)
    rows = json.loads(done.stdout)
    if isinstance(rows, dict):
        rows = next(iter(rows.values()))
    return {row['program']: row for row in rows}


def redis(*words):
    done = subprocess.run(['redis-cli', '-s', env['LAB_REDIS']] + list(words),
                          stdout=subprocess.PIPE, universal_newlines=True)
    return done.stdout


def redis_calls():
    """Scripts run since Redis started."""
    stats = redis('INFO', 'commandstats')
    return sum(int(calls) for calls in
               re.findall(r'cmdstat_eval(?:sha)?:calls=(\d+)', stats))


def exists(lines):
    return [line for line in lines if line.endswith(' EXISTS')]
