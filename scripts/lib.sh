# SPDX-License-Identifier: MIT
# What scripts/lab, scripts/demo and scripts/test share.  Sourced by bash:
# functions and arrays named gp_*, nothing is run.

# Debian's programs live in sbin too, which su and cron leave out.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

gp_source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

# The Debian packages, by what needs them.
gp_packages_build=(gcc libc6-dev make autoconf automake libtool pkg-config
	libmilter-dev libhiredis-dev libconfuse-dev libcmocka-dev
	libsmartcols-dev libjansson-dev libssl-dev libgmime-3.0-dev
	libidn2-dev libarchive-dev libmicrohttpd-dev dovecot-dev mandoc)
gp_packages_run=(postfix dovecot-imapd dovecot-pop3d dovecot-lmtpd redis-server
	openssl)
# Sendmail, which is unpacked beside the system; and what that needs.
gp_packages_sendmail=(sendmail-bin sendmail-base sendmail-cf sasl2-bin)
gp_packages_sendmail_needs=(m4 libsasl2-modules libsasl2-modules-db libwrap0
	libnsl2 libldap-2.5-0)
# Mail programs that the demo and the tests drive, and systemd's, which look at our
# units.
gp_packages_programs=(fail2ban fetchmail isync mutt neomutt curl netcat-openbsd
	python3 systemd)
# For scripts/test: the second compiler, the second Debian, a browser for the page of
# the report, promtool for the figures, and valgrind.
gp_packages_check=(clang debootstrap chromium-headless-shell prometheus valgrind)

# gp_say TEXT...: to standard error, with the name of the script before it
gp_say() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# gp_fail CODE TEXT...
gp_fail() {
	local code=$1
	shift
	gp_say "$@"
	exit "$code"
}

# --- packages ---

gp_package_is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# gp_missing_packages PACKAGE...: prints those that are not installed
gp_missing_packages() {
	local package
	for package; do
		gp_package_is_installed "$package" || printf '%s\n' "$package"
	done
}

# Debian starts the daemons of a package as it installs them, unless this file
# says no.  The lab starts its own; the system's Postfix, Dovecot and Redis are
# nobody's wish.
gp_policy_file=/usr/sbin/policy-rc.d

gp_forbid_services() {
	if [ -e "$gp_policy_file" ] || [ -L "$gp_policy_file" ]; then
		mv -f "$gp_policy_file" "$gp_policy_file.before-gatepost"
	fi
	printf '#!/bin/sh\nexit 101\n' > "$gp_policy_file"
	chmod 755 "$gp_policy_file"
}

gp_allow_services() {
	rm -f "$gp_policy_file"
	if [ -e "$gp_policy_file.before-gatepost" ] ||
	   [ -L "$gp_policy_file.before-gatepost" ]; then
		mv -f "$gp_policy_file.before-gatepost" "$gp_policy_file"
	fi
}

# No version to choose from: the lists of packages were never fetched, as in a
# fresh container.
gp_package_lists_are_there() {
	local package
	for package; do
		apt-cache policy "$package" | grep -q 'Candidate: [^(]' || return 1
	done
}

# gp_install_packages PACKAGE...: installs those that are missing.  In a subshell,
# so that its trap is its own.
gp_install_packages() (
	mapfile -t missing < <(gp_missing_packages "$@")
	[ ${#missing[@]} -gt 0 ] || exit 0
	[ "$(id -u)" = 0 ] ||
		gp_fail 77 "missing packages: ${missing[*]}; run as root, or: apt-get install ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	gp_say "installing ${missing[*]}"
	trap gp_allow_services EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	gp_forbid_services
	install=(apt-get install -q -y --no-install-recommends "${missing[@]}")
	if gp_package_lists_are_there "${missing[@]}" && "${install[@]}" >&2; then
		exit 0
	fi
	# Lists that are too old name versions that are gone.
	apt-get update -q >&2 && "${install[@]}" >&2 ||
		gp_fail 1 "apt-get could not install ${missing[*]}"
)

# --- the build ---

# Prints the build folder: $GATEPOST_BUILD, or one of this source in the cache.
gp_build_folder() {
	local number
	if [ -n "${GATEPOST_BUILD-}" ]; then
		(cd "$GATEPOST_BUILD" 2>/dev/null && pwd -P) ||
			gp_fail 1 "GATEPOST_BUILD: no folder $GATEPOST_BUILD"
		return
	fi
	number=$(printf %s "$gp_source" | cksum | cut -d ' ' -f 1)
	printf '%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}/gatepost/build-$number"
}

gp_build_steps() {
	if [ ! -x "$gp_source/configure" ]; then
		"$gp_source/autogen.sh" || return
	fi
	if [ ! -e Makefile ]; then
		"$gp_source/configure" --quiet || return
	fi
	make -s
}

# Builds what is new in the default build folder; what is in $GATEPOST_BUILD is
# the business of whoever set it.  Two at a time would write the same files, so
# the second one waits.  In a subshell: it changes the folder.
gp_build() (
	[ -z "${GATEPOST_BUILD-}" ] || exit 0
	mapfile -t missing < <(gp_missing_packages "${gp_packages_build[@]}")
	[ ${#missing[@]} -eq 0 ] ||
		gp_fail 77 "missing packages: ${missing[*]}; install them with: apt-get install ${missing[*]}"
	build=$(gp_build_folder)
	mkdir -p "$build" && cd "$build" || exit 1
	exec {lock}<.
	flock "$lock"
	gp_build_steps {lock}<&- > build.log 2>&1 || {
		tail -n 30 build.log >&2
		gp_fail 1 "the build failed; all of it is in $build/build.log"
	}
)

# --- processes ---

# gp_process_stat PID: prints state, parent, group, session and start time, or
# nothing.  The name before them may hold blanks and brackets.
gp_process_stat() {
	local stat=
	read -r -d '' stat 2>/dev/null < "/proc/$1/stat" || :
	[ -n "$stat" ] || return 1
	# shellcheck disable=SC2086
	set -- ${stat##*) }
	printf '%s %s %s %s %s\n' "$1" "$2" "$3" "$4" "${20}"
}

gp_boot_id() {
	cut -c 1-8 /proc/sys/kernel/random/boot_id
}

# gp_process_start PID: when it began, in a form that no other process with the
# same number ever has.  Fails for one that is gone or a zombie.
gp_process_start() {
	local state parent group session start
	read -r state parent group session start < <(gp_process_stat "$1") || return 1
	[ "$state" != Z ] || return 1
	printf '%s.%s\n' "$(gp_boot_id)" "$start"
}

# gp_process_is PID START
gp_process_is() {
	[ "$(gp_process_start "$1")" = "$2" ]
}

# gp_wait_until SECONDS COMMAND...: asks until it is true
gp_wait_until() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}
