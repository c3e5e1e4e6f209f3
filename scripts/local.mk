EXTRA_DIST += \
	scripts/check-docs \
	scripts/check-layers \
	scripts/demo \
	scripts/lab \
	scripts/lab-dovecot.sh \
	scripts/lab-postfix.sh \
	scripts/lab-process.sh \
	scripts/lib.sh \
	scripts/test
