#!/bin/bash
# Start mmofl, let it finish another round of the run in ./run, and kill it a random while
# later, perhaps in the middle of writing.  Exit 0 when it was killed, 1 when it ended by
# itself before.  usage: killed.sh SEED ARGUMENT...
#
# A script of its own, because bats traces every command of its tests: too slow for this.
set -u
RANDOM=$1
shift

newest() { echo run/seed-1/checkpoint-*.safetensors; }

before=$(newest)
"$MMOFL" "$@" >/dev/null &
process=$!
while [ "$(newest)" = "$before" ] && kill -0 $process 2>/dev/null; do :; done
for ((spin = RANDOM / 8; spin > 0; spin--)); do :; done
kill -KILL $process 2>/dev/null
wait $process 2>/dev/null
result=$?
[ $result -eq 137 ] || {
    echo "mmofl $*: ended with status $result before it was killed"
    exit 1
}
