#!/usr/bin/env bats
# Another machine gives the bytes of this one.  MMOFL is the program for this machine;
# MMOFL_THERE and MMOFL_DEVICE are the other one's, emulated.  `./dev cross` sets all three.

# shellcheck disable=SC2154  # status, output and stderr are set by run

load ../cli/helpers
load ../cli/deployed
load bits

# same_there CLASS EXPERIMENT...: on a set of that class on either machine.
same_there() {
    local class=$1 here there
    shift
    here=$(bits_sets "$class" "$MMOFL" | tail -1)
    there=$(bits_sets "$class" "$MMOFL_THERE" | tail -1)
    [ "$here" ] || skip "this machine has no $class set"
    [ "$there" ] || skip "the other machine has no $class set"
    for experiment; do
        MMOFL_ISA=$here bits_run "here-$experiment" "$MMOFL" "$experiment"
        MMOFL_ISA=$there bits_run "there-$experiment" "$MMOFL_THERE" "$experiment"
        bits_agree "here-$experiment" "there-$experiment"
    done
}

@test "a run of QQR with both imbalances, with fused multiply-add" {
    same_there fused qqr
}

@test "the same without it" {
    same_there plain qqr
}

@test "every layer" {
    same_there fused layers states stacked
}

@test "pictures, sounds, texts and tables" {
    same_there fused senses
    MMOFL_CACHE_DIR=$PWD/cache-here "$MMOFL" data import dir own/my-data
    MMOFL_CACHE_DIR=$PWD/cache-there "$MMOFL_THERE" data import dir own/my-data
    cmp cache-here/dir.mmofl-data cache-there/dir.mmofl-data
}

@test "every method and every rule of aggregation" {
    same_there fused methods rules
}

@test "every layer and every method without fused multiply-add" {
    [ "${MMOFL_BITS:-}" = all ] || skip "takes another minute: MMOFL_BITS=all"
    same_there plain layers states stacked senses methods rules
}

@test "a run begun here and ended there is that of one machine" {
    export MMOFL_ISA
    MMOFL_ISA=$(bits_sets plain "$MMOFL" | tail -1)
    [ "$MMOFL_ISA" = "$(bits_sets plain "$MMOFL_THERE" | tail -1)" ] || skip "they share no set"
    rounds=(--set rounds=30)
    bits_run whole "$MMOFL" small "${rounds[@]}"
    "$MMOFL" run "${bits_arguments[@]}" "${rounds[@]}" --quiet --out parts >/dev/null &
    process=$!
    until compgen -G 'parts/seed-1/checkpoint-*' >/dev/null; do
        kill -0 $process
    done
    kill -TERM $process
    wait $process || [ $? -eq 130 ]
    "$MMOFL_THERE" resume parts --quiet >/dev/null
    bits_agree whole parts
}

@test "real devices on another machine, and the bytes of the simulator" {
    needs_broker
    sed '/^name:/d' "$BATS_TEST_DIRNAME/methods.yaml" >small.yaml
    printf 'name: small\nmethod: qqr\n' >>small.yaml
    "$MMOFL" run small.yaml --quiet --out simulated >/dev/null
    start_broker
    "$MMOFL" serve small.yaml --federation small --broker "127.0.0.1:$port" --out deployed \
        --http none >/dev/null 2>serve.log &
    served=$!
    started+=("$served")
    for k in 0 1 2 3 4; do start_device small.yaml small $k device-$k; done
    wait "$served"
    cmp simulated/seed-1/model.safetensors deployed/seed-1/model.safetensors
    cmp simulated/seed-1/prototypes.npz deployed/seed-1/prototypes.npz
}
