#!/bin/bash
# What a round costs on 1, 2 and 4 ranks of one thread, beside a process alone: how much
# longer it takes than the same work divided among the cores.  Devices take one step in a
# round, so that it shows.  The table of docs/cluster.md.  usage: ranks.sh [MMOFL [ROUNDS]]
#
# Rounds are timed by the run itself.  The tenth part of them that is fastest counts, by
# its slowest round: on a machine with other work, medians tell about that work.
set -euo pipefail
mmofl=$(realpath "${1:-build/release/mmofl}")
rounds=${2:-1000}
examples=$(realpath "$(dirname "$0")/../examples")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# One machine, perhaps as root, perhaps with more ranks than cores.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
export OMPI_MCA_btl=self,vader OMPI_MCA_pml=ob1 MMOFL_CACHE_DIR=$work/cache

# time_rounds COMMAND...: milliseconds of a round of the run that is in ./run after it.
time_rounds() {
    rm -rf run
    "$@" >log 2>&1 || {
        cat log >&2
        return 1
    }
    sqlite3 run/run.sqlite 'select seconds from timing order by seconds' |
        awk -v n="$rounds" 'NR == int(n / 10) + 1 {print 1000 * $1}'
}

cores=$(nproc)
printf '%-28s %10s %7s %10s %10s %10s\n' fleet parameters ranks 'ms a round' 'its share' more
# row NAME PARAMETERS SETTING...
row() {
    local name=$1 parameters=$2 alone ranks ms
    shift 2
    local arguments=(run "$examples/demo.yaml" --out run --quiet --threads 1
        --set rounds="$rounds" --set evaluate.every=0 --set data.train=800 --set data.test=60
        --set fleet.devices=8 --set fleet.partition=iid --set stream.buffer=20 "$@")
    alone=$(time_rounds "$mmofl" "${arguments[@]}")
    printf '%-28s %10s %7s %10.2f\n' "$name" "$parameters" alone "$alone"
    for ranks in 1 2 4; do
        ms=$(time_rounds mpirun --bind-to none -n $ranks "$mmofl" "${arguments[@]}")
        awk -v a="$alone" -v r=$ranks -v c="$cores" -v ms="$ms" 'BEGIN {
            share = a / (r < c ? r : c)
            printf "%-28s %10s %7d %10.2f %10.2f %10.2f\n", "", "", r, ms, share, ms - share}'
    done
}

row '8 devices' 11622
row '8 devices, QQR' 11622 --set method=qqr \
    --set 'imbalance.modalities={accelerometer: {missing: 0.5}}'
row '8 devices, median' 11622 --set aggregation=median
row '8 devices, a wide head' 297894 \
    --set 'model.head=[{linear: {out: 4096}}, relu, {linear: {out: 6}}]'
