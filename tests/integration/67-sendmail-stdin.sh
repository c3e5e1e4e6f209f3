#!/bin/bash
# SPDX-License-Identifier: MIT
# Sendmail in a session that came by no port (sendmail -bs): no rule can be chosen,
# so nothing is taken and nothing relayed.
. "$(dirname "$0")/lib.sh"
GATEPOST_MTA=sendmail site site
read -r SENDMAIL_PID rest < site/pids/sendmail
export SENDMAIL_PID
python <<'PYTHON'
import subprocess
from smtp import *

pid = env['SENDMAIL_PID']
process = subprocess.Popen(
    ['nsenter', '--target', pid, '--mount', '--uts',
     os.readlink('/proc/%s/exe' % pid), '-C' + env['LAB_SENDMAIL_CONF'], '-bs'],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def reply():
    while True:
        line = process.stdout.readline().decode().rstrip('\r\n')
        if line[3:4] != '-':
            return line


def command(text):
    process.stdin.write(text.encode() + b'\r\n')
    process.stdin.flush()
    return reply()


expect(reply()[:3], '220', 'greeting')
expect(command('EHLO client.test')[:3], '250', 'EHLO')
expect(command('MAIL FROM:<alice@example.test>')[:9], '451 4.3.5', 'MAIL')
expect(command('RCPT TO:<victim@foreign.test>')[:3], '503', 'RCPT')
command('QUIT')
process.wait()
journal_has('no port', reason='port-unknown', action='tempfail',
            why='submission.ports')
say('without a port mail is deferred, and the journal says why')
PYTHON
