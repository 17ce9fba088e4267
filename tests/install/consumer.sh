#!/bin/bash
# Install into a folder of its own, then build and run a program against it the three ways
# people do: find_package (shared and static), pkg-config, and from another place after the
# whole installation was moved.  usage: consumer.sh BUILD_FOLDER SOURCE_FOLDER
set -euo pipefail
build=$1
source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

step() { echo "== $*"; }

# quietly COMMAND...: show what it says only if it fails.
quietly() {
    "$@" >"$work/log" 2>&1 || {
        cat "$work/log"
        exit 1
    }
}

step "install"
quietly cmake --install "$build" --prefix "$work/first"
stage=$work/moved
mv "$work/first" "$stage"
for wanted in bin/mmofl include/mmofl/status.h share/mmofl/examples share/doc/mmofl; do
    [ -e "$stage/$wanted" ] || {
        echo "not installed: $wanted"
        exit 1
    }
done
libraries=$(dirname "$(find "$stage" -name mmofl.pc)")
export PKG_CONFIG_PATH=$libraries

step "find_package"
consumer() {
    cmake -S "$source/tests/install/consumer" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$stage" \
        -DEMBED="$stage/share/mmofl/examples/embed.c"
    cmake --build "$work/cmake"
}
quietly consumer
"$work/cmake/consumer_mmofl"
"$work/cmake/consumer_static"

step "the example that embeds a fleet"
quietly env MMOFL_CACHE_DIR="$work/cache" "$work/cmake/embed"
grep '^round 20:' "$work/log"
grep '^without the gyroscope:' "$work/log"

step "pkg-config"
# The installation has moved, so the prefix in mmofl.pc is told anew.
flags=$(pkg-config --define-prefix --cflags --libs mmofl)
# shellcheck disable=SC2086  # flags are words
cc -std=c11 "$source/tests/install/consumer/consumer.c" -o "$work/consumer" $flags
LD_LIBRARY_PATH=$(dirname "$libraries") "$work/consumer"

step "each public header alone, and C++"
for header in "$stage"/include/mmofl/*.h; do
    for compile in "cc -std=c11 -x c" "g++ -std=c++17 -x c++"; do
        # shellcheck disable=SC2086  # words
        echo "#include <mmofl/$(basename "$header")>" |
            $compile -Wall -Wextra -Wpedantic -Werror -I"$stage/include" -fsyntax-only -
    done
done
# shellcheck disable=SC2086
g++ -std=c++17 -Wall -Wextra -Werror -x c++ "$source/tests/install/consumer/consumer.c" \
    -o "$work/consumer_cxx" $flags
LD_LIBRARY_PATH=$(dirname "$libraries") "$work/consumer_cxx"

step "the installed program"
"$stage/bin/mmofl" --version
