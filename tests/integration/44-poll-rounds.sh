#!/bin/bash
# SPDX-License-Identifier: MIT
# However a program goes through its folders, that is one check: with the lines that
# programs send, in one connection or in several at once.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
poll_site site <<CONF
poll {
	interval = 10h
	round = 30m
	ladder_window = 1d
	programs_max = 0
	ladder = {"after 0: absorb"}
	login_ladder = {"after 0: note"}
}
journal { interval = 1s }
CONF
python <<'PYTHON'
import struct
import threading
from poll import *

FOLDERS = ['INBOX'] + ['Folder.%02d' % number for number in range(1, 21)]
LAST = FOLDERS[-1]
USERS = env['LAB_USERS'].split()


def each(*lines):
    """The lines once for each folder."""
    return [line.replace('%s', folder) for folder in FOLDERS for line in lines]


# What each sends in one check after its login: a list for each connection.
LINES = {
    'Thunderbird': [
        ['ID ("name" "Thunderbird" "version" "140.5.0")', 'select "%s"' % folder,
         'UID fetch 1:* (FLAGS)', 'noop']
        for folder in FOLDERS[-5:]] + [
        ['ID ("name" "Thunderbird" "version" "140.5.0")'] +
        each('STATUS "%s" (UIDNEXT MESSAGES UNSEEN RECENT)')],
    'Mac OS X Mail': [
        ['ID ("name" "Mac OS X Mail" "version" "16.0" "os" "Mac OS X")',
         'LIST "" "*"'] + each(
             'STATUS "%s" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ)')],
    'offlineimap': [
        ['ID ("name" "OfflineIMAP" "version" "8.0.0")', 'LIST "" "*"'] +
        each('SELECT "%s"', 'EXAMINE "%s"', 'UID FETCH 1:* (FLAGS UID)')],
    'mbsync': [
        ['NAMESPACE', 'LIST "" "*"'] + each('SELECT "%s"',
                                            'UID FETCH 1:* (UID FLAGS)')],
    'evolution': [
        ['ID ("name" "Evolution" "version" "3.56.0")', 'ENABLE CONDSTORE QRESYNC',
         'LIST "" "*" RETURN (CHILDREN SUBSCRIBED STATUS (MESSAGES UNSEEN '
         'UIDVALIDITY UIDNEXT HIGHESTMODSEQ))',
         'NOTIFY SET (SELECTED (MESSAGENEW (UID RFC822.SIZE FLAGS) MESSAGEEXPUNGE '
         'FLAGCHANGE)) (PERSONAL (MESSAGENEW MESSAGEEXPUNGE MAILBOXNAME '
         'SUBSCRIPTIONCHANGE))',
         'SELECT INBOX', 'IDLE', 'DONE'],
        ['ID ("name" "Evolution" "version" "3.56.0")', 'SELECT INBOX (CONDSTORE)',
         'STATUS %s (MESSAGES UNSEEN)' % LAST]],
    # all lines at once, without waiting for an answer
    'neomutt': [
        ['SELECT "INBOX"'] +
        each('STATUS "%s" (UIDNEXT UIDVALIDITY UNSEEN RECENT MESSAGES)') + ['NOOP']],
}
NAMES = {'Thunderbird': '/Thunderbird', 'Mac OS X Mail': '/Mac_OS_X_Mail',
         'offlineimap': '/OfflineIMAP', 'evolution': '/Evolution'}
CHECK = re.compile(r'(NOOP|CHECK|STATUS|SELECT|EXAMINE)\b|LIST .*STATUS \(', re.I)


def talk(program, line):
    if line == 'IDLE':
        tag = program.start(line)
        idling = program.read_line()
        expect_true(idling.startswith('+ '), 'IDLE: %r' % idling)
        program.send('DONE\r\n')
        return program.finish(tag)
    return program.finish(program.start(line))


def connection(user, source, lines, is_pipelined, answers):
    program = Program(user, source)
    lines = [line for line in lines if line != 'DONE']
    if is_pipelined:
        tags = [program.start(line) for line in lines]
        replies = [program.finish(tag) for tag in tags]
    else:
        replies = [talk(program, line) for line in lines]
    replies.append(talk(program, 'LOGOUT'))
    program.close()
    answers += [(line, [plain(text) for text in reply])
                for line, reply in zip(lines + ['LOGOUT'], replies)]


def sweep(kind, user, source):
    """One check, by all connections at once; the answers to each line."""
    answers = []
    threads = [threading.Thread(target=connection, args=(
        user, source, lines, kind == 'neomutt', answers)) for lines in LINES[kind]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(len(answers), sum(len(lines) + 1 - lines.count('DONE')
                             for lines in LINES[kind]), 'answers for ' + kind)
    for line, reply in answers:
        expect_true(reply[-1].startswith('OK '), '%s: %r' % (line, reply))
    return answers


def grow_older(user, name):
    """Half an hour and more passes for a program: its last round is over.  The
    record begins with the time of that round, in 4 bytes, 10 ms each."""
    record = kept(user).programs[name]
    redis('EVAL', """local v, at = redis.call('GET', KEYS[1]), tonumber(ARGV[1])
        local rounds = struct.unpack('>I4', v, at + 1) - 31 * 60 * 100
        redis.call('SETRANGE', KEYS[1], at, struct.pack('>I4', rounds % 4294967296))
        """, '1', key(user), str(record))


def one_more(count):
    """A message in the last folder of each user, from a program of its own."""
    for writer in writers:
        writer.append(LAST, 'mail-%d' % count)


writers = [Program(user, '127.0.0.9') for user in USERS]
for writer in writers:
    for folder in FOLDERS[1:]:
        writer.command('CREATE ' + folder)

places = {kind: (USERS[number % 5], '127.0.0.%d' % (20 + number))
          for number, kind in enumerate(LINES)}
checks = {kind: sum(1 for lines in LINES[kind] for line in lines
                    if CHECK.match(line)) for kind in LINES}
for early in range(3):
    one_more(early)
    for kind, (user, source) in places.items():
        name = 'imap/%s%s' % (source, NAMES.get(kind, ''))
        if early > 0:
            grow_older(user, name)
        answers = sweep(kind, user, source)
        news = re.compile(r'\* (STATUS "?%s"? \(.*MESSAGES %d\b|%d EXISTS)' % (
            re.escape(LAST), early + 1, early + 1))
        expect_true(any(news.match(text) for _, reply in answers for text in reply),
                    '%s sees message %d: %r' % (kind, early + 1, answers))
        row = wait_until(lambda: [row for row in [who(user).get(name)] if row and
                                  row['checks'] >= (early + 1) * checks[kind]],
                         10, 'all checks of ' + kind)[0]
        expect((row['checks'], row['early']),
               ((early + 1) * checks[kind], early),
               'checks and early rounds of %s in sweep %d' % (kind, early + 1))
        if early == 0:
            expect(journal(program=name), [], 'the journal about ' + kind)
for kind, (user, source) in places.items():
    say('%s: one check, in time or early: %d commands, connections: %d'
        % (kind, checks[kind], len(LINES[kind])))

# The user of a program that is early by now.
user, source = places['mbsync']
program, writer = Program(user, source), writers[USERS.index(user)]
LIST = 'LIST "" "*" RETURN (STATUS (MESSAGES))'
STATUS = 'STATUS %s (MESSAGES)' % LAST
grow_older(user, 'imap/' + source)


def told(count):
    return '* STATUS %s (MESSAGES %d)' % (LAST, count)


wait_until(lambda: program.command(LIST) and journal(
    user=user, check='list-status', reason='early-served'), 20, 'LIST with STATUS')
say('LIST with STATUS is a check, and what nobody remembers is served')
expect(program.command(STATUS)[0], told(3), 'STATUS that is remembered')
writer.append(LAST, 'four')
expect_true(told(4) in program.command(LIST), 'LIST tells more')
expect(program.command(STATUS)[0], told(4), 'STATUS after a LIST that told more')

expect(program.command('NOTIFY SET STATUS (PERSONAL (MessageNew MessageExpunge))')[-1],
       'OK NOTIFY completed', 'NOTIFY')
expect(program.command(STATUS)[0], told(4), 'STATUS')
writer.append(LAST, 'five')
pushed = program.read_line()
while 'MESSAGES 5' not in pushed:
    pushed = program.read_line()
expect(program.command(STATUS)[0], told(5), 'STATUS after NOTIFY told more')
program.command('LOGOUT')
say('STATUS never tells less than LIST or NOTIFY have told')
PYTHON
[ $? = 0 ] || failures=1

cat >> site/etc/gatepost.conf <<CONF
poll { ladder = {"after 0: delay 1s"} }
CONF
python <<'PYTHON'
from poll import *

program = Program('dave', '127.0.0.23')
lines = program.command('LIST "" "Folder.20" RETURN (STATUS (MESSAGES))')
expect(lines, ['* OK Still here', '* LIST () "." Folder.20',
               '* STATUS Folder.20 (MESSAGES 5)', 'OK List completed'], 'LIST')
expect_true(program.waited > 0.9, 'a LIST with STATUS that is early waits')
say('an early LIST with STATUS waits')
PYTHON
[ $? = 0 ] || failures=1
check "rounds" [ "$failures" = 0 ]
finish
