#!/usr/bin/env bats
# Sweeps: many cells from one file, the same bytes at any thread count and after a kill.

# shellcheck disable=SC2154  # status, output and stderr are set by run

load helpers

write_sweep() {
    cat >sweep.yaml <<'YAML'
name: s
seeds: 1..2
data: {set: synthetic-har, persons: 10, train: 500, test: 100}
fleet: {devices: 3, partition: iid}
stream: {buffer: 40, new: 10}
rounds: 5
sweep: {train.lr: [0.2, 0.5], train.batch: [10, 20]}
YAML
}

results() {
    (cd "$1/cells" && find . -name metrics.csv -o -name measures.csv -o \
        -name confusion.csv -o -name model.safetensors | sort | xargs -d '\n' sha256sum)
}

@test "a sweep runs every cell with every seed and prints a row for each" {
    write_sweep
    expect 0 run sweep.yaml --out out
    for cell in lr=0.2,batch=10 lr=0.2,batch=20 lr=0.5,batch=10 lr=0.5,batch=20; do
        says "$cell"
        [ -s "out/cells/$cell/summary.json" ]
        [ -s "out/cells/$cell/seed-2/metrics.csv" ]
    done
    complains '8 jobs'
    [ -s out/sweep.yaml ] && [ -s out/summary.json ]
    [ "$(wc -l <out/cells.csv)" -eq 5 ]
}

@test "the results as JSON name cells, settings and seeds" {
    write_sweep
    expect 0 run sweep.yaml --out out --json --quiet
    quiet
    json 'len(it["cells"]) == 4 and it["cells"][1]["settings"]["train.batch"] == "20"'
    json 'all([r["seed"] for r in c["runs"]] == [1, 2] for c in it["cells"])'
}

@test "one thread and two give the same bytes, and so does each cell alone" {
    write_sweep
    expect 0 run sweep.yaml --out one --threads 1
    expect 0 run sweep.yaml --out two --threads 2
    diff <(results one) <(results two)
    grep -v '^sweep' sweep.yaml >base.yaml
    expect 0 run base.yaml --set train.lr=0.5 --set train.batch=20 --out alone
    cmp alone/config.yaml 'one/cells/lr=0.5,batch=20/config.yaml'
    cmp alone/seed-2/model.safetensors 'one/cells/lr=0.5,batch=20/seed-2/model.safetensors'
}

# The long job is taken again from its checkpoint, with two threads, when the short one
# has left its core.
@test "a job that goes on with the cores of others gives the same bytes" {
    write_sweep
    settings=(--seed 1 --set 'sweep={rounds: [5, 700]}' --set train.epochs=3 --quiet)
    expect 0 run sweep.yaml --out one --threads 1 "${settings[@]}"
    expect 0 run sweep.yaml --out two --threads 2 "${settings[@]}"
    expect 0 run sweep.yaml --out five --threads 5 "${settings[@]}"
    diff <(results one) <(results two)
    diff <(results one) <(results five)
}

@test "killed and resumed, the result is the same bytes" {
    write_sweep
    settings=(--set rounds=40 --quiet)
    expect 0 run sweep.yaml --out whole "${settings[@]}"
    "$MMOFL" run sweep.yaml --out cut "${settings[@]}" >/dev/null &
    process=$!
    while [ -z "$(find cut -name 'checkpoint-*' 2>/dev/null)" ]; do kill -0 $process; done
    kill -KILL $process
    wait $process || true
    [ ! -e cut/summary.json ]
    expect 0 resume cut --quiet
    diff <(results whole) <(results cut)
    expect 0 resume cut --quiet # and once more, with nothing left to do
    diff <(results whole) <(results cut)
}

@test "interrupted by a signal it says how to go on, status 130" {
    write_sweep
    "$MMOFL" run sweep.yaml --out cut --set rounds=2000 >/dev/null 2>told &
    process=$!
    while [ -z "$(find cut -name 'checkpoint-*' 2>/dev/null)" ]; do kill -0 $process; done
    kill -TERM $process
    result=0
    wait $process || result=$?
    [ "$result" -eq 130 ]
    grep -q 'mmofl resume cut' told
}

@test "an invalid cell is named before anything runs" {
    write_sweep
    expect 1 run sweep.yaml --out out --set 'sweep.train.lr=[0.5]'
    complains "sweep"
    sed -i 's/0.5\]/none]/' sweep.yaml
    expect 1 run sweep.yaml --out out
    complains 'cell lr=none,batch=10: sweep.yaml:7:'
    silent
    [ ! -e out ]
    expect 1 config check sweep.yaml
    complains 'cell lr=none,batch=10'
}

@test "a cell that the data do not allow is named before anything runs" {
    write_sweep
    expect 1 run sweep.yaml --out out --set 'sweep={fleet.devices: [3, 5000]}'
    complains 'cell devices=5000'
    [ ! -e out ]
}

@test "equal cells run once" {
    write_sweep
    expect 0 run sweep.yaml --out out --set 'sweep={train.batch: [10, 20]}' \
        --set 'cells=[{name: a}, {name: b}, {name: c, set: {rounds: 3}}]'
    complains '2 equal to another'
    complains '8 jobs'
    [ "$(find out/cells -mindepth 1 -maxdepth 1 | wc -l)" -eq 4 ]
    grep -q '^"b,batch=20","cells/a,batch=20",b' out/cells.csv
}

@test "a cell that diverges does not stop the others" {
    write_sweep
    expect 1 run sweep.yaml --out out --set 'sweep={train.lr: [1000, 0.5]}' \
        --set train.clip_norm=0
    complains 'cell lr=1000, seed 1'
    says 'lr=0.5'
    [ -s out/cells/lr=0.5/summary.json ]
}

@test "a folder that is taken is refused, and a sweep has no trace" {
    write_sweep
    mkdir taken && touch taken/file
    expect 1 run sweep.yaml --out taken
    complains 'not empty'
    expect 0 run sweep.yaml --out out --quiet
    expect 1 run sweep.yaml --out out
    complains 'holds a sweep'
    expect 2 run sweep.yaml --trace device=1,round=1 trace.npz
    complains 'is a sweep of 4 cells'
}
