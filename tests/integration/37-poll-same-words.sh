#!/bin/bash
# SPDX-License-Identifier: MIT
# Who is answered from memory is told, word for word, what Dovecot alone would
# say: the same commands on a site with gatepost and on one without.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root

talk() {
	python <<'PYTHON'
from poll import *

SCRIPTS = {
    'select again': '''
        SELECT INBOX|SELECT INBOX|SELECT INBOX|SELECT inbox|FETCH 1 FLAGS
        STORE 1 +FLAGS (\\Seen word)|SELECT INBOX|SELECT INBOX|NOOP|CHECK
        FETCH 2 BODY[]|SELECT INBOX|SELECT INBOX|EXAMINE INBOX|EXAMINE INBOX
        SELECT INBOX|SELECT Work|SELECT Work|SELECT INBOX|SELECT INBOX''',
    'examine again': '''
        EXAMINE INBOX|EXAMINE INBOX|NOOP|EXAMINE INBOX|SELECT INBOX
        SELECT INBOX|EXAMINE INBOX''',
    'status': '''
        STATUS INBOX (MESSAGES UNSEEN RECENT UIDNEXT)
        STATUS INBOX (MESSAGES UNSEEN RECENT UIDNEXT)|STATUS inbox (UNSEEN)
        STATUS "INBOX" (uidnext messages)|STATUS INBOX (SIZE)
        STATUS INBOX (SIZE)|STATUS Work (MESSAGES HIGHESTMODSEQ)
        STATUS Work (HIGHESTMODSEQ)|STATUS "T&AOQ-st" (MESSAGES)
        STATUS "T&AOQ-st" (MESSAGES)''',
    'status of the selected mailbox': '''
        SELECT INBOX|STATUS INBOX (MESSAGES UNSEEN)
        STATUS INBOX (MESSAGES UNSEEN)|STORE 1 +FLAGS \\Seen
        STATUS INBOX (MESSAGES UNSEEN)|FETCH 2 BODY[]
        STATUS INBOX (MESSAGES UNSEEN)|STATUS INBOX (MESSAGES UNSEEN)
        COPY 1 Work|STATUS Work (MESSAGES UNSEEN)|MOVE 2 Work
        STATUS Work (MESSAGES UNSEEN)|STATUS INBOX (MESSAGES UNSEEN)
        SELECT Work|STATUS Work (MESSAGES)|STATUS INBOX (MESSAGES)
        RENAME Work Work2|STATUS Work (MESSAGES)|SELECT Work2|CLOSE
        STATUS Work2 (MESSAGES)''',
    'what Dovecot refuses': '''
        CHECK|NOOP more|SELECT|SELECT ()|SELECT Nope|STATUS INBOX
        STATUS INBOX (FOO)|STATUS INBOX ()|STATUS INBOX MESSAGES|STATUS
        STATUS INBOX (MESSAGES) more(|STATUS Nope (MESSAGES)
        STATUS Nope (MESSAGES)|STATUS "bad&name" (MESSAGES)|SELECT INBOX
        SELECT INBOX (FOO)|NOOP|SELECT INBOX more|SELECT Nope|CHECK
        SELECT "bad&name"|SELECT INBOX|UNSELECT|CHECK''',
    'list': '''
        LIST "" INBOX RETURN (STATUS (MESSAGES UNSEEN))
        LIST (SUBSCRIBED) "" (INBOX) RETURN (STATUS (MESSAGES) CHILDREN)
        LIST "" Work RETURN (CHILDREN STATUS (UIDNEXT MESSAGES))
        LIST "" Work RETURN (STATUS (MESSAGES)) more|LIST|LIST ""|LIST ()
        LIST "" INBOX RETURN|LIST "" INBOX RETURN (STATUS)|LIST "" INBOX
        LIST "" INBOX RETURN (STATUS (FOO))|LIST "" INBOX RETURN (STATUS ())
        LIST (FOO) "" INBOX RETURN (STATUS (MESSAGES))|LIST "" "" RETURN ()
        LIST RETURN (STATUS (MESSAGES))|LIST "" Nope RETURN (STATUS (MESSAGES))
        XLIST "" INBOX RETURN (STATUS (MESSAGES))|LSUB "" INBOX|XLIST "" INBOX''',
    'condstore': '''
        SELECT INBOX (CONDSTORE)|SELECT INBOX|STORE 1 +FLAGS \\Flagged
        SELECT INBOX|NOOP|STATUS INBOX (HIGHESTMODSEQ)
        STATUS INBOX (HIGHESTMODSEQ)|STORE 2 -FLAGS \\Flagged|NOOP
        SELECT INBOX''',
    'qresync': '''
        ENABLE QRESYNC|SELECT INBOX|SELECT INBOX|STORE 1 +FLAGS \\Flagged
        SELECT INBOX|SELECT INBOX|NOOP|SELECT INBOX (QRESYNC (1 1))
        SELECT INBOX|STORE 2 +FLAGS \\Deleted|EXPUNGE|SELECT INBOX|NOOP''',
    'saved searches': '''
        SELECT INBOX|SELECT INBOX|SEARCH RETURN (SAVE) 1:2|SELECT INBOX
        FETCH $ FLAGS|SEARCH RETURN (SAVE) 1:2
        SELECT INBOX|FETCH $ FLAGS''',
    'id': '''
        ID NIL|ID ("name" "one" "version" "1")|ID ("name" NIL)|ID ("name")
        ID foo|ID ()|NOOP|SELECT INBOX|ID ("vendor" "v" "NAME" "two")|NOOP''',
}


def prepare(mailboxes):
    """The same mail each time, and nothing else."""
    program = Program('alice', '127.0.0.9')
    for mailbox in mailboxes:
        program.command('DELETE ' + mailbox)
    program.command('SELECT INBOX')
    program.command('STORE 1:* +FLAGS \\Deleted')
    program.command('CLOSE')
    program.command('CREATE Work')
    program.command('CREATE "T&AOQ-st"')
    for number in range(4):
        program.append('INBOX', 'mail-%d' % number)
        program.append('Work', 'work-%d' % number)
    program.command('LOGOUT')


for title, script in SCRIPTS.items():
    prepare(('Work', 'Work2', '"T&AOQ-st"'))
    redis('FLUSHALL')
    program = Program('alice')
    print('# ' + title)
    for command in re.split(r'[|\n]\s*', script.strip()) + ['LOGOUT']:
        print('> ' + command)
        for line in program.command(command):
            # these count what was there before, or the time
            print(re.sub(r'(UIDVALIDITY|HIGHESTMODSEQ|MODSEQ|COPYUID) \(?\d+',
                         r'\1 N', line))
    program.close()
PYTHON
}

poll_site alone --without-gatepost < /dev/null
talk > alone.words || exit 1
"$GATEPOST_SOURCE/scripts/lab" down "$work/alone"
poll_site judged <<CONF
poll {
	interval = 1h
	round = 0
	ladder = {"after 0: absorb"}
}
CONF
talk > judged.words || exit 1
grep -q "user=alice .*program=imap/127.0.0.2 .*check=" "$LAB_JOURNAL" ||
	{ echo "FAILED: nothing was early"; exit 1; }
check "the transcripts are long enough to say something" \
	[ "$(wc -l < alone.words)" -gt 400 ]
check "the answers are the same, word for word" diff -u alone.words judged.words
finish
