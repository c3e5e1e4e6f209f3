#!/bin/bash
# SPDX-License-Identifier: MIT
# gatepostctl log: what it takes for a journal line and what not, filters, packed
# files, and following through a rotation.
. "$(dirname "$0")/lib.sh"
ctl=$GATEPOST_BUILD/ctl/gatepostctl
export TZ=Europe/Zurich
: > empty.conf

# line TIME USER ACTION REASON PROGRAM IP
line() {
	printf 'time=%s host=mx1 s=s1 part=%s action=%s mode=enforce reason=%s ' \
		"$1" "${5%%/*}" "$3" "$4"
	printf 'user=%s program=%s ip=%s port=143 check=noop every=60 ' "$2" "$5" "$6"
	printf 'policy=300 why=poll.ladder early=3 wait=9\n'
}

# gives CODE TEXT ARGUMENT...: TEXT stands somewhere in what it prints
gives() {
	code=$1 text=$2 found=0
	shift 2
	"$ctl" "$@" > out 2>&1 || found=$?
	check "gatepostctl $* gives $code ($found)" [ "$found" = "$code" ]
	check "and says: $text" grep -qF -- "$text" out
}

# users ARGUMENT...: whose lines are shown
users() {
	"$ctl" log --json "$@" 2> err |
		python3 -c 'import json, sys
print(*[json.loads(line)["user"] for line in sys.stdin])'
}

# shows WANTED ARGUMENT...
shows() {
	wanted=$1
	shift
	found=$(users "$@")
	check "log $*: $wanted ($found)" [ "$found" = "$wanted" ]
}

gives 64 "'noon' is not a time" log --since noon
gives 64 "'2026-02-30' is not a time" log --since 2026-02-30
gives 64 "there is no action 'dely'" log --action dely
gives 64 "there is no reason 'erly'" log --reason erly
gives 64 "there is no part 'smtp'" log --part smtp
gives 64 "300.1.2.3" log --network 300.1.2.3
gives 64 "is not a number" log --lines -1
gives 64 "" log --frobnicate
gives 66 "nowhere.log: No such file" log nowhere.log
gives 66 "nowhere.log: there is no such file" log -f nowhere.log
echo 'journal { file = "/nonexistent/journal" }' > away.conf
gives 66 "/nonexistent/journal" -c away.conf log
gives 0 "2026-11-01..2026-11-07" log --help

# What others write must not count, and what is damaged is said.
{
	line 2026-11-02T10:00:00.000Z alice@one.test absorb early imap/192.0.2.7/Thunderbird 192.0.2.7
	echo "Nov  2 11:00:01 mx imap[12]: $(line 2026-11-02T10:00:01.000Z bob delay early imap/198.51.100.9/K-9 198.51.100.9)"
	echo "Nov  2 11:00:02 mx postfix/cleanup[9]: 4F: warning: header Subject: $(line 2026-11-02T10:00:02.000Z forged reject early imap/a 192.0.2.7)"
	echo "Nov  2 11:00:02 mx dovecot: imap-login: Login: user=<x>"
	line 2026-11-03T23:30:00.000Z carol would-delay early pop3/2001:db8:1:2::/64 2001:db8:1:2::9
	line 2026-11-04T10:00:00.000Z 'da%1B[31mve' reject relay-denied smtp/203.0.113.5 203.0.113.5
	line 2026-11-05T10:00:00.000Z erin absorb early imap/192.0.2.8 192.0.2.8 | sed 's/early=3/early=x/'
	head -c 200000 /dev/zero | tr '\0' x
	echo
	printf '%s' "$(line 2026-11-06T10:00:00.000Z last absorb early imap/192.0.2.9 192.0.2.9)"
} > a.log
dave=$(printf 'da\033[31mve')
shows "alice@one.test bob carol $dave last" a.log
check "two damaged lines are counted" grep -qF "passed over 2 lines" err
"$ctl" log a.log > out 2> err
check "no byte for the terminal" [ "$(tr -d ' -~\n' < out | wc -c)" = 0 ]
check "five lines for people" [ "$(wc -l < out)" = 5 ]

for packer in gzip xz bzip2; do
	command -v $packer > /dev/null || continue
	$packer -c a.log > packed
	check "$packer: the same lines" [ "$("$ctl" log packed 2> err)" = "$(cat out)" ]
	check "$packer: also from a pipe" [ "$("$ctl" log - < packed 2> err)" = "$(cat out)" ]
done
head -c 100 packed > cut
gives 66 "cut: " log cut

shows "alice@one.test" --user alice a.log
shows "alice@one.test" --user 'ALICE@*' a.log
shows "alice@one.test bob" --user alice --user bob a.log
shows "" --user alice --action delay a.log
shows "alice@one.test" --domain one.test a.log
shows "alice@one.test carol" --network 192.0.2.7 --network 2001:db8:1::/48 a.log
shows "alice@one.test" --program thunderbird a.log
shows "carol" --action 'would-*' a.log
shows "$dave" --reason relay-denied a.log
shows "carol" --part pop3 a.log
shows "last" --lines 1 a.log
# 23:30 UTC of the third is the fourth in Zurich.
shows "carol $dave" --since 2026-11-04..2026-11-04 a.log
shows "alice@one.test bob" --until 2026-11-03 a.log
shows "bob" --since 2026-11-02T10:00:01Z --until '2026-11-02 11:00:01' a.log
shows "" --since yesterday --until 1h a.log

now=$(date -u +%Y-%m-%dT%H:%M:%S.000Z)
line "$now" today absorb early imap/192.0.2.7 192.0.2.7 > today.log
shows "alice@one.test bob carol $dave last today" a.log today.log
shows "today" --since today a.log today.log

# journalctl -o json, and a raw line that comes back the same
python3 -c 'import json
for line in open("a.log"):
    print(json.dumps({"MESSAGE": line.rstrip("\n"), "_PID": "1"}))' > json.log
shows "alice@one.test bob carol $dave last" - < json.log
"$ctl" log --raw a.log > raw.log 2> err
check "what --raw prints is a journal" [ "$("$ctl" log --raw raw.log)" = "$(cat raw.log)" ]

# The journal of the settings, with what logrotate put beside it, the oldest first
mkdir logs
line 2026-11-01T10:00:00.000Z one absorb early imap/192.0.2.7 192.0.2.7 | gzip > logs/journal.2.gz
line 2026-11-02T10:00:00.000Z two absorb early imap/192.0.2.7 192.0.2.7 > logs/journal.1
line 2026-11-03T10:00:00.000Z three absorb early imap/192.0.2.7 192.0.2.7 > logs/journal
line 2026-11-03T10:00:00.000Z other absorb early imap/192.0.2.7 192.0.2.7 > logs/journal.old
touch -d 2026-11-01 logs/journal.2.gz
touch -d 2026-11-02 logs/journal.1
touch -d 2026-11-03 logs/journal
echo "journal { file = \"$work/logs/journal\" }" > journal.conf
export GATEPOST_CONF=$work/journal.conf
shows "one two three"
shows "three" --lines 1
unset GATEPOST_CONF

# Following: the last lines, then what is added, through a rename, through a cut,
# and through the end of a line that came in two pieces.
shown() { grep -q "$1" followed; }
"$ctl" log -f --raw --lines 1 logs/journal > followed &
echo "kill $!" >> at-exit
check "follow: the line that is there" wait_until 10 shown user=three
line 2026-11-03T11:00:00.000Z four absorb early imap/192.0.2.7 192.0.2.7 > new
head -c 50 new >> logs/journal
tail -c +51 new >> logs/journal
check "follow: a line that is added" wait_until 10 shown user=four
mv logs/journal logs/journal.3
sed s/user=four/user=late/ new >> logs/journal.3
sed s/user=four/user=five/ new > logs/journal
check "follow: a new file after a rotation" wait_until 10 shown user=five
check "follow: what the old one still got" shown user=late
: > logs/journal
sed s/user=four/user=six/ new >> logs/journal
check "follow: a file that was cut" wait_until 10 shown user=six
check "follow: each line once" [ "$(wc -l < followed)" = 5 ]
finish
