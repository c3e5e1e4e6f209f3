#!/bin/bash
# SPDX-License-Identifier: MIT
# What bash completes after gatepostctl: each command, each option of its help.
. "$(dirname "$0")/lib.sh"
ctl=$GATEPOST_BUILD/ctl/gatepostctl
. "$GATEPOST_SOURCE/conf/gatepostctl.bash"
check "it is registered" [ -n "$(complete -p gatepostctl)" ]

# completes WORD... : what may follow; the last WORD has begun
completes() {
	COMP_WORDS=(gatepostctl "$@")
	COMP_CWORD=$#
	COMPREPLY=()
	_gatepostctl "$ctl" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
	printf '%s\n' "${COMPREPLY[@]}"
}

# offers WANTED WORD...: among others
offers() {
	wanted=$1
	shift
	found=$(completes "$@")
	check "after '$*': $wanted" grep -qxF -e "$wanted" <<< "$found"
}

check "nothing for what there is not" [ -z "$(completes frobn)" ]
check "no words where a name stands" [ -z "$(completes log --user '')" ]
commands=$("$ctl" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p')
check "there are commands" [ "$(wc -w <<< "$commands")" -ge 15 ]
for command in $commands; do
	offers "$command" ''
	for option in $("$ctl" $command --help | grep -oE -e '--[a-z-]+'); do
		offers "$option" "$command" --
		offers "$option" -c /etc/gatepost.conf "$command" --json --
	done
done
offers --config --
offers report rep
offers would-\* log --action w
offers yesterday report --since ''
offers tls= explain t
touch mail.log
offers mail.log log --json mail
offers mail.log report --html mail
for action in $("$GATEPOST_BUILD/tests/unit/print-vocabulary" |
		sed -n 's/^action //p'); do
	offers $action log --action ''
done
finish
