#!/bin/bash
# SPDX-License-Identifier: MIT
# What Dovecot loads: refused if it was built for another Dovecot, showing others
# nothing but its entry points, leaving nothing behind.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
plugins=$GATEPOST_BUILD/imapd-hooks/.libs
probes=$GATEPOST_BUILD/tests/integration/.libs
[ -e "$probes/lib10_imap_probe_plugin.so" ] || { echo "the probe is not built: make check"; exit 77; }

shows_only_entry_points() { # PROTOCOL
	nm -D --defined-only "$plugins/lib95_$1_gatepost_plugin.so" |
		awk '{ print $3 }' | sort > shown
	printf "$1_gatepost_plugin_%s\n" binary_dependency deinit init version |
		diff - shown
}
check "the IMAP plugin shows its entry points only" shows_only_entry_points imap
check "the POP3 plugin shows its entry points only" shows_only_entry_points pop3

# libconfuse is loaded by what lies beside them, when there is something to parse.
does_not() { ! "$@"; }
needs_libconfuse() { # FILE
	readelf -d "$plugins/$1" | grep -q 'NEEDED.*libconfuse'
}
check "what parses gatepost.conf shows its entry point only" \
	[ "$(nm -D --defined-only "$plugins/libgatepost_confuse.so" |
		awk '{ print $3 }')" = gp_confuse_read ]
check "it needs libconfuse" needs_libconfuse libgatepost_confuse.so
for protocol in imap pop3; do
	check "what judges $protocol shows its entry point only" \
		[ "$(nm -D --defined-only "$plugins/libgatepost_$protocol.so" |
			awk '{ print $3 }')" = "gp_${protocol}_judge" ]
done
check "the IMAP plugin does not" does_not needs_libconfuse lib95_imap_gatepost_plugin.so
check "the POP3 plugin does not" does_not needs_libconfuse lib95_pop3_gatepost_plugin.so

# A thread may return into it after Dovecot has let go of it.
stays() { # FILE
	readelf -d "$plugins/$1" | grep NODELETE > /dev/null
}
for protocol in imap pop3; do
	check "the $protocol plugin stays until the process ends" \
		stays "lib95_${protocol}_gatepost_plugin.so"
	check "so does what judges $protocol" stays "libgatepost_$protocol.so"
done

poll_site site <<CONF
poll { interval = 60s }
CONF
log=$LAB_LOG/dovecot.log

can_log_in() { # PROTOCOL
	curl -sS -m 20 --cacert "$LAB_CA" -u alice:secret-alice \
		"$1://localhost:$2/" > answer 2>&1
}
logs_in() {
	case $1 in
	imap) can_log_in imaps "$LAB_IMAPS_PORT" ;;
	pop3) can_log_in pop3s "$LAB_POP3S_PORT" ;;
	esac
}

# The same plugin, but its version names another Dovecot.  By a new inode: a file
# that processes have mapped is never written.
install_for_another_dovecot() { # PROTOCOL
	python3 - "$plugins/lib95_$1_gatepost_plugin.so" > other.so <<'PYTHON'
import re
import sys
with open(sys.argv[1], 'rb') as file:
    code = file.read()
found = re.findall(rb'2\.\d\.ABIv', code)
assert found, 'no ABI version in the plugin'
sys.stdout.buffer.write(re.sub(rb'(2\.\d)\.ABIv', rb'\1.ABIx', code))
PYTHON
	install other.so "site/modules/lib95_$1_gatepost_plugin.so"
}

for protocol in imap pop3; do
	check "$protocol: the plugin is loaded" logs_in $protocol
	install_for_another_dovecot $protocol
	check "$protocol: nobody logs in with a plugin for another Dovecot" \
		does_not logs_in $protocol
	check "$protocol: Dovecot says why" grep -q \
		"lib95_${protocol}_gatepost_plugin.so.*different ABI version" "$log"
	install -m 755 -t site/modules "$plugins/lib95_${protocol}_gatepost_plugin.so"
	check "$protocol: the right plugin is the way back" logs_in $protocol
done

# "make install" over a Dovecot that runs: who has the old file goes on with it.
inode() { stat -c %i site/modules/lib95_imap_gatepost_plugin.so; }
before=$(inode)
export before
python <<'PYTHON'
from poll import *

session = Program('carol')
expect(session.command('SELECT INBOX')[-1], 'OK [READ-WRITE] Select completed', 'SELECT')
done = subprocess.run(['make', '-s', '-C', env['GATEPOST_BUILD'],
                       'install-moduleLTLIBRARIES', 'moduledir='
                       + os.path.abspath('site/modules')],
                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
expect(done.returncode, 0, 'make install: %r' % done.stdout)
found = os.stat('site/modules/lib95_imap_gatepost_plugin.so').st_ino
expect_true(found != int(env['before']), 'the file is another one')
for command in ('NOOP', 'STATUS INBOX (MESSAGES)', 'SELECT INBOX', 'LOGOUT'):
    expect_true(session.command(command)[-1].startswith('OK'), command)
PYTHON
check "make install over a running Dovecot replaces the file, the session goes on" \
	[ $? = 0 ]
check "imap: the new file is loaded" logs_in imap
check "pop3: the new file is loaded" logs_in pop3

# The probes are loaded from some login after the reload on.
for protocol in imap pop3; do
	install -m 755 -t site/modules "$probes/lib10_${protocol}_probe_plugin.so"
	case $(dovecot --version) in
	2.3.*) echo "protocol $protocol {
  mail_plugins = ${protocol}_probe ${protocol}_gatepost
}" ;;
	*) echo "protocol $protocol {
  mail_plugins {
    ${protocol}_probe = yes
  }
}" ;;
	esac >> "$LAB_DOVECOT_CONF"
done
doveadm -c "$LAB_DOVECOT_CONF" reload
probe_has_spoken() { # PROTOCOL
	logs_in "$1" && grep -q "$1(.*probe: " "$log"
}
for protocol in imap pop3; do
	check "$protocol: the probe is loaded" wait_until 20 probe_has_spoken $protocol
done
before=$(grep -c 'imap(.*probe: ' "$log")
python <<'PYTHON'
from poll import *

session = Program('bob', name='Probe')
for command in ('SELECT INBOX', 'NOOP', 'STATUS INBOX (MESSAGES)', 'NOOP', 'LOGOUT'):
    expect_true(session.command(command)[-1].startswith('OK'), command)
session.close()
PYTHON
[ $? = 0 ] || failures=1
bob_is_done() { [ "$(grep -c 'imap(.*probe: ' "$log")" -gt "$before" ]; }
check "a session with all commands" wait_until 20 bob_is_done
grep 'probe: ' "$log" | grep -v 'probe: nothing was left' > left
check "nothing is left behind" does_not test -s left
"$GATEPOST_SOURCE/scripts/lab" down site

# The way back, as README.md names it: a site with the lines in a file of its own, and
# plugins for another Dovecot.
site back --without-gatepost
log=$LAB_LOG/dovecot.log
mkdir conf.d
printf '!include_try %s/conf.d/*.conf\n' "$work" >> "$LAB_DOVECOT_CONF"
case $(dovecot --version) in
2.3.*) lines=dovecot-2.3.conf ;;
*) lines=dovecot-2.4.conf ;;
esac
sed -e 's/extra_groups = redis/extra_groups = nogroup/' -e '/^ssl/d' \
	"$GATEPOST_SOURCE/conf/$lines" > conf.d/95-gatepost.conf
for protocol in imap pop3; do
	sed 's/\(2\.[0-9]\)\.ABIv/\1.ABIx/g' "$plugins/lib95_${protocol}_gatepost_plugin.so" \
		> "back/modules/lib95_${protocol}_gatepost_plugin.so"
done
nobody_logs_in() { ! logs_in imap && ! logs_in pop3; }
everybody_logs_in() { logs_in imap && logs_in pop3; }
doveadm -c "$LAB_DOVECOT_CONF" reload
check "nobody logs in, neither by IMAP nor by POP3" wait_until 20 nobody_logs_in
rm conf.d/9?-gatepost*.conf
doveadm -c "$LAB_DOVECOT_CONF" reload
check "without our file everybody does" wait_until 20 everybody_logs_in
finish
