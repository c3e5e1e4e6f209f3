#!/bin/bash
# SPDX-License-Identifier: MIT
# store.kind: what contradicts it is refused; in memory limits hold through the milter,
# also over a reload, and the programs say what is not there.
. "$(dirname "$0")/lib.sh"
need_root

refused() { # LINE TEXT < settings
	cat > conf
	"$GATEPOST_BUILD/ctl/gatepostctl" check "$work/conf" > said 2>&1
	[ $? = 78 ] && grep -qF -e "$work/conf:$1: $2" said || { cat said; return 1; }
}
check "redis without a server" refused 1 "store.kind: redis needs a redis.server" <<'CONF'
store { kind = redis }
redis { server = "" }
CONF
check "memory with a server" refused 2 "redis.server: there is no server with" <<'CONF'
store { kind = memory }
redis { server = "127.0.0.1:6379" }
CONF
check "memory and limits for checks" refused 3 "poll.interval: checks for mail are not" <<'CONF'
store { kind = memory }
poll {
	interval = 10m
}
CONF
check "memory and a stream" refused 2 "journal.stream: a stream needs redis.server" <<'CONF'
store { kind = memory }
journal { stream = 1000 }
CONF
check "memory and notices" refused 2 "access.pop3: 'notice' is not possible" <<'CONF'
store { kind = memory }
access { pop3 = notice }
CONF
printf 'store { kind = memory }\npoll { mode = off interval = 10m }\n' > conf
check "memory and no limits for checks" "$GATEPOST_BUILD/ctl/gatepostctl" check conf
check "and it says what is not there" eval '"$GATEPOST_BUILD/ctl/gatepostctl" check conf |
	grep -q "checks for mail are not limited"'
printf 'store { kind = redis }\n' > conf
check "redis with the default server" "$GATEPOST_BUILD/ctl/gatepostctl" check conf

cat > memory.conf <<'CONF'
store { kind = memory }
rate { messages = {"2/1h"} }
CONF
site site --redis none --conf memory.conf
check "the milter's log says it" grep -q "counted in the memory of this milter" \
	"$LAB_LOG/milter.log"
python <<'PYTHON'
from rate import *

site = Site()
MESSAGES = '450 4.7.1 Too many messages: at most 2 in 1h'

alice = user('alice')
expect_accepted(send(alice, 'alice'), 'the first message')
expect_accepted(send(alice, 'alice'), 'the second message')
expect_refused(send(alice, 'alice')[0], MESSAGES, 'the third message')
expect_refused(send(user('alice'), 'alice')[0], MESSAGES, 'in another session')
expect_accepted(send(user('bob'), 'bob'), 'somebody else')
say('a limit holds without Redis')

site.use('')
expect_refused(send(user('alice'), 'alice')[0], MESSAGES, 'after a reload')
expect_accepted(send(user('bob'), 'bob'), 'the second of bob')
expect_refused(send(user('bob'), 'bob')[0], MESSAGES, 'the third of bob')
say('a reload forgets nobody')
expect([line['reason'] for line in journal() if line['reason'].startswith('store-')],
       ['store-memory'], 'no word of a silent store')
line = lines(reason='store-memory')[0]
expect({name: line[name] for name in ('part', 'action', 'mode', 'why', 'user', 'ip')},
       {'part': 'milter', 'action': 'pass', 'mode': 'enforce', 'why': 'store.kind',
        'user': '-', 'ip': '-'}, 'the line')
say('the journal says once that all is forgotten when the milter ends')
PYTHON
[ $? = 0 ] || failures=1
$LAB_CTL status > said 2>&1
check "status says it" grep -q "memory: each milter counts by itself" said
$LAB_CTL who > said 2>&1
check "who has nothing to show" grep -q "redis.server is not set" said
$LAB_CTL log "$LAB_JOURNAL" --reason store-memory > said 2>&1
check "log shows the line" grep -qE "pass +store-memory +by store.kind" said
$LAB_CTL explain --journal "$(grep store-memory "$LAB_JOURNAL")" > said 2>&1
check "explain tells what it means" grep -q "the milter counts by itself" said
$LAB_CTL report --json "$LAB_JOURNAL" > report.json
$LAB_CTL metrics --offline "$LAB_JOURNAL" > figures
cp "$LAB_JOURNAL" without
sed -i /store-memory/d without
$LAB_CTL report --json without > without.json
$LAB_CTL report "$LAB_JOURNAL" > said
check "report counts it to nobody" python3 - <<'PYTHON'
import json
a, b = (json.load(open(name)) for name in ('report.json', 'without.json'))
assert a['entries'] == b['entries'] + 1
for name in ('users', 'violators', 'checks', 'mail', 'redis', 'programs'):
    assert a[name] == b[name], (name, a[name], b[name])
assert a['reasons'] == dict(b['reasons'], **{'store-memory': 1}), a['reasons']
PYTHON
check "and tells it" grep -q "^Memory .*from nothing, times: 1$" said
check "metrics count it" grep -qE \
	'^gatepost_decisions_total\{.*reason="store-memory".*\} 1$' figures
python <<'PYTHON'
from rate import *

# The lab's own settings have no server and say memory: both change and come back.
site = Site()
without = site.settings
site.settings = without.replace('kind = memory', 'kind = redis')
site.use('redis { server = "127.0.0.1:1" }')
expect(len(lines(reason='store-memory')), 1, 'with a server')
site.settings = without
site.use('')
expect(len(lines(reason='store-memory')), 2, 'without it again')
say('a reload that takes Redis away has its line, too')
PYTHON
[ $? = 0 ] || failures=1
finish
