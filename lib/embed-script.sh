#!/bin/sh
# embed-script.sh NAME FILE...: prints a C header with the text of a Redis script, the
# files one after another, and the SHA1 by which EVALSHA names that.
set -eu
name=$1
shift
sum=$(cat "$@" | sha1sum) || exit 1
echo "/* made from ${*##*/} */"
echo "#define $(echo "$name" | tr a-z A-Z)_SHA1 \"${sum%% *}\""
echo "static const char ${name}_script[] ="
sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$/\\n"/' "$@"
echo ';'
