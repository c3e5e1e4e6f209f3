#!/bin/bash
# SPDX-License-Identifier: MIT
# gatepostctl check-site: a clean site passes; each dangerous setting is changed
# in the files of a real site, alone, and must be named with its remedy.
. "$(dirname "$0")/lib.sh"
need_root
site site
sub=127.0.0.1:$LAB_SUBMISSION_PORT/inet subs=127.0.0.1:$LAB_SUBMISSIONS_PORT/inet
mx=127.0.0.1:$LAB_SMTP_PORT/inet
cp -a "$LAB_POSTFIX_CONF" saved-postfix
cp -a "$LAB_DOVECOT_CONF" saved-dovecot.conf
cp -a "$LAB_CONF" saved-gatepost.conf
mkdir saved-modules
cp -a site/modules/*gatepost*.so saved-modules/
is_23=no
[ "$(dovecot --version | cut -c 1-4)" != 2.3. ] || is_23=yes
socket_group=$(stat -c %G "$LAB_MILTER_SOCKET")
socket_mode=$(stat -c %a "$LAB_MILTER_SOCKET")

restore() {
	cp -a saved-postfix/. "$LAB_POSTFIX_CONF/"
	cp -a saved-dovecot.conf "$LAB_DOVECOT_CONF"
	cp -a saved-gatepost.conf "$LAB_CONF"
	cp -a saved-modules/. site/modules/
	chmod "$socket_mode" "$LAB_MILTER_SOCKET"
	chgrp "$socket_group" "$LAB_MILTER_SOCKET"
}

check_site() {
	found=0
	$LAB_CTL check-site --postfix "$LAB_POSTFIX_CONF" \
		--dovecot "$LAB_DOVECOT_CONF" "$@" > out 2>&1 || found=$?
}

# judged LEVEL CODE NAME TEXT WHAT: what was changed is named, once, and no
# danger beside it; TEXT stands somewhere, as the remedy does
judged() {
	check_site
	[ "$found" = "$2" ] && [ "$(grep -c "^$1 .*  ($3)\$" out)" = 1 ] &&
		[ "$(grep -c '^DANGER' out)" = "$2" ] && grep -qF -- "$4" out
	result=$?
	check "$5: $1 $3" [ $result = 0 ]
	[ $result = 0 ] || { echo "exit code $found"; cat out; }
	restore
}
danger() { judged DANGER 1 "$@"; }
advice() { judged advice 0 "$@"; }

# Each changes one setting and then looks.
main_cf() { # SETTING NAME REMEDY
	postconf -c "$LAB_POSTFIX_CONF" -e "$1"
	danger "$2" "$3" "main.cf: $1"
}
service_cf() { # SERVICE SETTING=VALUE NAME REMEDY
	postconf -c "$LAB_POSTFIX_CONF" -P "$1/$2"
	danger "$3" "$4" "master.cf: $1 -o $2"
}
dovecot_conf() { # LINE NAME REMEDY
	printf '%s\n' "$1" >> "$LAB_DOVECOT_CONF"
	danger "$2" "$3" "dovecot.conf: $1"
}
gatepost_conf() { # LINE NAME REMEDY
	printf '%s\n' "$1" >> "$LAB_CONF"
	danger "$2" "$3" "gatepost.conf: $1"
}

check_site
check "a clean site gives 0" [ "$found" = 0 ]
check "and not even advice" grep -q '^0 dangers, 0 pieces of advice$' out

echo '# edited' >> "$LAB_CONF"
advice conf-compiled "Remedy: gatepostctl -c $LAB_CONF compile" "compiled settings that are stale"
rm "$LAB_CONF.compiled"
check_site
check "none at all are no advice" grep -q '^0 dangers, 0 ' out
cat out

milter="unix:$LAB_MILTER_SOCKET"

# --- the milter
postconf -c "$LAB_POSTFIX_CONF" -e "smtpd_milters =" "non_smtpd_milters = $milter"
danger milter-missing "Remedy: smtpd_milters = $milter" "main.cf: no smtpd_milters"
main_cf "non_smtpd_milters =" milter-missing "Remedy: non_smtpd_milters = $milter"
main_cf "non_smtpd_milters = inet:127.0.0.1:1" milter-address "Remedy: non_smtpd_milters = $milter"
service_cf "$sub" "smtpd_milters=" milter-missing "in $sub"
service_cf "$mx" "smtpd_milters=inet:127.0.0.1:1" milter-address "Remedy: -o { smtpd_milters = $milter }"
service_cf cleanup/unix "non_smtpd_milters=" milter-missing "in cleanup/unix"
service_cf "$sub" "receive_override_options=no_milters" milter-override "in $sub"
service_cf pickup/unix "receive_override_options=no_milters" milter-override "in pickup/unix"
main_cf "milter_default_action = accept" milter-action "Remedy: milter_default_action = tempfail"
service_cf "$mx" "milter_default_action=accept" milter-action "Remedy: -o { milter_default_action = tempfail }"
main_cf "non_smtpd_milters = { $milter, default_action = accept }" milter-action "default_action = tempfail"
main_cf "smtpd_milter_maps = cidr:{{ 192.0.2.1 DISABLE }}" milter-maps "Remedy: smtpd_milter_maps ="
postconf -c "$LAB_POSTFIX_CONF" -F "$sub/chroot=y"
danger milter-chroot 'write "n" in column 5' "master.cf: $sub chrooted"
postconf -c "$LAB_POSTFIX_CONF" -e "milter_command_timeout = 5m"
advice milter-timeout "Remedy: milter_command_timeout = 10s" "main.cf: a long timeout"
chmod 666 "$LAB_MILTER_SOCKET"
danger milter-exposed "Remedy: chmod 660" "the socket open for all"
chgrp nogroup "$LAB_MILTER_SOCKET"
danger milter-unreachable "milter { socket_group = postfix }" "the socket not Postfix's"
printf 'milter { socket = "unix:%s/other.sock" }\n' "$work" >> "$LAB_CONF"
check_site
check "gatepost.conf: another socket: DANGER milter-address, for both lists" \
	[ "$(grep -c '^DANGER .*(milter-address)$' out)" = 2 ]
restore

# --- logins and TLS
main_cf "smtpd_tls_auth_only = no" auth-before-tls "Remedy: smtpd_tls_auth_only = yes"
service_cf "$sub" "smtpd_tls_auth_only=no" auth-before-tls "Remedy: -o { smtpd_tls_auth_only = yes }"
main_cf "smtpd_sasl_security_options =" auth-anonymous "noanonymous"
service_cf "$sub" "smtpd_tls_security_level=none" tls-off "in $sub"
main_cf "smtpd_tls_chain_files =" tls-certificate "Remedy: smtpd_tls_chain_files"
chmod 644 site/tls/server.key
check_site
check "a key that everybody can read: DANGER key-readable, twice" \
	[ "$(grep -c '^DANGER .*server.key  (key-readable)$' out)" = 2 ]
chmod 600 site/tls/server.key
for versions in '>=TLSv1' '!SSLv2, !SSLv3' '!SSLv2, !SSLv3, !TLSv1' '>=0302' 'TLSv1.1, TLSv1.2' ''; do
	postconf -c "$LAB_POSTFIX_CONF" -e "smtpd_tls_mandatory_protocols = $versions"
	danger tls-versions "Remedy: smtpd_tls_mandatory_protocols = >=TLSv1.2" \
		"main.cf: versions '$versions'"
done
service_cf "$sub" "smtpd_tls_protocols=>=TLSv1" tls-versions "in $sub"
service_cf "$mx" "smtpd_tls_wrappermode=yes" port-not-listed "$LAB_SMTP_PORT"
gatepost_conf "submission { ports = {$LAB_SUBMISSION_PORT} }" port-not-listed "$LAB_SUBMISSIONS_PORT"
for versions in '>=TLSv1.2' '!SSLv2 !SSLv3 !TLSv1 !TLSv1.1' 'TLSv1.2 TLSv1.3' '>=0303'; do
	postconf -c "$LAB_POSTFIX_CONF" -e "smtpd_tls_mandatory_protocols = $versions"
	check_site
	check "versions '$versions' pass" [ "$found" = 0 ]
	restore
done

# --- who may relay, and what a message is
for networks in 0.0.0.0/0 '[::]/0' 128.0.0.0/1 11.0.0.0/8 '127.0.0.0/8, [2000::]/3' static:all; do
	postconf -c "$LAB_POSTFIX_CONF" -e "mynetworks = $networks"
	danger networks-wide "Remedy: mynetworks = 127.0.0.0/8" "mynetworks = $networks"
done
for networks in 10.0.0.0/8 127.0.0.0/8 '192.168.0.0/16 [fc00::]/7 [::1]/128' 198.51.100.0/24; do
	postconf -c "$LAB_POSTFIX_CONF" -e "mynetworks = $networks"
	check_site
	check "mynetworks = $networks is no danger" [ "$found" = 0 ]
	restore
done
service_cf "$mx" "mynetworks=0.0.0.0/0" networks-wide "in $mx"
postconf -c "$LAB_POSTFIX_CONF" -X mynetworks
main_cf "mynetworks_style = class" networks-style "Remedy: mynetworks_style = host"
main_cf "smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated" relay-for-all "reject_unauth_destination"
main_cf "smtpd_relay_restrictions = permit, reject_unauth_destination" relay-for-all "smtpd_relay_restrictions"
main_cf "smtpd_relay_restrictions = warn_if_reject reject_unauth_destination" relay-for-all "smtpd_relay_restrictions"
main_cf "smtpd_relay_restrictions = check_client_access static:OK, reject_unauth_destination" relay-for-all "smtpd_relay_restrictions"
service_cf "$sub" "smtpd_relay_restrictions=permit" relay-for-all "in $sub"
postconf -c "$LAB_POSTFIX_CONF" -e "smtpd_relay_restrictions =" \
	"smtpd_recipient_restrictions = mine, permit" \
	"smtpd_restriction_classes = mine" "mine = permit_mynetworks, reject_unauth_destination"
check_site
check "relaying refused by a class in the other list is no danger" [ "$found" = 0 ]
restore
postconf -c "$LAB_POSTFIX_CONF" -e "smtpd_relay_restrictions = check_sender_access hash:/nowhere, reject_unauth_destination"
advice relay-weak-permit "check_sender_access" "relaying for whoever claims a sender"
postconf -c "$LAB_POSTFIX_CONF" -e "smtpd_relay_restrictions = reject_unauth_destination" \
	"smtpd_recipient_restrictions = check_sender_access hash:/nowhere, reject_unauth_destination"
check_site
check "a table after a list that refuses is not even advice" grep -q '^0 dangers, 0 ' out
restore
main_cf "allow_untrusted_routing = yes" untrusted-routing "Remedy: allow_untrusted_routing = no"
main_cf "relay_domains = static:all" domains-all "relay_domains"
main_cf "smtpd_authorized_xclient_hosts = 0.0.0.0/0" xclient-hosts "Remedy: smtpd_authorized_xclient_hosts ="
postconf -c "$LAB_POSTFIX_CONF" -e "smtpd_authorized_xclient_hosts = 127.0.0.1"
advice xclient-hosts "Remedy: smtpd_authorized_xclient_hosts =" "XCLIENT from one host"
main_cf "smtpd_forbid_bare_newline = no" bare-newline "Remedy: smtpd_forbid_bare_newline = normalize"
main_cf "smtpd_forbid_bare_newline_exclusions = 0.0.0.0/0" bare-newline-exclusions "exclusions ="

# --- a content filter's way back
reinject="127.0.0.1:10025/inet"
postconf -c "$LAB_POSTFIX_CONF" -M "$reinject=127.0.0.1:10025 inet n - n - - smtpd \
	-o smtpd_milters= -o mynetworks=127.0.0.0/8 \
	-o smtpd_recipient_restrictions=permit_mynetworks,reject"
advice milter-missing "in $reinject" "a way back from a content filter"
postconf -c "$LAB_POSTFIX_CONF" -M "$reinject=127.0.0.1:10025 inet n - n - - smtpd \
	-o smtpd_milters="
danger milter-missing "in $reinject" "the same for everybody on this host"

# --- domains and ports: advice
printf 'submission { ports = {%s, %s, 1} }\n' "$LAB_SUBMISSION_PORT" \
	"$LAB_SUBMISSIONS_PORT" >> "$LAB_CONF"
advice port-not-served "without 1" "a port that nobody serves"
postconf -c "$LAB_POSTFIX_CONF" -e "relay_domains = other.test"
advice domain-not-listed "relay { local_domains = { ..., other.test } }" \
	"a domain that gatepost does not know"

# --- Dovecot
dovecot_conf "ssl = yes" tls-not-required "Remedy: ssl = required"
dovecot_conf "ssl = no" tls-not-required "Remedy: ssl = required"
dovecot_conf "protocol pop3 {
  ssl = yes
}" tls-not-required "in protocol pop3"
dovecot_conf "remote 192.0.2.0/24 {
  ssl = no
}" tls-not-required "in remote 192.0.2.0/24"
if [ "$is_23" = yes ]; then
	dovecot_conf "disable_plaintext_auth = no" auth-before-tls "Remedy: disable_plaintext_auth = yes"
	dovecot_conf "auth_debug_passwords = yes" passwords-logged "Remedy: auth_debug_passwords = no"
	dovecot_conf "import_environment = TZ" plugin-settings "GATEPOST_CONF=$LAB_CONF"
	global="mail_plugins = imap_gatepost"
	lines="mail_plugins = \$mail_plugins imap_gatepost"
else
	# 2.4 itself refuses it where "ssl = required" makes it void.
	printf 'ssl = yes\nauth_allow_cleartext = yes\n' >> "$LAB_DOVECOT_CONF"
	check_site
	check "dovecot.conf: auth_allow_cleartext = yes: DANGER auth-before-tls" \
		grep -q '^DANGER    auth_allow_cleartext = yes  (auth-before-tls)$' out
	restore
	dovecot_conf "import_environment {
  GATEPOST_CONF = /nowhere
}" plugin-settings "GATEPOST_CONF = $LAB_CONF"
	global="mail_plugins {
  imap_gatepost = yes
}"
	lines="imap_gatepost = yes"
fi
dovecot_conf "ssl_min_protocol = TLSv1.1" tls-versions "Remedy: ssl_min_protocol = TLSv1.2"
dovecot_conf "login_trusted_networks = 0.0.0.0/0" login-trusted-networks "Remedy: login_trusted_networks ="
dovecot_conf "auth_mechanisms = plain login anonymous" auth-anonymous "auth_mechanisms"
dovecot_conf "auth_verbose_passwords = plain" passwords-logged "Remedy: auth_verbose_passwords = no"
for protocol in imap pop3; do
	mkdir "without-$protocol"
	cp -a saved-modules/. "without-$protocol/"
	rm "without-$protocol"/*_${protocol}_*
	dovecot_conf "mail_plugin_dir = $work/without-$protocol" plugin-file "make install"
done
for library in confuse imap pop3; do
	mkdir "without-lib$library"
	cp -a saved-modules/. "without-lib$library/"
	rm "without-lib$library/libgatepost_$library.so"
	dovecot_conf "mail_plugin_dir = $work/without-lib$library" plugin-library "make install"
	check "it names the one that is missing" grep -q "There is no libgatepost_$library.so" out
done
sed -i -e 's/imap_gatepost$//' -e 's/imap_gatepost = yes//' "$LAB_DOVECOT_CONF"
danger plugin-missing "$lines" "the plugin not loaded"
printf '%s\n' "$global" >> "$LAB_DOVECOT_CONF"
check_site
check "the plugin for all programs: DANGER plugin-elsewhere ($found)" \
	grep -q '^DANGER .*(plugin-elsewhere)$' out
restore

# --- what Dovecot tells of a login
dovecot_conf "auth_policy_check_after_auth = yes" policy-asked-twice "Remedy: auth_policy_check_after_auth = no"
dovecot_conf "auth_policy_reject_on_fail = yes" policy-refuses "Remedy: auth_policy_reject_on_fail = no"
echo "auth_policy_report_after_auth = yes" >> "$LAB_DOVECOT_CONF"
advice policy-reported "Remedy: auth_policy_report_after_auth = no" "reports beside the plugins"
printf '%s\n' "auth_policy_server_url =" "auth_policy_check_after_auth = yes" >> "$LAB_DOVECOT_CONF"
check_site
check "without a service to ask none of that matters" grep -q '^0 dangers, 0 ' out
restore
echo "imap_id_retain = no" >> "$LAB_DOVECOT_CONF"
advice program-names "Remedy: imap_id_retain = yes" "names that are forgotten"
sed -i '/gatepost_client_id/d' "$LAB_DOVECOT_CONF"
advice program-names "gatepost_client_id" "names that are not handed on"
sed -i '/gatepost_client_id/d' "$LAB_DOVECOT_CONF"
echo "poll { program = address }" >> "$LAB_CONF"
check_site
check "names that are not asked for are no advice" grep -q '^0 dangers, 0 ' out
restore

# --- the plugin's file
for protocol in imap pop3; do
	plugin=$(echo site/modules/*_${protocol}_gatepost_plugin.so)
	sed -i 's/\.ABIv1/.ABIv8/' "$plugin"
	danger plugin-abi ".ABIv8" "a $protocol plugin for another Dovecot"
	sed -i "s/${protocol}_gatepost_plugin_version/${protocol}_gatepost_plugin_versiom/g" \
		"$plugin"
	danger plugin-abi "does not say for which Dovecot" "a $protocol plugin without version"
	chmod 700 "$plugin"
	danger plugin-unreadable "chmod 755" "a $protocol plugin that users cannot read"
	chmod 757 "$plugin"
	danger plugin-writable "chmod 755" "a $protocol plugin that others can write"
done
chgrp nogroup "$LAB_CONF"
chmod 664 "$LAB_CONF"
danger conf-writable "chmod g-w" "gatepost.conf that others can write"
echo secret > password
chmod 644 password
gatepost_conf "redis { password_file = \"$work/password\" }" password-readable "chmod o="

# --- what it prints
check_site --json
check "--json of a clean site gives 0" [ "$found" = 0 ]
postconf -c "$LAB_POSTFIX_CONF" -e "smtpd_tls_auth_only = no"
check_site --json
check "--json with a danger gives 1" [ "$found" = 1 ]
python3 - out <<'PYTHON'
import json
import sys
site = json.load(open(sys.argv[1]))
finding, = site['findings']
assert site['dangers'] == 1, site
assert finding['name'] == 'auth-before-tls' and finding['level'] == 'danger', site
assert finding['file'].endswith('/main.cf') and finding['value'] == 'no', site
assert finding['remedy'] == 'smtpd_tls_auth_only = yes', site
# the site has each service on as many addresses
assert len(finding['places']) == 32, finding['places']
PYTHON
check "JSON names it all" [ $? = 0 ]
check_site
check "no colours where there is no terminal" [ "$(grep -c $'\033' out)" = 0 ]
command="$LAB_CTL check-site --postfix $LAB_POSTFIX_CONF"
TERM=xterm NO_COLOR= script -qec "$command" /dev/null > out < /dev/null
check "colours on a terminal" grep -q $'\033' out
NO_COLOR=1 script -qec "$command" /dev/null > out < /dev/null
check "none with NO_COLOR" [ "$(grep -c $'\033' out)" = 0 ]
restore

# The site that lets everybody relay does not pass.
# what_is_named: the words of the dangers
what_is_named() { sed -n 's/^DANGER .*  (\(.*\))$/\1/p' out | sort | tr '\n' ' '; }
(
	failures=0
	site open --open-relay
	check_site
	check "an open relay gives 1" [ "$found" = 1 ]
	check "and is named: $(what_is_named)" \
		[ "$(what_is_named)" = "auth-before-tls networks-wide untrusted-routing " ]
	[ "$failures" = 0 ]
) || failures=$((failures + 1))

# gives CODE TEXT ARGUMENT...
gives() {
	code=$1 text=$2 found=0
	shift 2
	$LAB_CTL check-site "$@" > out 2>&1 || found=$?
	check "check-site $* gives $code ($found)" [ "$found" = "$code" ]
	check "and says: $text" grep -qF -- "$text" out
}
gives 64 "takes options only" nonsense
gives 64 "" --frobnicate
gives 66 "no such file" --postfix "$work/nowhere"
gives 66 "no such file" --dovecot "$work/nowhere"
gives 66 "No such file" --sendmail "$work/nowhere"
echo 'bogus {' > broken.conf
gives 78 "doveconf failed" --dovecot "$work/broken.conf"
finish
