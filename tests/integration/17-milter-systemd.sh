#!/bin/bash
# SPDX-License-Identifier: MIT
# systemd's units are right and tight, and a milter that gets its socket from
# systemd keeps nobody waiting: connections wait in it until a milter is there.
. "$(dirname "$0")/lib.sh"
need_root
type systemd-analyze systemd-socket-activate > /dev/null 2>&1 || {
	echo "needs systemd's programs"
	exit 77
}

# As make install would leave them, with programs that are there.
make -s -C "$GATEPOST_BUILD" install-systemdsystemunitDATA DESTDIR="$work/root" \
	systemdsystemunitdir=/units > make.log 2>&1 || { cat make.log; exit 1; }
check "the units are installed" [ "$(ls root/units)" = "gatepost-authpolicy.service
gatepost-milter.service
gatepost-milter.socket" ]
check "with the folders of the installation" grep -q '^ExecStart=/.*/gatepost-' \
	root/units/gatepost-milter.service
check "and nothing is left to fill in" eval '! grep -r "@[a-z]*@" root/units'
check "settings are compiled, as root, before they are read again" eval '
	grep -A1 "^ExecReload=-+/.*/gatepostctl compile\$" \
		root/units/gatepost-authpolicy.service |
	grep -q "^ExecReload=/bin/kill -HUP"'
sed -i "s|^ExecStart=.*/gatepost-milter|ExecStart=$GATEPOST_BUILD/milter/gatepost-milter|
	s|^ExecStart=.*/gatepost-authpolicy|ExecStart=$GATEPOST_BUILD/imapd-hooks/gatepost-authpolicy|
	s|=-+/.*/gatepostctl |=-+$GATEPOST_BUILD/ctl/gatepostctl |" \
	root/units/*.service
for unit in root/units/*; do
	name=${unit##*/}
	systemd-analyze verify --man=no --recursive-errors=no "$work/$unit" > verify.log 2>&1
	check "systemd understands $name" eval '! grep "$name" verify.log'
	case $name in
	*.service)
		check "$name asks for little" systemd-analyze security --no-pager \
			--offline=true --threshold=15 "$work/$unit" > security.log 2>&1 ;;
	esac
done
sed -i 's/^ExecStart=/&nonsense/' root/units/gatepost-milter.service
systemd-analyze verify --man=no "$work/root/units/gatepost-milter.service" > verify.log 2>&1
check "what is wrong in a unit is found" grep -q gatepost-milter verify.log

cat > gatepost.conf <<CONF
relay { local_domains = {example.test} }
redis { server = "" }
journal { file = "$work/run/journal" }
milter {
	socket = "fd:3"
	user = nobody
}
CONF
install -d -o nobody run
milter=$GATEPOST_BUILD/milter/gatepost-milter

# systemd-socket-activate leaves the socket to the milter when the first connection
# comes.
systemd-socket-activate -l "$work/run/milter.sock" "$milter" -c gatepost.conf -f \
	2> milter.log &
pid=$!
at_exit kill "$pid"
wait_until 10 test -S run/milter.sock
python "$work/run/milter.sock" <<'PYTHON'
from milter import *
from smtp import *

link = Link(sys.argv[1])
link.send(greeting(25))
expect(link.ask(mail('friend@foreign.test')), 'c', 'MAIL')
expect(link.ask(rcpt('victim@foreign.test'))[:10], 'y550 5.7.1', 'relaying')
expect(link.ask(rcpt('bob@example.test')), 'c', 'local mail')
say('the connection that woke the milter is served')
PYTHON
check "the first connection is served" [ $? = 0 ]
check "by the milter" grep -q 'listens on fd:3' milter.log
kill "$pid"
wait_until 15 gone "$pid"
check "the socket is systemd's to remove" [ -S run/milter.sock ]

sed -i 's/fd:3/fd:9/' gatepost.conf
code=0
"$milter" -c gatepost.conf -f 2> milter.log || code=$?
check "no socket at that number gives 78" [ "$code" = 78 ]
check "and says who should have left one" grep -q 'gatepost-milter.socket' milter.log
finish
