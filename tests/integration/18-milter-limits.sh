#!/bin/bash
# SPDX-License-Identifier: MIT
# What the milter takes: 500 sessions with 1,000 recipients each in 150 MiB, and
# junk on its own socket without a crash, a leak or a session that waits.
. "$(dirname "$0")/lib.sh"
need_root
milter=${GATEPOST_MILTER:-$GATEPOST_BUILD/milter/gatepost-milter}
install -d -o nobody run site site/log
cat > gatepost.conf <<X
relay { local_domains = {example.test} }
headers { authentication_results = yes }
rate {
	messages = {100000/1h}
	recipients = {1000000/1h}
}
redis { server = "" }
journal { file = "$work/run/journal" }
milter {
	socket = "unix:$work/run/milter.sock"
	user = nobody
}
X
"$milter" -c gatepost.conf -f 2> site/log/milter.log &
pid=$!
at_exit kill "$pid"
wait_until 10 test -S run/milter.sock ||
	{ cat site/log/milter.log; exit 1; }
python "$work/run/milter.sock" "$pid" <<'PYTHON'
import concurrent.futures
import random
import resource
from milter import *
from smtp import *

PATH, PID = sys.argv[1], int(sys.argv[2])
SESSIONS, RECIPIENTS = 500, 1000
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))


def status(name):
    with open('/proc/%d/status' % PID) as file:
        for line in file:
            if line.startswith(name + ':'):
                return int(line.split()[1])
    fail('the milter is gone')


def has_sanitizer():
    with open('/proc/%d/maps' % PID) as file:
        return any('libasan' in line or 'libtsan' in line for line in file)


def open_files():
    return len(os.listdir('/proc/%d/fd' % PID))


def own_mail(link, number):
    """alice sends to somebody far away; up to the end of the message."""
    sender = 'alice@example.test'
    expect(link.ask(mail(sender, sender)), 'c', 'MAIL')
    expect(link.ask(rcpt('friend%d@foreign.test' % number)), 'c', 'RCPT')
    link.send(packet(b'L', strings('From', sender)))
    return end(link)


def end(link):
    """The answer to the end of the message, past what is changed in it."""
    answer = link.ask(packet(b'E'))
    while answer[0] not in 'acrty':
        code, data = link.reply()
        answer = code.decode()
    return answer


def served(what):
    try:
        link = Link(PATH)
        link.send(greeting(587))
        expect(own_mail(link, 0), 'c', 'good mail: ' + what)
        expect(link.ask(mail('alice@example.test'))[:10], 'y530 5.7.0',
               'no login: ' + what)
        link.send(packet(b'Q'))
        link.close()
    except (OSError, EOFError) as problem:
        fail('no answer %s: %r' % (what, problem))


def crowd(number):
    """A session with all its recipients; every second one has no login."""
    link = Link(PATH)
    has_login = number % 2 == 0
    link.send(greeting(587 if has_login else 25))
    sender = 'alice@example.test' if has_login else 'friend@foreign.test'
    domain = 'foreign.test' if has_login else 'example.test'
    expect(link.ask(mail(sender, sender if has_login else None)), 'c', 'MAIL')
    for part in range(0, RECIPIENTS, 250):
        link.send(b''.join(rcpt('recipient-with-a-name-%d@%s' % (i, domain))
                           for i in range(part, part + 250)))
        for i in range(250):
            expect(link.reply(), (b'c', b''), 'RCPT %d' % (part + i))
    if not has_login:
        expect(link.ask(rcpt('victim@foreign.test'))[:10], 'y550 5.7.1',
               'relaying after %d recipients' % RECIPIENTS)
    link.send(b''.join(packet(b'L', strings('X-Filler-%d' % i, 'x' * 900))
                       for i in range(30)))
    link.send(packet(b'L', strings('From', sender)))
    return link


quiet_files = open_files()
served('at the start')
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    links = list(pool.map(crowd, range(SESSIONS)))
expect(open_files() >= quiet_files + SESSIONS, True, 'all are open at once')
served('while %d sessions are open' % SESSIONS)
for link in links:
    expect(end(link), 'c', 'the end of a big message')
    link.send(packet(b'Q'))
    link.close()
peak = status('VmHWM')
if not has_sanitizer():
    expect(peak <= 150 * 1024, True, 'resident: %d KiB' % peak)
say('%d sessions with %d recipients each: %d KiB resident at most' %
    (SESSIONS, RECIPIENTS, peak))

WRONG = {
    'end at once': b'',
    'three bytes': b'\0\0\0',
    'a length alone': b'\0\0\0\5',
    'half a packet': NEGOTIATION[:9],
    'a length of 0': bytes(4) + b'x' * 20,
    'a length of 1 GiB': struct.pack('!I', 1 << 30) + b'M' + b'x' * 5000,
    'a length of 4 GiB': b'\xff' * 4 + b'x' * 5000,
    'just over the limit': struct.pack('!I', 65537 + 1) + b'L' + b'x' * 65537,
    'HTTP': b'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
    'SMTP': b'EHLO client.test\r\nMAIL FROM:<>\r\n',
    'TLS': bytes.fromhex('16030100ff010000fb0303') + bytes(255),
    'an unknown command first': packet(b'Z'),
    'macros first': macros(b'C', daemon_port='587'),
    'MAIL first': mail('alice@example.test', 'alice@example.test'),
    'a negotiation of one word': packet(b'O', bytes(4)),
    'version 0': packet(b'O', struct.pack('!III', 0, 0x1ff, STEPS)),
    'version 1': packet(b'O', struct.pack('!III', 1, 0, 0)),
    'version 4294967295': packet(b'O', b'\xff' * 12),
    'no steps, no actions': packet(b'O', struct.pack('!III', 6, 0, 0)),
}
# After a negotiation.
LATE = {
    'an unknown command': packet(b'Z', b'x' * 100),
    'a second negotiation': NEGOTIATION,
    'RCPT without MAIL': rcpt('victim@foreign.test'),
    'the end without MAIL': packet(b'E'),
    'headers without MAIL': packet(b'L', strings('From', 'x@y.test')),
    'DATA and a body': packet(b'T') + packet(b'N') + packet(b'B', b'x' * 60000),
    'aborts': packet(b'A') * 1000,
    'another connection': packet(b'K') + greeting(25),
    'CONNECT with nothing': packet(b'C'),
    'CONNECT without an end': packet(b'C', b'client'),
    'CONNECT of no family': packet(b'C', b'client\0'),
    'CONNECT of a wrong family': packet(b'C', b'client\0Z\1\2x\0'),
    'CONNECT without an address': packet(b'C', b'client\x004\1\2'),
    'CONNECT of a wrong address': packet(b'C', b'client\x004\1\2999.1.1.1\0'),
    'CONNECT of a wrong IPv6': packet(b'C', b'client\x006\1\2IPv6:::::1\0'),
    'CONNECT from a socket': packet(b'C', b'client\0L\1\2' + b'/' * 300 + b'\0'),
    'HELO without an end': greeting(587)[:-1] + b'x',
    'MAIL with nothing': greeting(587) + packet(b'M'),
    'MAIL without an end': greeting(587) + packet(b'M', b'<alice@example.test>'),
    'MAIL with an empty word': greeting(587) + packet(b'M', b'\0\0\0'),
    'macros with nothing': packet(b'D'),
    'macros without an end': packet(b'D', b'Mi'),
    'macros of no stage': packet(b'D', b'?' + strings('i', 'x')),
    '60,000 bytes of macros': packet(b'D', b'M' + strings(*['i'] * 30000)),
    'a port that is none': macros(b'C', daemon_port='-1;' * 900) +
        greeting(587)[:40],
    'a header without a value': greeting(25) + mail('a@foreign.test') +
        packet(b'L', b'From\0'),
    'a header without an end': greeting(25) + mail('a@foreign.test') +
        packet(b'L', b'From\0<x@y.test'),
    'an empty header': greeting(25) + mail('a@foreign.test') + packet(b'L'),
    'a recipient with nothing': greeting(25) + mail('a@foreign.test') +
        packet(b'R'),
}


def throw(junk, negotiate):
    finish(Link(PATH, negotiate), junk)


def finish(link, junk):
    try:
        link.send(junk)
        link.socket.shutdown(socket.SHUT_WR)
        while link.socket.recv(65536):
            pass
    except TimeoutError:
        fail('the milter did not notice the end of %r' % junk[:200])
    except OSError:
        pass        # it hung up first: so much the better
    link.close()


def throw_all():
    for what, junk in WRONG.items():
        throw(junk, False)
        served('after ' + what)
    for what, junk in LATE.items():
        throw(junk, True)
        served('after ' + what)


throw_all()
say('%d kinds of junk: nothing falls over' % (len(WRONG) + len(LATE)))

# libmilter itself reads past the end of a list of macros that has a name without
# a value, so packets of macros stay as they are.
rng = random.Random(20)
PIECES = list(LATE.values()) + [
    greeting(25), greeting(587), mail('friend@foreign.test'),
    mail('alice@example.test', 'mallory@example.test'), rcpt('bob@example.test'),
    packet(b'L', strings('From', 'a@foreign.test')), packet(b'E'), packet(b'A')]


def shuffle(number):
    """Packets in any order, some with a bit wrong; then an attempt to relay."""
    link = Link(PATH)
    pieces = [bytearray(piece) for piece in
              rng.choices(PIECES, k=rng.randrange(1, 12))]
    spoilt = rng.choice(pieces)
    if number % 2 and b'D' not in spoilt[4:5]:
        spoilt[rng.randrange(len(spoilt))] ^= 1 << rng.randrange(8)
    finish(link, b''.join(pieces))


for number in range(500):
    shuffle(number)
served('after shuffled packets')

link = Link(PATH)
link.send(greeting(25, tls=False) + rcpt('victim@foreign.test'))
link.socket.shutdown(socket.SHUT_WR)
try:
    while True:
        answer = link.reply()
        if answer[0] in b'ca':
            fail('RCPT without MAIL was answered %r' % (answer,))
except (EOFError, OSError):
    pass
link.close()
say('500 sessions of shuffled packets: nothing falls over, nothing relays')

wait_until(lambda: open_files() <= quiet_files, 30, 'all connections are closed')
before = status('VmRSS')
for _ in range(20):
    throw_all()
for _ in range(2000):
    throw(b'', False)
served('at the end')
wait_until(lambda: open_files() <= quiet_files, 30, 'no open file is left')
growth = status('VmRSS') - before
if not has_sanitizer():
    expect(growth < 2048, True, 'growth of %d KiB' % growth)
say('the same junk 20 times, 2,000 empty connections: %d KiB more' % growth)
PYTHON
check "the load and the junk were borne" [ $? = 0 ]
check "it still runs" kill -0 "$pid"
kill "$pid"
wait_until 15 gone "$pid"
code=0
wait "$pid" || code=$?
check "it stops as it should ($code)" [ "$code" = 0 ]
finish
