#!/usr/bin/env bats
# Whole runs give the same bytes at any number of threads and on any instruction set of one
# class (docs/determinism.md).

# shellcheck disable=SC2154  # status, output and stderr are set by run

load ../cli/helpers
load bits

@test "one, two and four threads give the same bytes" {
    for experiment in qqr states senses; do
        for threads in 1 2 4; do
            bits_run "$experiment-$threads" "$MMOFL" $experiment --threads $threads
        done
        bits_agree $experiment-1 $experiment-2
        bits_agree $experiment-1 $experiment-4
    done
}

# same_for_each_set FIRST [SET...]: all experiments, on each of these instruction sets.
same_for_each_set() {
    local set
    for experiment in $bits_experiments; do
        for set in "$@"; do
            MMOFL_ISA=$set bits_run "$experiment-$set" "$MMOFL" "$experiment"
            bits_agree "$experiment-$1" "$experiment-$set"
        done
    done
}

@test "instruction sets with fused multiply-add give the same bytes" {
    mapfile -t sets < <(bits_sets fused "$MMOFL")
    [ ${#sets[@]} -ge 2 ] || skip "this machine has fewer than two such sets: ${sets[*]}"
    same_for_each_set "${sets[@]}"
}

@test "instruction sets without it give the same bytes" {
    mapfile -t sets < <(bits_sets plain "$MMOFL")
    [ ${#sets[@]} -ge 2 ] || skip "this machine has fewer than two such sets: ${sets[*]}"
    same_for_each_set "${sets[@]}"
}

@test "the two classes differ, and the comparison sees it" {
    fused=$(bits_sets fused "$MMOFL" | head -1)
    plain=$(bits_sets plain "$MMOFL" | head -1)
    [ "$fused" ] && [ "$plain" ] || skip "this machine has one class only"
    MMOFL_ISA=$fused bits_run fused "$MMOFL" qqr
    MMOFL_ISA=$plain bits_run plain "$MMOFL" qqr
    run bits_agree fused plain
    [ "$status" -eq 1 ]
    [[ $output == *model.safetensors* ]]
    cmp fused/config.yaml plain/config.yaml
    cmp fused/seed-3/injected.csv plain/seed-3/injected.csv
}
