#!/bin/bash
# SPDX-License-Identifier: MIT
# Lists of domains, addresses and groups that change under a running milter are
# taken anew without a signal; gatepost.conf is not, and a broken list changes
# nothing.
. "$(dirname "$0")/lib.sh"
export DOMAINS=$work/domains OWNERS=$work/owners GROUPS_FILE=$work/groups
: > "$DOMAINS"
echo "free: dave" > "$GROUPS_FILE"
echo 'team@example.test alice' > "$OWNERS"
cat > more.conf <<X
relay { local_domains_file = "$DOMAINS" }
identity { alias_file = "$OWNERS" }
login { groups_file = "$GROUPS_FILE" }
rate { messages = 1/3h overrides = {"@free: none"} }
X
site site --open-relay --conf more.conf
python <<'PYTHON'
import re
from smtp import *

LOG = os.path.join(env['LAB_LOG'], 'milter.log')
with open(env['LAB_CONF']) as file:
    CONF = file.read()
with open(re.search(r'pid_file\s*=\s*"([^"]*)"', CONF).group(1)) as file:
    PID = int(file.read())
REFUSED, ACCEPTED, LATER = '550', '250', '450'


def log_count(text):
    with open(LOG) as file:
        return file.read().count(text)


def write(name, text):
    with open(env[name], 'w') as file:
        file.write(text)


def read(name):
    with open(env[name]) as file:
        return file.read()


def looks():
    """How often the milter's main thread has gone to sleep."""
    with open('/proc/%d/status' % PID) as file:
        return int(re.search(r'\nvoluntary_ctxt_switches:\s*(\d+)',
                             file.read()).group(1))


def bob_as(sender):
    client = Client('SUBMISSION', starttls=True, login='bob')
    answer = client.mail('<%s@example.test>' % sender)
    client.close()
    return answer[:3]


def outside_to(domain):
    client = Client('SMTP')
    expect(client.mail()[:3], '250', 'MAIL')
    answer = client.rcpt('<x@%s>' % domain)
    client.close()
    return answer[:3]


def erin_sends():
    client = Client('SUBMISSION', starttls=True, login='erin')
    answer = client.send(None, '<bob@example.test>', 'x')
    client.close()
    return answer[:3]


expect(bob_as('team'), REFUSED, "an address that is not bob's")
write('OWNERS', 'team@example.test alice, bob\n')
wait_until(lambda: bob_as('team') == ACCEPTED, 30, "the address is bob's")
write('OWNERS', 'team@example.test alice\n')
wait_until(lambda: bob_as('team') == REFUSED, 30, "it is bob's no more")
say('identity.alias_file: who owns an address changes')

expect(outside_to('new.test'), REFUSED, 'a foreign domain')
with open(env['DOMAINS'] + '.new', 'w') as file:
    file.write('new.test\n')
os.rename(env['DOMAINS'] + '.new', env['DOMAINS'])
wait_until(lambda: outside_to('new.test') == ACCEPTED, 30, 'a domain of ours')
expect(outside_to('alias.test'), ACCEPTED, 'the domains of gatepost.conf')
os.rename(env['DOMAINS'], env['DOMAINS'] + '.old')
wait_until(lambda: log_count('lists not changed: ') == 1, 30, 'log: no file')
expect(log_count(env['DOMAINS'] + ': No such file'), 1, 'the file it names')
expect(outside_to('new.test'), ACCEPTED, 'the list that is not there')
write('DOMAINS', '')
wait_until(lambda: outside_to('new.test') == REFUSED, 30, 'foreign again')
say('relay.local_domains_file: a local domain comes and goes')

expect(erin_sends(), ACCEPTED, 'one message')
expect(erin_sends(), LATER, 'a second one')
write('GROUPS_FILE', 'free: dave, erin\n')
wait_until(lambda: erin_sends() == ACCEPTED, 30, 'no limit for the group')
say('login.groups_file: a member comes')

# Only a broken list keeps what was; it is said once, however often it is seen.
broken = 'lists not changed: %s:2: ' % env['OWNERS']
write('OWNERS', 'team@example.test bob\nnonsense bob\n')
wait_until(lambda: log_count(broken) == 1, 30, 'log: ' + broken)
before = looks()
wait_until(lambda: looks() >= before + 5, 30, 'a few looks')
expect(bob_as('team'), REFUSED, 'the old list stays in force')
expect(log_count(broken), 1, 'lines about it')
write('OWNERS', 'team@example.test bob\n')
wait_until(lambda: bob_as('team') == ACCEPTED, 30, 'a list that is good again')
expect(log_count(broken), 1, 'lines about it in the end')
say('a broken list: the old one stays, one line says file and line')

# What gatepost.conf says meanwhile waits for SIGHUP, be it good or broken.
for more in ('identity { envelope = off }\n', 'nonsense {\n'):
    with open(env['LAB_CONF'], 'w') as file:
        file.write(CONF + more)
    done = log_count('lists read again')
    write('OWNERS', 'team@example.test alice # %d\n' % len(more))
    wait_until(lambda: log_count('lists read again') > done, 30, 'log: read again')
    expect(bob_as('team'), REFUSED, 'the settings of before')
say('gatepost.conf itself is not read with the lists')
expect(log_count('settings'), 0, 'lines about settings')
PYTHON
