#!/bin/bash
# SPDX-License-Identifier: MIT
# Sending rates through a real MTA: who sends too much waits, and nobody else.
. "$(dirname "$0")/lib.sh"
site site
python <<'PYTHON'
import concurrent.futures
import json
from rate import *

site = Site()
groups = os.path.join(os.path.dirname(site.conf), 'groups')
MESSAGES = '450 4.7.1 Too many messages: at most '
RECIPIENTS = '450 4.7.1 Too many recipients: at most '
PER_MESSAGE = '452 4.5.3 Too many recipients in one message: at most %s; ' \
    'send it in parts'

alice = user('alice')
expect_accepted(send(alice, 'alice'), 'without limits')
wait_until(lambda: kept('alice') is not None,
           30, 'a message is human activity, also without limits')
expect(time.time() - kept('alice').human < 60, True, 'the person was there just now')
expect(kept('alice').sent, None, 'nothing else is recorded')
say('without limits mail passes, and polling policy learns of the person')

site.use('rate { messages = 3/1h }')
for number in range(3):
    expect_accepted(send(alice, 'alice'), 'message %d of 3' % (number + 1))
replies = send(alice, 'alice')
expect(len(replies), 1, 'refused at MAIL')
secs = expect_refused(replies[0], MESSAGES + '3 in 1h', 'the 4th message')
if not 1000 < secs <= 1200:
    fail('one message in 20 minutes: %d s' % secs)
line = journal_has('the 4th message', reason='rate-messages')
for field, value in (('action', 'tempfail'), ('mode', 'enforce'),
                     ('why', 'rate.messages'), ('limit', '3/1h'),
                     ('user', 'alice'), ('answer', '450/4.7.1')):
    expect(line[field], value, field)
if abs(int(line['wait']) - secs) > 1:
    fail('wait in the journal: %s' % line['wait'])
expect(send(user('alice'), 'alice')[0][:9], '450 4.7.1', 'in another session')
expect_accepted(send(user('bob'), 'bob'), 'somebody else')
say('the message over the limit: 450 at MAIL with the seconds')

CTL = env['LAB_CTL'].split()


def who(*words):
    return json.loads(subprocess.check_output(CTL + ['who', '--sending', '--json',
                                                     *words]))


rows = who()
expect([row['user'] for row in rows], ['alice', 'bob'], 'who waits comes first')
expect(rows[0]['messages'], [{'used': 3, 'limit': 3, 'secs': 3600}], 'in use')
expect(rows[1]['messages'][0]['used'], 1, 'of bob')
if not 1000 < rows[0]['wait_secs'] <= 1200 or rows[1]['wait_secs'] != 0:
    fail('who --sending: %r' % rows)
expect(who('Alice')[0]['user'], 'alice', 'by name')
expect(who('nobody'), [], 'an unknown user')
table = subprocess.check_output(CTL + ['who', '--sending'], text=True).split('\n')
expect(table[0].split(), 'USER MESSAGES RECIPIENTS WAIT LAST'.split(), 'header')
expect(table[1].split()[:4], 'alice 3 of 3/1h'.split(), 'row')
say('who --sending')

site.use('rate { messages = 1/7s }')
expect_accepted(send(alice, 'alice'), 'the first')
secs = expect_refused(alice.mail('<alice@example.test>'), MESSAGES + '1 in 7s',
                      'the second')
if not 0 < secs <= 7:
    fail('seconds to wait: %d' % secs)
began = time.monotonic()
wait_until(lambda: alice.mail('<alice@example.test>').startswith('250'),
           30, 'a time that comes')
if time.monotonic() - began < secs - 1.5:
    fail('admitted after %.1f s of %d' % (time.monotonic() - began, secs))
alice.command('RSET')
expect_accepted(send(alice, 'alice'), 'when its time has come')
say('when the seconds are over mail passes again')

site.use('rate { messages = {2/2s, 4/1d} }')
bob = user('bob')
sent = 0
while sent < 4:
    replies = send(bob, 'bob')
    if accepted(replies):
        sent += 1
    elif expect_refused(replies[0], MESSAGES + '2 in 2s', 'the short limit') > 2:
        fail(replies[0])
secs = expect_refused(send(bob, 'bob')[0], MESSAGES + '4 in 1d', 'the long limit')
if secs < 20000:
    fail('one message in six hours: %d s' % secs)
say('two limits hold at once; the longer wait is told')

site.use('rate { recipients = 5/1h }')
carol = user('carol')
expect_accepted(send(carol, 'carol', 3), '3 recipients')
replies = send(carol, 'carol', 3)
expect([reply[:3] for reply in replies], ['250', '250', '250', '450', '250'],
       'the 6th recipient is refused at RCPT')
expect_refused(replies[3], RECIPIENTS + '5 in 1h', 'the 6th recipient')
journal_has('the 6th recipient', reason='rate-recipients', user='carol')
expect_refused(send(carol, 'carol')[0], RECIPIENTS + '5 in 1h', 'at MAIL')
replies = send(user('dave'), 'dave', 7)
expect([reply[:3] for reply in replies],
       ['250'] * 6 + ['452', '452'] + ['250'], 'more than a window holds')
expect(replies[6], PER_MESSAGE % '5 in 1h', 'no waiting helps')
site.use('rate { recipients_per_message = 2 }')
replies = send(user('dave'), 'dave', 3)
expect([reply[:3] for reply in replies], ['250', '250', '250', '452', '250'],
       'recipients of one message')
expect(replies[3], PER_MESSAGE % '2', 'recipients of one message')
line = journal_has('too many', reason='recipients-per-message', limit='2')
expect(line['why'], 'rate.recipients_per_message', 'rule')
say('recipients: refused at the RCPT that is too much, the rest is delivered')

with open(groups, 'w') as file:
    file.write('staff: erin\n')
CONF = '''login { groups_file = "%s" }
rate { messages = 5/3h
  overrides = {"dave: messages 1/3h", "@staff: none"} }''' % groups
site.use(CONF)
dave, erin = user('dave'), user('erin')
expect_accepted(send(dave, 'dave'), 'dave has one')
expect_refused(send(dave, 'dave')[0], MESSAGES + '1 in 3h', 'dave has only one')
expect(journal_has('dave', user='dave', limit='1/3h')['why'], 'rate.overrides',
       'rule')
for number in range(7):
    expect_accepted(send(erin, 'erin'), 'the group has no limit')
with open(groups, 'w') as file:
    file.write('staff: alice, dave\n')
site.use(CONF)
for number in range(5):
    expect_accepted(send(erin, 'erin'), 'erin has left the group')
expect_refused(send(erin, 'erin')[0], MESSAGES + '5 in 3h', 'after a reload')
say('overrides for a login and for a group, which a reload reads again')

site.use('rate { messages = 1/4h mode = observe }')
for number in range(3):
    expect_accepted(send(alice, 'alice', 2), 'only observed')
observed = lines(action='would-tempfail', user='alice')
expect([line['reason'] for line in observed], ['rate-messages'] * 2,
       'one line for a message')
expect({line['mode'] for line in observed}, {'observe'}, 'mode')
say('observed: all passes, the journal says what would have been')

site.use('rate { messages = 2/5h }')
carol = user('carol')
for number in range(3):
    expect(carol.mail('<bob@example.test>')[:9], '550 5.7.1', 'not her address')
    expect(carol.mail('<carol@example.test>')[:3], '250', 'MAIL')
    expect(carol.rcpt('<friend@foreign.test>')[:3], '250', 'RCPT')
    expect(carol.command('RSET')[:3], '250', 'RSET')
    carol.mail('<carol@example.test>')
    carol.rcpt('<friend@foreign.test>')
    expect(carol.command('DATA')[:3], '354', 'DATA')
    expect(carol.command('From: bob@example.test\r\n\r\ntext\r\n.')[:9],
           '550 5.7.1', 'From is not hers')
    gone = user('carol')
    expect(gone.mail('<carol@example.test>')[:3], '250', 'MAIL')
    expect(gone.rcpt('<friend@foreign.test>')[:3], '250', 'RCPT')
    expect(gone.command('DATA')[:3], '354', 'DATA')
    gone.close()
for number in range(2):
    expect_accepted(send(carol, 'carol'), 'what was refused is not counted')
expect_refused(send(carol, 'carol')[0], MESSAGES + '2 in 5h', 'but what was sent')
say('messages refused by another rule, given up or cut off are not counted')

site.use('rate { messages = 7/6h }')


def one(number):
    return accepted(send(user('dave'), 'dave'))


with concurrent.futures.ThreadPoolExecutor(20) as pool:
    expect(sum(pool.map(one, range(20))), 7, '20 sessions at once')
say('20 sessions at once get no more than one')

# Half of these do not wait for Redis.
site.use('rate { messages = 32/8h }')
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    expect(sum(pool.map(lambda number: accepted(send(user('erin'), 'erin')),
                        range(44))), 32, 'in 8 sessions')
expect(who('erin')[0]['messages'][0]['used'], 32, 'counted in Redis')
say('no more than allowed, also if the first are answered before they are counted')

site.use('rate { mode = off messages = 1/7h }')
for number in range(3):
    expect_accepted(send(alice, 'alice'), 'off')
say('off is off')
PYTHON
