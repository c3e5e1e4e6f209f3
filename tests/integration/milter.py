# SPDX-License-Identifier: MIT
"""The MTA's half of the milter protocol (version 6), spoken straight to the
milter's socket: as Postfix speaks it, or as nobody should."""
import socket
import struct

NO_REPLY = {b'C': 0x1000, b'H': 0x2000, b'L': 0x80}
STEPS = 0x1fffff


def packet(command, data=b''):
    return struct.pack('!I', len(data) + 1) + command + data


def strings(*texts):
    return b''.join(text.encode() + b'\0' for text in texts)


def macros(command, **values):
    """macros(b'M', mail_addr='x'): names of more than a letter in braces."""
    pairs = [(name if len(name) == 1 else '{%s}' % name, value)
             for name, value in values.items()]
    return packet(b'D', command + strings(*[text for pair in pairs
                                            for text in pair]))


NEGOTIATION = packet(b'O', struct.pack('!III', 6, 0x1ff, STEPS))


def greeting(port, tls=True):
    """CONNECT and HELO, which gatepost answers with nothing."""
    result = macros(b'C', v='Postfix 3.7.11', j='mail.example.test',
                    daemon_port=str(port))
    result += packet(b'C', strings('client.foreign.test') + b'4' +
                     struct.pack('!H', 50123) + strings('198.51.100.9'))
    if tls:
        result += macros(b'H', tls_version='TLSv1.3',
                         cipher='TLS_AES_256_GCM_SHA384', cipher_bits='256')
    return result + packet(b'H', strings('client.foreign.test'))


def mail(sender, login=None):
    values = {'mail_addr': sender}
    if login:
        values.update(auth_type='PLAIN', auth_authen=login)
    return macros(b'M', **values) + packet(b'M', strings('<%s>' % sender))


def rcpt(recipient):
    domain = recipient.rpartition('@')[2]
    return macros(b'R', rcpt_addr=recipient, rcpt_host=domain,
                  rcpt_mailer='smtp') + packet(b'R', strings('<%s>' % recipient))


class Link:
    """One connection to the milter, negotiated."""

    def __init__(self, path, negotiate=True, timeout=120):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.buffer = b''
        self.steps = 0
        if negotiate:
            self.send(NEGOTIATION)
            code, data = self.reply()
            assert code == b'O', code
            self.steps = struct.unpack('!III', data[:12])[2]

    def send(self, data):
        self.socket.sendall(data)

    def take(self, length):
        while len(self.buffer) < length:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError
            self.buffer += data
        result, self.buffer = self.buffer[:length], self.buffer[length:]
        return result

    def reply(self):
        """(code, data) of the next answer; EOFError at the end."""
        length, = struct.unpack('!I', self.take(4))
        data = self.take(length)
        return data[:1], data[1:]

    def ask(self, data):
        """The answer as text: 'c', or 'y550 5.7.1 ...'."""
        self.send(data)
        code, data = self.reply()
        return (code + data.rstrip(b'\0')).decode()

    def close(self):
        self.socket.close()
