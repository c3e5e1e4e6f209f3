#!/bin/bash
# SPDX-License-Identifier: MIT
# Version and cipher of TLS, mechanism of the login, who may say who somebody is,
# and those who are exempt.
. "$(dirname "$0")/lib.sh"
tomorrow=$(date -u -d tomorrow +%F) yesterday=$(date -u -d yesterday +%F)
cat > more.conf <<X
submission { exemptions = {
	"127.0.0.10 until $tomorrow by joe: scanner without TLS",
	"127.0.0.11 until $yesterday by joe: scanner that is gone",
	"erin until $tomorrow by joe: moves house" } }
tls { min_version = "TLSv1.3" min_bits = 256 inbound_mode = observe }
login {
	mechanisms = { LOGIN }
	xclient_networks = { 192.0.2.0/24 }
	certificates = { "dave = Dave's phone", "dave = /CN=Dave's phone" }
}
X
site site --conf more.conf

# Postfix takes XCLIENT from one proxy and asks for certificates of the lab's CA;
# Sendmail asks by itself.
if [ "$LAB_MTA" = postfix ]; then
	postconf -c "$LAB_POSTFIX_CONF" -e "smtpd_tls_ask_ccert = yes" \
		"smtpd_tls_CAfile = $LAB_CA" \
		"smtpd_relay_restrictions = permit_sasl_authenticated, permit_tls_all_clientcerts, reject_unauth_destination" \
		"smtpd_authorized_xclient_hosts = 127.0.0.30"
	postfix -c "$LAB_POSTFIX_CONF" reload 2> /dev/null || exit 99
fi
authority=${LAB_CA%/*}
certificate() { # FILE NAME [openssl x509 ARGUMENT...]
	local file=$1 name=$2
	shift 2
	openssl req -newkey rsa:2048 -nodes -keyout "$file.key" -subj "/CN=$name" \
		-out "$file.csr" 2> /dev/null &&
		openssl x509 -req -in "$file.csr" -days 2 -out "$file.pem" "$@" 2> /dev/null
}
certificate dave "Dave's phone" -CA "$LAB_CA" -CAkey "$authority/ca.key" -CAcreateserial
certificate carol "Carol's phone" -CA "$LAB_CA" -CAkey "$authority/ca.key" -CAcreateserial
certificate forged "Dave's phone" -signkey forged.key

python <<'PYTHON'
import ssl
from smtp import *


def submission(version=None, ciphers=None, certificate=None, login=None,
               source='127.0.0.5', role='SUBMISSION'):
    def prepare(context):
        if version:
            context.minimum_version = context.maximum_version = version
        if ciphers:
            context.set_ciphers(ciphers)
        if certificate:
            context.load_cert_chain(certificate + '.pem', certificate + '.key')
    client = Client(role, starttls=role != 'SUBMISSIONS', source=source,
                    prepare=prepare)
    if login:
        expect(client.auth_login(login)[:3], '235', 'login')
    return client


V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3

answer = submission(V12, login='alice').mail()
expect(answer[:9], '554 5.7.0', 'TLS 1.2 on 587: ' + answer)
answer = submission(V12, login='alice', role='SUBMISSIONS').mail()
expect(answer[:9], '554 5.7.0', 'TLS 1.2 on 465: ' + answer)
journal_has('TLS 1.2', reason='tls-version', why='tls.min_version',
            action='reject')
answer = submission(V13, login='alice').mail()
expect(answer[:3], '250', 'TLS 1.3: ' + answer)
client = submission(V12, role='SMTP')
expect(client.mail('<x@foreign.test>')[:3], '250', 'TLS 1.2 on 25')
journal_has('TLS 1.2 on 25', reason='tls-version', action='would-reject',
            port=env['LAB_SMTP_PORT'])
say('a version that is too old: refused on 587 and 465, observed on 25')

client = Client('SUBMISSION', starttls=True, login='alice')
answer = client.mail()
expect(answer[:9], '534 5.7.9', 'AUTH PLAIN: ' + answer)
journal_has('AUTH PLAIN', reason='mechanism-not-allowed',
            why='login.mechanisms')
client = submission(login='alice')
expect(client.mail('<alice@example.test> AUTH=bob@example.test')[:9],
       '550 5.7.1', 'AUTH= names bob')
journal_has('AUTH=', reason='author-mismatch', user='alice')
for author in ('<>', 'alice@example.test', 'alice'):
    client.command('RSET')      # Sendmail keeps AUTH= of a refused MAIL
    expect(client.mail('<alice@example.test> AUTH=' + author)[:3], '250',
           'AUTH=' + author)
say('mechanism and AUTH=: what is not allowed is refused at MAIL')

# Certificates
answer = submission(certificate='forged').mail('<dave@example.test>')
expect(answer[:9], '530 5.7.0', 'a certificate of nobody: ' + answer)
answer = submission(certificate='carol').mail('<carol@example.test>')
expect(answer[:9], '530 5.7.0', 'a certificate that is not listed: ' + answer)
client = submission(certificate='dave')
answer = client.mail('<alice@example.test>')
expect(answer[:9], '550 5.7.1', "dave's certificate, alice's address")
expect(client.mail('<dave@example.test>')[:3], '250', "dave's certificate")
if env['LAB_MTA'] == 'postfix':
    expect(client.rcpt('<friend@foreign.test>')[:3], '250', 'dave relays')
expect(client.rcpt('<carol@example.test>')[:3], '250', 'dave writes')
client.sender = '<dave@example.test>'
expect(client.data('by-certificate')[:3], '250', 'mail by certificate')
journal_has('the person', reason='sender-not-owned', user='dave')
say('a certificate stands for the login that settings say, if it is trusted')

# XCLIENT, which Sendmail does not have
if env['LAB_MTA'] == 'postfix':
    for address, wanted in (('198.51.100.9', '530 5.7.0'),
                            ('192.0.2.9', '250 2.1.0')):
        client = submission(source='127.0.0.30')
        expect(client.command('XCLIENT ADDR=%s LOGIN=alice' % address)[:3], '220',
               'XCLIENT')
        client.command('EHLO proxied.test')
        answer = client.mail('<alice@example.test>')
        expect(answer[:9], wanted, 'XCLIENT for %s: %s' % (address, answer))
    say("a proxy's word about a login: only for networks that are named")

# Exemptions
client = Client('SUBMISSION', source='127.0.0.11')
expect(client.mail('<x@foreign.test>')[:9], '530 5.7.0', 'ended yesterday')
client = Client('SUBMISSION', source='127.0.0.10')
expect(client.mail('<x@foreign.test>')[:3], '250', 'exempt host')
client = submission(V12, login='erin')
expect(client.mail('<x@foreign.test>')[:3], '250', 'exempt login')
client.sender = '<y@foreign.test>'
expect(client.rcpt('<carol@example.test>')[:3], '250', 'RCPT')
expect(client.data('by-exemption')[:3], '250', 'mail of an exempt login')
mailbox_has('carol', 'by-exemption')
say('exemptions hold until their day is over')
PYTHON
