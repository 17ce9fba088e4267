#!/usr/bin/env bats
# The short form of tests/chaos/chaos.py; the long one is run by hand (--faults 200).

# shellcheck disable=SC2154  # status, output and stderr are set by run

load helpers
load deployed

@test "processes that are killed, stopped, cut off and lied to end with the simulator's bytes" {
    needs_broker
    run python3 "$BATS_TEST_DIRNAME/../chaos/chaos.py" --bin "$(dirname "$MMOFL")" --faults 8 --pause 0.3 --seed 3 \
        --keep "$PWD/left"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"fedavg: the simulator's bytes"* ]]
}
