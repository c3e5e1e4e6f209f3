EXTRA_DIST += \
	scripts/check-docs \
	scripts/check-layers \
	scripts/demo \
	scripts/lab \
	scripts/lib.sh \
	scripts/test
