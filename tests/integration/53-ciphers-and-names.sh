#!/bin/bash
# SPDX-License-Identifier: MIT
# Ciphers one by one, a login without TLS, a session older than the settings, and
# domains in other scripts, on an MTA that lets everything pass by itself.
. "$(dirname "$0")/lib.sh"
cat > more.conf <<'X'
tls {
	min_bits = 256
	denied_ciphers = { "*CHACHA20*" }
}
relay { local_domains = { example.test, alias.test, xn--bcher-kva.test } }
identity { from = off sender = off reply_to = off resent = off }
X
cat > milter <<X
#!/bin/sh
# With \$work/no-ciphers there OpenSSL knows none.
[ ! -e "$work/no-ciphers" ] || { OPENSSL_CONF=$work/none.cnf; export OPENSSL_CONF; }
exec "$GATEPOST_BUILD/milter/gatepost-milter" "\$@"
X
cat > none.cnf <<'X'
openssl_conf = init
[init]
providers = providers
[providers]
null = null
[null]
activate = 1
X
chmod 755 milter
GATEPOST_MILTER=$work/milter site site --open-relay --conf more.conf
openssl req -x509 -newkey rsa:2048 -nodes -keyout rsa.key -out rsa.pem -days 2 \
	-subj /CN=localhost 2> /dev/null
postconf -c "$LAB_POSTFIX_CONF" -e tls_preempt_cipherlist=no \
	"smtpd_tls_chain_files=$work/rsa.key $work/rsa.pem"
postfix -c "$LAB_POSTFIX_CONF" reload 2> /dev/null || exit 99

python <<'PYTHON'
import re
import signal
import ssl
import subprocess
from smtp import *

CONF = env['LAB_CONF']
with open(CONF) as file:
    settings = file.read()
PID_FILE = re.search(r'pid_file\s*=\s*"([^"]*)"', settings).group(1)


def reload_with(text):
    log = os.path.join(env['LAB_LOG'], 'milter.log')
    before = open(log).read().count('settings read again')
    with open(CONF, 'w') as file:
        file.write(settings + text)
    os.kill(int(open(PID_FILE).read()), signal.SIGHUP)
    wait_until(lambda: open(log).read().count('settings read again') > before,
               30, 'reload')


def mail_with(cipher):
    def prepare(context):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(cipher + ':@SECLEVEL=0')
    client = Client('SUBMISSION', starttls=True, login='alice',
                    prepare=prepare)
    expect(client.socket.cipher()[0], cipher, 'cipher')
    answer = client.mail()
    client.close()
    return answer


for cipher, reason, why in (
        ('ECDHE-RSA-AES128-GCM-SHA256', 'cipher-weak', 'tls.min_bits'),
        ('ECDHE-RSA-CHACHA20-POLY1305', 'cipher-denied', 'tls.denied_ciphers'),
        ('AES256-GCM-SHA384', 'no-forward-secrecy', 'tls.forward_secrecy')):
    answer = mail_with(cipher)
    expect(answer[:9], '554 5.7.0', cipher + ': ' + answer)
    journal_has(cipher, reason=reason, why=why, action='reject')
expect(mail_with('ECDHE-RSA-AES256-GCM-SHA384')[:3], '250', 'a good cipher')
say('each cipher that is not good enough is refused with its reason')

client = Client('SUBMISSION')
expect(client.auth('alice')[:3], '235', 'this MTA takes a login without TLS')
expect(client.mail()[:9], '530 5.7.0', 'a login without TLS')
reload_with('tls { mode = off }\n')
client = Client('SUBMISSION')
client.auth('alice')
expect(client.mail()[:9], '534 5.7.9', 'a password without TLS')
journal_has('plain login', reason='plaintext-login', user='alice')
reload_with('tls { mode = observe }\n')
client = Client('SUBMISSION')
client.auth('alice')
expect(client.mail()[:3], '250', 'TLS only observed')
say('a password without TLS counts for nothing, unless that is a trial')


# Rules about headers that came after the session began
def relaxed(context):
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE


client = Client('SUBMISSION', starttls=True, login='alice', prepare=relaxed)
reload_with('identity { from = enforce }\n')
expect(client.mail()[:3], '250', 'MAIL')
expect(client.rcpt('<bob@example.test>')[:3], '250', 'RCPT')
expect(client.data('too-early')[:9], '451 4.3.2', 'headers nobody asked for')
journal_has('unknown headers', reason='header-unknown', action='tempfail')
client = Client('SUBMISSION', starttls=True, login='alice', prepare=relaxed)
client.mail()
client.rcpt('<bob@example.test>')
expect(client.data('in-time')[:3], '250', 'a new session')
mailbox_has('bob', 'in-time')
say('a session from before a rule about headers has to come again')

# Names in other scripts: the same domain in both spellings
client = Client('SMTP')
expect(client.mail('<x@foreign.test> SMTPUTF8')[:3], '250', 'SMTPUTF8')
for recipient in ('<bob@b\u00fccher.foreign.test>', '<bob@b\u00fchler.test>',
                  '<bob@xn--bcher-kva.foreign.test>', '<bob@bucher.test>',
                  '<bob%b\u00fchler.test@b\u00fccher.test>'):
    answer = client.rcpt(recipient)
    expect(answer[:9], '550 5.7.1', recipient + ': ' + answer)
for recipient in ('<bob@b\u00fccher.test>', '<bob@B\u00dcCHER.test>',
                  '<bob@xn--bcher-kva.test>', '<bob@XN--BCHER-KVA.test>'):
    answer = client.rcpt(recipient)
    expect(answer[:3], '250', recipient + ': ' + answer)
client.command('RSET')
client = Client('SUBMISSION', starttls=True, login='alice', prepare=relaxed)
for sender, wanted in (('<alice@b\u00fchler.test> SMTPUTF8', '550'),
                       ('<alice@b\u00fccher.test> SMTPUTF8', '250')):
    expect(client.mail(sender)[:3], wanted, sender)
    client.command('RSET')
say('a domain is the same in Unicode and in A-labels')
PYTHON
[ $? = 0 ] || exit 1

# An OpenSSL without ciphers: no strength is proven, and nothing passes.
: > no-ciphers
kill "$(sed -n 's/^.*pid_file = "\(.*\)"$/\1/p' "$LAB_CONF" | xargs cat)"
milter_is_gone() { ! grep -q . "$work/site/etc/milter.pid" 2> /dev/null; }
wait_until 20 milter_is_gone
setsid "$work/milter" -c "$LAB_CONF" >> "$LAB_LOG/milter.log" 2>&1 || exit 99
at_exit "kill \$(cat $work/site/etc/milter.pid)"
python <<'PYTHON'
import ssl
from smtp import *


def relaxed(context):
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE


client = Client('SUBMISSION', starttls=True, login='alice', prepare=relaxed)
answer = client.mail()
expect(answer[:9], '554 5.7.0', 'a cipher that nobody knows: ' + answer)
journal_has('unknown cipher', reason='cipher-unknown', action='reject')
say('a cipher that nobody knows has no proven strength')
PYTHON
