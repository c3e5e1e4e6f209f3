# SPDX-License-Identifier: MIT
# Part of tests/bench/run: the milters that are compared and Redis, each on a unix
# socket in $work.  Nothing else is reached, nothing else is stopped.

redis_pid='' gatepost_pid='' null_pid='' rspamd_pid=''

stop() { # PID
	[ -n "$1" ] || return 0
	kill "$1" 2> /dev/null || :
	wait "$1" 2> /dev/null || :
}

stop_milters() {
	stop "$gatepost_pid"
	stop "$null_pid"
	gatepost_pid='' null_pid=''
	rm -f "$work/gatepost.sock" "$work/null.sock"
}

clean_up() {
	stop_milters
	stop "$rspamd_pid"
	stop "$redis_pid"
	rm -rf "$work"
}

# wait_for SOCKET PID LOG: half a minute
wait_for() {
	tries=0
	until [ -S "$1" ]; do
		tries=$((tries + 1))
		if [ $tries -gt 300 ] || ! kill -0 "$2" 2> /dev/null; then
			echo "run: nobody listens on $1" >&2
			cat "$3" >&2
			[ ! -f "$work/rspamd/log" ] || cat "$work/rspamd/log" >&2
			exit 2
		fi
		sleep 0.1
	done
}

start_redis() {
	redis-server --port 0 --unixsocket "$work/redis.sock" --unixsocketperm 777 \
		--save '' --dir "$work" --logfile redis.log --loglevel warning \
		> /dev/null &
	redis_pid=$!
	wait_for "$work/redis.sock" "$redis_pid" "$work/redis.log"
}

# How often scripts were called.  What gatepost still has to charge comes within
# milliseconds.
redis_calls() {
	last=''
	while :; do
		calls=$(redis-cli -s "$work/redis.sock" INFO commandstats |
			sed -n 's/^cmdstat_evalsha:calls=\([0-9]*\),.*/\1/p')
		[ "$calls" != "$last" ] || break
		last=$calls
		sleep 0.1
	done
	echo "${calls:-0}"
}

start_gatepost() { # more settings
	cat > "$work/conf" <<- CONF
		relay { local_domains = {example.test, alias.test} }
		$1
		journal { file = "$work/journal" }
		milter { socket = "unix:$work/gatepost.sock" user = nobody }
	CONF
	: > "$work/journal"
	chmod 666 "$work/journal"
	"$build/milter/gatepost-milter" -c "$work/conf" -f 2> "$work/gatepost.log" &
	gatepost_pid=$!
	wait_for "$work/gatepost.sock" "$gatepost_pid" "$work/gatepost.log"
}

# With just the steps and the macros that gatepost negotiates.
start_null() {
	terms=$("$load" -N "unix:$work/gatepost.sock")
	eval "set -- $terms"
	"$build/tests/bench/null-milter" "$@" "unix:$work/null.sock" \
		2> "$work/null.log" &
	null_pid=$!
	wait_for "$work/null.sock" "$null_pid" "$work/null.log"
	[ "$("$load" -N "unix:$work/null.sock")" = "$terms" ] || {
		echo "run: null-milter does not negotiate the same: $terms" >&2
		exit 2
	}
}

# Two processes for two cores, only the module of rates, and the limits that
# gatepost is given: three buckets for each login.  No DNS is asked.
rspamd_settings() {
	cat <<- CONF
		options {
			filters = ""
			dns { nameserver = ["127.0.0.1:1:1"]; timeout = 1s; }
			pidfile = "$work/rspamd/pid"
			tempdir = "$work/rspamd"
			control_socket = "$work/rspamd/control.sock mode=0600"
			cache_file = "$work/rspamd/symbols"
			hs_cache_dir = "$work/rspamd"
		}
		logging { type = "file"; filename = "$work/rspamd/log"; level = "error" }
		worker "rspamd_proxy" {
			bind_socket = "$work/rspamd.sock mode=0666"
			milter = yes
			timeout = 120s
			upstream "local" { default = yes; self_scan = yes }
			count = 2
		}
		modules { path = "/usr/share/rspamd/plugins/ratelimit.lua" }
		actions { reject = 150; }
		redis { servers = "$work/redis.sock" }
		ratelimit { rates {
			second { selector = "user"; bucket { burst = 10000; rate = "10000 / 1s" } }
			hour { selector = "user"; bucket { burst = 1000000; rate = "1000000 / 1h" } }
			day { selector = "user"; bucket { burst = 1000000; rate = "1000000 / 1d" } }
		} }
	CONF
}

start_rspamd() {
	mkdir "$work/rspamd"
	chmod 777 "$work/rspamd"
	rspamd_settings > "$work/rspamd.conf"
	if [ "$(id -u)" = 0 ]; then
		set -- -u nobody -g nogroup
	else
		set --
	fi
	rspamd -c "$work/rspamd.conf" "$@" -f > "$work/rspamd.out" 2>&1 &
	rspamd_pid=$!
	wait_for "$work/rspamd.sock" "$rspamd_pid" "$work/rspamd.out"
}

# Itself and what it has started, as options of milter-load
processes_of() { # PID
	printf -- '-p %s ' "$1" $(ps -o pid= --ppid "$1")
}
