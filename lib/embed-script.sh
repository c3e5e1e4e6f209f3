#!/bin/sh
# embed-script.sh FILE NAME: prints a C header with the text of a file, such as a Redis
# script, and the SHA1 by which EVALSHA names that.
set -eu
file=$1 name=$2
sum=$(sha1sum "$file") || exit 1
echo "/* made from ${file##*/} */"
echo "#define $(echo "$name" | tr a-z A-Z)_SHA1 \"${sum%% *}\""
echo "static const char ${name}_script[] ="
sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$/\\n"/' "$file"
echo ';'
