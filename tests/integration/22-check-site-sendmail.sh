#!/bin/bash
# SPDX-License-Identifier: MIT
# gatepostctl check-site for Sendmail: a good sendmail.cf passes, and each dangerous
# line is named.  Where Sendmail's m4 files are, the real ones are tried as well.
. "$(dirname "$0")/lib.sh"
ctl=$GATEPOST_BUILD/ctl/gatepostctl

cat > gatepost.conf <<'CONF'
milter { socket = "inet:21004@127.0.0.1" }
CONF
# Rules have tabs between their sides.
cat > good.cf <<'CF'
V10/Berkeley
CR192.0.2
CR10 127
O DaemonPortOptions=Family=inet, Name=MTA, Port=25
O DaemonPortOptions=Family=inet, Name=MSA, Port=587, M=Ea
O DaemonPortOptions=Family=inet,
	Name=MSAS, Port=smtps, M=Eas
O AuthMechanisms=PLAIN LOGIN
O AuthOptions=A p y
O InputMailFilters=other, gatepost
O ServerCertFile=/etc/mail/tls/server.pem
O ServerKeyFile=/etc/mail/tls/server.key
O ServerSSLOptions=+SSL_OP_NO_SSLv3 +SSL_OP_NO_TLSv1 +SSL_OP_NO_TLSv1_1
Xother, S=unix:/run/other.sock
Xgatepost, S=inet:21004@127.0.0.1, F=T, T=C:5s;S:10s;R:10s;E:10s
SRelay
R$*			$: $1 $| no
R$*			$#error $@ 5.7.1 $: "550 Relaying denied"
# a comment about $(mxserved is no rule
CF

# judged LEVEL CODE NAME TEXT WHAT [FILE]
judged() {
	found=0
	"$ctl" -c gatepost.conf check-site --sendmail "${6:-site.cf}" > out 2>&1 ||
		found=$?
	[ "$found" = "$2" ] && [ "$(grep -c "^$1 .*  ($3)\$" out)" = 1 ] &&
		[ "$(grep -c '^DANGER' out)" = "$2" ] && grep -qF -- "$4" out
	result=$?
	check "$5: $1 $3" [ $result = 0 ]
	[ $result = 0 ] || { echo "exit code $found"; cat out; }
}

# changed SED-SCRIPT NAME TEXT: a danger
changed() {
	sed "$1" good.cf > site.cf
	! cmp -s good.cf site.cf || echo "nothing is changed by $1"
	judged DANGER 1 "$2" "$3" "$1"
}

advised() {
	sed "$1" good.cf > site.cf
	judged advice 0 "$2" "$3" "$1"
}

found=0
"$ctl" -c gatepost.conf check-site --sendmail good.cf > out 2>&1 || found=$?
check "a good sendmail.cf gives 0" [ "$found" = 0 ]
check "and not even advice" grep -q '^0 dangers, 0 pieces of advice$' out
cat out

changed '/^Xgatepost/d' milter-missing "INPUT_MAIL_FILTER"
changed 's/inet:21004/inet:21005/' milter-missing "S=inet:21004@[127.0.0.1], F=T"
sed 's/other, gatepost/other/' good.cf > site.cf
judged DANGER 1 milter-missing "in daemon MTA, daemon MSA, daemon MSAS" "not in InputMailFilters"
changed 's/Name=MSA,/&I=other,/' milter-missing "in daemon MSA"
changed 's/, F=T,/,/' milter-action "F=T"
changed 's/F=T/F=/' milter-action "Remedy: Xgatepost, S=inet:21004@127.0.0.1, F=T"
advised 's/F=T/F=R/;s/R:10s/R:5m/' milter-timeout "T=C:5s"
changed 's/A p y/A/' auth-before-tls "O AuthOptions=A p y"
changed 's/PLAIN LOGIN/& ANONYMOUS/' auth-anonymous "AuthMechanisms"
changed '/^O ServerCertFile/d' tls-off "ServerCertFile"
changed '/^O ServerKeyFile/s/^/#/' tls-off "ServerKeyFile"
changed 's/+SSL_OP_NO_TLSv1 /-SSL_OP_NO_TLSv1 /' tls-versions "+SSL_OP_NO_TLSv1_1"
advised '/^O ServerSSLOptions/d' tls-versions "openssl.cnf"
changed 's/Port=587/Port=2587/' port-not-listed "without 2587"
changed 's/Relaying denied/no/' relay-for-all "promiscuous_relay"
changed 's/^CR192.0.2/CR192/' networks-wide "class R = 192"
changed 's/^SRelay/&\nR<?> $+ < @ $=w >\t$@ RELAY/' relay-weak-permit "relay_local_from"
advised 's/^SRelay/&\nR$+ < @ $* $=m >\t$@ RELAY/' relay-weak-permit "relay_entire_domain"

cf=/usr/share/sendmail/cf
if [ -r "$cf/m4/cf.m4" ] && command -v m4 > /dev/null; then
	# real FEATURE...: what m4 makes of them
	real() {
		{
			printf 'include(`%s/m4/cf.m4'"'"')dnl\nOSTYPE(`linux'"'"')dnl\n' "$cf"
			cat <<'MC'
define(`confAUTH_OPTIONS', `A p y')dnl
define(`confAUTH_MECHANISMS', `PLAIN LOGIN')dnl
define(`confSERVER_CERT', `/etc/mail/tls/server.pem')dnl
define(`confSERVER_KEY', `/etc/mail/tls/server.key')dnl
define(`confSERVER_SSL_OPTIONS', `+SSL_OP_NO_TLSv1 +SSL_OP_NO_TLSv1_1')dnl
FEATURE(`no_default_msa')dnl
DAEMON_OPTIONS(`Family=inet, Name=MTA, Port=25')dnl
DAEMON_OPTIONS(`Family=inet, Name=MSA, Port=587, M=Ea')dnl
DAEMON_OPTIONS(`Family=inet, Name=MSAS, Port=465, M=Eas')dnl
INPUT_MAIL_FILTER(`gatepost', `S=inet:21004@127.0.0.1, F=T, T=C:5s;S:5s;R:5s;E:10s')dnl
MC
			for feature; do printf "FEATURE(\`%s')dnl\n" "$feature"; done
			printf "MAILER(\`local')dnl\nMAILER(\`smtp')dnl\n"
		} > site.mc
		m4 -D_CF_DIR_="$cf/" site.mc > site.cf 2> /dev/null
	}
	real
	check "Sendmail's own files pass" "$ctl" -c gatepost.conf check-site \
		--sendmail site.cf
	real promiscuous_relay
	judged DANGER 1 relay-for-all "Relaying denied" "FEATURE promiscuous_relay"
	real relay_local_from
	judged DANGER 1 relay-weak-permit "relay_local_from" "FEATURE relay_local_from"
	real relay_entire_domain
	judged advice 0 relay-weak-permit "relay_entire_domain" "FEATURE relay_entire_domain"
	real relay_based_on_MX
	judged advice 0 relay-weak-permit "relay_based_on_MX" "FEATURE relay_based_on_MX"
fi

# What is no sendmail.cf at all is looked at all the same.
: > empty.cf
"$ctl" -c gatepost.conf check-site --sendmail empty.cf > out
check "an empty file gives 1" [ $? = 1 ]
head -c 100000 /dev/urandom > noise.cf
"$ctl" -c gatepost.conf check-site --sendmail noise.cf > out
check "noise gives 1" [ $? = 1 ]
check "and nothing that moves the cursor" [ "$(grep -c $'\033' out)" = 0 ]
finish
