# SPDX-License-Identifier: MIT
"""Redis as it should not be: servers that listen where Redis did, or stand between
Redis and who asks it, and a Redis of the test's own."""
import os
import socket
import struct
import subprocess
import threading
import time

# What an impostor says to whatever it is asked.  None: nothing at all; b'': goodbye.
NONSENSE = {
    'nothing': None,
    'goodbye': b'',
    'noise': bytes(range(255, 0, -1)) * 40,
    'another protocol': b'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n',
    'an error': b'-ERR %s%s%n \x1b[31m action=pass user=root\r\n',
    'LOADING': b'-LOADING Redis is loading the dataset in memory\r\n',
    'READONLY': b"-READONLY You can't write against a read only replica.\r\n",
    'OOM': b"-OOM command not allowed when used memory > 'maxmemory'.\r\n",
    'NOAUTH': b'-NOAUTH Authentication required.\r\n',
    'WRONGPASS': b'-WRONGPASS invalid username-password pair or user is disabled.\r\n',
    'NOPERM': b"-NOPERM this user has no permissions to run the 'evalsha' command\r\n",
    'MOVED': b'-MOVED 3999 192.0.2.1:6379\r\n',
    'nil': b'*-1\r\n$-1\r\n',
    'another type': b'+OK\r\n',
    'a string too short': b'$3\r\nabc\r\n',
    'too few': b'*2\r\n:2\r\n:1\r\n',
    'a verdict that is none': b'*7\r\n' + b':77\r\n' * 7,
    'below nothing': b'*7\r\n' + b':-9223372036854775808\r\n' * 7,
    'half an answer': b'*7\r\n:0\r\n:1',
    'a huge array': b'*2147483647\r\n:1\r\n',
    'a huge string': b'$536870912\r\nabc',
    'a string beyond all memory': b'$4611686018427387904\r\nabc',
    'depth': b'*1\r\n' * 50000,
    'NOSCRIPT for ever': b'-NOSCRIPT No matching script.\r\n',
}


def peer_of(connection):
    """The process at the other end of a unix socket; 0 over TCP."""
    if connection.family != socket.AF_UNIX:
        return 0
    return struct.unpack('3i', connection.getsockopt(
        socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]


def name_of(pid):
    try:
        with open('/proc/%d/comm' % pid) as file:
            return file.read().strip()
    except OSError:
        return 'gone'


def listener(port=0):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(('127.0.0.1', port))
    return sock


class Server:
    """Listens at a path, or on a port of loopback when there is none.  Knows how
    often each process has come."""

    def __init__(self, path=None, port=0):
        self.began, self.pids, self.connections = time.monotonic(), [], []
        if path is not None:
            if os.path.exists(path):
                os.unlink(path)
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.bind(path)
            os.chmod(path, 0o777)
            self.name = 'unix:' + path
        else:
            self.socket = listener(port)
            self.name = '127.0.0.1:%d' % self.socket.getsockname()[1]
        self.socket.listen(64)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            self.pids.append(peer_of(connection))
            self.connections.append(connection)
            threading.Thread(target=self.attend, args=(connection,),
                             daemon=True).start()

    def attend(self, connection):
        try:
            self.answer(connection)
        except OSError:
            pass

    def came_too_often(self, secs):
        """Which process came more often than once in so many seconds, or None."""
        most = 1 + (time.monotonic() - self.began) / secs
        for pid in set(self.pids):
            if self.pids.count(pid) > most:
                return '%s (process %d) came %d times' % (
                    name_of(pid), pid, self.pids.count(pid))
        return None

    def end(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for connection in self.connections:
            connection.close()


class Impostor(Server):
    """Says the same to everybody."""

    def __init__(self, path, reply):
        self.reply = reply
        super().__init__(path)

    def answer(self, connection):
        while self.reply != b'' and connection.recv(65536):
            if self.reply is not None:
                connection.sendall(self.reply)
        if self.reply == b'':
            connection.close()


class Deaf(Server):
    """Hears one question, and has hung up to any other when it answers."""

    def __init__(self, path, reply):
        self.reply = reply
        super().__init__(path)

    def answer(self, connection):
        connection.recv(65536)
        connection.shutdown(socket.SHUT_RD)
        connection.sendall(self.reply)


class Between(Server):
    """Brings questions to a Redis and hands its replies to spoil(connection, reply),
    which may do something else to them.  None: they are passed on."""

    def __init__(self, path, redis_path, spoil=None, port=0):
        self.redis_path, self.spoil = redis_path, spoil
        self.before = b''
        super().__init__(path, port)

    def answer(self, connection):
        with socket.socket(socket.AF_UNIX) as redis:
            redis.connect(self.redis_path)
            while True:
                question = connection.recv(65536)
                if not question:
                    return
                redis.sendall(question)
                reply = redis.recv(65536)
                if self.spoil is None:
                    connection.sendall(reply)
                else:
                    self.spoil(self, connection, reply)

    def slow(self, connection, reply):
        time.sleep(1)
        connection.sendall(reply)

    def drip(self, connection, reply):
        for byte in reply:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    def cut(self, connection, reply):
        connection.sendall(reply[:len(reply) // 2])
        connection.shutdown(socket.SHUT_RDWR)

    def reset(self, connection, reply):
        """Over TCP, else it is only cut."""
        connection.sendall(reply[:len(reply) // 2])
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                              struct.pack('ii', 1, 0))
        connection.close()

    def late(self, connection, reply):
        """Each gets the reply of who asked before."""
        self.before, reply = reply, self.before
        connection.sendall(reply)

    def twice(self, connection, reply):
        connection.sendall(reply * 2)


def saying(answer):
    """For Between: what an impostor says, whatever the reply was."""
    def spoil(_, connection, reply):
        if answer == b'':
            connection.shutdown(socket.SHUT_RDWR)
        elif answer is not None:
            connection.sendall(answer)
    return spoil


class Hole:
    """A port of loopback that lets nobody in, and does not refuse either: all
    places in the queue are taken."""

    def __init__(self, port=0):
        self.socket = listener(port)
        self.socket.listen(0)
        port = self.socket.getsockname()[1]
        self.name = '127.0.0.1:%d' % port
        self.guests = []
        for _ in range(4):
            guest = socket.socket()
            guest.setblocking(False)
            guest.connect_ex(('127.0.0.1', port))
            self.guests.append(guest)

    def end(self):
        for guest in self.guests + [self.socket]:
            guest.close()


def start_redis(path, environment=None):
    """A Redis as that of the lab, empty; it answers when this returns."""
    if os.path.exists(path):
        os.unlink(path)
    process = subprocess.Popen(
        ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups',
         os.environ.get('GATEPOST_REDIS_SERVER', 'redis-server'), '--port', '0', '--unixsocket', path,
         '--unixsocketperm', '770', '--save', '', '--appendonly', 'no',
         '--dir', '/'], stdout=subprocess.DEVNULL,
        env={**os.environ, **(environment or {})})
    end = time.monotonic() + 30
    while not answers(path):
        if time.monotonic() > end:
            process.kill()
            raise TimeoutError('Redis does not start')
        time.sleep(0.05)
    return process


def answers(path):
    done = subprocess.run(['redis-cli', '-s', path, 'PING'],
                          capture_output=True, timeout=30)
    return done.stdout.strip() == b'PONG'
