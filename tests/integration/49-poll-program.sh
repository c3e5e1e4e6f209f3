#!/bin/bash
# SPDX-License-Identifier: MIT
# A program is known by its IMAP ID, sent before the login or after it.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
poll_site site <<CONF
poll {
	interval = 60s
	round = 0
	ladder = {"after 0: absorb"}
}
CONF
python <<'PYTHON'
from poll import *


def check_as(user, early_id):
    program = Program(user, early_id=early_id)
    program.command('SELECT INBOX')
    program.command('NOOP')
    return program


def program_of(user, early_id):
    session = check_as(user, early_id)
    lines = wait_until(lambda: journal(user=user, action='absorb'), 5, 'journal')
    session.command('LOGOUT')
    return lines[-1]['program']


# what a program says cannot forge a line, a field or another program
expect(program_of('alice', '("name" "a b=%{user} \\"c\\" \\\\ user=root" "os" NIL)'),
       'imap/127.0.0.2/a_b___user___c____user_root', 'a hostile name')

# What else it says stands in the journal alone, bounded and escaped.
def client_of(early_id, **later):
    redis('FLUSHALL')
    os.truncate(env['LAB_JOURNAL'], 0)
    program = Program('carol', early_id=early_id, **later)
    program.command('SELECT INBOX')
    program.command('NOOP')
    program.command('LOGOUT')
    line, = wait_until(lambda: journal(user='carol', action='absorb'), 5, 'a line')
    expect(line['program'], 'imap/127.0.0.2/Thing', 'the program is its name')
    return line.get('client')


expect(client_of('("name" "Thing" "version" "14.0" "os" "BSD x=y user=root\\"")'),
       'Thing%2014.0%20BSD%20x%3Dy%20user%3Droot%22', 'version and os')
expect(client_of('("name" "Thing")'), None, 'a name alone')
expect(client_of('("os" "%s" "name" "Thing")' % ('o' * 60)),
       'Thing%20' + 28 * 'o', 'bounded')
say('version and os are in the journal')

for number, nothing in enumerate(('NIL', '("version" "1")', '("name" NIL)',
                                  '("name" "")', '("x" "name" "y" "z")')):
    user = ('bob', 'carol', 'dave', 'erin', 'bob')[number]
    expect(program_of(user, nothing), 'imap/127.0.0.2', 'ID ' + nothing)
say('no name, and a hostile one')

redis('FLUSHALL')
first = check_as('alice', '("name" "Thunderbird" "version" "140")')
other = check_as('alice', '("NAME" "K-9")')
wait_until(lambda: len(journal(user='alice', action='absorb')) >= 2, 5, 'journal')
first.command('LOGOUT')
other.command('LOGOUT')
names = {'imap/127.0.0.2/Thunderbird', 'imap/127.0.0.2/K-9'}
wait_until(lambda: set(who('alice')) == names, 5,
           'two programs at one address, each with its name')
for name in names:
    expect(who('alice')[name]['checks'], 2, 'the checks of ' + name)
say('two programs at one address have a budget each')

late = check_as('erin', '("name" "Early")')
late.command('ID ("name" "Late")')
late.command('NOOP')
late.command('LOGOUT')
wait_until(lambda: set(who('erin')) >= {'imap/127.0.0.2/Early',
                                        'imap/127.0.0.2/Late'}, 5,
           'what it says after the login counts from then on')
say('a program may say who it is after the login')
PYTHON
check "programs" [ $? = 0 ]

# The settings choose what makes a program; each login reads them.
for key in name address; do
	printf 'poll {\n\tprogram = %s\n}\n' "$key" >> "$LAB_CONF"
	KEY=$key python <<'PYTHON'
from poll import *

redis('FLUSHALL')
for number in (1, 2):
    program = Program('carol', source='127.0.0.%d' % (number + 10),
                      early_id='("name" "Phone%d")' % (number if env['KEY'] == 'address'
                                                       else 0))
    program.command('SELECT INBOX')
    program.command('LOGOUT')
if env['KEY'] == 'name':
    wanted = {'imap/-/Phone0': 2}
else:
    wanted = {'imap/127.0.0.11': 1, 'imap/127.0.0.12': 1}
wait_until(lambda: {name: row['checks'] for name, row in who('carol').items()} == wanted,
           5, 'programs by %s: %r' % (env['KEY'], who('carol')))
say('programs by ' + env['KEY'])
PYTHON
	check "programs by $key" [ $? = 0 ]
done
finish
