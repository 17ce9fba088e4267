#!/bin/bash
# The shared library shows exactly what the public headers declare with MMOFL_API: a name
# more would become an interface by accident, a name less does not link.
# usage: exports.sh LIBMMOFL.SO HEADER_FOLDER
set -euo pipefail
library=$1
headers=$2

shown=$(nm -D --defined-only "$library" | awk '{ print $3 }' | sort)

# The function name of a declaration is the word before the first "(" after MMOFL_API.
declared=$(cat "$headers"/*.h | grep -v '^[[:space:]]*#' | tr '\n' ' ' |
    grep -oE 'MMOFL_API[^;({]*\(' | grep -oE '[A-Za-z0-9_]+ *\($' | tr -d '( ' | sort)

if difference=$(diff <(echo "$declared") <(echo "$shown")); then
    echo "$(echo "$shown" | wc -l) functions, each declared and shown"
else
    echo "public headers (<) and the library's symbols (>) differ:"
    grep '^[<>]' <<<"$difference"
    exit 1
fi
