#!/bin/bash
# SPDX-License-Identifier: MIT
# Mail processes take compiled settings as long as those are current, and then load no
# libconfuse; whatever else lies there, logins go on by what gatepost.conf says.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
ctl=$GATEPOST_BUILD/ctl/gatepostctl

# gives CODE TEXT ARGUMENT...
gives() {
	code=$1 text=$2 found=0
	shift 2
	"$ctl" "$@" > out 2>&1 || found=$?
	check "gatepostctl $* gives $code ($found)" [ "$found" = "$code" ]
	check "and says: $text" grep -qE -- "$text" out || cat out
}
no_more_than() { # FILE...: no other files here that begin with conf
	[ "$(echo conf*)" = "$*" ]
}

# --- what is not written

mkdir try && cd try || exit 1
echo 'poll { intervall = 5m }' > conf
gives 78 "conf:1: unknown setting 'intervall'" -c conf compile
gives 64 "takes no file" compile conf
gives 78 "none/conf: No such file" -c none/conf compile
gives 78 "$work/none: No such file" -c "$work/none" compile
gives 1 "conf.compiled is not used: it is not there" -c conf compile --check
gives 1 '"used": false' -c conf compile --check --json
printf 'privacy { pseudonyms = yes secret_file = %s/none }\n' "$work" > conf
gives 78 "privacy.secret_file" -c conf compile
mkdir closed
echo 'poll { interval = 6m }' > closed/part
echo 'include("closed/part")' > conf
chmod 644 conf && chmod 600 closed/part
gives 78 "closed/part: not everybody who can read .*/conf can read this" -c conf compile
check "nothing is written then" no_more_than conf
chmod 600 conf
gives 0 "/try/conf.compiled is used" -c conf compile
chmod 644 closed/part
gives 1 "conf.compiled is not used: .*/closed/part has changed since" -c conf compile --check

# --- what is written

readers() { stat -c '%a %u %g' "$1"; }
has_readers() { [ "$(readers conf.compiled)" = "$1" ]; }
chmod 664 conf
gives 0 '"used": true' -c conf compile --json
check "whoever may read conf may read it, and its owner alone writes" \
	has_readers "644 $(id -u) $(id -g)"
if [ "$(id -u)" = 0 ]; then
	chown nobody:nogroup conf && chmod 640 conf
	(umask 077 && "$ctl" -c conf compile > out) || cat out
	check "also when that is not who compiles" \
		has_readers "640 $(id -u nobody) $(getent group nogroup | cut -d: -f3)"
	gives 0 '"used": true' -c conf compile --check --json
	chown nobody .
	echo 'poll { interval = 7m }' > other && chmod 644 other
	setpriv --reuid=nobody --regid=nogroup --clear-groups "$ctl" -c "$PWD/other" \
		compile > out 2>&1
	found=$?
	check "who may not give it to root writes nothing ($found)" [ "$found" = 73 ]
	check "and leaves nothing" [ "$(echo other*)" = other ]
fi
cd "$work" || exit 1

# --- with real servers

need_root
poll_site site <<CONF
poll { interval = 60s }
journal { all_checks = yes }
CONF
log=$LAB_LOG/dovecot.log
conf=$work/site/etc/gatepost.conf
compiled=$conf.compiled
check "the site's settings are compiled" "$ctl" -c "$conf" compile --check

cat > maps.py <<'PYTHON'
import sys
from pop3_session import *

log = os.path.join(env['LAB_LOG'], 'dovecot.log')


def process_of(user, protocol):
    def logged():
        with open(log) as file:
            return re.findall(r'%s-login: .*ser=<%s>.*mpid=(\d+)' % (protocol, user),
                              file.read())
    before = len(logged())
    session = Program(user) if protocol == 'imap' else Pop3(user)
    return session, int(wait_until(lambda: logged()[before:], 10, 'login')[-1])


wanted = sys.argv[1] == 'parsed'
for protocol in ('imap', 'pop3'):
    session, pid = process_of('alice', protocol)
    with open('/proc/%d/maps' % pid) as file:
        maps = file.read()
    expect_true('lib95_%s_gatepost_plugin.so' % protocol in maps, protocol + ': the plugin')
    for library in ('libgatepost_confuse.so', 'libconfuse.so'):
        expect(library in maps, wanted, '%s: %s is mapped' % (protocol, library))
    session.command('LOGOUT' if protocol == 'imap' else 'QUIT')
    session.close()
PYTHON
# The next logins judge by: settings that are compiled, or parsed.
logins_are() { PYTHONPATH=$GATEPOST_SOURCE/tests/integration python3 maps.py "$1"; }
logs_in() {
	curl -sS -m 60 --cacert "$LAB_CA" -u alice:secret-alice \
		"$1s://localhost:$2/" > answer 2>&1
}
everybody_logs_in() { logs_in imap "$LAB_IMAPS_PORT" && logs_in pop3 "$LAB_POP3S_PORT"; }
nobody_logs_in() { ! logs_in imap "$LAB_IMAPS_PORT" && ! logs_in pop3 "$LAB_POP3S_PORT"; }
compile() { "$ctl" -c "$conf" compile > out 2>&1; }
says() { # TEXT: in Dovecot's log, from line $from on
	tail -n "+$from" "$log" | grep -qE -- "$1"
}
mark_log() { from=$(($(wc -l < "$log") + 1)); }

mark_log
check "libconfuse is not loaded" logins_are compiled

echo 'access { imap = deny pop3 = deny }' >> "$conf"
check "what is stale holds no more at the next login" nobody_logs_in
echo 'access { imap = allow pop3 = allow }' >> "$conf"
check "and what is new does" everybody_logs_in
check "with libconfuse" logins_are parsed
gives 1 "not used: .*gatepost.conf has changed since" -c "$conf" compile --check
"$ctl" -c "$conf" check-site --dovecot "$LAB_DOVECOT_CONF" > found 2>&1
check "check-site tells it" grep -q 'conf-compiled' found
check "and the remedy" grep -q "Remedy: gatepostctl -c $conf compile" found
check "compiled again" compile
check "libconfuse is not loaded again" logins_are compiled
"$ctl" -c "$conf" check-site --dovecot "$LAB_DOVECOT_CONF" > found 2>&1
check "and check-site is silent" eval '! grep -q conf-compiled found'

# Settings with an error are no reason to touch what is there.
cp "$conf" good
stat -c %i "$compiled" > inode
echo 'access { imap = maybe }' >> "$conf"
gives 78 "access.imap: 'maybe'" -c "$conf" compile
check "an error compiles nothing" [ "$(stat -c %i "$compiled")" = "$(cat inode)" ]
check "and everybody logs in" everybody_logs_in
check "Dovecot's log names the line" says "gatepost.conf:[0-9]+: access.imap: 'maybe'"
cp good "$conf"
compile

echo 'access { imap = deny pop3 = deny }' >> "$conf"
compile
check "what is compiled holds" nobody_logs_in
sed -i '$s/deny/allow/g' "$conf"
compile
cp "$compiled" whole
size=$(stat -c %s whole)
mark_log
for damage in "head -c $((size / 2)) whole" "head -c $((size - 8)) whole" \
	"head -c 100 whole" "true" "head -c $size /dev/urandom" \
	"sed s/allow/denyy/ whole" "cat whole whole"; do
	$damage > "$compiled"
	check "damaged by '$damage': everybody logs in" everybody_logs_in
	gives 1 "not used: it is damaged" -c "$conf" compile --check
done
ln -sf "$work/whole" "$compiled"
check "a link: everybody logs in" everybody_logs_in
rm "$compiled"
mkfifo "$compiled"
check "a pipe: everybody logs in" everybody_logs_in
rm "$compiled"
check "nothing at all: everybody logs in" everybody_logs_in
about_settings='gatepost: .*(gatepost\.conf|libgatepost_confuse)'
says_nothing() { ! says "$about_settings"; }
check "and nothing of it is in Dovecot's log" says_nothing

# The library is not there.
compile
mv site/modules/libgatepost_confuse.so saved.so
check "compiled settings do not need it" everybody_logs_in
check "and nothing is wrong" says_nothing
echo 'access { imap = deny pop3 = deny }' >> "$conf"
check "without it all pass" everybody_logs_in
check "Dovecot's log names it and the remedy" says \
	'Error: gatepost: .*/etc/gatepost.conf: it cannot be read without libgatepost_confuse.so: .*/modules/libgatepost_confuse.so: cannot open .*make install, or as root: gatepostctl compile; neither logins nor checks'
"$ctl" -c "$conf" check-site --dovecot "$LAB_DOVECOT_CONF" > found 2>&1
check "check-site tells it" grep -q 'There is no libgatepost_confuse.so' found
mark_log
version=$("$ctl" --version | sed 's/.* //')
another=$(tr 0-9 9 <<< "$version")
sed "s/$version/$another/g" saved.so > site/modules/libgatepost_confuse.so
check "with that of another version all pass" everybody_logs_in
check "and the log says so" says "of gatepost $another, another version"
install -m 755 saved.so site/modules/libgatepost_confuse.so
check "it is the way back" nobody_logs_in
compile
check "compiled likewise" nobody_logs_in
finish
