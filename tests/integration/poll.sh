# SPDX-License-Identifier: MIT
# What the poll tests share, sourced after lib.sh.
#
# poll_site NAME [OPTION...] <<CONF brings up a site with the settings on standard
# input.
poll_site() {
	cat > "$1.conf"
	site "$@" --conf "$1.conf"
}
