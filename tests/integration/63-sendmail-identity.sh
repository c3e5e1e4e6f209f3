#!/bin/sh
# SPDX-License-Identifier: MIT
# The same through Sendmail.
GATEPOST_MTA=sendmail exec "$(dirname "$0")/50-identity.sh"
