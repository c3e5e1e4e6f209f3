#!/bin/bash
# SPDX-License-Identifier: MIT
# Real mail programs poll a site that throttles them: no error, no mail lost.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
for program in fetchmail mbsync curl; do
	command -v $program > /dev/null || { echo "$program is missing"; exit 77; }
done
poll_site site <<CONF
poll {
	interval = 20s
	round = 0
	ladder = {"after 0: absorb", "after 4: delay 1s"}
	login_ladder = {"after 0: note"}
}
CONF
python <<'PYTHON'
import imaplib
import json
from poll import *

PASSWORD = 'secret-alice'
COUNT = 4
ca = env['LAB_CA']
imaps = env['LAB_IMAPS_PORT']

def write(name, text):
    with open(name, 'w') as file:
        file.write(text)
    os.chmod(name, 0o600)
    return os.path.abspath(name)

write('fetchmailrc', '''
poll localhost service %s protocol IMAP
  user alice password %s ssl sslcertfile "%s" sslcertck
  mda "cat >> %s/fetched" keep
''' % (imaps, PASSWORD, ca, os.getcwd()))
# isync 1.5 has another name for it, and says so on standard error.
version = subprocess.run(['mbsync', '--version'], stdout=subprocess.PIPE,
                         universal_newlines=True).stdout
tls_type = 'SSLType' if re.match(r'isync 1\.[0-4]\b', version) else 'TLSType'
write('mbsyncrc', '''
IMAPAccount lab
Host localhost
Port %s
User bob
Pass secret-bob
%s IMAPS
CertificateFile %s

IMAPStore far
Account lab

MaildirStore near
Path %s/near/
Inbox %s/near/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns INBOX
Create Near
SyncState *
''' % (imaps, tls_type, ca, os.getcwd(), os.getcwd()))
os.makedirs('near', exist_ok=True)
environment = dict(env, HOME=os.getcwd(), FETCHMAILHOME=os.getcwd())

def run(*words):
    done = subprocess.run(words, env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, universal_newlines=True)
    return done.returncode, done.stdout

def fetchmail():
    code, text = run('fetchmail', '-f', 'fetchmailrc', '--nosyslog')
    # 1: there was no mail
    expect_true(code in (0, 1), 'fetchmail: %d %s' % (code, text))
    # it also complains where this host's own name is in no hosts file
    said = [line for line in text.lower().split('\n')
            if 'getaddrinfo' not in line and 'do not report' not in line]
    for word in ('fail', 'error', 'limit', 'refused'):
        expect_true(not any(word in line for line in said), 'fetchmail: ' + text)


def mbsync():
    code, text = run('mbsync', '-c', 'mbsyncrc', '-q', 'all')
    expect((code, text), (0, ''), 'mbsync')

def curl():
    code, text = run('curl', '-sS', '--cacert', ca, '-u', 'carol:secret-carol',
                     'imaps://localhost:%s/' % imaps, '-X',
                     'STATUS INBOX (MESSAGES)')
    expect_true(code == 0 and 'STATUS INBOX' in text, 'curl: %d %s' % (code, text))
    return int(re.search(r'MESSAGES (\d+)', text).group(1))

def count(path, text):
    """How often text stands in a file, or in the files of a folder."""
    files = [path]
    if os.path.isdir(path):
        files = [os.path.join(base, name) for base, _, names in os.walk(path)
                 for name in names if base.endswith(('/new', '/cur'))]
    found = 0
    for name in files:
        with open(name) as file:
            found += file.read().count(text)
    return found

context = ssl.create_default_context(cafile=ca)
held = imaplib.IMAP4_SSL('localhost', int(imaps), ssl_context=context)
held.login('dave', 'secret-dave')
held.select()
for number in range(COUNT):
    for user in ('alice', 'bob', 'carol', 'dave'):
        deliver(user, 'message-%d' % number)
    for _ in range(3):
        fetchmail()
        mbsync()
        curl()
        expect(held.noop()[0], 'OK', 'imaplib NOOP')
        expect(held.status('INBOX', '(MESSAGES)')[0], 'OK', 'imaplib STATUS')

for user in ('alice', 'bob', 'carol', 'dave'):
    expect_true(journal(user=user, action='pass', reason='early-served') or
                journal(user=user, action='absorb'), user + ' was early')
code, text = run(*env['LAB_CTL'].split(), 'who', '--json')
expect(code, 0, 'gatepostctl who')
expect({(row['user'], row['state']) for row in json.loads(text)},
       {(user, 'delay') for user in ('alice', 'bob', 'carol', 'dave')}, 'who')
say('fetchmail, mbsync, curl and imaplib: throttled, no error, no error text')

def all_there():
    fetchmail()
    mbsync()
    held.noop()
    return (curl() == COUNT and int(held.select()[1][0]) == COUNT and
            count('near', 'Subject: message-') == COUNT and
            count('fetched', 'Subject: message-') == COUNT)

wait_until(all_there, 60, 'all mail in each program')
for number in range(COUNT):
    for place in ('near', 'fetched'):
        expect(count(place, 'Subject: message-%d\n' % number), 1,
               'message %d in %s' % (number, place))
held.logout()
say('every message arrived, each exactly once')
PYTHON
