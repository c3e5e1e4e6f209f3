# SPDX-License-Identifier: MIT
# The settings of the lab's Dovecot in the words of 2.4; those for 2.3 are in
# lab-dovecot.sh.  Sourced by scripts/lab.

dovecot_settings_2_4() {
	cat <<X
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
base_dir = $RUN/dovecot
state_dir = $RUN/dovecot/state
instance_name = gatepost-lab
protocols = imap pop3 lmtp
listen = $(listen_addresses ', ')
log_path = $DIR/log/dovecot.log
log_timestamp = "%Y-%m-%d %H:%M:%S "
auth_verbose = yes
ssl = required
ssl_server_cert_file = $DIR/tls/server.pem
ssl_server_key_file = $DIR/tls/server.key
ssl_min_protocol = TLSv1.2
auth_mechanisms = plain login
mail_driver = maildir
mail_path = ~
mail_privileged_group =
first_valid_uid = 100
first_valid_gid = 100
mail_max_userip_connections = 1000
default_client_limit = 2000
default_process_limit = 600
mail_plugin_dir = $DIR/modules
postmaster_address = postmaster@$DOMAIN
auth_username_format = %{user | lower}
passdb passwd-file {
  passwd_file_path = $DIR/etc/users
}
userdb passwd-file {
  passwd_file_path = $DIR/etc/users
  fields {
    gatepost_client_id = %{client_id}
  }
}
namespace inbox {
  inbox = yes
}
service imap-login {
  service_restart_request_count = unlimited
  inet_listener imap {
    port = $IMAP
  }
  inet_listener imaps {
    port = $IMAPS
  }
}
service pop3-login {
  service_restart_request_count = unlimited
  inet_listener pop3 {
    port = $POP3
  }
  inet_listener pop3s {
    port = $POP3S
  }
}
service lmtp {
  inet_listener lmtp {
    listen = 127.0.0.1
    port = $LMTP
  }
}
# Old programs without TLS may be tried, from this machine alone.
remote 127.0.0.0/8 {
  ssl = yes
  auth_allow_cleartext = yes
}
# wrong passwords are tried on purpose here, all from one machine
auth_failure_delay = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service auth {
  client_limit = 4000
  unix_listener postfix-auth {
    mode = 0660
    user = postfix
    group = postfix
  }
}
X
}
