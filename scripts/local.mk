EXTRA_DIST += \
	scripts/check-docs \
	scripts/check-layers \
	scripts/debian13 \
	scripts/demo \
	scripts/lab \
	scripts/lab-dovecot-2.4.sh \
	scripts/lab-dovecot.sh \
	scripts/lab-postfix.sh \
	scripts/lab-process.sh \
	scripts/lab-redis.sh \
	scripts/lab-sendmail.sh \
	scripts/lib.sh \
	scripts/test
