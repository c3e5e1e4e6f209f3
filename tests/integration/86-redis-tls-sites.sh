#!/bin/bash
# SPDX-License-Identifier: MIT
# Sentinels and a cluster by TLS: each server's certificate is held against the address
# or the name by which a sentinel or the cluster tells of it, and then all works, also
# while masters change and slots move.
. "$(dirname "$0")/lib.sh"
. "$GATEPOST_SOURCE/tests/integration/poll.sh"
need_root
pkg-config --exists hiredis_ssl || { echo "hiredis has no TLS here"; exit 77; }

# certificate NAME EXTENSIONS
certificate() {
	openssl ecparam -genkey -name prime256v1 -noout -out "$1.key"
	openssl req -new -key "$1.key" -out "$1.csr" -subj "/CN=$1"
	printf '%s\n' "$2" | openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key \
		-days 2 -CAcreateserial -out "$1.pem" -extfile /dev/stdin
	chown root:nogroup "$1.key"
	chmod 640 "$1.key"
}

mkdir tls && cd tls || exit 99
{
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=ca" \
		-keyout ca.key -out ca.pem
	certificate address 'subjectAltName = IP:127.0.0.1'
	certificate name 'subjectAltName = DNS:localhost'
	certificate both 'subjectAltName = DNS:localhost, IP:127.0.0.1'
	certificate client 'extendedKeyUsage = clientAuth'
} 2> openssl.log
cd ..
absorbing_site site --redis none < /dev/null
python <<'PYTHON'
from redis_servers import *

site = Users()


def files(name):
    return {'tls-cert-file': os.path.abspath('tls/%s.pem' % name),
            'tls-key-file': os.path.abspath('tls/%s.key' % name),
            'tls-ca-cert-file': os.path.abspath('tls/ca.pem'),
            'tls-replication': 'yes'}


def words(name):
    return [word for setting, value in files(name).items()
            for word in ('--' + setting, value)]


def show_certificate(server, name):
    """From now on."""
    server.must('CONFIG', 'SET', *[word for setting, value in files(name).items()
                                   if setting in ('tls-cert-file', 'tls-key-file')
                                   for word in (setting, value)])


def settings(server, more):
    return 'server = "%s" tls = yes tls_ca_file = "%s" tls_certificate_file = "%s" ' \
        'tls_key_file = "%s" %s' % (server.name, *(os.path.abspath('tls/' + name)
                                    for name in ('ca.pem', 'client.pem', 'client.key')),
                                    more)


def refused(more, wanted, *command):
    said = site.ctl(more, *command)
    expect_true(wanted in said, '%s\n%s' % (more, said))


def well(more, *command):
    said = site.ctl(more, *command)
    expect_true('redis: ' not in said, '%s\n%s' % (more, said))


# --- a sentinel, which names its master by address and by name

# What a replica calls itself is what a sentinel says of it when it is the master.
named = (*words('name'), '--replica-announce-ip', 'localhost')
master = Server(*named, tls=True)
replica = make_replica(master, *named, tls=True)


def watch(*lines):
    sentinel = make_sentinel(master, *['%s %s' % item
                                       for item in files('address').items()],
                             'sentinel resolve-hostnames yes', *lines, at='localhost',
                             replicas=1, tls=True)
    return sentinel, settings(sentinel, 'topology = sentinel sentinel_master = gatepost')


sentinel, by_sentinel = watch()
expect(sentinel.ask('SENTINEL', 'get-master-addr-by-name', 'gatepost').split(),
       [LOCAL, master.port], 'what the sentinel says')
refused(by_sentinel, 'the certificate of 127.0.0.1 is not good: ', 'who')
refused(by_sentinel + ' tls_name = localhost',
        'the certificate of localhost is not good: ', 'who')
sentinel.process.kill()
sentinel, by_sentinel = watch('sentinel announce-hostnames yes')
expect(sentinel.ask('SENTINEL', 'get-master-addr-by-name', 'gatepost').split(),
       ['localhost', master.port], 'what the sentinel says now')
well(by_sentinel, 'who')
show_certificate(master, 'address')
refused(by_sentinel, 'the certificate of localhost is not good: ', 'who')
show_certificate(master, 'name')
say('a certificate must hold what the sentinel says: an address, or a name')

site.use(by_sentinel + ' retry = 1s')
site.poll('alice')
site.send('bob', master)
sentinel.must('SENTINEL', 'FAILOVER', 'gatepost')
wait_until(lambda: master_of(sentinel) == replica.port and
           master.ask('ROLE').startswith('slave'), 30, 'the other master')
site.poll('alice')
site.send('carol', replica)
site.expect_no_outage()
say('with a sentinel: throttled and counted by TLS, before and after a failover')

# --- a cluster, which names its masters by address and by name

masters = make_cluster(2, *words('both'), '--tls-cluster', 'yes', tls=True)
one, other = masters
show_certificate(other, 'name')
in_cluster = settings(one, 'topology = cluster')
well(in_cluster, 'user', 'alice')
refused(in_cluster, 'the certificate of 127.0.0.1 is not good: ', 'user', 'bob')
well(in_cluster + ' tls_name = localhost', 'user', 'bob')
for master in masters:
    master.must('CONFIG', 'SET', 'cluster-announce-hostname', 'localhost',
                'cluster-preferred-endpoint-type', 'hostname')
# Its port for those without TLS is none.
wait_until(lambda: one.ask('EXISTS', key('bob')) ==
           'MOVED %s localhost:0' % slot(one, 'bob'), 20, 'names are known')
well(in_cluster, 'user', 'bob')
show_certificate(other, 'address')
refused(in_cluster, 'the certificate of localhost is not good: ', 'user', 'bob')
show_certificate(other, 'name')
say('a certificate must hold what the cluster says: an address, or a name')

site.use(in_cluster + ' retry = 1s')
site.poll('alice', 'erin')
site.send('bob', other)
site.send('carol', one)
begin_move('erin', other, one)
site.poll('erin')
end_move('erin', other, one)
site.poll('erin')
expect([len(who(user)) for user in ('alice', 'erin')], [1, 1], 'programs')
site.expect_no_outage()
say('in a cluster: throttled and counted by TLS, also while a slot moves')
PYTHON
[ $? = 0 ] || failures=1
check "TLS with sentinels and in a cluster" [ "$failures" = 0 ]
finish
