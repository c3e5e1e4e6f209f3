# SPDX-License-Identifier: MIT
# The lab's Dovecot: its settings with the lines of conf/, and its start.  Sourced by scripts/lab.

make_dovecot_conf() {
	local user
	for user in $USERS; do
		printf '%s:{PLAIN}secret-%s:%s:%s::%s::\n' "$user" "$user" \
			"$NOBODY" "$NOGROUP" "$DIR/mail/$user"
		printf '%s@%s:{PLAIN}secret-%s:%s:%s::%s::user=%s userdb_user=%s\n' \
			"$user" "$DOMAIN" "$user" "$NOBODY" "$NOGROUP" \
			"$DIR/mail/$user" "$user" "$user"
	done > "$DIR/etc/users"
	chmod 640 "$DIR/etc/users"
	chgrp dovecot "$DIR/etc/users"
	dovecot_settings_$(dovecot_version) > "$DIR/etc/dovecot.conf"
	[ "$WITH_GATEPOST" = no ] || add_gatepost_to_dovecot
	[ -z "$ADDED_DOVECOT" ] || cat "$ADDED_DOVECOT" >> "$DIR/etc/dovecot.conf"
}

# 2_3 or 2_4: the two have different words for nearly everything.
dovecot_version() {
	case $(dovecot --version) in
	2.3.*) echo 2_3 ;;
	*) echo 2_4 ;;
	esac
}

# The lines of conf/; who needs TLS is said above them.
add_gatepost_to_dovecot() {
	local lines socket=GATEPOST_LOGINS_SOCKET
	lines=$gp_source/conf/dovecot-$(dovecot_version | tr _ .).conf
	sed -e "s|=/etc/gatepost/gatepost.conf|=$DIR/etc/gatepost.conf $socket=$RUN/logins.sock|" \
		-e "s|= /etc/gatepost/gatepost.conf|= $DIR/etc/gatepost.conf\n  $socket = $RUN/logins.sock|" \
		-e 's/extra_groups = redis/extra_groups = nogroup/' \
		-e '/^ssl/d' "$lines" >> "$DIR/etc/dovecot.conf"
	sed -e "s|127.0.0.1:10045|127.0.0.1:$AUTHPOLICY|" \
		-e "s|THE-KEY|$(cat "$DIR/etc/authpolicy.key")|" \
		"${lines%.conf}-authpolicy.conf" >> "$DIR/etc/dovecot.conf"
	install -m 755 -t "$DIR/modules" \
		"$BUILD"/imapd-hooks/.libs/lib{95_*_gatepost_plugin,gatepost_{confuse,imap,pop3}}.so
	preload_sanitizer >> "$DIR/etc/dovecot.conf"
	[ -z "${GATEPOST_VALGRIND-}" ] ||
		run_under_valgrind >> "$DIR/etc/dovecot.conf"
}

dovecot_settings_2_3() {
	cat <<X
base_dir = $RUN/dovecot
state_dir = $RUN/dovecot/state
instance_name = gatepost-lab
protocols = imap pop3 lmtp
listen = $(listen_addresses ', ')
log_path = $DIR/log/dovecot.log
log_timestamp = "%Y-%m-%d %H:%M:%S "
auth_verbose = yes
ssl = required
ssl_cert = <$DIR/tls/server.pem
ssl_key = <$DIR/tls/server.key
ssl_min_protocol = TLSv1.2
auth_mechanisms = plain login
mail_location = maildir:~
mail_privileged_group =
first_valid_uid = 100
first_valid_gid = 100
mail_max_userip_connections = 1000
default_client_limit = 2000
default_process_limit = 600
mail_plugin_dir = $DIR/modules
postmaster_address = postmaster@$DOMAIN
passdb {
  driver = passwd-file
  args = username_format=%Lu $DIR/etc/users
}
userdb {
  driver = passwd-file
  args = username_format=%Lu $DIR/etc/users
  default_fields = gatepost_client_id=%{client_id}
}
namespace inbox {
  inbox = yes
}
service imap-login {
  service_count = 0
  inet_listener imap {
    port = $IMAP
  }
  inet_listener imaps {
    port = $IMAPS
  }
}
service pop3-login {
  service_count = 0
  inet_listener pop3 {
    port = $POP3
  }
  inet_listener pop3s {
    port = $POP3S
  }
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = $LMTP
  }
}
# Old programs without TLS may be tried, from this machine alone.
remote 127.0.0.0/8 {
  ssl = yes
  disable_plaintext_auth = no
}
# wrong passwords are tried on purpose here, all from one machine
auth_failure_delay = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service auth {
  client_limit = 4000
  unix_listener postfix-auth {
    mode = 0660
    user = postfix
    group = postfix
  }
}
X
}

# A plugin built with AddressSanitizer needs its library in the process first.
preload_sanitizer() {
	local library
	library=$(ldd "$DIR"/modules/*.so |
		awk '/libasan/ { path = $3 } END { print path }')
	[ -n "$library" ] || return 0
	install -d -o nobody "$DIR/log/sanitizer"
	printf 'default_vsz_limit = 0\n'
	printf 'import_environment = $import_environment LD_PRELOAD=%s %s\n' \
		"$library" "ASAN_OPTIONS=detect_leaks=0:log_path=$DIR/log/sanitizer/asan"
}

# The processes that load the plugins, for tests.  What they find is in DIR/log.
run_under_valgrind() {
	local program
	command -v valgrind > /dev/null || fail "valgrind is missing"
	install -d -o nobody "$DIR/log/valgrind"
	printf 'default_vsz_limit = 0\n'
	for program in imap pop3; do
		cat > "$DIR/etc/$program-valgrind" <<X
#!/bin/sh
exec valgrind --quiet --vgdb=no --keep-debuginfo=yes --num-callers=30 --leak-check=full \\
	--show-leak-kinds=definite --errors-for-leak-kinds=definite \\
	--log-file=$DIR/log/valgrind/$program.%p \\
	/usr/lib/dovecot/$program "\$@"
X
		chmod 755 "$DIR/etc/$program-valgrind"
		printf 'service %s {\n  executable = %s\n}\n' $program \
			"$DIR/etc/$program-valgrind"
	done
}

start_authpolicy() {
	GATEPOST_LOGINS_SOCKET=$RUN/logins.sock \
		setsid "$BUILD/imapd-hooks/gatepost-authpolicy" -f \
		-c "$DIR/etc/gatepost.conf" >> "$DIR/log/authpolicy.log" 2>&1 \
		< /dev/null 9>&- &
	remember_pid authpolicy $! ||
		fail "gatepost-authpolicy does not start" "$DIR/log/authpolicy.log"
	gp_wait_until 5 authpolicy_decided
	grep -q 'listens on' "$DIR/log/authpolicy.log" ||
		fail "gatepost-authpolicy does not start" "$DIR/log/authpolicy.log"
}

authpolicy_decided() {
	grep -q 'listens on' "$DIR/log/authpolicy.log" || ! is_ours authpolicy
}

start_dovecot() {
	setsid dovecot -c "$DIR/etc/dovecot.conf" \
		>> "$DIR/log/dovecot.log" 2>&1 < /dev/null 9>&- ||
		fail "Dovecot does not start" "$DIR/log/dovecot.log"
	gp_wait_until 5 test -s "$RUN/dovecot/master.pid" ||
		fail "Dovecot does not start" "$DIR/log/dovecot.log"
	remember_pid dovecot "$(cat "$RUN/dovecot/master.pid")" || true
}
