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

# Nothing that was refused or made to wait looks like a wrong password to fail2ban's
# own filter for Dovecot.
check_no_ban() {
	command -v fail2ban-regex > /dev/null || { echo "fail2ban is missing"; return; }
	check "fail2ban's filter finds nothing" eval \
		'fail2ban-regex "$LAB_LOG/dovecot.log" dovecot > ban.out &&
			grep -q "Failregex: 0 total" ban.out'
}
