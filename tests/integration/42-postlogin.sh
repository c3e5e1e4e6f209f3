#!/bin/bash
# SPDX-License-Identifier: MIT
# Without a plugin: logins are counted, held and ended between login and mail
# process; on any doubt they go on.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
program=$GATEPOST_BUILD/imapd-hooks/gatepost-postlogin
[ ! -x "$GATEPOST_BUILD/imapd-hooks/.libs/gatepost-postlogin" ] ||
	program=$GATEPOST_BUILD/imapd-hooks/.libs/gatepost-postlogin
poll_site site <<CONF
poll {
	interval = 20s
	round = 1s
	login_ladder = {"after 0: note", "after 1: hold 2s", "after 3: refuse"}
}
journal { interval = 1s }
authpolicy { held_max = 0 }
redis { retry = 1s }
CONF
# What Dovecot's userdb says of two users.
sed -i -e '/^dave:/s/$/ userdb_gatepost_interval=5m/' \
	-e '/^erin:/s/$/ userdb_gatepost_mode=observe/' site/etc/users

# The site without the plugins, with the post-login program in their place.
user='$default_internal_user'
! dovecot --version | grep -q '^2\.[4-9]' || user='$SET:default_internal_user'
sed -i -e '/_gatepost = yes$/d' -e '/mail_plugins = .*_gatepost$/d' \
	"$LAB_DOVECOT_CONF"
for protocol in imap pop3; do
	cat >> "$LAB_DOVECOT_CONF" <<X
service $protocol {
  executable = $protocol $protocol-postlogin
}
service $protocol-postlogin {
  executable = script-login $program -c $LAB_CONF $protocol
  user = $user
  extra_groups = nogroup
  unix_listener $protocol-postlogin {
  }
}
X
done
doveadm -c "$LAB_DOVECOT_CONF" reload || exit 1
# The journal belongs to those who wrote it so far.
chmod 666 "$LAB_JOURNAL"
python <<'PYTHON'
import hostile
from logins import *

WORDS = ('You may look for new mail once every 20 seconds, try again in ')


def log_in(login, user, early_id=None):
    """The answer, or how the connection was ended in its place."""
    if early_id:
        login.command('ID ' + early_id)
    return login.login(user) or login.told[-1]


def alerts(login):
    return [line for line in login.told if 'ALERT' in line]


deliver('alice', 'one')
for protocol, good, bad in (('imap', 'OK ', '* BYE [LIMIT] '),
                            ('pop3', '+OK Logged in', '-ERR [LOGIN-DELAY] ')):
    source, end, was_held = '127.0.0.2', now() + 60, False
    while True:
        login = Login(protocol, source)
        line = log_in(login, 'alice')
        # the journal has one line in a second
        if not line.startswith(good) and journal(part=protocol, action='refuse'):
            break
        was_held = was_held or login.waited > 1.5
        login.end()
        expect_true(now() < end, 'not refused within 60 s')
        time.sleep(0.3)
    expect_true(line.startswith(bad + WORDS), protocol + ': %r' % line)
    expect(login.line(), '', 'and the connection ends')
    expect_true(was_held, 'held before')
    actions = [row['action'] for row in journal(part=protocol, user='alice')]
    expect([a for i, a in enumerate(actions) if a not in actions[:i]],
           ['note', 'hold', 'refuse'], 'the steps of the ladder in order')
    row = journal(part=protocol, action='refuse')[0]
    expect(row['program'], protocol + '/127.0.0.2', 'program')
    expect(row['port'], '-', 'a port that is not known')
    bob = Login(protocol, source)
    expect_true(log_in(bob, 'bob').startswith(good), 'another user')
    bob.end()
    left = int(line[len(bad + WORDS):].split()[0])
    end = now() + left
    wait_until(lambda: now() >= end, 30, 'the time that was named')
    login = Login(protocol, source)
    line = log_in(login, 'alice')
    expect_true(line.startswith(good), 'served then: %r' % line)
    login.end()
    say('%s: counted, held, ended in plain words, and served in time' % protocol)

# The name of the program, and the terms of the user.
def line_of(user, until, **wanted):
    end = now() + 30
    while not journal(user=user, **wanted):
        login = Login('imap', '127.0.0.4')
        line = log_in(login, user, '("os" "x" "name" "Relic")')
        expect_true(line.startswith('OK ') or not until, user + ': %r' % line)
        login.end()
        expect_true(now() < end, 'no line %r of %s within 30 s' % (wanted, user))
        time.sleep(0.3)
    return journal(user=user, **wanted)[0]


line = line_of('dave', False, reason='early')
expect((line['program'], line['policy'], line['why']),
       ('imap/127.0.0.4/Relic', '300', 'userdb'), 'the line about dave')
expect(sorted(kept('dave').programs), ['imap/127.0.0.4/Relic'], 'what is kept')
line = line_of('erin', True, action='would-refuse')
expect((line['mode'], line['why']), ('observe', 'userdb'), 'the line about erin')
say('the name by IMAP ID and the terms in the userdb come from script-login')

# Words for the user, once, by IMAP.
with open(env['LAB_CONF'], 'a') as file:
    file.write('poll {\n notice = "%{program} logs in every %{every}"\n '
               'notice_after = 1\n login_ladder = {"after 0: note"}\n }\n')
told, end = [], now() + 30
while not journal(user='bob', action='notice'):
    login = Login('imap', '127.0.0.5')
    log_in(login, 'bob')
    told += alerts(login)
    login.end()
    expect_true(now() < end, 'no notice within 30 s')
    time.sleep(0.3)
expect_true(len(told) == 1 and re.fullmatch(
    r'\* OK \[ALERT\] imap/127\.0\.0\.5 logs in every (few|\d+) seconds?', told[0]),
    'the words: %r' % told)
for _ in range(3):
    login = Login('imap', '127.0.0.5')
    log_in(login, 'bob')
    expect(alerts(login), [], 'said once')
    login.end()
for _ in range(8):
    login = Login('imap', '127.0.0.4')
    log_in(login, 'erin', '("name" "Relic")')
    expect(alerts(login), [], 'nothing is said to whom is only observed')
    login.end()
say('the user is told once in plain words')

# Who may not read mail this way.
with open(env['LAB_CONF'], 'a') as file:
    file.write('access { pop3 = deny, imap_mechanisms = {EXTERNAL}, '
               'mechanisms_mode = enforce }\n'.replace(', ', '\n'))
for protocol, answer in (
        ('imap', '* BYE [NOPERM] This way to log in is not allowed, choose a normal '
         'password over an encrypted connection in your mail program'),
        ('pop3', '-ERR [SYS/PERM] Mail may not be read by POP3 here, choose IMAP in your '
         'mail program')):
    expect(log_in(Login(protocol, '127.0.0.3'), 'carol'), answer, protocol)
    expect([row['action'] for row in journal(user='carol', part=protocol)],
           ['refuse'], 'the line')
with open(env['LAB_CONF'], 'a') as file:
    file.write('access {\n pop3 = allow\n mechanisms_mode = observe\n }\n')
say('who may not read mail this way')

# On any doubt the login goes on.
deaf = hostile.Deaf(os.path.join(os.path.dirname(env['LAB_CONF']), 'deaf'),
                    b'-NOSCRIPT No matching script.\r\n*0\r\n')
with open(env['LAB_CONF'], 'a') as file:
    file.write('redis { server = "%s" }\n' % deaf.name)
login = Login('imap', '127.0.0.2')
expect_true(log_in(login, 'alice').startswith('OK '), 'with a Redis that hangs up')
login.end()
expect_true(deaf.pids, 'it was asked')
with open(env['LAB_CONF'], 'a') as file:
    file.write('redis { server = "unix:%s" }\n' % env['LAB_REDIS'])
say('a connection that breaks while it is written to ends no login')
redis('SHUTDOWN', 'NOSAVE')
for number in range(5):
    login = Login('imap', '127.0.0.2')
    expect_true(log_in(login, 'alice').startswith('OK '), 'without Redis')
    login.end()
say('without Redis logins go on')
with open(env['LAB_CONF'], 'a') as file:
    file.write('poll { mode = nonsense }\n')
login = Login('imap', '127.0.0.2')
expect_true(log_in(login, 'alice').startswith('OK '), 'with wrong settings')
login.end()
say('with settings that are not good logins go on')
expect_true(not re.search('Panic|Fatal|killed with signal', log()),
            'log of Dovecot:\n' + log())
PYTHON
[ $? = 0 ] || failures=1
check_no_ban
program=$GATEPOST_BUILD/imapd-hooks/gatepost-postlogin
refuses() { ! "$program" "$@" 2> usage.log && grep -q 'are needed' usage.log; }
check "a protocol is needed" refuses /bin/true
check "a program is needed" refuses imap
check "help" eval '"$program" --help | grep -q Usage:'
check "it runs what it is given" \
	[ "$(env -i USER=x "$program" -c /dev/null imap /bin/echo a b)" = "a b" ]
finish
