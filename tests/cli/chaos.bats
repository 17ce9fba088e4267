#!/usr/bin/env bats
# The short form of tests/chaos/chaos.py; the long one, and soak.py, are run by hand
# (docs/deployment.md).

# shellcheck disable=SC2154  # status, output and stderr are set by run

load helpers
load deployed

@test "processes that are killed, stopped, cut off, filled up and lied to end with the simulator's bytes" {
    needs_broker
    run python3 "$BATS_TEST_DIRNAME/../chaos/chaos.py" --bin "$(dirname "$MMOFL")" --faults 8 --rounds 10 --pause 0.2 --seed 4 \
        --keep "$PWD/left"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"fedavg: the simulator's bytes"* ]]
}
