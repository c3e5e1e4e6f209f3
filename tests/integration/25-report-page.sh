#!/bin/bash
# SPDX-License-Identifier: MIT
# The HTML page of gatepostctl report in a real browser: nothing from a log runs or
# is fetched, its figures are those of --json, and it can be read without a script, on
# a narrow screen, in the dark, on paper and by keyboard.
. "$(dirname "$0")/lib.sh"
ctl=$GATEPOST_BUILD/ctl/gatepostctl
python <<'PYTHON' || { echo "no Chromium: install chromium-headless-shell"; exit 77; }
import browser, sys
sys.exit(browser.program() is None)
PYTHON
export TZ=Europe/Zurich
# Keep what was shown, to look at: GATEPOST_SCREENSHOTS=/tmp/shots
shots=${GATEPOST_SCREENSHOTS:-$work/shots}
mkdir -p "$shots"

echo 'poll { interval = 5m advised = 10m }' > site.conf
python "$ctl" "$shots" <<'PYTHON'
import base64
import datetime
import json
import math
import os
import random
import re
import shutil
import subprocess
import sys

from browser import Browser

ctl, shots = sys.argv[1:]
failures = 0


def expect(found, wanted, what):
    global failures
    if found == wanted:
        print('ok:', what)
    else:
        failures += 1
        print('FAILED: %s: %r, not %r' % (what, found, wanted))


HOSTILE = ['<script>alert(1)</script>', '"><img src=x onerror=alert(2)>',
           "' onmouseover='alert(3)", '</title></style><svg onload=alert(4)>',
           '&lt;b&gt;&#60;', '\u202egpj.exe', 'j\u00f6rg', '\udcff\udcfe',
           '--><!--', '{{7*7}}', 'javascript:alert(5)', 'x' * 300,
           '\x1b]0;title\x07', '<iframe src=//evil.test>', '%3Cscript%3E']


def escape(text):
    plain = set(range(0x21, 0x7f)) - set(b'"%=\\')
    return ''.join(chr(b) if b in plain else '%%%02X' % b
                   for b in os.fsencode(text))


random.seed(5)
start = 1795392000
people = ['user%d@example.test' % i for i in range(30)] + HOSTILE
with open('big.log', 'w') as out:
    for i in range(6000):
        secs = start + i * 100
        time = datetime.datetime.fromtimestamp(secs, datetime.timezone.utc)
        who = random.choice(people)
        head = time.strftime('time=%Y-%m-%dT%H:%M:%S.000Z host=mx1 s=1 ')
        if i % 12 == 0:
            out.write(head + 'part=milter action=reject mode=enforce '
                      'reason=from-not-owned user=%s program=smtp/192.0.2.1 '
                      'ip=192.0.2.1 port=587 check=- every=- policy=- '
                      'why=identity.from early=- wait=-\n' % escape(who))
            continue
        name = random.choice(['', '/Thunderbird', '/fetchmail', '/' + escape(HOSTILE[i % 15])])
        out.write(head + 'part=imap action=%s mode=enforce reason=early user=%s '
                  'program=imap/10.0.0.%d%s ip=10.0.0.1 port=993 check=noop '
                  'every=%d policy=300 why=%s early=3 wait=%d count=%d\n' % (
                      random.choice(['absorb', 'delay', 'note', 'refuse',
                                     'would-delay', 'hold']),
                      escape(who), random.randrange(2), name,
                      random.randrange(1, 200), escape(HOSTILE[i % 15]),
                      random.randrange(10), random.randrange(1, 60)))

command = [ctl, '-c', 'site.conf', 'report', '--html', 'page.html']
found = json.loads(subprocess.check_output(command + ['--json', 'big.log']))
expect(os.stat('page.html').st_mode & 0o007, 0, 'the page is not for everybody')
page = open('page.html', encoding='utf-8').read()
expect([word for word in ('http:', 'https:', '<img', '<iframe', 'url(')
        if word in page], [], 'nothing from elsewhere in the page')

browser = Browser()
browser.resize(1200)
url = 'file://' + os.path.abspath('page.html')
browser.open(url)
expect(browser.complaints(), [], 'no console message, no request, no dialog')
expect(browser.evaluate("document.querySelectorAll('script, img, iframe, "
                        "object, embed').length"), 1, 'one script, our own')
expect(browser.evaluate("[...document.querySelectorAll('*')].filter(e => "
                        "[...e.attributes].some(a => a.name.startsWith('on')))"
                        ".length"), 0, 'no handler in an attribute')

# The same figures
figures = browser.evaluate("Object.fromEntries([...document.querySelectorAll("
                           "'dd[data-value]')].map(e => [e.id.slice(2), "
                           "Number(e.dataset.value)]))")
wanted = dict(found['checks'], **found['mail'], users=found['users'],
              violators=found['violators'], saved=found['saved']['mailbox_looks'],
              waited=found['saved']['waited_secs'],
              outages=found['redis']['outages'],
              outage=found['redis']['outage_secs'])
expect(wanted.pop('admitted'), None, 'the journal has no admitted checks')
expect(browser.evaluate("document.querySelector('#f-admitted').innerText").split('\n'),
       ['not recorded', 'journal.all_checks is off'], 'and the page says so')
expect(figures, wanted, 'head figures')
shown = browser.evaluate("[...document.querySelectorAll('dd[data-value]')].filter("
                         "e => !['f-waited', 'f-outage'].includes(e.id)).every("
                         "e => e.textContent.replace(/\\D/g, '') === "
                         "e.dataset.value)")
expect(shown, True, 'they are what is shown')
cells = "[...document.querySelectorAll('%s')].map(e => Number(e.dataset.value))"
expect(browser.evaluate(cells % '#week td[data-value]'), found['week'], 'week')
expect(browser.evaluate("Object.fromEntries([...document.querySelectorAll("
                        "'#reasons tr[data-reason]')].map(e => [e.dataset.reason,"
                        " Number(e.cells[1].dataset.value)]))"),
       found['reasons'], 'reasons')
rows = ("[...document.querySelectorAll('%s tbody')].map(b => [...b.rows[0].cells]"
        ".slice(1).filter(c => c.dataset.value).map(c => "
        "Number(c.dataset.value)))")
expect([r[:3] + r[-1:] for r in browser.evaluate(rows % '#programs')],
       [[p['programs'], p['checks'], p['early'],
         -1 if p['interval_secs']['median'] is None
         else p['interval_secs']['median']]
        for p in found['programs']], 'programs')
expect(browser.evaluate(rows % '#users'),
       [[u['checks'], u['early'], u['mail'],
         -1 if u['interval_secs']['median'] is None
         else u['interval_secs']['median']] for u in found['rows']], 'users')
names = browser.evaluate("[...document.querySelectorAll('#users tbody')].map(b => "
                         "b.rows[0].cells[0].textContent)")
expect([n for n in names if n in HOSTILE[:5]].__len__(), 5,
       'hostile names are shown as they are')
expect([n for n in names if '\u202e' in n or '\x1b' in n], [],
       'but for those that would change what is shown')

# The policy is drawn where its interval is on the scale
expect([round(browser.evaluate("Number(document.querySelector('#intervals .%s')"
                               ".getAttribute('x1'))" % css), 2)
        for css in ('policy', 'advised')],
       [round(2 * math.log2(secs) * 1000 / 34, 2) for secs in (300, 600)],
       'the lines of the policy')
expect(browser.evaluate("[...document.querySelectorAll('#users .strip')].every(s => "
                        "s.parentNode.querySelector('figcaption').textContent && "
                        "s.parentNode.querySelectorAll('.days span').length === 7 && "
                        "s.parentNode.querySelectorAll('.ticks span').length === 5 && "
                        "s.parentNode.querySelectorAll('.legend li').length === 4)"),
       True, 'strips have a caption, days, hours and a legend')

# Sorting
before = browser.evaluate(rows % '#users')
for times in 1, 2:
    browser.evaluate("document.querySelector('#users thead th:nth-child(2) "
                     "button').click()")
    after = [r[0] for r in browser.evaluate(rows % '#users')]
    expect(after, sorted((r[0] for r in before), reverse=times == 1),
           'sorted by checks, %d' % times)
expect(browser.evaluate("document.querySelector('#users th[aria-sort]').ariaSort"),
       'ascending', 'and said so')
expect(browser.evaluate("[...document.querySelectorAll('#users tbody')].every(b => "
                        "b.rows.length === 2)"), True, 'details go along')

SORT = "document.querySelector('#users').previousElementSibling"
expect(browser.evaluate(SORT + ".matches('.sort') && " + SORT + ".offsetHeight"), 0,
       'heads are enough on a wide screen')
browser.resize(400)
expect(browser.evaluate("[...%s.querySelectorAll('select, button')].every(e => "
                        "e.offsetHeight >= 24 && e.offsetWidth >= 24)" % SORT), True,
       'a narrow one has something to sort with')
for times, act in (1, "select.value = '2'; select.dispatchEvent(new Event('change'))"), \
        (2, "box.querySelector('button').click()"):
    browser.evaluate("{ const box = %s, select = box.querySelector('select'); %s }"
                     % (SORT, act))
    expect([r[1] for r in browser.evaluate(rows % '#users')],
           sorted((r[1] for r in before), reverse=times == 1),
           'sorted there by early checks, %d' % times)
expect(browser.evaluate("[...document.querySelectorAll('#week thead th')].every(e => "
                        "e.offsetHeight < 24)"), True, 'hours are not broken')
browser.resize(1200)

# By keyboard: to a user's details, and open
for i in range(200):
    browser.key('Tab', 9)
    if browser.evaluate("document.activeElement.matches('#users summary')"):
        break
browser.key('Enter', 13)
expect(browser.evaluate("document.querySelector('#users details').open"), True,
       'details open by keyboard')
expect(browser.evaluate("document.querySelector('#users details dl') !== null"),
       True, 'and hold facts')

# Names for those who do not see
nodes = browser.call('Accessibility.getFullAXTree')['nodes']
roles = {}
for node in nodes:
    role = node.get('role', {}).get('value')
    roles.setdefault(role, []).append(node.get('name', {}).get('value', ''))
expect([n for n in roles.get('image', []) + roles.get('img', []) if not n], [],
       'each picture has a name')
expect(sorted(set(roles.get('button', []))) != [], True, 'buttons have names')
expect('main' in roles and 'contentinfo' in roles, True, 'landmarks')

# Widths, schemes, without a script, on paper
for width in 1200, 800, 400, 320:
    for scheme in 'light', 'dark':
        browser.resize(width)
        browser.call('Emulation.setEmulatedMedia', features=[
            {'name': 'prefers-color-scheme', 'value': scheme}])
        browser.evaluate("document.querySelectorAll('details').forEach("
                         "d => d.open = true)")
        wide = browser.evaluate(
            "[...document.querySelectorAll('body *')].filter(e => "
            "!e.closest('.hidden, .skip') && "
            "e.getBoundingClientRect().right > "
            "document.documentElement.clientWidth + 1).map(e => e.outerHTML"
            ".slice(0, 80)).slice(0, 3)")
        expect(wide, [], 'nothing beyond the edge at %d, %s' % (width, scheme))
        expect(browser.evaluate("document.documentElement.scrollWidth <= "
                                "document.documentElement.clientWidth"), True,
               'no horizontal scrolling at %d, %s' % (width, scheme))
        browser.screenshot('%s/%d-%s.png' % (shots, width, scheme), False)
contrast = browser.evaluate("getComputedStyle(document.body).backgroundColor")
expect(contrast, 'rgb(13, 17, 23)', 'dark is dark')
browser.call('Emulation.setEmulatedMedia', features=[])
browser.call('Emulation.setScriptExecutionDisabled', value=True)
browser.resize(1200)
browser.open(url)
expect(browser.complaints(), [], 'no complaint without a script')
browser.screenshot(shots + '/no-script.png', False)
root = browser.call('DOM.getDocument', depth=-1)['root']['nodeId']
found_rows = browser.call('DOM.querySelectorAll', nodeId=root,
                          selector='#users tbody details')['nodeIds']
expect(len(found_rows), len(found['rows']), 'all is there without a script')
pdf = base64.b64decode(browser.call('Page.printToPDF',
                                    preferCSSPageSize=True)['data'])
with open(shots + '/page.pdf', 'wb') as out:
    out.write(pdf)
expect(b'/MediaBox [0 0 595' in pdf or b'/MediaBox [0 0 594' in pdf, True,
       'printed on A4')
pages = len(re.findall(rb'/Type\s*/Page\b', pdf))
expect(0 < pages <= 5, True, '%d users on few pages: %d' % (len(found['rows']), pages))
if shutil.which('pdftotext'):
    text = subprocess.check_output(['pdftotext', '-layout', shots + '/page.pdf', '-'],
                                   universal_newlines=True, errors='replace')
    for name in ('Thunderbird', 'fetchmail'):
        expect('imap ' + name in text or name in text, True, name + ' is on paper')
        expect([part for part in (name[:n] for n in range(4, len(name)))
                if re.search(r'\b%s *$' % part, text, re.M)], [],
               name + ' is not broken')
else:
    print('ok: words on paper were not looked at: no pdftotext (poppler-utils)')
browser.close()
sys.exit(failures > 0)
PYTHON
check "the page in a browser" [ $? = 0 ]
finish
