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
expect([line for line in open(env['LAB_JOURNAL']) if 'store-' in line], [],
       'no word of a silent store')
PYTHON
[ $? = 0 ] || failures=1
$LAB_CTL status > said 2>&1
check "status says it" grep -q "memory: each milter counts by itself" said
$LAB_CTL who > said 2>&1
check "who has nothing to show" grep -q "redis.server is not set" said
finish
