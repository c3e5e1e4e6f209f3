dist_man_MANS += \
	docs/gatepost-authpolicy.8 \
	docs/gatepost-journal.5 \
	docs/gatepost-milter.8 \
	docs/gatepost-postlogin.8 \
	docs/gatepost.7 \
	docs/gatepost.conf.5 \
	docs/gatepostctl.8
EXTRA_DIST += docs/architecture.md docs/scaling.md
