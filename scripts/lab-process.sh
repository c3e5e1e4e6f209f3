# SPDX-License-Identifier: MIT
# The processes and ports of a lab: a pid counts as ours only with its start time.  Sourced by scripts/lab.

# leads_session PID
leads_session() {
	[ "$(gp_process_stat "$1" | cut -d ' ' -f 4)" = "$1" ]
}

# Notes a daemon that leads a session of its own.  Never any other session: all
# of it is killed in the end.
remember_pid() { # NAME PID
	local began
	gp_wait_until 5 leads_session "$2" || return 1
	began=$(gp_process_start "$2") || return 1
	printf '%s %s\n' "$2" "$began" > "$DIR/pids/$1"
	printf '%s\n' "$2" >> "$DIR/pids/sessions"
}

is_ours() { # NAME; sets pid
	local began
	[ -s "$DIR/pids/$1" ] || return 1
	read -r pid began < "$DIR/pids/$1"
	gp_process_is "$pid" "$began"
}

is_gone() { ! is_ours "$1"; }

stop_pid() { # NAME
	local pid=
	if is_ours "$1"; then
		kill "$pid" 2> /dev/null || true
		gp_wait_until 5 is_gone "$1" || kill -9 "$pid" 2> /dev/null || true
	fi
	rm -f "$DIR/pids/$1"
}

# What is left of the sessions that the masters led.  The kernel gives a session's
# number to no other process while one of its members lives.
stop_leftovers() {
	local file state parent group session start
	[ -s "$DIR/pids/sessions" ] || return 0
	for file in /proc/[0-9]*; do
		read -r state parent group session start \
			< <(gp_process_stat "${file#/proc/}") || continue
		if [ "$state" != Z ] && grep -qx "$session" "$DIR/pids/sessions"; then
			kill -9 "${file#/proc/}" 2> /dev/null || true
		fi
	done
}

# --- ports

port_is_used() {
	local hex
	hex=$(printf ':%04X ' "$1")
	grep -q "^ *[0-9]*: [0-9A-F]*$hex" /proc/net/tcp /proc/net/tcp6 2> /dev/null
}

# Are all ports of a row of tens free, and reserved by nobody?
row_is_free() { # BASE TENS TAKEN
	local ten port
	for ((ten = $1; ten < $1 + $2 * 10; ten += 10)); do
		case $3 in *" $ten "*) return 1 ;; esac
	done
	for ((port = $1; port < $1 + $2 * 10; port++)); do
		port_is_used "$port" && return 1
	done
	return 0
}

# Ten ports in a row below the range of outgoing connections, thirty for several
# servers of Redis.  The reservation of a folder that is gone or was taken down holds
# nobody up.
reserve_ports() {
	local base taken tens=1
	case $REDIS in sentinel | cluster) tens=3 ;; esac
	exec 9>> "$PORT_RESERVATIONS"
	flock 9
	taken=" $(while read -r base folder; do
		[ "$folder" != "$DIR" ] && [ -e "$folder/pids" ] && printf '%s ' "$base"
	done < "$PORT_RESERVATIONS")" || true
	base=$((20000 + RANDOM % 1000 * 10))
	until row_is_free "$base" "$tens" "$taken"; do
		base=$((base + 10))
		[ "$base" -lt 32730 ] || base=20000
	done
	release_ports_locked
	while [ "$tens" -gt 0 ]; do
		tens=$((tens - 1))
		printf '%s %s\n' $((base + tens * 10)) "$DIR" >> "$PORT_RESERVATIONS"
	done
	exec 9>&-
	SMTP=$base SUBMISSION=$((base + 1)) SUBMISSIONS=$((base + 2))
	IMAP=$((base + 3)) IMAPS=$((base + 4)) POP3=$((base + 5))
	POP3S=$((base + 6)) LMTP=$((base + 7)) SINK=$((base + 8)) AUTHPOLICY=$((base + 9))
}

release_ports_locked() {
	local kept
	kept=$(while read -r base folder; do
		[ "$folder" != "$DIR" ] && [ -e "$folder/pids" ] &&
			printf '%s %s\n' "$base" "$folder"
	done < "$PORT_RESERVATIONS") || true
	printf '%s' "${kept:+$kept
}" > "$PORT_RESERVATIONS"
}

release_ports() {
	[ -e "$PORT_RESERVATIONS" ] || return 0
	exec 9>> "$PORT_RESERVATIONS"
	flock 9
	release_ports_locked
	exec 9>&-
}
