#!/usr/bin/env bats
# mmofl run, eval, model: the main job on the generated data set, made small.

# shellcheck disable=SC2154  # status, output and stderr are set by run

load helpers

small=(--set fleet.devices=4 --set rounds=3 --set evaluate.every=1)

@test "a run prints a summary and leaves config, metrics, store and model" {
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" "${small[@]}" --out here
    says 'test acc'
    complains 'here'
    for file in config.yaml run.sqlite summary.json seed-1/metrics.csv \
        seed-1/metrics.jsonl seed-1/model.safetensors; do
        [ -s "here/$file" ]
    done
    [ "$(wc -l <here/seed-1/metrics.csv)" -eq 4 ]
    [ "$(sqlite3 here/run.sqlite 'pragma integrity_check')" = ok ]
}

@test "the summary as JSON has what scripts need, and nothing else is on stdout" {
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" "${small[@]}" --out here --json --seeds 1..2
    json '[r["seed"] for r in it["runs"]] == [1, 2]'
    json 'all(key in r for r in it["runs"] for key in ("test_accuracy test_macro_f1 "
        "prequential_accuracy cumulative_loss rounds seconds steps_per_s bytes_up "
        "bytes_down peak_rss_bytes").split())'
    json 'all(0 < r["test_accuracy"] <= 1 and r["rounds"] == 3 for r in it["runs"])'
}

@test "quiet leaves standard error empty" {
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" "${small[@]}" --out here --quiet
    quiet
}

@test "one thread and two give the same bytes" {
    for threads in 1 2; do
        expect 0 run "$MMOFL_EXAMPLES/demo.yaml" "${small[@]}" --out "t$threads" --threads $threads
    done
    for file in metrics.csv metrics.jsonl model.safetensors confusion.csv; do
        cmp "t1/seed-1/$file" "t2/seed-1/$file"
    done
}

@test "another seed gives another model" {
    for seed in 1 2; do
        expect 0 run "$MMOFL_EXAMPLES/demo.yaml" "${small[@]}" --out "s$seed" --seed $seed
    done
    run cmp s1/seed-1/model.safetensors s2/seed-2/model.safetensors
    [ "$status" -eq 1 ]
}

@test "the resolved configuration of a run gives the same run" {
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" "${small[@]}" --out first
    expect 0 run first/config.yaml --out second
    cmp first/seed-1/model.safetensors second/seed-1/model.safetensors
    cmp first/config.yaml second/config.yaml
}

@test "a finished run is not written over" {
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" "${small[@]}" --out here
    before=$(find here -type f -exec sha256sum {} + | sort)
    expect 1 run "$MMOFL_EXAMPLES/demo.yaml" "${small[@]}" --out here
    silent
    complains here
    [ "$(find here -type f -exec sha256sum {} + | sort)" = "$before" ]
}

@test "eval of the last model gives the accuracy that the run reported" {
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" "${small[@]}" --out here --json
    accuracy=$(python3 -c 'import json, sys
print(json.loads(sys.argv[1])["runs"][0]["test_accuracy"])' "$output")
    expect 0 eval --model here/seed-1/model.safetensors --json
    says "${accuracy:0:12}"
}

@test "eval refuses what is no model" {
    echo "no model" >text.safetensors
    expect 1 eval --model text.safetensors
    silent
    complains text.safetensors
}

@test "model summary counts the parameters by hand" {
    # (3*8+1)*16 + (16*4+1)*32 + 33*32 for each of two encoders, 65*64 + 65*6 for the head
    expect 0 model summary "$MMOFL_EXAMPLES/demo.yaml"
    says 11622
}

@test "model profile times every layer and what is beside them" {
    expect 0 model profile "$MMOFL_EXAMPLES/demo.yaml" --seconds 0.05 --set train.batch=7
    [ "$(grep -c ' conv1d ' <<<"$output")" = 4 ]
    [ "$(grep -c ' linear ' <<<"$output")" = 4 ]
    says 'gyroscope, 7 samples'
    says 'samples, loss'
    says optimiser
    says 'a step of 7 samples:'
}

@test "model wants a verb it knows, and seconds where they count" {
    expect 2 model
    expect 2 model time "$MMOFL_EXAMPLES/demo.yaml"
    complains 'summary or profile is wanted'
    expect 2 model profile
    expect 2 model profile "$MMOFL_EXAMPLES/demo.yaml" --seconds 0
    complains "--seconds: '0'"
    expect 2 model summary "$MMOFL_EXAMPLES/demo.yaml" --seconds 1
    complains '--seconds is for profile'
}

@test "FedMultimodal's model for UCI-HAR has the parameters that it publishes" {
    expect 0 model summary "$BATS_TEST_DIRNAME/../../experiments/fedmultimodal-uci-har.yaml" \
        --set 'data={set: synthetic-har, standardize: window}'
    says '420684 parameters'
}

@test "wrong usage is told from failure" {
    expect 2 run
    expect 2 run "$MMOFL_EXAMPLES/demo.yaml" --threads abc
    expect 2 run "$MMOFL_EXAMPLES/demo.yaml" --seed -1
    expect 2 run "$MMOFL_EXAMPLES/demo.yaml" --seed 1..3
    expect 2 run "$MMOFL_EXAMPLES/demo.yaml" --no-such-option
    expect 2 resume
    expect 2 eval
    [ -z "$(ls)" ]
}

@test "a setting that is refused leaves no folder" {
    for setting in rounds=0 rouns=3 seeds=-1 fleet.partition.alpha=0; do
        expect 1 run "$MMOFL_EXAMPLES/demo.yaml" --set "$setting" --out here
        silent
        complains mmofl:
    done
    [ ! -e here ]
}

@test "more devices than samples is refused with both numbers" {
    expect 1 run "$MMOFL_EXAMPLES/demo.yaml" --set fleet.devices=10000 \
        --set fleet.partition=iid --out here
    complains 10000
    complains 7352
    [ ! -e here ]
}

@test "a model that does not fit the data leaves no folder" {
    sed 's/linear: {out: 6}/linear: {out: 7}/' "$MMOFL_EXAMPLES/demo.yaml" >seven.yaml
    expect 1 run seven.yaml --out here
    complains model.head
    [ ! -e here ]
}

@test "an output that cannot be written is refused before anything is trained" {
    : >file
    expect 1 run "$MMOFL_EXAMPLES/demo.yaml" --out file/below
    complains file/below
}

@test "a full disk ends the run with its name, status 1" {
    [ "$(id -u)" = 0 ] && mkdir disk && mount -t tmpfs -o size=100k none disk 2>/dev/null ||
        skip "no right to mount a small disk"
    run --separate-stderr "$MMOFL" run "$MMOFL_EXAMPLES/demo.yaml" "${small[@]}" --out disk/run
    umount disk
    [ "$status" -eq 1 ]
    complains 'No space left'
}
