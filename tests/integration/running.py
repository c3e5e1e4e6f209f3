# SPDX-License-Identifier: MIT
"""The lab's milter as a process: which one it is, signals, a new one."""
import atexit
import re
import signal
import subprocess

from smtp import *

CONF = env['LAB_CONF']
LOG = os.path.join(env['LAB_LOG'], 'milter.log')
PROGRAM = os.path.join(env['GATEPOST_BUILD'], 'milter', 'gatepost-milter')
with open(CONF) as _file:
    SETTINGS = _file.read()
PID_FILE = re.search(r'pid_file\s*=\s*"([^"]*)"', SETTINGS).group(1)


def pid():
    with open(PID_FILE) as file:
        return int(file.read())


def log_text():
    with open(LOG) as file:
        return file.read()


def end(number, sig):
    os.kill(number, sig)
    wait_until(lambda: is_gone(number), 30, 'end of the milter')


def stop_last():
    """The lab does not know of milters that a test has started."""
    if not os.path.exists(PID_FILE):
        return
    number = pid()
    if not is_gone(number):
        for sig in (signal.SIGTERM, signal.SIGCONT):
            os.kill(number, sig)


def start():
    """A milter beside the one that runs, or anew; it is there on return, and gone
    with the test."""
    atexit.unregister(stop_last)
    atexit.register(stop_last)
    with open(LOG, 'a') as log:
        subprocess.run([PROGRAM, '-c', CONF], stdout=log, stderr=log, check=True)


def reload_with(text, wanted='settings read again'):
    """The lab's own settings with these; waits for what the log says then."""
    before = log_text().count(wanted)
    with open(CONF, 'w') as file:
        file.write(SETTINGS + text)
    os.kill(pid(), signal.SIGHUP)
    wait_until(lambda: log_text().count(wanted) > before, 30, 'log: ' + wanted)
