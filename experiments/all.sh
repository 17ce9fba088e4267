#!/bin/bash
# Every experiment of this folder, one after the other, into runs/: what is finished is left
# alone, what was interrupted goes on.  usage: experiments/all.sh [MMOFL]
set -euo pipefail
cd "$(dirname "$0")/.."
mmofl=${1:-build/release/mmofl}

for file in experiments/*.yaml; do
    name=$(basename "$file" .yaml)
    if [ -d "runs/$name" ]; then
        "$mmofl" resume "runs/$name"
    else
        "$mmofl" run "$file" --out "runs/$name"
    fi
    "$mmofl" report "runs/$name"
done
