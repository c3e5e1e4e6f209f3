#!/bin/bash
# SPDX-License-Identifier: MIT
# Sendmail with a milter that is gone, dies or hangs (F=T): mail is deferred, none
# is lost and none relayed.
. "$(dirname "$0")/lib.sh"
GATEPOST_MTA=sendmail site site
python <<'PYTHON'
import re
import signal
import subprocess
from smtp import *

with open(env['LAB_CONF']) as file:
    settings = file.read()
PID_FILE = re.search(r'pid_file\s*=\s*"([^"]*)"', settings).group(1)
LOG = os.path.join(env['LAB_LOG'], 'milter.log')
PROGRAM = os.path.join(env['GATEPOST_BUILD'], 'milter', 'gatepost-milter')


def pid():
    with open(PID_FILE) as file:
        return int(file.read())


def is_gone(number):
    try:
        with open('/proc/%d/stat' % number) as file:
            return file.read().rpartition(') ')[2].startswith('Z')
    except FileNotFoundError:
        return True


def kill(number, sig):
    os.kill(number, sig)
    wait_until(lambda: is_gone(number), 'end of the milter')


def start():
    before = open(LOG).read().count('listens on')
    subprocess.Popen([PROGRAM, '-c', env['LAB_CONF']], stdout=open(LOG, 'a'),
                     stderr=subprocess.STDOUT).wait()


def refused_for_now(answer, what):
    if answer[:1] != '4' and answer != '(end of connection)':
        fail('%s: %r' % (what, answer))


sink = Sink()
client = Client('SUBMISSION', starttls=True, login='alice')
expect(client.mail()[:3], '250', 'MAIL')
expect(client.rcpt('<bob@example.test>')[:3], '250', 'RCPT')
expect(client.command('DATA')[:3], '354', 'DATA')
kill(pid(), signal.SIGKILL)
answer = client.command('From: alice@example.test\r\nSubject: in-flight\r\n'
                        '\r\ntext\r\n.')
refused_for_now(answer, 'a message whose milter died')
say('killed in mid message: deferred')

client = Client('SMTP')
refused_for_now(client.mail(), 'MAIL without a milter')
expect(client.rcpt('<victim@foreign.test>')[:3], '503', 'RCPT after that')
say('no milter: deferred on 25, and nothing relayed')

start()
client = Client('SUBMISSION', starttls=True, login='alice')
expect(client.send('<alice@example.test>', '<bob@example.test>',
                   'after-the-death')[:3], '250', 'a new milter')
mailbox_has('bob', 'after-the-death')
client = Client('SUBMISSION', starttls=True, login='alice')
number = pid()
os.kill(number, signal.SIGSTOP)
refused_for_now(client.mail(), 'MAIL with a milter that hangs')
os.kill(number, signal.SIGCONT)
client = Client('SUBMISSION', starttls=True, login='alice')
expect(client.send('<alice@example.test>', '<bob@example.test>',
                   'after-the-frost')[:3], '250', 'a milter that goes on')
mailbox_has('bob', 'after-the-frost')
say('a milter that hangs: deferred; when it goes on mail passes')
for folder, _, names in os.walk(os.path.join(env['LAB_MAIL'], 'bob')):
    for name in names:
        if b'in-flight' in open(os.path.join(folder, name), 'rb').read():
            fail('a message that was deferred is in the mailbox too')
expect(sink.recipients, [], 'what left the site')
kill(number, signal.SIGTERM)
say('nothing came twice, and nothing left the site')
PYTHON
