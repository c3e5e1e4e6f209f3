#!/bin/bash
# SPDX-License-Identifier: MIT
# Twenty restarts under load: a new milter takes the socket over, and no command
# of any session is refused, not even for now.  Then the same with a socket that
# somebody else holds (fd:N).
. "$(dirname "$0")/lib.sh"
site site
python <<'PYTHON'
from running import *

RESTARTS, SENDERS = 20, 4
going, accepted, problems = True, [], []


def sender(name, messages_per_session):
    """Sends as fast as it goes, some in short sessions and some in long ones."""
    number = 0
    try:
        while going:
            client = Client('SUBMISSION', starttls=True, login='alice')
            for _ in range(messages_per_session):
                subject = 'restart-%s-%d-' % (name, number)
                answer = client.send('<alice@example.test>',
                                     '<bob@example.test>', subject)
                if not answer.startswith('250'):
                    problems.append('%s: %s' % (subject, answer))
                else:
                    accepted.append(subject)
                number += 1
                if not going:
                    break
            client.command('QUIT')
            client.close()
    except Exception as problem:
        problems.append('%s: %r' % (name, problem))
        print(log_text()[-2500:])
        print(open(os.path.join(env['LAB_LOG'], 'postfix.log')).read()[-2500:])


idle = Client('SUBMISSION', starttls=True, login='carol')
expect(idle.mail()[:3], '250', 'MAIL of a session that waits')
threads = [threading.Thread(target=sender, args=(str(i), (1, 1000)[i % 2]))
           for i in range(SENDERS)]
for thread in threads:
    thread.start()
milters = [pid()]
for restart in range(RESTARTS):
    before = len(accepted)
    start()
    milters.append(pid())
    wait_until(lambda: problems or len(accepted) > before + SENDERS,
               30, 'mail after restart %d' % restart)
    if problems:
        break
expect(idle.rcpt('<bob@example.test>')[:3], '250',
       'the session that waited since before the restarts')
expect(idle.data('restart-idle-')[:3], '250', 'its message')
idle.command('QUIT')
idle.close()
going = False
for thread in threads:
    thread.join()
expect(problems, [], 'what was refused')
expect(len(set(milters)), RESTARTS + 1, 'processes')
say('%d restarts, %d messages from %d senders: none refused' %
    (RESTARTS, len(accepted), SENDERS))

accepted.append('restart-idle-')


def received():
    folder = os.path.join(env['LAB_MAIL'], 'bob', 'new')
    found = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), 'rb') as file:
            subject = re.search(rb'^Subject: (\S+)', file.read(), re.M)
        found[subject.group(1).decode()] = \
            found.get(subject.group(1).decode(), 0) + 1
    return found


wait_until(lambda: len(received()) >= len(accepted), 60, 'all mail')
expect(received(), {subject: 1 for subject in accepted}, 'mail of bob')
say('each message that was accepted arrived once')
for number in milters[:-1]:
    wait_until(lambda: is_gone(number), 30, 'end of an old milter')
expect(pid(), milters[-1], 'pid file')
expect(is_gone(milters[-1]), False, 'the last one is gone')
os.kill(milters[-1], signal.SIGTERM)
wait_until(lambda: is_gone(milters[-1]), 30, 'end of the last milter')
say('the old milters are gone')

# A socket that systemd would hold: one ends, its connections wait for the next.
path = env['LAB_MILTER_SOCKET']
if os.path.exists(path):
    fail('the socket is still there')
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
os.chmod(path, 0o666)
listener.listen(100)
with open(CONF, 'w') as file:
    file.write(SETTINGS + 'milter { socket = "fd:3" }\n')


def start_with_socket():
    before = log_text().count('listens on')
    process = subprocess.Popen(
        ['sh', '-c', 'exec "$@" 3<&%d' % listener.fileno(), 'sh', PROGRAM, '-c',
         CONF, '-f'], pass_fds=[listener.fileno()], stdout=open(LOG, 'a'),
        stderr=subprocess.STDOUT)
    wait_until(lambda: log_text().count('listens on') > before, 30, 'start')
    return process


def one_message(subject):
    client = Client('SUBMISSION', starttls=True, login='alice')
    answer = client.send('<alice@example.test>', '<bob@example.test>', subject)
    expect(answer[:3], '250', subject + ': ' + answer)


first = start_with_socket()
one_message('held-1-')
first.send_signal(signal.SIGTERM)
expect(first.wait(20), 0, 'exit code')
waiting = threading.Thread(target=one_message, args=('held-2-',))
waiting.start()
second = start_with_socket()
waiting.join(30)
mailbox_has('bob', 'held-2-')
second.send_signal(signal.SIGTERM)
expect(second.wait(20), 0, 'exit code')
say('a socket from outside: what comes between two milters waits')

result = subprocess.run([PROGRAM, '-c', CONF, '-f'], stderr=subprocess.PIPE,
                        text=True)
expect(result.returncode, 78, 'without a socket')
if 'fd:3: whoever started us left no listening socket there' not in result.stderr:
    fail('without a socket: ' + result.stderr)
say('no socket where one was promised: refused')
PYTHON
