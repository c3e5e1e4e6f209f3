#!/bin/bash
# SPDX-License-Identifier: MIT
# How somebody has logged in: a protocol that is denied or being retired, no TLS, a
# mechanism that is not allowed.  Refused after the login, in words, and nothing looks
# like a wrong password.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
printf 'oldpop: dave\n' > groups
chmod 644 groups

cat > "$work/access.py" <<'PYTHON'
import base64
from pop3_session import *

NO_TLS = ('Mail is read here only over an encrypted connection, switch on SSL/TLS or '
          'STARTTLS in your mail program')
NO_MECHANISM = ('This way to log in is not allowed, choose a normal password over an '
                'encrypted connection in your mail program')


def refused(program, command, code, words):
    """The session lives up to the first command that needs a mailbox."""
    expect(program.command('NOOP')[-1][:2], 'OK', 'NOOP after the login')
    expect(program.command('CAPABILITY')[-1][:2], 'OK', 'CAPABILITY')
    answer = program.command(command)
    expect([line for line in answer if 'NO [' in line],
           ['NO [%s] %s' % (code, words)], command)
    expect(program.read_line(), '* BYE ' + words, 'the end of the session')
    expect(program.read_line(), None, 'and nothing more')


def passes(program):
    expect(program.command('SELECT INBOX')[-1][:2], 'OK', 'SELECT')
    program.close()


class Choosy(Program):
    """Logs in by AUTHENTICATE with a mechanism."""

    def __init__(self, user, mechanism, source='127.0.0.2'):
        self.mechanism = mechanism
        super().__init__(user, source)

    def command(self, command):
        if not command.startswith('LOGIN '):
            return super().command(command)
        user, password = command.split()[1:]
        tag = self.start('AUTHENTICATE ' + self.mechanism)
        words = ([user, password] if self.mechanism == 'LOGIN'
                 else ['\0%s\0%s' % (user, password)])
        for word in words:
            expect_true(self.read_line().startswith('+'), 'a challenge')
            self.send(base64.b64encode(word.encode()).decode() + '\r\n')
        return [plain(line) for line in self.finish(tag)]


def one_line(**wanted):
    lines = journal(**wanted)
    expect(len(lines), 1, 'journal lines with %r' % wanted)
    return lines[0]
PYTHON

poll_site site <<CONF
login { groups_file = "$work/groups" }
access {
	pop3 = deny
	tls_mode = enforce
	trusted_networks = {127.0.0.5}
	mechanisms_mode = enforce
	imap_mechanisms = {"PLAIN"}
	exemptions = {
		"@oldpop until 2099-12-31 by ann: has a machine that knows POP3 alone",
		"erin until 2001-01-01 by ann: long over"
	}
}
journal { interval = 1s }
CONF
PYTHONPATH=$work python <<'PYTHON'
from access import *

refused(Program('alice', tls=False), 'SELECT INBOX', 'PRIVACYREQUIRED', NO_TLS)
line = one_line(user='alice', ip='127.0.0.2', reason='tls-required')
expect([line[name] for name in ('part', 'action', 'mode', 'why', 'ip', 'check')],
       ['imap', 'refuse', 'enforce', 'access.tls_mode', '127.0.0.2', 'login'],
       'the line')
refused(Program('alice', tls=False), 'APPEND INBOX {100000+}', 'PRIVACYREQUIRED',
        NO_TLS)
refused(Program('alice', tls=False), 'IDLE', 'PRIVACYREQUIRED', NO_TLS)
refused(Program('alice', tls=False), 'LIST "" *', 'PRIVACYREQUIRED', NO_TLS)
program = Program('alice', tls=False)
program.send('a STATUS INBOX (MESSAGES)\r\nb SELECT INBOX\r\nc FETCH 1 BODY[]\r\n')
expect([program.read_line().split()[:2] for i in range(2)],
       [['a', 'NO'], ['*', 'BYE']], 'commands sent at once')
expect(program.read_line(), None, 'the others are not run')
say('without TLS no mailbox is opened, in words')

refused(Choosy('alice', 'LOGIN'), 'EXAMINE INBOX', 'NOPERM', NO_MECHANISM)
expect([one_line(user='alice', reason='mechanism-not-allowed')[name]
        for name in ('why', 'detail')],
       ['access.imap_mechanisms', 'LOGIN'], 'the line')
say('a mechanism that is not allowed')

for user in ('alice', 'erin'):
    session = Pop3(user)
    expect(session.login, b'-ERR [SYS/PERM] Mail may not be read by POP3 here, choose '
           b'IMAP in your mail program', 'POP3 of ' + user)
    expect(session.line(), b'', 'and the connection ends')
    expect([one_line(user=user, part='pop3')[name]
            for name in ('action', 'reason', 'why')],
           ['refuse', 'protocol-denied', 'access.pop3'], 'the line')
say('a protocol that is denied, also when an exemption has ended')

with open(env['LAB_JOURNAL']) as file:
    line = [line for line in file if 'reason=protocol-denied' in line][0]
told = json.loads(subprocess.run(
    shlex.split(env['LAB_CTL']) + ['explain', '--json', '--journal', line],
    stdout=subprocess.PIPE, check=True, universal_newlines=True).stdout)
expect((told['then']['reason'], told['then']['answer'], told['now']['answer']),
       ('protocol-denied',) + 2 * ('-ERR [SYS/PERM] Mail may not be read by POP3 here, '
                                   'choose IMAP in your mail program',), 'explain')
say('explain knows such a line')

passes(Program('alice'))
passes(Choosy('alice', 'PLAIN'))
passes(Program('alice', tls=False, source='127.0.0.5'))
session = Pop3('dave', tls=False)
expect(session.command('STAT')[:3], b'+OK', 'the exempt group, without TLS')
session.quit()
expect(journal(user='dave'), [], 'lines about who is exempt')
say('with TLS, from a trusted network, and who is exempt')

with open(os.path.join(env['LAB_LOG'], 'dovecot.log')) as file:
    log = file.read()
expect_true('auth failed' not in log and 'Panic' not in log and
            'AUTHFAIL' not in log, 'a clean log of Dovecot:\n' + log)
say('nothing looks like a wrong password')
PYTHON
[ $? = 0 ] || failures=1

# The same the other way round: IMAP is denied, and POP3 is not.
doveadm -c "$LAB_DOVECOT_CONF" reload || exit 1
cat >> "$LAB_CONF" <<CONF
access {
	imap = deny
	pop3 = allow
	pop3_mechanisms = {"PLAIN"}
}
CONF
PYTHONPATH=$work python <<'PYTHON'
from access import *


class ChoosyPop3(Pop3):
    """Logs in by AUTH with a mechanism."""

    def command(self, text):
        if text.startswith('USER '):
            self.user = text[5:]
            return b''
        if not text.startswith('PASS '):
            return super().command(text)
        self.send('AUTH LOGIN')
        for word in (self.user, text[5:]):
            expect(self.line()[:1], b'+', 'a challenge')
            self.send(base64.b64encode(word.encode()).decode())
        return self.line()


def pop3_is_refused(session, words, **wanted):
    expect(session.login.decode(), '-ERR [SYS/PERM] ' + words, 'the answer to PASS')
    expect(session.line(), b'', 'and the connection ends')
    line = one_line(part='pop3', action='refuse', **wanted)
    expect((line['mode'], line['check']), ('enforce', 'login'), 'the line')
    return line


refused(Program('carol'), 'SELECT INBOX', 'NOPERM',
        "Mail may not be read by IMAP here, ask the server's administrators")
expect(one_line(user='carol', part='imap')['why'], 'access.imap', 'the line')
say('IMAP that is denied')

line = pop3_is_refused(Pop3('carol', tls=False), NO_TLS, user='carol')
expect((line['reason'], line['why']), ('tls-required', 'access.tls_mode'), 'TLS')
line = pop3_is_refused(ChoosyPop3('bob'), NO_MECHANISM, user='bob')
expect((line['reason'], line['why'], line['detail']),
       ('mechanism-not-allowed', 'access.pop3_mechanisms', 'LOGIN'), 'a mechanism')
say('POP3 without TLS, and by a mechanism that is not allowed')

for options in ({}, {'tls': False, 'source': '127.0.0.5'}):
    session = Pop3('carol', **options)
    expect(session.command('STAT')[:3], b'+OK', 'POP3 with %r' % options)
    session.quit()
say('POP3 with TLS, and from a trusted network without')
PYTHON
[ $? = 0 ] || failures=1

# What is being retired: told once a day; and the same rules only observed.
doveadm -c "$LAB_DOVECOT_CONF" reload || exit 1
cat >> "$LAB_CONF" <<CONF
access {
	imap = notice
	pop3 = notice
	pop3_mechanisms = {}
	notice = "%{protocol} ends here in March; ask help@example.test what comes after %{protocol}"
	tls_mode = observe
	mechanisms_mode = observe
}
CONF
PYTHONPATH=$work python <<'PYTHON'
from access import *


class Listener(Program):
    """Keeps what came before the answer to the login."""

    def command(self, command):
        lines = super().command(command)
        if command.startswith('LOGIN '):
            self.alerts = [line for line in lines if 'ALERT' in line]
        return lines


WORDS = ['* OK [ALERT] IMAP ends here in March; ask help@example.test what comes after '
         'IMAP']
expect(Listener('bob', source='127.0.0.3').alerts, WORDS, 'the notice')
expect(Listener('bob', source='127.0.0.3').alerts, [], 'once a day')
expect(Listener('bob', source='127.0.0.4').alerts, WORDS, 'for each program')
expect(Listener('dave', source='127.0.0.3').alerts, [], 'nobody who is exempt')
line = journal(user='bob', part='imap', action='notice')[0]
expect((line['reason'], line['why']), ('protocol-retiring', 'access.imap'), 'the line')
expect(len(journal(user='bob', action='notice')), 2, 'lines')
for wanted in (1, 1):
    session = Pop3('bob')
    expect(session.command('STAT')[:3], b'+OK', 'POP3 goes on')
    session.quit()
    expect(len(journal(user='bob', part='pop3', reason='protocol-retiring')), wanted,
           'one line for POP3 in a day')
say('what is being retired is told once a day')

passes(Program('carol', tls=False))
passes(Choosy('erin', 'LOGIN'))
wait_until(lambda: journal(user='erin', action='would-refuse'), 10, 'the line')
expect(one_line(user='carol', reason='tls-required', part='imap')['action'],
       'would-refuse', 'only observed')
expect(one_line(user='erin', reason='mechanism-not-allowed')['mode'], 'observe',
       'only observed')
say('what is only observed is served, and written down')

redis('SHUTDOWN', 'NOSAVE')
alerts = Listener('carol', source='127.0.0.6').alerts
expect(alerts, [], 'who was told already is not known')
passes(Program('carol', source='127.0.0.6'))
say('without Redis nobody is told, and mail is read')
PYTHON
[ $? = 0 ] || failures=1
check_no_ban
check "access" [ "$failures" = 0 ]
finish
