# SPDX-License-Identifier: MIT
# The lab's Postfix: its settings with the lines of conf/, and its start.  Sourced by scripts/lab.

make_postfix_maps() { # the folder of main.cf
	local user alias
	for user in $USERS; do
		printf '%s@%s %s/\n' "$user" "$DOMAIN" "$user" >> "$1/mailboxes"
		printf '%s@%s %s@%s\n' "$user" "$DOMAIN2" "$user" "$DOMAIN" >> "$1/aliases"
	done
	for alias in $ALIASES postmaster=alice; do
		printf '%s@%s %s\n' "${alias%%=*}" "$DOMAIN" \
			"$(sed "s/[^,]*/&@$DOMAIN/g" <<< "${alias#*=}")"
		printf '%s@%s %s@%s\n' "${alias%%=*}" "$DOMAIN2" "${alias%%=*}" "$DOMAIN"
	done >> "$1/aliases"
}

make_postfix_conf() {
	local etc=$DIR/postfix/etc
	mkdir -p "$etc"
	make_postfix_maps "$etc"
	cat > "$etc/main.cf" <<X
compatibility_level = 3.6
config_directory = $etc
queue_directory = $RUN/queue
data_directory = $DIR/postfix/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
shlib_directory = /usr/lib/postfix
mail_owner = postfix
setgid_group = postdrop
multi_instance_name = postfix-gatepost-lab
maillog_file = $DIR/log/postfix.log
maillog_file_prefixes = $DIR
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
master_service_disable =
alias_maps =
alias_database =
myhostname = mail.$DOMAIN
mydomain = $DOMAIN
myorigin = $DOMAIN
mydestination =
virtual_mailbox_domains = $DOMAIN
virtual_mailbox_maps = texthash:$etc/mailboxes
virtual_alias_domains = $DOMAIN2
virtual_alias_maps = texthash:$etc/aliases
virtual_transport = lmtp:inet:127.0.0.1:$LMTP
recipient_delimiter = +
# nothing leaves the machine, and no DNS is asked
default_transport = smtp:[127.0.0.1]:$SINK
relay_transport = smtp:[127.0.0.1]:$SINK
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_tls_security_level = none
smtpd_peername_lookup = no
# nobody is trusted: an address that is never used (RFC 5737)
mynetworks = 192.0.2.255/32
smtpd_recipient_restrictions =
smtpd_tls_chain_files = $DIR/tls/server.key, $DIR/tls/server.pem
smtpd_tls_received_header = yes
smtpd_tls_session_cache_database =
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 2000
smtpd_junk_command_limit = 10000
default_process_limit = 600
queue_run_delay = 3s
minimal_backoff_time = 3s
maximal_backoff_time = 6s
biff = no
X
	# conf/postfix-main.cf with the lab's paths; without gatepost, without milter
	sed -e "s|unix:/run/gatepost/milter.sock|unix:$RUN/milter/milter.sock|" \
		-e "s|^smtpd_sasl_path = .*|smtpd_sasl_path = unix:$RUN/dovecot/postfix-auth|" \
		"$gp_source/conf/postfix-main.cf" |
		if [ "$WITH_GATEPOST" = yes ]; then cat; else sed '/milter/d'; fi \
		>> "$etc/main.cf"
	make_postfix_master > "$etc/master.cf"
	if [ "$OPEN_RELAY" = yes ]; then
		sed -i -e '/^smtpd_relay_restrictions/,/^[^\t]/{/^smtpd_relay/d;/^\t/d}' \
			-e '/^\(mynetworks\|mydestination\|virtual_mailbox_domains\|smtpd_tls_auth_only\) /d' \
			"$etc/main.cf"
		cat >> "$etc/main.cf" <<X
# --open-relay: everybody may do everything; the milter stands alone.  The
# domains are "local" ones here, for which Postfix follows user%other@here.
mynetworks = 0.0.0.0/0
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_tls_auth_only = no
smtpd_reject_unlisted_recipient = no
mydestination = $DOMAIN
local_recipient_maps =
local_transport = lmtp:inet:127.0.0.1:$LMTP
allow_untrusted_routing = yes
allow_percent_hack = yes
swap_bangpath = yes
X
	fi
}

make_postfix_master() {
	local address
	# Postfix's inet_interfaces takes addresses of interfaces only, so each
	# loopback address has the services of conf/postfix-master.cf on its own.
	for address in $(listen_addresses ' '); do
		sed -e '/^#/d' -e '/^$/d' -e '/^cleanup/d' \
			-e "s/^smtp  */$address:$SMTP /" \
			-e "s/^submission  */$address:$SUBMISSION /" \
			-e "s/^submissions  */$address:$SUBMISSIONS /" \
			"$gp_source/conf/postfix-master.cf"
	done
	cat <<'X'
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
X
}

start_postfix() {
	setsid --wait postfix -c "$DIR/postfix/etc" start \
		>> "$DIR/log/postfix-start.log" 2>&1 < /dev/null 9>&- ||
		fail "Postfix does not start" "$DIR/log/postfix-start.log" \
			"$DIR/log/postfix.log"
	gp_wait_until 5 test -s "$RUN/queue/pid/master.pid" ||
		fail "Postfix does not start" "$DIR/log/postfix.log"
	remember_pid postfix "$(tr -d ' ' < "$RUN/queue/pid/master.pid")" || true
}
