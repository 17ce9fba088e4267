#!/usr/bin/env bats
# mmofl bench: what it measures, and what it refuses.  No test looks at a speed.

# shellcheck disable=SC2154  # status, output and stderr are set by run

load helpers

@test "every shape is trained and tested, and has the parameters of its peers" {
    for shape in har har-flatten convgru mlp lenet lr; do
        expect 0 bench --shape $shape --batch 2 --devices 2 --steps 1 --seconds 0.01 --json
        quiet
        json "it['shape'] == '$shape' and it['steps_per_s'] > 0 and it['gflops'] > 0"
        json "0 < it['share_of_peak'] and it['peak_rss_bytes'] > 1e6"
        expect 0 bench --shape $shape --forward --batch 2 --devices 2 --seconds 0.01 --json
        json "it['samples_per_s'] > 0 and it['peak_gflops'] > it['gflops'] > 0"
    done
}

@test "without --json a person can read it" {
    expect 0 bench --batch 2 --devices 2 --seconds 0.01 --threads 1
    quiet
    says "har, method pm, batch 2, 2 devices, 5 steps each, 1 thread"
    says "local step"
    expect 0 bench --forward --batch 2 --devices 2 --seconds 0.01
    says "har, evaluation"
}

@test "a method with prototypes sends more than one without" {
    expect 0 bench --batch 2 --devices 2 --new 2 --seconds 0.01 --json
    without=$output
    expect 0 bench --batch 2 --devices 2 --new 2 --seconds 0.01 --json --method qqr
    json "it['method'] == 'qqr' and it['local_steps_per_s'] > 0"
    json "it['bytes_up_per_round'] > $(grep -o '"bytes_up_per_round": [0-9.]*' <<<"$without" |
        cut -d' ' -f2)"
}

@test "the trace holds the first device's round" {
    expect 0 bench --shape lr --batch 2 --devices 2 --steps 3 --trace trace.npz
    quiet
    python3 -c '
import zipfile
names = zipfile.ZipFile("trace.npz").namelist()
assert "step2/loss.npy" in names and "step3/loss.npy" not in names, names'
}

@test "the machine itself is measured on one thread and on all" {
    expect 0 bench --machine --json --threads 2
    json "it['threads'] == 2 and all(len(it[k]) == 2 and min(it[k]) > 0
        for k in ('fma_gflops', 'copy_gb_per_s', 'triad_gb_per_s'))"
}

@test "what makes no sense is refused, status 2" {
    for arguments in "--shape cube" "--batch 0" "--threads x" "--seconds 0" "--seconds 1s" \
        "--seconds -1" "--seconds nan" har; do
        # shellcheck disable=SC2086  # two words
        expect 2 bench $arguments
        silent
    done
    expect 2 bench --shape cube
    complains "har, har-flatten, convgru, mlp, lenet, lr"
}

@test "a method that is none is refused with the ones that are" {
    expect 1 bench --method qqrr
    silent
    complains "qqrr"
}

@test "more new samples than a device holds are refused" {
    expect 1 bench --batch 2 --steps 1 --new 3
    complains "new"
}
