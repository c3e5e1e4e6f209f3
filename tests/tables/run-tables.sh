#!/bin/sh
# Runs the policy tables through "gatepostctl explain".
#
# A row is facts => action reason.  A line "set SECTION.NAME=VALUE" changes the
# settings for the rows below it; "reset" goes back to the defaults.  Each reason
# that a decision can have must be produced by at least one row.
set -eu
source=${GATEPOST_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${GATEPOST_BUILD:-$source}
work=$(mktemp -d "${TMPDIR:-/tmp}/gatepost-tables.XXXXXX")
trap 'rm -rf "$work"' EXIT
rows=0 failed=0

explain() { # facts, as typed; word splitting and quotes are the shell's
	eval "set -- $1"
	"$build/ctl/gatepostctl" -c "$work/conf" explain --json "$@" |
		sed -n 's/^ *"\(action\|reason\)": "\(.*\)",*$/\1=\2/p'
}

run_row() {
	facts=${2%%=>*} wanted=${2##*=> }
	answer=$(explain "$facts" 2>&1) || true
	action=$(echo "$answer" | sed -n 's/^action=//p')
	reason=$(echo "$answer" | sed -n 's/^reason=//p')
	echo "$reason" >> "$work/reasons"
	rows=$((rows + 1))
	[ "$action $reason" = "$wanted" ] && return
	failed=$((failed + 1))
	echo "$1: $facts"
	echo "    wanted $wanted, found ${action:-?} ${reason:-$answer}"
}

for table in "$source"/tests/tables/*.table; do
	: > "$work/conf"
	number=0
	while IFS= read -r line; do
		number=$((number + 1))
		case $line in
		'' | '#'*) ;;
		reset) : > "$work/conf" ;;
		'set '*)
			setting=${line#set }
			name=${setting%%=*}
			echo "${name%%.*} { ${name#*.} = ${setting#*=} }" >> "$work/conf" ;;
		*' => '*) run_row "${table##*/}:$number" "$line" ;;
		*)
			echo "${table##*/}:$number: neither a row nor a setting: $line"
			failed=$((failed + 1)) ;;
		esac
	done < "$table"
done

# These are events, not decisions.
for reason in $("$build/tests/unit/print-vocabulary" | sed -n 's/^reason //p'); do
	case $reason in store-back | store-memory | stream-lost | exemption-* | history-reset) continue ;; esac
	grep -qx "$reason" "$work/reasons" || {
		echo "no row produces the reason $reason"
		failed=$((failed + 1))
	}
done
echo "$rows rows, $failed failed"
[ "$failed" = 0 ] && [ "$rows" -gt 0 ]
