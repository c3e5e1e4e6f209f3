# SPDX-License-Identifier: MIT
"""A headless Chromium, driven through its DevTools protocol on a pipe."""
import base64
import json
import os
import shutil
import subprocess
import tempfile

NAMES = ('chromium-headless-shell', 'chromium', 'chromium-browser',
         'google-chrome')


def program():
    """The path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix='browser.', dir=os.getcwd())
        to_read, self.to_write = os.pipe()
        self.to_read, to_write = os.pipe()
        self.process = subprocess.Popen(
            ['bash', '-c', 'exec "$@" 3<&%d 4>&%d' % (to_read, to_write), '-',
             program(), '--headless', '--no-sandbox', '--disable-gpu',
             '--disable-dev-shm-usage', '--remote-debugging-pipe',
             '--user-data-dir=' + self.profile, 'about:blank'],
            pass_fds=(to_read, to_write), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.number, self.rest, self.events, self.session = 0, b'', [], None
        pages = self.call('Target.getTargets')['targetInfos']
        target = next(p['targetId'] for p in pages if p['type'] == 'page')
        self.session = self.call('Target.attachToTarget', targetId=target,
                                 flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.call(domain + '.enable')

    def read(self):
        while b'\0' not in self.rest:
            more = os.read(self.to_read, 1 << 20)
            if not more:
                raise EOFError('the browser is gone')
            self.rest += more
        message, self.rest = self.rest.split(b'\0', 1)
        return json.loads(message)

    def call(self, method, **params):
        self.number += 1
        message = {'id': self.number, 'method': method, 'params': params}
        if self.session:
            message['sessionId'] = self.session
        os.write(self.to_write, json.dumps(message).encode() + b'\0')
        while True:
            answer = self.read()
            if answer.get('id') == self.number:
                if 'error' in answer:
                    raise RuntimeError('%s: %s' % (method, answer['error']))
                return answer['result']
            self.events.append(answer)

    def open(self, url):
        """Returns when the page was loaded; self.events are those since then."""
        self.events = []
        self.call('Page.navigate', url=url)
        while not any(e.get('method') == 'Page.loadEventFired'
                      for e in self.events):
            self.events.append(self.read())

    def complaints(self):
        """What the console would show as errors, and requests beside the page."""
        found = []
        for event in self.events:
            method, params = event.get('method'), event.get('params', {})
            if method == 'Runtime.exceptionThrown':
                found.append(params['exceptionDetails']['text'])
            elif method == 'Log.entryAdded':
                found.append(params['entry']['text'])
            elif method == 'Runtime.consoleAPICalled':
                found.append(params['type'])
            elif method == 'Page.javascriptDialogOpening':
                found.append('a dialog: ' + params['message'])
            elif method == 'Network.requestWillBeSent' and not \
                    params['request']['url'].startswith(('file:', 'data:')):
                found.append('a request: ' + params['request']['url'])
        return found

    def evaluate(self, text):
        answer = self.call('Runtime.evaluate', expression=text,
                           returnByValue=True, awaitPromise=True)
        if 'exceptionDetails' in answer:
            raise RuntimeError(json.dumps(answer['exceptionDetails']))
        return answer['result'].get('value')

    def key(self, key, code):
        for kind in ('keyDown', 'keyUp'):
            self.call('Input.dispatchKeyEvent', type=kind, key=key, code=key,
                      windowsVirtualKeyCode=code,
                      **({'text': '\r'} if key == 'Enter' and kind == 'keyDown'
                         else {}))

    def resize(self, width, height=900):
        self.call('Emulation.setDeviceMetricsOverride', width=width,
                  height=height, deviceScaleFactor=1, mobile=False)

    def screenshot(self, path, whole=True):
        answer = self.call('Page.captureScreenshot', format='png',
                           captureBeyondViewport=whole)
        with open(path, 'wb') as out:
            out.write(base64.b64decode(answer['data']))

    def close(self):
        os.close(self.to_write)
        os.close(self.to_read)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)
