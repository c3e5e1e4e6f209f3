#!/bin/bash
# SPDX-License-Identifier: MIT
# Who is made exempt by hand, for a time, by one command and on all hosts; and who may
# begin anew.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
printf 'lab: dave\n' > groups
chmod 644 groups
poll_site site <<CONF
login { groups_file = "$work/groups" }
poll {
	interval = 60s
	round = 1s
	ladder = {"after 0: absorb"}
	login_ladder = {"after 0: hold 2s"}
	exemptions = {"127.0.0.8 until 2099-12-31 by ann: webmail"}
}
journal { interval = 1s }
CONF

# refuses TEXT ARGUMENT...: the command says TEXT and changes nothing.
refuses() {
	local text=$1
	shift
	! $LAB_CTL exempt "$@" > said 2>&1 && grep -qF -e "$text" said ||
		{ cat said; return 1; }
	[ "$(redis-cli -s "$LAB_REDIS" exists 'gp:{exemptions}:x')" = 0 ]
}
check "whom?" refuses "whom?" --for 2w --reason x
check "for how long?" refuses "for how long?" alice --reason x
check "why?" refuses "--reason is needed" alice --for 2w
check "no time" refuses "this is not a time" alice --for soon --reason x
check "no time at all" refuses "up to a year" alice --for 0s --reason x
check "for ever" refuses "up to a year" alice --for 60w --reason x
check "no network" refuses "is not an IP address" --network webmail --for 2w --reason x
check "an address is no user" refuses "there is --network" 192.0.2.1 --for 2w --reason x
check "no group" refuses "has no group 'nobody'" @nobody --for 2w --reason x
check "no program" refuses "a program is needed" --program "" --for 2w --reason x
check "two of them" refuses "whom?" alice --program x --for 2w --reason x
check "a line of the journal" refuses "control character" alice --for 2w \
	--reason "x
time=2026"
check "an author with a colon" refuses "must not hold" alice --for 2w --reason x \
	--author a:b
check "drop of nobody" refuses "is not exempt by hand" drop alice
check "a word too many" refuses "one word too many" alice bob --for 2w --reason x
check "reset of nobody" eval '! $LAB_CTL reset > /dev/null 2>&1'

python <<'PYTHON'
import hostile
from poll import *


def ctl(*words):
    done = subprocess.run(shlex.split(env['LAB_CTL']) + list(words),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          universal_newlines=True)
    expect(done.returncode, 0, '%r: %s' % (words, done.stdout))
    return done.stdout


def session(user, **options):
    program = Program(user, **options)
    program.command('SELECT INBOX')
    return program


def looks(program, user):
    """Is a check answered from the mailbox?"""
    deliver(user, 'mail for ' + user)
    return any('EXISTS' in line for line in program.command('NOOP'))


def wait_early(user, **options):
    """A session whose checks are absorbed."""
    program = session(user, **options)
    wait_until(lambda: not looks(program, user), 20, 'an early check of ' + user)
    return program


for user, words, options in (
        ('alice', ('alice',), {}),
        ('Bob@example.test', ('--user', 'Bob@example.test'), {}),
        ('dave', ('@lab',), {}),
        ('carol', ('--network', '127.0.0.16/28'), {'source': '127.0.0.17'}),
        ('erin', ('--program', 'imap/*/Relic'), {'early_id': '("name" "Relic")'})):
    name = user.split('@')[0].lower()
    early = wait_early(name, **options)
    ctl('exempt', *words, '--for', '2w', '--reason', 'tried, "quoted" & <b>',
        '--author', 'ann')
    fresh = session(name, **options)
    for number in range(3):
        expect(looks(fresh, name), True, '%s is exempt, check %d' % (user, number))
    fresh.close()
    early.close()
    ctl('exempt', 'drop', *words)
    wait_until(lambda: wait_early(name, **options), 20, 'held again')
    say('%s: exempt at once, and held again at once' % words[-1])

lines = journal(part='ctl', reason='exemption-added')
expect([line['user'] for line in lines], ['alice', 'bob', '-', '-', '-'], 'users')
expect_true(re.match(r'bob%20until%2020\d\d-\d\d-\d\d%20\d\d:\d\d%20by%20ann:%20tried,'
                     r'%20%22quoted%22', lines[1]['detail']), 'detail: %r' % lines[1])
expect(len(journal(part='ctl', reason='exemption-dropped')), 5, 'lines of drop')
say('the journal knows who did what')

# The reason of those that are exempt, and what shows them.
ctl('exempt', 'alice', '--for', '30m', '--reason', 'moves house')
added = json.loads(ctl('exempt', 'alice', '--json', '--for', '1h', '--reason',
                       'still moves'))
expect((added['who'], added['reason'], added['from']),
       ('alice', 'still moves', 'exempt'), 'for machines')
expect_true(re.match(r'20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$', added['until']), 'until')
ctl('exempt', '--network', '2001:db8::/32', '--for', '3d', '--reason', 'webmail')
for facts, wanted in ((('user=alice',), 'exempt'), (('user=bob',), 'early'),
                      (('user=bob', 'ip=2001:db8::7'), 'exempt')):
    told = ctl('explain', '--rules', 'part=imap', 'check=noop', 'every=1', *facts)
    expect_true(re.search(r'^reason +%s' % wanted, told, re.M) and
                ('still moves' in told) == (facts == ('user=alice',)), told)
rows = json.loads(ctl('exempt', 'list', '--json'))
expect({(row['who'], row['from'], row['reason']) for row in rows},
       {('127.0.0.8', 'settings', 'webmail'), ('alice', 'exempt', 'still moves'),
        ('2001:db8::/32', 'exempt', 'webmail')}, 'the list')
left = int(redis('TTL', 'gp:{exemptions}:x'))
expect_true(3 * 86400 - 60 < left <= 3 * 86400, 'it ends with the last: %d' % left)
table = ctl('exempt', 'list')
expect_true(re.search(r'^alice +20\d\d-\d\d-\d\d \d\d:\d\d exempt +\S+ +still moves$',
                      table, re.M), table)
report = ctl('report', '--json', env['LAB_JOURNAL'])
names = {str(program['program']) for row in json.loads(report)['rows']
         for program in row['programs']}
expect([name for name in names if not name.startswith('imap/')], [],
       'the report does not take them for checks')
rows = {(row['user'], program['program']): program['exempt']
        for row in json.loads(report)['rows'] for program in row['programs']}
expect({key: exempt and exempt['reason'] for key, exempt in rows.items()
        if key[1] == 'imap/127.0.0.2'},
       {('alice', 'imap/127.0.0.2'): 'still moves', ('bob', 'imap/127.0.0.2'): None,
        ('dave', 'imap/127.0.0.2'): None}, 'exemptions in the report')
expect_true(re.search(r'^alice +imap/127\.0\.0\.2 .* 20\d\d-\d\d-\d\d'
                      r' +20\d\d-\d\d-\d\d \d\d:\d\d +\S+$',
                      ctl('report', env['LAB_JOURNAL']), re.M), 'in its table')
say('they are listed')

# One that has ended exempts nobody, nor does what is none.
redis('HSET', 'gp:{exemptions}:x', 'bob', '1000000000 ann: long ago', 'carol', 'x',
      '10.0.0.0/99', '4000000000 ann: no network', 'dave', '4000000000')
for user in ('bob', 'carol', 'dave'):
    wait_early(user, source='127.0.0.5').close()
expect_true(not {'bob', 'carol'} & set(redis('HKEYS', 'gp:{exemptions}:x').split()),
            'what has ended is dropped by the checks of others')
redis('HSET', 'gp:{exemptions}:x', 'bob', '1000000000 ann: long ago')
expect_true('bob' not in ctl('exempt', 'list'), 'the list')
expect_true('bob' not in redis('HKEYS', 'gp:{exemptions}:x').split(), 'or by the list')
say('what has ended, or is damaged, exempts nobody, and goes')

# A user who may begin anew.
program = session('carol', source='127.0.0.9')
wait_until(lambda: not looks(program, 'carol'), 20, 'an early check of carol')
program.close()
expect_true(who('carol'), 'carol is known')
expect(json.loads(ctl('reset', '--json', 'carol')), {'user': 'carol', 'reset': True},
       'reset')
expect(who('carol'), {}, 'nothing of how often')
fresh = session('carol', source='127.0.0.9')
expect([row['checks'] for row in who('carol').values()], [1], 'counted anew')
expect(ctl('reset', 'nobody.of.that.name'),
       'nothing was known of nobody.of.that.name\n', 'reset of nobody')
expect([line['user'] for line in journal(part='ctl', reason='history-reset')],
       ['carol'], 'the line')
say('reset: a user begins anew')

# A connection that breaks while it is written to is said in words too.
deaf = hostile.Deaf('deaf', b'-NOSCRIPT No matching script.\r\n')
with open('deaf.conf', 'w') as file:
    file.write(open(env['LAB_CONF']).read() +
               'redis { server = "unix:%s" }\n' % os.path.abspath('deaf'))
done = subprocess.run([shlex.split(env['LAB_CTL'])[0], '-c', 'deaf.conf', 'exempt', 'alice',
                       '--for', '1h', '--reason', 'x'], stderr=subprocess.PIPE,
                      universal_newlines=True)
expect((done.returncode, 'redis: ' in done.stderr), (69, True), done.stderr)
deaf.end()
say('a Redis that hangs up is told')
PYTHON
[ $? = 0 ] || failures=1

redis-cli -s "$LAB_REDIS" shutdown nosave > /dev/null 2>&1
check "without Redis it says so" eval \
	'$LAB_CTL exempt alice --for 1h --reason x 2>&1 | grep -q "redis: "'
check "and exits with 69" eval \
	'$LAB_CTL exempt list > /dev/null 2>&1; [ $? = 69 ]'
finish
