#!/bin/bash
# SPDX-License-Identifier: MIT
# A site that loads no plugin: what Dovecot reports of logins counts them, and early
# ones wait.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
need_authpolicy
echo 'auth_policy_report_after_auth = yes' > report.conf
poll_site site --dovecot-conf report.conf <<CONF
poll {
	interval = 60s
	round = 1s
	login_ladder = {"after 0: hold 2s"}
}
journal { interval = 1s }
CONF
sed -i -e '/_gatepost = yes$/d' -e '/mail_plugins = .*_gatepost$/d' \
	"$LAB_DOVECOT_CONF"
doveadm -c "$LAB_DOVECOT_CONF" reload || exit 1
python <<'PYTHON'
from logins import *


def is_counted(user, program):
    known = kept(user)
    return known and program in known.programs


for protocol, user in (('imap', 'alice'), ('pop3', 'bob')):
    expect_true(one_check(protocol, user, '127.0.0.2')[0] < 2, 'the first login')
    wait_until(lambda: is_counted(user, protocol + '/127.0.0.2'), 10,
               'the report of ' + user)
    held, served = held_check(protocol, user, '127.0.0.2')
    expect_true(2 <= held < 4 and served < 2, 'held once: %s, %s' % (held, served))
say('a login that Dovecot reports is counted, and the next one waits')

wrong = Login('imap', '127.0.0.3')
expect_true(wrong.login('carol', 'wrong').startswith('NO '), 'a wrong password')
wrong.end()
expect_true(one_check('imap', 'carol', '127.0.0.4')[0] < 2, 'the right one')
wait_until(lambda: is_counted('carol', 'imap/127.0.0.4'), 10, 'the report of carol')
expect(is_counted('carol', 'imap/127.0.0.3'), False, 'the wrong password')
say('a wrong password counts for nobody')
expect(journal(part='imap') + journal(part='pop3'), [], 'lines of plugins')
PYTHON
[ $? = 0 ] || failures=1
check "reports" [ "$failures" = 0 ]
finish
