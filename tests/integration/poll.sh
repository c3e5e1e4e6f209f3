# SPDX-License-Identifier: MIT
# What the poll tests share, sourced after lib.sh.
#
# poll_site NAME [OPTION...] <<CONF brings up a site with the settings on standard
# input.  Nothing that a test does to mailboxes makes checks free, unless it says so.
poll_site() {
	{
		echo 'poll { grace = 0 }'
		cat
	} > "$1.conf"
	site "$@" --conf "$1.conf"
}

# absorbing_site NAME [OPTION...] <<CONF is a poll_site for tests of what lies behind the
# checks: from the first early one on each is absorbed, and mail is counted, but not yet
# limited.  More settings come on standard input.
absorbing_site() {
	poll_site "$@" < <(
		echo 'poll { interval = 2s round = 0 ladder = {"after 0: absorb"} }'
		echo 'journal { interval = 1s }'
		echo 'rate { messages = 1000/1h }'
		cat
	)
}

# Nothing that was refused or made to wait looks like a wrong password to fail2ban's
# own filter for Dovecot.
check_no_ban() {
	command -v fail2ban-regex > /dev/null || { echo "fail2ban is missing"; return; }
	check "fail2ban's filter finds nothing" eval \
		'fail2ban-regex "$LAB_LOG/dovecot.log" dovecot > ban.out &&
			grep -q "Failregex: 0 total" ban.out'
}
