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
