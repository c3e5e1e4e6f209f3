#!/bin/bash
# SPDX-License-Identifier: MIT
# A login that is in time and looks for mail once costs its process neither settings nor
# Redis, and counts all the same; whatever else a login or its session is, it is judged
# as ever.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
need_authpolicy
poll_site site <<CONF
poll {
	interval = 5s
	round = 1s
	tolerance = 0
	ladder = {"after 0: absorb"}
	login_ladder = {"after 0: hold 1s"}
}
journal { interval = 1s }
access { tls_mode = observe }
redis { retry = 1s }
CONF
sed -i '/^erin:/s/$/ userdb_gatepost_mode=enforce/' site/etc/users
python <<'PYTHON'
import struct
from logins import *

INTERVAL = 5
SOCKET = os.path.join('site', 'run', 'logins.sock')


def checks(user):
    """How many Redis has counted, of all programs."""
    found = subprocess.run(['redis-cli', '-s', env['LAB_REDIS'], '--raw', 'GET', key(user)],
                           stdout=subprocess.PIPE, timeout=30).stdout[:-1]
    places = kept(user).programs.values() if found else []
    return sum(int.from_bytes(found[place + 18:place + 21], 'big') for place in places)


def maps(session):
    """What the mail process of the only session has mapped."""
    pids = wait_until(lambda: mail_processes(), 10, 'a mail process')
    expect(len(pids), 1, 'mail processes')
    with open('/proc/%s/maps' % pids[0]) as file:
        return file.read()


def begin(user, source='127.0.0.2', tls=True):
    wait_until(lambda: not mail_processes(), 10, 'the last mail process is gone')
    return Program(user, source, tls=tls)


def is_plain(session, protocol='imap'):
    text, library = maps(session), 'libgatepost_%s.so' % protocol
    expect_true('lib95_%s_gatepost_plugin.so' % protocol in text, 'the plugin')
    expect('libhiredis' in text, library in text, 'hiredis')
    return library not in text


def end(session):
    session.command('LOGOUT')
    session.close()


def known(user, source='127.0.0.2'):
    """One login that gatepost-authpolicy asks Redis about, then none for an interval."""
    session = begin(user, source)
    session.command('SELECT INBOX')
    expect(is_plain(session), False, 'nothing is known of ' + user)
    end(session)
    time.sleep(INTERVAL + 1)


known('alice')
for turn in range(2):
    before = checks('alice')
    deliver('alice', 'mail %d' % turn)
    session = begin('alice')
    lines = session.command('SELECT INBOX')
    expect(exists(lines), ['* %d EXISTS' % (turn + 1)], 'mail')
    expect_true(session.command('UID FETCH %d (FLAGS)' % (turn + 1))[-1].startswith('OK'),
                'FETCH')
    expect(is_plain(session), True, 'in time, and one look')
    end(session)
    wait_until(lambda: checks('alice') == before + 1, 10, 'the look is counted')
    time.sleep(INTERVAL + 1)
say('who comes in time and looks once has no more than the small part')

# The count is what the next login is judged by, also where nothing is remembered.
before = checks('alice')
session = begin('alice')
session.command('STATUS INBOX (MESSAGES)')
expect(is_plain(session), True, 'STATUS is a look')
end(session)
wait_until(lambda: checks('alice') == before + 1, 10, 'the look is counted')
session = begin('alice')
session.command('SELECT INBOX')
expect(is_plain(session), False, 'sooner')
end(session)
wait_until(lambda: journal(part='auth', action='hold', user='alice') or
           one_check('imap', 'alice', '127.0.0.2')[0] >= 1, 20, 'held')
say('who comes sooner is judged, and held')

# A session that does more.
known('bob')
before = checks('bob')
session = begin('bob')
session.command('SELECT INBOX')
expect(is_plain(session), True, 'one look so far')
time.sleep(2)
line = session.command('NOOP')[-1]
expect_true(line.startswith('OK NOOP completed'), line)
expect(is_plain(session), False, 'a second check')
expect(checks('bob') - before, 2, 'both are counted')
deliver('bob', 'for the second look')
session.command('NOOP')
expect_true(wait_until(lambda: journal(user='bob', part='imap', action='absorb'), 10,
                       'the line'), 'absorbed')
time.sleep(INTERVAL)
expect(exists(session.command('NOOP')), ['* 1 EXISTS'], 'mail, once it is in time')
end(session)
say('a second check in the session is judged')

known('carol')
session = begin('carol')
session.send('t1 SELECT {5}\r\n')
expect_true(session.read_line().startswith('+'), 'a literal')
before = checks('carol')
session.send('INBOX\r\n')
session.finish('t1')
expect(is_plain(session), True, 'the same command')
session.count = 1
session.command('SELECT INBOX')
expect(is_plain(session), False, 'another command of the same kind')
end(session)
time.sleep(INTERVAL + 1)
session = begin('carol')
expect(is_plain(session), True, 'nothing was done yet')
before = checks('carol')
end(session)
time.sleep(1)
expect(checks('carol'), before, 'who does not look has not checked')
time.sleep(INTERVAL)
session = begin('carol')
session.command('ID ("name" "latefetcher")')
session.command('SELECT INBOX')
expect(is_plain(session), False, 'a program that says after the login who it is')
expect_true('imap/127.0.0.2/latefetcher' in kept('carol').programs, 'its name')
end(session)
say('each look is counted as one, and for the program that it is of')



def by_pop3():
    wait_until(lambda: not mail_processes(), 10, 'the last mail process is gone')
    login = Login('pop3', '127.0.0.6')
    expect_true(is_good(login.login('alice')), 'a login by POP3')
    return login


# By POP3 the login is the look.
login = by_pop3()
expect(is_plain(login, 'pop3'), False, 'nothing is known of the program')
login.end()
counts = []
for turn in range(2):
    time.sleep(INTERVAL + 1)
    before = checks('alice')
    login = by_pop3()
    expect(is_plain(login, 'pop3'), True, 'in time')
    wait_until(lambda: checks('alice') == before + 1, 10, 'the login is counted')
    counts.append(int(login.command('STAT').split()[1]))
    login.end()
    deliver('alice', 'by POP3 %d' % turn)
expect(counts[1], counts[0] + 1, 'mail')
login = by_pop3()
expect(is_plain(login, 'pop3'), False, 'sooner')
login.end()
expect_true(held_check('pop3', 'alice', '127.0.0.6')[0] >= 1, 'and is held')
say('by POP3 each login is a look')

# What has to be written down or is not known before the login.
known('dave')
session = begin('dave', tls=False)
session.command('SELECT INBOX')
expect(is_plain(session), False, 'without TLS')
wait_until(lambda: journal(user='dave', reason='tls-required'), 10, 'the line')
end(session)
known('erin')
session = begin('erin')
session.command('SELECT INBOX')
expect(is_plain(session), False, 'with terms of its own')
end(session)
say('what is more than a plain login is judged')


# Whoever else asks.
def tell(login, address='127.0.0.2'):
    asker = socket.socket(socket.AF_UNIX)
    asker.settimeout(30)
    asker.connect(SOCKET)
    ip = b'\0' * 10 + b'\xff\xff' + socket.inet_aton(address)
    asker.send(b'gpl\x02\x01' + struct.pack('>H', 993) + ip + login + b'\0\0PLAIN\0')
    try:
        return asker.recv(1)
    except ConnectionResetError:
        return b''      # it was not read to its end
    finally:
        asker.close()


before = checks('alice')
for login in (b'alice', b'nobody', b'', b'x' * 3000):
    expect(tell(login), b'', 'no login of %r is about to be' % login[:10])
silent = [socket.socket(socket.AF_UNIX) for _ in range(400)]
for asker in silent:
    asker.connect(SOCKET)
expect(tell(b'alice'), b'', 'beside many who do not speak')
for asker in silent:
    asker.close()
expect(checks('alice'), before, 'nothing is counted')
say('nobody can count for others')

# Without gatepost-authpolicy each login is judged in its session.
pid = service_pid()
os.kill(pid, signal.SIGSTOP)
before = checks('alice')
session = begin('alice')
session.command('SELECT INBOX')
expect(is_plain(session), False, 'nobody answers')
expect(checks('alice'), before + 1, 'counted')
end(session)
os.kill(pid, signal.SIGCONT)
time.sleep(INTERVAL + 1)
wait_until(lambda: ask(login='nobody', remote='127.0.0.9', protocol='imap') == 0, 10,
           'it answers again')
before = checks('alice')
session = begin('alice')
session.command('SELECT INBOX')
os.kill(pid, signal.SIGTERM)
wait_until(lambda: is_gone(pid), 10, 'its end')
expect(is_plain(session), True, 'it answered')
expect(checks('alice'), before + 1, 'its end loses no look')
end(session)
time.sleep(INTERVAL + 1)
before = checks('alice')
session = begin('alice')
session.command('SELECT INBOX')
expect(is_plain(session), False, 'nobody listens')
expect(checks('alice'), before + 1, 'counted')
end(session)
say('without gatepost-authpolicy each login is judged in its session')

# A library that is gone makes a guest of gatepost.
os.rename('site/modules/libgatepost_imap.so', 'saved.so')
session = begin('bob')
expect(exists(session.command('SELECT INBOX')), ['* 1 EXISTS'], 'mail is read')
end(session)
expect_true('gatepost: libgatepost_imap.so: ' in log() and 'run make install' in log(),
            'the log says what is missing')
os.rename('saved.so', 'site/modules/libgatepost_imap.so')
os.rename('site/modules/libgatepost_pop3.so', 'saved.so')
login = by_pop3()
expect_true(is_good(login.command('STAT')), 'mail is read by POP3')
login.end()
expect_true('gatepost: libgatepost_pop3.so: ' in log(), 'the log says it too')
os.rename('saved.so', 'site/modules/libgatepost_pop3.so')
say('without the rest of the plugin mail is read, and the log says so')
PYTHON
[ $? = 0 ] || failures=1
check_no_ban
check "plain logins" [ "$failures" = 0 ]
finish
