# SPDX-License-Identifier: MIT
"""What Redis keeps of a user (lib/store-user.lua), read by other means than gatepost's."""
import ipaddress
import os
import struct
import subprocess


# For EVAL, where the server is asked by redis-cli: 1 if what the user sent is counted.
HAS_SENT = "local v = redis.call('GET', KEYS[1]) " \
    "return v and math.floor(string.byte(v, 5) / 64) % 2 or 0"


def key(user):
    return 'gp:{%s}:u' % user


def program_name(packed):
    form = packed[0]
    if form == 0:
        return packed[1:].decode()
    protocol, size = ('imap', 'pop3')[(form - 1) // 3], (4, 8, 0)[(form - 1) % 3]
    address = packed[1:1 + size]
    text = {4: lambda: str(ipaddress.IPv4Address(address)),
            8: lambda: str(ipaddress.IPv6Network((address + b'\0' * 8, 64))),
            0: lambda: '-'}[size]()
    name = packed[1 + size:].decode()
    return '%s/%s%s' % (protocol, text, '/' + name if name else '')


class Kept:
    """human: seconds since 1970; own: what the userdb says, packed; sent: how many windows
    are charged, None without any; programs: name -> where its record begins."""

    def __init__(self, value):
        self.human, marks = struct.unpack('>IB', value[:5])
        place, self.own = 5 + 12 * (marks >> 7), 0
        self.sent, self.programs = None, {}
        if marks & 32:
            self.own = struct.unpack('>I', value[place:place + 4])[0]
            place += 4
        if marks & 64:
            self.sent = value[place]
            place += 5 + 9 * value[place]
        while place < len(value):
            length = value[place] & 127
            self.programs[program_name(value[place + 1:place + 1 + length])] = \
                place + 1 + length
            has_beside, place = value[place] >> 7, place + 1 + length + 26
            place += 9 * has_beside * (1 + (value[place:place + 1] >= b'\x80'))


def kept(user):
    """What the site's Redis keeps of the user; None if nothing."""
    value = subprocess.run(
        ['redis-cli', '-s', os.environ['LAB_REDIS'], '--raw', 'GET', key(user)],
        stdout=subprocess.PIPE, timeout=30).stdout[:-1]
    return Kept(value) if value else None
