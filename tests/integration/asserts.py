# SPDX-License-Identifier: MIT
"""What all tests in Python share: to say what is well, to wait for it, and to fail."""
import os
import sys
import time

env = os.environ


def now():
    return time.monotonic()


def say(text):
    print('ok: ' + text, flush=True)


def fail(text):
    """The reason comes last, where the end of a log shows it."""
    try:
        with open(env['LAB_JOURNAL']) as file:
            print('the journal:\n' + file.read())
    except (KeyError, OSError):
        pass
    print('FAILED: ' + text, flush=True)
    sys.exit(1)


def expect(found, wanted, what):
    if found != wanted:
        fail('%s\n  wanted %r\n  found  %r' % (what, wanted, found))


def expect_true(value, what):
    if not value:
        fail(what)


def wait_until(condition, secs, what):
    """Polls condition() until it is true; returns its value."""
    end = now() + secs
    while True:
        value = condition()
        if value:
            return value
        if now() > end:
            fail('not within %s s: %s' % (secs, what))
        time.sleep(0.05)


def is_gone(pid):
    """A zombie is gone."""
    try:
        with open('/proc/%d/stat' % pid) as file:
            return file.read().rpartition(') ')[2].startswith('Z')
    except (FileNotFoundError, ProcessLookupError):
        return True
