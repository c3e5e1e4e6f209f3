# SPDX-License-Identifier: MIT
# The Redis of a lab: one server, three with sentinels, or a cluster of six.  Sourced by scripts/lab.

# Server 1 has a unix socket as well, which is LAB_REDIS.
redis_socket() { # NUMBER
	if [ "$1" = 1 ]; then
		printf '%s/redis/redis.sock' "$RUN"
	else
		printf '%s/redis/redis-%s.sock' "$RUN" "$1"
	fi
}

# Server NUMBER, or sentinel NUMBER, with these arguments of redis-server, or of what
# GATEPOST_REDIS_SERVER names (valkey-server).
launch_redis() { # NAME ARGUMENT...
	local name=$1
	shift
	setsid setpriv --reuid=nobody --regid=nogroup --clear-groups \
		"${GATEPOST_REDIS_SERVER:-redis-server}" "$@" > "$DIR/log/$name.log" 2>&1 < /dev/null 9>&- &
	remember_pid "$name" $! || true
}

start_redis_server() { # NUMBER PORT ARGUMENT...
	local name=redis folder=$DIR/redis port=$2 socket
	socket=$(redis_socket "$1")
	if [ "$1" != 1 ]; then
		name=redis-$1 folder=$DIR/redis/$1
		mkdir -p "$folder"
		chown nobody:nogroup "$folder"
	fi
	shift 2
	launch_redis "$name" --port "$port" --bind 127.0.0.1 --unixsocket "$socket" \
		--unixsocketperm 770 --save '' --appendonly no --dir "$folder" \
		--repl-diskless-sync-delay 0 "$@"
	gp_wait_until 5 test -S "$socket" ||
		fail "Redis does not answer" "$DIR/log/$name.log"
}

# says SOCKET TEXT WORD...: the answer of that server holds TEXT
redis_says() {
	local socket=$1 text=$2
	shift 2
	redis-cli -s "$socket" "$@" 2> /dev/null | grep -q "$text"
}

# Of the ports after the ten that all labs have; those of a cluster's servers among
# themselves are ten above theirs.
choose_redis_ports() {
	local base=$((AUTHPOLICY + 1))
	REDIS_PORTS=() SENTINEL_PORTS=()
	case $REDIS in
	sentinel)
		REDIS_PORTS=($((base)) $((base + 1)) $((base + 2)))
		SENTINEL_PORTS=($((base + 3)) $((base + 4)) $((base + 5))) ;;
	cluster)
		REDIS_PORTS=($((base)) $((base + 1)) $((base + 2)) $((base + 3))
			$((base + 4)) $((base + 5))) ;;
	esac
}

start_redis_single() { start_redis_server 1 0; }

start_redis_none() { :; }

# Failover within seconds: whoever tries it waits for it.  Until all know one another
# nobody is replaced: a busy machine would make another master of one that is just slow.
FAILOVER_MSECS=1000 PATIENT_MSECS=30000

start_sentinel() { # NUMBER PORT
	local file=$DIR/redis/sentinel-$1.conf
	cat > "$file" <<X
port $2
bind 127.0.0.1
dir $DIR/redis
sentinel monitor gatepost 127.0.0.1 ${REDIS_PORTS[0]} 2
sentinel down-after-milliseconds gatepost $PATIENT_MSECS
sentinel failover-timeout gatepost 4000
X
	chown nobody:nogroup "$file"
	launch_redis "sentinel-$1" "$file" --sentinel
}

sentinel_is_ready() { # PORT
	redis-cli -p "$1" sentinel master gatepost 2> /dev/null | tr '\n' ' ' |
		grep -q 'num-slaves 2 num-other-sentinels 2 '
}

start_redis_sentinel() {
	local i
	start_redis_server 1 "${REDIS_PORTS[0]}"
	for i in 2 3; do
		start_redis_server "$i" "${REDIS_PORTS[i - 1]}" \
			--replicaof 127.0.0.1 "${REDIS_PORTS[0]}"
	done
	for i in 2 3; do
		gp_wait_until 10 redis_says "$(redis_socket "$i")" master_link_status:up \
			info replication ||
			fail "Redis does not copy itself" "$DIR/log/redis-$i.log"
	done
	for i in 1 2 3; do start_sentinel "$i" "${SENTINEL_PORTS[i - 1]}"; done
	for i in 1 2 3; do
		gp_wait_until 20 sentinel_is_ready "${SENTINEL_PORTS[i - 1]}" ||
			fail "the sentinels do not know one another" \
				"$DIR/log/sentinel-$i.log"
	done
	for i in 1 2 3; do
		redis-cli -p "${SENTINEL_PORTS[i - 1]}" sentinel set gatepost \
			down-after-milliseconds "$FAILOVER_MSECS" > /dev/null
	done
}

start_redis_cluster() {
	local i addresses=()
	for i in 1 2 3 4 5 6; do
		start_redis_server "$i" "${REDIS_PORTS[i - 1]}" --cluster-enabled yes \
			--cluster-port $((REDIS_PORTS[i - 1] + 10)) \
			--cluster-node-timeout "$PATIENT_MSECS"
		addresses+=("127.0.0.1:${REDIS_PORTS[i - 1]}")
	done
	redis-cli --cluster create "${addresses[@]}" --cluster-replicas 1 \
		--cluster-yes > "$DIR/log/redis-cluster.log" 2>&1 < /dev/null ||
		fail "the cluster was not made" "$DIR/log/redis-cluster.log"
	for i in 1 2 3 4 5 6; do
		gp_wait_until 20 redis_says "$(redis_socket "$i")" cluster_state:ok \
			cluster info ||
			fail "the cluster is not whole" "$DIR/log/redis-cluster.log"
	done
	for i in 4 5 6; do
		gp_wait_until 20 redis_says "$(redis_socket "$i")" master_link_status:up \
			info replication ||
			fail "Redis does not copy itself" "$DIR/log/redis-$i.log"
	done
	for i in 1 2 3 4 5 6; do
		redis-cli -s "$(redis_socket "$i")" config set cluster-node-timeout \
			$((FAILOVER_MSECS + FAILOVER_MSECS / 2)) > /dev/null
	done
}

# What section redis of gatepost.conf says.
redis_settings() {
	local addresses
	case $REDIS in
	none) printf 'server = ""' ;;
	single) printf 'server = "unix:%s"' "$(redis_socket 1)" ;;
	sentinel)
		addresses=$(printf '127.0.0.1:%s ' "${SENTINEL_PORTS[@]}")
		printf 'server = "%s" topology = sentinel sentinel_master = gatepost' \
			"$addresses" ;;
	cluster)
		addresses=$(printf '127.0.0.1:%s ' "${REDIS_PORTS[@]:0:3}")
		printf 'server = "%s" topology = cluster' "$addresses" ;;
	esac
}

stop_redis() {
	local file
	for file in "$DIR"/pids/sentinel-* "$DIR"/pids/redis*; do
		[ ! -e "$file" ] || stop_pid "${file##*/}"
	done
}
