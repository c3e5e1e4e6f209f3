# SPDX-License-Identifier: MIT
# The lab's Sendmail: unpacked beside the system, for its package and Postfix's
# exclude each other; its settings with the lines of conf/, and its start.
# Sourced by scripts/lab.

# Fetched and unpacked once.  The folder counts when its last file is there.
unpack_sendmail() {
	local cache=${XDG_CACHE_HOME:-$HOME/.cache}/gatepost
	SENDMAIL_ROOT=$cache/sendmail
	mkdir -p "$cache"
	chmod go+x "$cache" 2> /dev/null || true
	exec 8>> "$cache/sendmail.lock"
	flock 8
	[ -e "$SENDMAIL_ROOT/complete" ] || fetch_sendmail > "$DIR/log/sendmail-fetch.log" 2>&1 ||
		gp_fail 77 "missing packages: ${gp_packages_sendmail[*]} could not be" \
			"fetched; see $DIR/log/sendmail-fetch.log; run: apt-get update"
	exec 8>&-
}

fetch_sendmail() {
	local new=$SENDMAIL_ROOT.new
	rm -rf "$new" "$SENDMAIL_ROOT"
	mkdir -p "$new/debs"
	(
		cd "$new/debs" || exit 1
		apt-get download "${gp_packages_sendmail[@]}" ||
			{ apt-get update && apt-get download "${gp_packages_sendmail[@]}"; }
	) || return
	for package in "$new"/debs/*.deb; do
		dpkg -x "$package" "$new" || return
	done
	rm -rf "$new/debs"
	: > "$new/complete"
	mv "$new" "$SENDMAIL_ROOT"
}

# user@domain -> local name; nobody else is there
make_sendmail_users() { # FOLDER
	local user alias domain makemap=$SENDMAIL_ROOT/usr/libexec/sendmail/makemap
	for domain in $DOMAIN $DOMAIN2; do
		for user in $USERS; do
			printf '%s@%s\t%s\n' "$user" "$domain" "$user"
			printf '%s+*@%s\t%s\n' "$user" "$domain" "$user+%2"
		done
		for alias in $ALIASES postmaster=alice; do
			printf '%s@%s\t%s\n' "${alias%%=*}" "$domain" "${alias%%=*}"
			printf '%s+*@%s\t%s\n' "${alias%%=*}" "$domain" "${alias%%=*}"
		done
		[ "$OPEN_RELAY" = yes ] ||
			printf '@%s\terror:5.1.1:550 User unknown\n' "$domain"
	done > "$1/virtusers"
	"$makemap" -C "$1/sendmail.cf" hash "$1/virtusers.db" \
		< "$1/virtusers" 2> "$DIR/log/sendmail-start.log"
	for alias in $ALIASES postmaster=alice; do
		printf '%s: %s\n' "${alias%%=*}" "${alias#*=}"
	done > "$1/aliases"
}

make_sendmail_logins() { # FOLDER
	local user
	mkdir -p "$1/sasl"
	cat > "$1/sasl/Sendmail.conf" <<X
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: $1/sasldb
mech_list: PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-256
X
	for user in $USERS; do
		printf 'secret-%s' "$user" | "$SENDMAIL_ROOT/usr/sbin/saslpasswd2" \
			-p -c -f "$1/sasldb" -u "$DOMAIN" "$user" || return
	done
	chmod 600 "$1/sasldb"
}

# conf/sendmail.mc with the lab's paths and ports, on each loopback address
make_sendmail_lines() {
	local address
	sed -e '/^dnl/d' -e '/^DAEMON_OPTIONS/d' \
		-e "s|local:/run/gatepost/milter.sock|local:$RUN/milter/milter.sock|" \
		-e "s|/etc/mail/tls|$DIR/tls|" "$gp_source/conf/sendmail.mc" |
		if [ "$WITH_GATEPOST" = yes ]; then cat; else sed '/^INPUT_MAIL_FILTER/d'; fi |
		if [ "$OPEN_RELAY" = yes ]; then sed 's/`A p y/`A y/'; else cat; fi
	for address in $(listen_addresses ' '); do
		sed -n -e "s/^\(DAEMON_OPTIONS(.\)/\1Addr=$address, /" \
			-e "s/Port=smtp/Port=$SMTP/" \
			-e "s/Port=submissions/Port=$SUBMISSIONS/" \
			-e "s/Port=submission,/Port=$SUBMISSION,/" \
			-e 's/^DAEMON_OPTIONS/&/p' "$gp_source/conf/sendmail.mc"
	done
}

# Everybody may do everything; the milter stands alone.
open_relay_lines() {
	cat <<'X'
FEATURE(`promiscuous_relay')dnl
FEATURE(`relay_entire_domain')dnl
FEATURE(`loose_relay_check')dnl
X
}

make_sendmail_mc() { # FOLDER
	cat <<X
include(\`$SENDMAIL_ROOT/usr/share/sendmail/cf/m4/cf.m4')dnl
OSTYPE(\`linux')dnl
define(\`confDOMAIN_NAME', \`mail.$DOMAIN')dnl
define(\`confPID_FILE', \`$1/sendmail.pid')dnl
define(\`QUEUE_DIR', \`$RUN/queue')dnl
define(\`STATUS_FILE', \`$1/statistics')dnl
define(\`HELP_FILE', \`')dnl
define(\`ALIAS_FILE', \`$1/aliases')dnl
define(\`confSERVICE_SWITCH_FILE', \`$1/service.switch')dnl
define(\`confDONT_PROBE_INTERFACES', \`True')dnl
define(\`confDONT_BLAME_SENDMAIL', \`TrustStickyBit')dnl
define(\`confTO_IDENT', \`0')dnl
define(\`confTO_ICONNECT', \`5s')dnl
define(\`confMIN_QUEUE_AGE', \`0')dnl
define(\`confREFUSE_LA', \`999')dnl
define(\`confQUEUE_LA', \`999')dnl
define(\`confLOG_LEVEL', \`14')dnl
define(\`confAUTH_REALM', \`$DOMAIN')dnl
define(\`confLOCAL_NAME', \`mail.$DOMAIN')dnl
define(\`SMART_HOST', \`esmtp:[127.0.0.1]')dnl
define(\`ESMTP_MAILER_ARGS', \`TCP \$h $SINK')dnl
define(\`SMTP_MAILER_ARGS', \`TCP \$h $SINK')dnl
define(\`RELAY_MAILER_ARGS', \`TCP \$h $SINK')dnl
LOCAL_DOMAIN(\`$DOMAIN $DOMAIN2')dnl
FEATURE(\`nocanonify')dnl
FEATURE(\`accept_unresolvable_domains')dnl
FEATURE(\`accept_unqualified_senders')dnl
FEATURE(\`local_lmtp', \`[IPC]', \`TCP [127.0.0.1] $LMTP')dnl
MODIFY_MAILER_FLAGS(\`LOCAL', \`-w5:/|@')dnl
FEATURE(\`virtusertable', \`hash -o $1/virtusers')dnl
X
	make_sendmail_lines
	[ "$OPEN_RELAY" = no ] || open_relay_lines
	cat <<'X'
MAILER(`local')dnl
MAILER(`smtp')dnl
X
}

make_sendmail_conf() {
	local etc=$DIR/sendmail
	mkdir -p "$etc"
	chmod 700 "$RUN/queue"
	chown root "$RUN/queue"
	make_sendmail_logins "$etc" > "$DIR/log/sendmail-start.log" 2>&1 ||
		fail "the logins could not be made" "$DIR/log/sendmail-start.log"
	printf 'hosts files\naliases files\npasswd files\n' > "$etc/service.switch"
	printf '127.0.0.1 mail.%s localhost\n' "$DOMAIN" > "$etc/hosts"
	printf 'passwd: files\ngroup: files\nhosts: files\n' > "$etc/nsswitch.conf"
	make_sendmail_mc "$etc" > "$etc/sendmail.mc"
	m4 -D_CF_DIR_="$SENDMAIL_ROOT/usr/share/sendmail/cf/" "$etc/sendmail.mc" \
		2> "$DIR/log/sendmail-start.log" |
		# 127.0.0.1 is trusted by nobody unless a configuration says so
		sed -e '/^R127\.0\.0\.1.*originated locally/d' \
			-e '/^RIPv6.*originated locally/d' > "$etc/sendmail.cf"
	[ -s "$etc/sendmail.cf" ] ||
		fail "sendmail.cf could not be made" "$DIR/log/sendmail-start.log"
	make_sendmail_users "$etc"
}

# Its name, hosts and SASL settings are compiled in or the machine's: it sees the
# lab's in a namespace of its own.  Takes the place of the shell that calls it.
in_sendmail_namespace() {
	# shellcheck disable=SC2016
	exec setsid unshare --mount --uts --propagation private sh -c '
		etc=$1 name=$2
		shift 2
		mount --bind "$etc/hosts" /etc/hosts &&
			mount --bind "$etc/nsswitch.conf" /etc/nsswitch.conf &&
			mount --bind "$etc/sasl" /usr/lib/sasl2 &&
			hostname "$name" && exec "$@"' \
		sh "$DIR/sendmail" "mail.$DOMAIN" "$@"
}

start_sendmail() {
	local program=$SENDMAIL_ROOT/usr/libexec/sendmail/sendmail
	(in_sendmail_namespace "$program" "-C$DIR/sendmail/sendmail.cf" -bi) \
		>> "$DIR/log/sendmail-start.log" 2>&1 ||
		fail "Sendmail takes no aliases" "$DIR/log/sendmail-start.log"
	in_sendmail_namespace "$program" "-C$DIR/sendmail/sendmail.cf" -bD -q3s \
		-X "$DIR/log/sendmail.log" \
		>> "$DIR/log/sendmail-start.log" 2>&1 < /dev/null 9>&- &
	remember_pid sendmail $! ||
		fail "Sendmail does not start" "$DIR/log/sendmail-start.log"
}
