#!/usr/bin/env bats
# A validation part: nobody trains on it, and it may choose the round that is reported.

# shellcheck disable=SC2154  # status, output and stderr are set by run

load helpers

small=(--set fleet.devices=4 --set rounds=12 --set evaluate.every=1 --set evaluate.validation=0.2)
best=("${small[@]}" --set evaluate.select=best_validation)

# rows COLUMN...: the columns of metrics.csv by name, without the heading.
rows() {
    python3 - "$@" <<'END'
import csv, sys
for row in csv.DictReader(open(sys.argv[1])):
    print(*(row[name] or "-" for name in sys.argv[2:]))
END
}

@test "the best validation chooses the round, and the test part is tested only there" {
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" "${best[@]}" --out here --json
    rows here/seed-1/metrics.csv round validation_macro_f1 test_macro_f1 >table
    python3 - "$output" <<'END'
import json, sys
run = json.loads(sys.argv[1])["runs"][0]
best, chosen = -1.0, None
for line in open("table"):
    number, validation, test = line.split()
    is_best = float(validation) > best
    assert is_best == (test != "-"), line
    if is_best:
        best, chosen = float(validation), (int(number), float(test))
assert run["best_round"] == chosen[0], run
assert abs(run["validation_macro_f1"] - best) < 1e-12, run
assert abs(run["test_macro_f1"] - chosen[1]) < 1e-12, run
END
}

@test "without the choice both parts are tested, and the last round is the result" {
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" "${small[@]}" --out here --json
    json '"best_round" not in it["runs"][0]'
    rows here/seed-1/metrics.csv validation_macro_f1 test_macro_f1 >table
    [ "$(grep -c -- - table)" = 0 ]
    last=$(tail -n 1 table | cut -d ' ' -f 2)
    json "abs(it['runs'][0]['test_macro_f1'] - $last) < 1e-12"
}

@test "the summary shows validation beside the test" {
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" "${best[@]}" --out here
    complains 'the result is the test after the best round'
    says 'valid. F1'
}

@test "devices share out what is not held out, so validation changes the run" {
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" "${small[@]}" --out with
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" "${small[@]}" --set evaluate.validation=0 --out without
    run cmp with/seed-1/model.safetensors without/seed-1/model.safetensors
    [ "$status" -eq 1 ]
}

@test "a run that was interrupted remembers how good validation has been" {
    long=("${best[@]}" --set rounds=100 --quiet)
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" "${long[@]}" --out whole
    export MMOFL
    "$BATS_TEST_DIRNAME/killed.sh" 0 run "$MMOFL_EXAMPLES/demo.yaml" "${long[@]}" --out run
    "$BATS_TEST_DIRNAME/killed.sh" 1 resume run --quiet
    expect 0 resume run --quiet
    cmp whole/seed-1/metrics.csv run/seed-1/metrics.csv
}

@test "a fleet of several devices for each person" {
    settings=(--set data.persons=5 --set fleet.partition=owner_dirichlet)
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" "${small[@]}" "${settings[@]}" --set fleet.devices=9 \
        --out here
    expect 1 run "$MMOFL_EXAMPLES/demo.yaml" "${small[@]}" "${settings[@]}" --set fleet.devices=8 \
        --out there
    complains '3 owners'
}
