# SPDX-License-Identifier: MIT
# What the poll tests share, sourced after lib.sh.
#
# poll_site NAME [OPTION...] <<CONF brings up a lab with the settings on standard
# input and reads its environment.
poll_site() {
	poll_dir=$1
	shift
	cat > "$poll_dir.conf"
	"$GATEPOST_SOURCE/scripts/lab" up "$poll_dir" --conf "$poll_dir.conf" "$@" ||
		exit $?
	set -a
	. "$poll_dir/env"
	set +a
}
poll_run() {
	PYTHONPATH=$GATEPOST_SOURCE/tests/integration PYTHONDONTWRITEBYTECODE=1 \
		python3 -
}
