# SPDX-License-Identifier: MIT
# Completion of gatepostctl for bash.  Commands, options and facts are asked of the
# program itself, so this knows them all.

_gatepostctl_commands() {
	"$1" --help 2> /dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'
}

_gatepostctl_options() { # PROGRAM [COMMAND]
	"$@" --help 2> /dev/null | grep -oE -e '--[a-z][a-z-]*' | sort -u
	echo --help
}

_gatepostctl_facts() {
	"$1" explain --help 2> /dev/null | grep -oE '\<[a-z][a-z_]*=' | sort -u
}

# The words that stand for the last option, or nothing where files do
_gatepostctl_values() {
	case $1 in
	--action) echo 'pass reject tempfail rewrite note absorb delay hold refuse disconnect notice would-*' ;;
	--sort) echo 'every user program checks early state wait last messages recipients' ;;
	--part) echo 'milter imap pop3 auth ctl' ;;
	--port) echo 'smtp= submission= submissions= imap= imaps= pop3= pop3s=' ;;
	--for) echo '12h 3d 2w' ;;
	--since | --until) echo 'today yesterday monday 1h 1d 7d' ;;
	esac
}

_gatepostctl() {
	local program=$1 current=$2 previous=$3 command= i words
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-c | --config) i=$((i + 1)) ;;
		-*) ;;
		*) command=${COMP_WORDS[i]}
		   break ;;
		esac
	done
	COMPREPLY=()
	words=$(_gatepostctl_values "$previous")
	case $previous in
	-c | --config | --policy | --html | --postfix | --sendmail | --dovecot) words= ;;
	--heard | --interval | --share | --journal | --author | --names | --address | --timeout | --user | --domain | --network | --program | --reason | --why | --top | --lines)
		return ;;
	*)
		if [ -n "$words" ]; then
			:
		elif [ -z "$command" ] && [[ $current = -* ]]; then
			words=$(_gatepostctl_options "$program")
		elif [ -z "$command" ]; then
			words=$(_gatepostctl_commands "$program")
		elif [[ $current = -* ]]; then
			words=$(_gatepostctl_options "$program" "$command")
		elif [ "$command" = explain ]; then
			words=$(_gatepostctl_facts "$program")
			compopt -o nospace 2> /dev/null
		fi ;;
	esac
	if [ -n "$words" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
	else
		compopt -o filenames 2> /dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	fi
}

complete -F _gatepostctl gatepostctl
