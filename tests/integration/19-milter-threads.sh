#!/bin/bash
# SPDX-License-Identifier: MIT
# Many sessions at once, with reloads among them: nothing leaks from one to the
# other, the rates' threads share connections and counts, and one brings the journal's
# lines to Redis.  Also run with the milter under ThreadSanitizer.
. "$(dirname "$0")/lib.sh"
cat > rate.conf <<CONF
rate {
	messages = { 500/1s, 5000/1h }
	recipients = 5000/1h
}
journal { stream = 1000 }
CONF
site site --conf rate.conf
python <<'PYTHON'
import concurrent.futures
import re
import signal
from smtp import *

with open(env['LAB_CONF']) as file:
    settings = file.read()
pid = int(open(re.search(r'pid_file\s*=\s*"([^"]*)"', settings).group(1)).read())
USERS = env['LAB_USERS'].split()


def session(number):
    kind = number % 4
    if kind == 0:
        client = Client('SMTP', '127.0.0.%d' % (2 + number % 30))
        expect(client.mail()[:3], '250', 'MAIL on 25')
        expect(client.rcpt('<victim@foreign.test>')[:9], '550 5.7.1', 'relaying')
        expect(client.rcpt('<bob@example.test>')[:3], '250', 'local')
        expect(client.command('RSET')[:3], '250', 'RSET')
    elif kind == 1:
        client = Client('SUBMISSION')
        expect(client.mail()[:9], '530 5.7.0', '587 without TLS')
    elif kind == 2:
        client = Client('SUBMISSIONS')
        expect(client.mail()[:9], '530 5.7.0', '465 without login')
    else:
        client = Client('SUBMISSION', starttls=True,
                        login=USERS[number % len(USERS)])
        for _ in range(3):
            expect(client.mail()[:3], '250', 'MAIL')
            expect(client.rcpt('<friend@foreign.test>')[:3], '250', 'RCPT')
            expect(client.command('RSET')[:3], '250', 'RSET')
        expect(client.mail()[:3], '250', 'MAIL')
        expect(client.rcpt('<friend@foreign.test>')[:3], '250', 'RCPT')
        expect(client.data()[:9], '250 2.0.0', 'a message that is counted')
    client.command('QUIT')
    client.close()
    if number % 10 == 0:
        os.kill(pid, signal.SIGHUP)
    return 1


with concurrent.futures.ThreadPoolExecutor(24) as pool:
    done = sum(pool.map(session, range(240)))
expect(done, 240, 'sessions')
reasons = [line['reason'] for line in journal()]
expect(sorted((reason, reasons.count(reason)) for reason in set(reasons)),
       [('auth-required', 60), ('tls-required', 60)], 'journal')
say('240 sessions, 24 at a time, with reloads: each got its own answer')
PYTHON
