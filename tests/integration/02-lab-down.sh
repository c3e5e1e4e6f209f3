#!/bin/bash
# SPDX-License-Identifier: MIT
# After "lab down" nothing of a site is left, also when it came up half way only.
. "$(dirname "$0")/lib.sh"
need_root
lab=$GATEPOST_SOURCE/scripts/lab

# Everything of a site has its folder on the command line, among its open files,
# or in its environment.
processes_of() {
	for process in /proc/[0-9]*; do
		[ "${process#/proc/}" != $$ ] || continue
		case $(tr '\0' ' ' < "$process/cmdline" 2> /dev/null) in
		*"lab up"* | *"lab down"* | *02-lab-down*) continue ;;
		esac
		if { tr '\0' '\n' < "$process/cmdline"
			ls -l "$process/fd" "$process/cwd"; } 2> /dev/null |
			grep -qF "$1/"; then
			cat "$process/comm"
		fi
	done 2> /dev/null
	return 0
}
nothing_runs() { [ -z "$(processes_of "$1")" ]; }
port_is_free() {
	! grep -q "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$1") 00000000:0000 0A" /proc/net/tcp
}

site one
check "a site runs" [ "$(processes_of "$work/one" | sort -u | wc -l)" -ge 5 ]
run=$(dirname "$LAB_REDIS")
cp one/pids/sessions sessions
# Dovecot's and Postfix's children show no folder; their session tells.
# awk alone would end at the first file of a process that has just ended.
members() { # of the sessions that the site's masters led
	cat /proc/[0-9]*/stat 2> /dev/null |
		awk '{ sub(/.*\) /, "") } $1 != "Z" { print $4 }' |
		grep -cxFf sessions
}
check "its masters lead sessions with children" [ "$(members)" -ge 10 ]
check "lab down" "$lab" down one
check "no process is left" nothing_runs "$work/one"
check "nor a child of one" [ "$(members)" = 0 ]
for port in "$LAB_SMTP_PORT" "$LAB_SUBMISSION_PORT" "$LAB_SUBMISSIONS_PORT" \
	"$LAB_IMAP_PORT" "$LAB_IMAPS_PORT" "$LAB_POP3_PORT" "$LAB_POP3S_PORT" \
	"$LAB_LMTP_PORT"; do
	check "port $port is free" port_is_free "$port"
done
check "no socket is left" [ -z "$(find one "$run" -type s 2> /dev/null)" ]
check "the logs stay" [ -s one/log/postfix.log ]
check "down once more is fine" "$lab" down one
check "the folder can be used again" "$lab" up one --without-gatepost
check "a running site is not overrun" eval '! "$lab" up one 2> out'
check "and the message says what to do" grep -q 'lab down' out
"$lab" down one

# fails_with CODE TEXT OPTION...
fails_with() {
	code=$1 text=$2 found=0
	shift 2
	"$lab" up half "$@" > out 2>&1 || found=$?
	check "up $* gives $code" [ "$found" = "$code" ]
	check "and says: $text" grep -qF -- "$text" out
	check "and leaves nothing running" nothing_runs "$work/half"
}
echo 'poll { intervall = 5m }' > bad.conf
fails_with 69 "did you mean 'interval'" --conf bad.conf
echo 'milter { user = nobody-at-all }' > bad.conf
fails_with 69 "no such user" --conf bad.conf
fails_with 64 "postfix and sendmail" --mta exim
fails_with 64 "cluster and none" --redis three
fails_with 64 "unknown option" --frobnicate
fails_with 66 "no such file" --conf nowhere.conf
mkdir mine
: > mine/etc
found=0
"$lab" up mine > out 2>&1 || found=$?
check "a folder with other things in it is refused" [ "$found" = 73 ]
check "and they are still there" [ -e mine/etc ]
long=$(printf 'x%.0s' $(seq 90))
check "a long path works" "$lab" up "$long" --without-gatepost
check "a long path goes down" "$lab" down "$long"
check "and leaves nothing running" nothing_runs "$work/$long"
finish
