#!/bin/sh
# SPDX-License-Identifier: MIT
# The same with Sendmail (F=T).
GATEPOST_MTA=sendmail exec "$(dirname "$0")/12-milter-death.sh"
