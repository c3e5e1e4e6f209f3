#!/bin/bash
# SPDX-License-Identifier: MIT
# Before a login the same terms hold as after it: inventing programs gains nothing, and
# what an override or Dovecot's userdb says of a user is known.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
need_authpolicy
poll_site site <<CONF
poll {
	interval = 60s
	round = 1s
	programs_max = 3
	ladder = {"after 0: delay 8s"}
	login_ladder = {"after 0: hold 2s"}
	overrides = {"dave: interval 3m"}
}
journal { interval = 1s }
CONF
sed -i -e '/^erin:/s/$/ userdb_gatepost_mode=observe/' \
	-e '/^bob:/s/$/ userdb_gatepost_interval=5m/' site/etc/users
doveadm -c "$LAB_DOVECOT_CONF" reload || exit 1
python <<'PYTHON'
from logins import *


def line_about(user, action):
    return journal(part='auth', user=user, action=action)


def check_until(user, action):
    """Logs in for each check until the line is there; how long each login took."""
    took, end = [], now() + 30
    while not line_about(user, action):
        took.append(one_check('imap', user, '127.0.0.2')[0])
        expect_true(now() < end, 'no line %s within 30 s' % action)
        time.sleep(0.3)
    return took


def invented(number, source='127.0.0.2', long=False):
    """A login by a name that nobody has heard of, and a check."""
    others = '"os" "%s" "version" "%s" ' % ('o' * 700, 'v' * 700) if long else ''
    return one_check('imap', 'carol', source,
                     early_id='(%s"name" "invented-%d")' % (others, number))


def carol_is_kept():
    return sorted(kept('carol').programs)


# The user has more programs than programs_max, and they have checked too often.
number = 0
while not line_about('carol', 'hold'):
    expect_true(number < 20, 'a name for each login: none of 20 was held')
    held, served = invented(number)
    number += 1
expect_true(number > 3, 'so many may be')
expect_true(2 <= held < 4, 'held, and once: %s' % held)
expect_true(served < 5, 'but not once more: %s' % served)
line = line_about('carol', 'hold')[0]
expect((line['why'], line['wait'], line['policy']),
       ('poll.programs_max', '2', '60'), 'the line')
expect(line['program'], 'imap/127.0.0.2/invented-%d' % (number - 1), 'the program')
for turn in range(2):
    held, served = invented(number + turn)
    expect_true(2 <= held < 4 and served < 5,
                'each further one: %s, %s' % (held, served))
say('inventing a program for each login gains nothing')

held, served = invented(99, long=True)
expect_true(2 <= held < 4 and served < 5, 'a long ID: %s, %s' % (held, served))
expect_true(journal(part='auth', program='imap/127.0.0.2/invented-99'),
            'the name in a long ID')
before = carol_is_kept()
expect(ask(login='carol', remote='127.0.0.9', protocol='imap',
           device_id='"name" "by-nobody"'), 2, 'held')
expect(carol_is_kept(), before, 'who only tries to log in leaves nothing')
say('a long ID hides nothing, and who only tries leaves nothing')

took = check_until('erin', 'would-hold')
line = line_about('erin', 'would-hold')[0]
expect((line['mode'], line['why']), ('observe', 'userdb'), 'the line about erin')
took += [one_check('imap', 'erin', '127.0.0.2')[0] for _ in range(3)]
expect_true(max(took) < 1.5, 'who is only observed waits for nothing: %s' % took)
say("observe in Dovecot's userdb: nobody waits, and the journal says what would be")

for user, policy, why in (('bob', '300', 'userdb'), ('dave', '180', 'poll.overrides')):
    check_until(user, 'hold')
    line = line_about(user, 'hold')[0]
    expect((line['mode'], line['policy'], line['why']), ('enforce', policy, why),
           'the line about ' + user)
say('the journal names the interval in force')

# The next login tells that the userdb says no more.
users = os.path.join(os.path.dirname(env['LAB_LOG']), 'etc/users')
with open(users) as file:
    text = file.read()
with open(users, 'w') as file:
    file.write(text.replace(' userdb_gatepost_mode=observe', ''))
check_until('erin', 'hold')
expect(line_about('erin', 'hold')[0]['why'], 'poll.login_ladder', 'erin as all')
say('what the userdb says no more holds no more')
PYTHON
[ $? = 0 ] || failures=1
check "terms before the login" [ "$failures" = 0 ]
finish
