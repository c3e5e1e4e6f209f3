#!/bin/bash
# SPDX-License-Identifier: MIT
# Relaying, with Postfix itself an open relay: the milter stands alone.
. "$(dirname "$0")/lib.sh"
echo 'file.test   # a domain from a file' > domains
cat > trusted.conf <<CONF
relay {
	trusted_networks = {127.0.0.7, 127.0.0.16/30}
	local_domains_file = "$work/domains"
}
CONF
site site --open-relay --conf trusted.conf
python <<'PYTHON'
from smtp import *

# What must be taken: plain local mail, in every spelling the standard allows.
LOCAL = r'''
<bob@example.test>
bob@example.test
<BOB@example.test>
<bob@EXAMPLE.TEST>
<bob@example.test.>
<"bob"@example.test>
<"b\\ob"@example.test>
<bob+tag@example.test>
<bob@alias.test>
<Alice.Liddell@example.test>
<sales@example.test>
<postmaster>
<Postmaster>
<POSTMASTER@example.test>
<bob>
<@relay.test:bob@example.test>
<@relay.test,@other.test:bob@example.test>
<bob%alias.test@example.test>
<bob%example.test@example.test>
<example.test!bob@example.test>
'''

# What must be refused by somebody who may not relay: foreign domains, plain and
# in each disguise that has been relayed by some MTA.
FOREIGN = r'''
<victim@foreign.test>
victim@foreign.test
<victim@sub.example.test>
<victim@example.test.foreign.test>
<victim@xexample.test>
<victim@example.tes>
<victim@example.test.test>
<victim@test>
<victim@[192.0.2.1]>
<victim@[127.0.0.1]>
<victim@[IPv6:2001:db8::1]>
<victim@[IPv6:::1]>
<victim@[foreign.test]>
<victim@foreign.test.>
<victim%foreign.test@example.test>
<victim%foreign.test%alias.test@example.test>
<victim%alias.test%foreign.test@example.test>
<victim%foreign.test>
<victim%[192.0.2.1]@example.test>
<victim%%foreign.test@example.test>
<%foreign.test@example.test>
<victim%@example.test>
<"victim%foreign.test"@example.test>
<"victim"%foreign.test@example.test>
<foreign.test!victim@example.test>
<foreign.test!victim>
<example.test!foreign.test!victim@example.test>
<foreign.test!example.test!victim@example.test>
<!victim@example.test>
<foreign.test!@example.test>
<"foreign.test!victim"@example.test>
<foreign.test!victim%alias.test@example.test>
<alias.test!victim%foreign.test@example.test>
<victim@foreign.test@example.test>
<victim@example.test@foreign.test>
<"victim@foreign.test"@example.test>
<"victim@foreign.test"@example.test.>
<"victim\\@foreign.test"@example.test>
<victim\\@foreign.test@example.test>
<"@foreign.test:victim"@example.test>
<"victim@[192.0.2.1]"@example.test>
<"<victim@foreign.test>"@example.test>
<@example.test:victim@foreign.test>
<@example.test,@alias.test:victim@foreign.test>
<@example.test:victim%foreign.test@example.test>
<@example.test:foreign.test!victim@example.test>
<@example.test:"victim@foreign.test"@example.test>
<@foreign.test,victim@example.test>
<@foreign.test@example.test:victim@foreign.test>
<@:victim@foreign.test>
<:victim@foreign.test>
<victim@foreign.test:25>
<victim@example.test:victim@foreign.test>
<victim@foreign.test,bob@example.test>
<bob@example.test,victim@foreign.test>
<victim@foreign.test;bob@example.test>
<bob@example.test>,<victim@foreign.test>
<<victim@foreign.test>>
<victim@foreign.test>bob@example.test
bob@example.test<victim@foreign.test>
<bob@example.test<victim@foreign.test>>
<Bob <victim@foreign.test>>
"bob@example.test" <victim@foreign.test>
<victim(comment)@foreign.test>
<victim@foreign.test(example.test)>
<victim@(example.test)foreign.test>
<victim@foreign.test\\@example.test>
<victim@foreign.test#example.test>
<victim@foreign.test/example.test>
<victim@foreign.test?@example.test>
<victim@foreign_test>
<victim@.foreign.test>
<victim@foreign..test>
<victim@>
<@>
<@example.test>
<>
<victim @foreign.test>
<victim@ foreign.test>
<"victim foreign.test@foreign.test>
<victim\t@foreign.test>
<\xc3\xb6@foreign.test>
<victim@f\xc3\xb6reign.test>
<victim\xff@example.test@foreign.test>
<victim@example.test\xc0\xae foreign.test>
'''


def forms(text):
    """One form per line; escapes as in Python, for odd bytes."""
    for line in text.strip().split('\n'):
        yield line.encode().decode('unicode_escape').encode('latin-1')


def ask(form):
    """The answer to one RCPT, in a transaction of its own."""
    client.command('RSET')
    expect(client.mail()[:3], '250', 'MAIL')
    return client.rcpt(form)


sink = Sink()
client = Client('SMTP')
count = 0
for form in forms(FOREIGN):
    answer = ask(form)
    if answer[:1] != '5':
        fail('%r was answered %r' % (form, answer))
    count += 1
say('%d foreign and disguised forms refused for good' % count)
expect(ask(b'<victim@foreign.test>')[:9], '550 5.7.1', 'code of a refusal')
journal_has('foreign', reason='relay-denied', to='<victim@foreign.test>',
            why='relay.local_domains')
# Which mixture the MTA takes for an address, so that it comes to the milter
MIXED = {'postfix': b'<victim@foreign.test@example.test>',
         'sendmail': b'<foreign.test!victim%x.test@example.test>'}
expect(ask(MIXED[env['LAB_MTA']])[:9], '550 5.7.1', 'more than one way to read')
journal_has('more than one way to read', reason='recipient-syntax')

for form in forms(FOREIGN):
    if ask(form)[:1] == '2':
        client.data('never')
count = 0
for form in forms(LOCAL):
    answer = ask(form)
    if answer[:3] != '250':
        fail('%r is local but was answered %r' % (form, answer))
    count += 1
say('%d local forms accepted' % count)

expect(ask(b'<bob@example.test>')[:3], '250', 'plain')
expect(client.rcpt('<victim@foreign.test>')[:9], '550 5.7.1',
       'a foreign recipient beside a local one')
expect(client.data('subject-mixed')[:3], '250', 'message for the local one')
mailbox_has('bob', 'subject-mixed')
expect(sink.recipients, [], 'what left the site')
say('the local recipient of a mixed message gets it; nothing left the site')

expect(ask(b'<victim@sub.file.test>')[:9], '550 5.7.1', 'below a local domain')
expect(ask(b'<anybody@FILE.test>')[:3], '250', 'a domain from the file')
say('relay.local_domains_file names local domains')

for source, answer in (('127.0.0.6', '550'), ('127.0.0.7', '250'),
                       ('127.0.0.15', '550'), ('127.0.0.16', '250'),
                       ('127.0.0.19', '250'), ('127.0.0.20', '550')):
    client = Client('SMTP', source)
    expect(client.mail()[:3], '250', 'MAIL from ' + source)
    expect(client.rcpt('<friend@foreign.test>')[:3], answer, 'RCPT from ' + source)
    client.close()
say('relay.trusted_networks may relay, their neighbours may not')

client = Client('SUBMISSION')
expect(client.auth('alice')[:3], '235', 'this Postfix takes passwords without TLS')
expect(client.mail('<alice@example.test>'),
       '530 5.7.0 Must issue a STARTTLS command first', 'a login without TLS')
say('a login without TLS is not enough')

for role in ('SUBMISSION', 'SUBMISSIONS'):
    client = Client(role)
    expect(client.mail('<x@foreign.test>')[:9], '530 5.7.0', role)
client = Client('SUBMISSION', starttls=True, login='alice')
expect(client.send('<alice@example.test>', '<friend@foreign.test>', 'out')[:3],
       '250', 'who has logged in may relay')
wait_until(lambda: sink.recipients, 30, 'mail at the sink')
expect(sink.recipients, ['RCPT TO:<friend@foreign.test>'], 'what left the site')
say('with a login, mail goes out')
PYTHON
