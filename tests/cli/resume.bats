#!/usr/bin/env bats
# Stopping and going on: a run that was killed ends with the bytes of one that was not.

# shellcheck disable=SC2154  # status, output and stderr are set by run

load helpers

kills=20
settings=(--quiet --set fleet.devices=4 --set rounds=80)

results() {
    (cd "$1/seed-1" && sha256sum metrics.csv metrics.jsonl confusion.csv model.safetensors)
}

checkpoints() {
    echo run/seed-1/checkpoint-*.safetensors
}

@test "killed twenty times at random moments, the result is the same bytes" {
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" "${settings[@]}" --out whole
    export MMOFL
    "$BATS_TEST_DIRNAME/killed.sh" 0 run "$MMOFL_EXAMPLES/demo.yaml" "${settings[@]}" --out run
    for ((i = 1; i < kills; i++)); do
        "$BATS_TEST_DIRNAME/killed.sh" $i resume run --quiet
    done
    expect 0 resume run --quiet
    diff <(results whole) <(results run)
}

@test "interrupted by a signal it stops after the round with status 130, then goes on" {
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" "${settings[@]}" --out whole
    "$MMOFL" run "$MMOFL_EXAMPLES/demo.yaml" "${settings[@]}" --out run 2>told >/dev/null &
    process=$!
    while [ ! -e run/seed-1 ] || [ "$(checkpoints)" = 'run/seed-1/checkpoint-*.safetensors' ]; do
        kill -0 $process
    done
    kill -TERM $process
    result=0
    wait $process || result=$?
    [ "$result" -eq 130 ]
    expect 0 resume run --quiet
    diff <(results whole) <(results run)
}

@test "resuming a finished run changes nothing" {
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" "${settings[@]}" --set rounds=2 --out run
    before=$(results run)
    expect 0 resume run --quiet
    [ "$(results run)" = "$before" ]
}

@test "a folder without a run is refused" {
    mkdir empty
    expect 1 resume empty
    complains empty
    expect 1 resume missing
    complains missing
}

@test "a damaged checkpoint is noticed: the result is that of a whole run" {
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" "${settings[@]}" --out whole
    export MMOFL
    "$BATS_TEST_DIRNAME/killed.sh" 7 run "$MMOFL_EXAMPLES/demo.yaml" "${settings[@]}" --out run
    truncate --size=100 run/seed-1/checkpoint-*.safetensors
    expect 0 resume run --quiet
    diff <(results whole) <(results run)
}

@test "two programs do not write to one run" {
    "$MMOFL" run "$MMOFL_EXAMPLES/demo.yaml" "${settings[@]}" --set rounds=100000 --out run >/dev/null &
    process=$!
    while [ "$(checkpoints)" = 'run/seed-1/checkpoint-*.safetensors' ]; do
        kill -0 $process
    done
    run --separate-stderr "$MMOFL" resume run
    kill -KILL $process
    wait $process || true
    [ "$status" -eq 1 ]
    complains run
}
