#!/usr/bin/env bats
# Missing and disturbed modalities: what an experiment asks for is what a run injects.

# shellcheck disable=SC2154  # status, output and stderr are set by run

load helpers

small=(--set fleet.devices=4 --set rounds=6 --set evaluate.every=2)
uneven=(--set 'imbalance.modalities={accelerometer: {missing: 0.6, noise: {kind: gauss, share: 0.5, sigma: 2}}}'
    --set 'imbalance.groups=[{devices: [3], modalities: {gyroscope: {missing: 1}}}]')

@test "a run tells what was injected and how the model does on disturbed data" {
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" "${small[@]}" "${uneven[@]}" --out here
    says 'disturbed'
    [ "$(head -1 here/seed-1/injected.csv)" = round,device,modality,samples,missing,disturbed ]
    [ "$(wc -l <here/seed-1/injected.csv)" -eq $((1 + 6 * 4 * 2)) ]
    grep -q ',disturbed_accuracy,' here/seed-1/metrics.csv
    grep -q '^3,quantity_index,,,0\.' here/seed-1/measures.csv
    # Device 3 keeps its gyroscope only where it lost the accelerometer, too.
    [ "$(sqlite3 here/run.sqlite "select count(*) from injected where device < 3
        and modality = 'gyroscope' and missing + disturbed > 0")" -eq 0 ]
    [ "$(sqlite3 here/run.sqlite "select sum(missing) > 0 from injected where device = 3
        and modality = 'gyroscope'")" -eq 1 ]
}

@test "without an imbalance there is no disturbed test" {
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" "${small[@]}" --out here --json
    json 'all(r["disturbed_accuracy"] is None for r in it["runs"])'
    run grep disturbed here/seed-1/metrics.csv
    [ "$status" -eq 1 ]
    [ "$(wc -l <here/seed-1/injected.csv)" -eq 1 ]
}

@test "one thread and two inject the same" {
    for threads in 1 2; do
        expect 0 run "$MMOFL_EXAMPLES/demo.yaml" "${small[@]}" "${uneven[@]}" --out "t$threads" --threads $threads
    done
    for file in metrics.csv measures.csv injected.csv confusion.csv model.safetensors; do
        cmp "t1/seed-1/$file" "t2/seed-1/$file"
    done
}

@test "what is injected need not be recorded" {
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" "${small[@]}" "${uneven[@]}" --set record.injected=false --out here
    [ "$(wc -l <here/seed-1/injected.csv)" -eq 1 ]
    grep -q '^3,quantity_index,,,0\.' here/seed-1/measures.csv
}

@test "a modality that the data set lacks is refused with those that it has" {
    expect 1 run "$MMOFL_EXAMPLES/demo.yaml" "${small[@]}" --set 'imbalance.modalities={gyro: {missing: 0.5}}' --out here
    complains "no modality 'gyro'; it has accelerometer, gyroscope"
}
