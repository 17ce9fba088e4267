#!/usr/bin/env bats
# mpirun -n R mmofl run: the bytes of one process on any number of ranks, and an end for
# all of them when one cannot go on.

# shellcheck disable=SC2154  # status, output and stderr are set by run

load helpers

# As root, with more ranks than cores, on one machine (docs/cluster.md).
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
export OMPI_MCA_btl=self,vader OMPI_MCA_pml=ob1

eval "$(declare -f setup | sed '1s/setup/common_setup/')"
setup() {
    common_setup
    command -v mpirun >/dev/null || skip "no mpirun on this machine"
    [ -e "$(dirname "$MMOFL")/mmofl-mpi.so" ] || skip "built without MPI"
    cat >fleet.yaml <<'END'
# Everything that ranks share out: imperfect modalities, some of the devices, prototypes,
# a validation part, error terms.
name: ranks
data: {set: synthetic-har, persons: 6, train: 400, test: 120}
fleet: {devices: 9, partition: iid}
participation: 6
stream: {buffer: 20, new: 8}
rounds: 4
imbalance:
  modalities:
    accelerometer: {missing: 0.5, pattern: {kind: burst, length: 3}, noise: {kind: gauss, share: 0.5, sigma: 2}}
    gyroscope: {missing: 0.2}
model:
  modalities:
    accelerometer: &imu [{conv1d: {out: 6, kernel: 8, stride: 8}}, relu, global_avg_pool, {linear: {out: 8}}]
    gyroscope: *imu
  head: [{linear: {out: 6}}]
train: {batch: 5, lr: 0.1, momentum: 0.5}
method: qqr
evaluate: {every: 2, validation: 0.2, select: best_validation}
analysis: {errors: true, every: 3}
END
}

# on RANKS STATUS ARGUMENT...: mmofl on so many ranks; what mpirun says beside is for
# people.
on() {
    local ranks=$1 wanted=$2
    shift 2
    run --separate-stderr timeout 60 mpirun -n "$ranks" "$MMOFL" "$@"
    [ "$status" -eq "$wanted" ] || {
        echo "$ranks ranks, mmofl $*: status $status, wanted $wanted"
        echo "stderr: $stderr"
        return 1
    }
}

# All that a run leaves but its times: files, and the tables of its store.
leavings() {
    (cd "$1" && sha256sum config.yaml seed-1/*)
    for table in round evaluation confusion measure injected prototype checkpoint; do
        echo "$table"
        sqlite3 "$1/run.sqlite" "select * from $table" | sha256sum
    done
}

same_as() {
    diff <(leavings "$1") <(leavings "$2")
}

@test "one rank, two and four leave the same bytes as a process alone" {
    for rule in fedavg scaffold 'trimmed_mean, trim: 0.2'; do
        settings=(--set "aggregation={kind: $rule}" --quiet)
        rm -rf alone r1 r2 r4
        expect 0 run fleet.yaml "${settings[@]}" --out alone
        for ranks in 2 4; do
            on $ranks 0 run fleet.yaml "${settings[@]}" --out r$ranks --threads 2
            same_as alone r$ranks
        done
    done
    on 1 0 run fleet.yaml "${settings[@]}" --out r1
    same_as alone r1
}

@test "a run goes on with another number of ranks to the same bytes" {
    settings=(--set aggregation=scaffold --set rounds=300 --set evaluate.every=100 --quiet)
    expect 0 run fleet.yaml "${settings[@]}" --out alone
    on 2 0 run fleet.yaml "${settings[@]}" --set rounds=2 --out short
    mpirun -n 3 "$MMOFL" run fleet.yaml "${settings[@]}" --out run >told 2>&1 &
    job=$!
    until compgen -G 'run/seed-1/checkpoint-*' >/dev/null; do
        kill -0 $job
    done
    kill -TERM "$(pgrep -P $job | tail -1)" # one is enough
    wait $job || true
    grep -q 'mmofl resume run' told
    [ "$(grep -c 'interrupted after round' told)" -eq 1 ]
    on 2 0 resume run --quiet
    same_as alone run
}

@test "the first rank alone talks" {
    on 3 0 run fleet.yaml --out here
    [ "$(grep -c 'test acc' <<<"$output")" -eq 1 ]
    [ "$(grep -c '3 ranks of' <<<"$stderr")" -eq 1 ]
    [ "$(grep -c 'Results are in here' <<<"$stderr")" -eq 1 ]
    on 2 0 run fleet.yaml --quiet --json --out there
    json 'it["runs"][0]["rounds"] == 4'
}

@test "what one rank cannot do ends all of them with one message" {
    on 2 1 run nowhere.yaml --out here
    [ "$(grep -c 'mmofl: nowhere.yaml' <<<"$stderr")" -eq 1 ]
    mkdir taken && : >taken/file
    on 2 1 run fleet.yaml --out taken
    [ "$(grep -c 'mmofl: taken: not empty' <<<"$stderr")" -eq 1 ]
    on 3 1 run "$MMOFL_EXAMPLES/demo.yaml" --set train.lr.start=100 --set train.clip_norm=0 \
        --quiet --out diverged
    [ "$(grep -c 'mmofl: training diverged: round' <<<"$stderr")" -eq 1 ]
    [ "$(sqlite3 diverged/run.sqlite 'select status from run')" = failed ]
}

@test "a disk that fills up ends all ranks, and what is finished is kept" {
    [ "$(id -u)" = 0 ] && mkdir disk && mount -t tmpfs -o size=160k none disk 2>/dev/null ||
        skip "no right to mount a small disk"
    on 2 1 run fleet.yaml --set rounds=100000 --quiet --out disk/run || {
        umount disk
        return 1
    }
    umount disk
    [ "$(grep -cE 'mmofl: disk/run.*(No space left|disk is full)' <<<"$stderr")" -eq 1 ]
}

@test "a rank that dies takes the others with it, and the run goes on alone" {
    settings=(--set rounds=300 --set evaluate.every=100 --quiet)
    expect 0 run fleet.yaml "${settings[@]}" --out alone
    mpirun -n 2 "$MMOFL" run fleet.yaml "${settings[@]}" --out run >told 2>&1 &
    job=$!
    until compgen -G 'run/seed-1/checkpoint-*' >/dev/null; do
        kill -0 $job
    done
    kill -KILL "$(pgrep -P $job | tail -1)"
    result=0
    wait $job || result=$?
    [ "$result" -ne 0 ]
    expect 0 resume run --quiet
    same_as alone run
}

# What a sweep leaves but its times.
sweep_leavings() {
    (cd "$1" && sha256sum sweep.yaml cells.csv cells/*/config.yaml cells/*/seed-*/*)
    python3 - "$1/summary.json" <<'END'
import json, sys
for cell in json.load(open(sys.argv[1]))["cells"]:
    for run in cell["runs"]:
        for key in ("seconds", "steps_per_s", "peak_rss_bytes"):
            del run[key]
    print(json.dumps(cell))
END
}

@test "the cells of a sweep are shared out, and its folder is that of one process" {
    settings=(--set 'sweep={train.lr: [0.1, 0.2, 0.1]}' --seeds 1..2)
    expect 0 run fleet.yaml "${settings[@]}" --quiet --out alone
    on 2 0 run fleet.yaml "${settings[@]}" --out here
    [ "$(grep -c '^  lr=' <<<"$output")" -eq 3 ]
    diff <(sweep_leavings alone) <(sweep_leavings here)
    rm -r here/cells/*/seed-2 here/cells/*/run.sqlite* here/summary.json
    on 3 0 resume here --quiet --json
    json 'len(it["cells"]) == 3'
    diff <(sweep_leavings alone) <(sweep_leavings here)
}

@test "a cell that diverges on one rank does not stop those of the others" {
    on 2 1 run "$MMOFL_EXAMPLES/demo.yaml" --quiet --out here --set rounds=2 \
        --set train.clip_norm=0 --set 'sweep={train.lr.start: [0.1, 100]}'
    [ "$(grep -c 'mmofl: cell start=100, seed 1: training diverged' <<<"$stderr")" -eq 1 ]
    [ "$(grep -c 'mmofl resume here' <<<"$stderr")" -eq 1 ]
    [ -e here/cells/start=0.1/summary.json ]
}

@test "a trace is of one process" {
    on 2 1 run fleet.yaml --trace device=1,round=1 trace.npz
    [ "$(grep -c -- '--trace is of one process' <<<"$stderr")" -eq 1 ]
    [ ! -e trace.npz ]
}

@test "ranks that see different experiments are refused" {
    # shellcheck disable=SC2016  # the inner shell expands it
    run --separate-stderr mpirun -n 2 sh -c \
        '"$0" run fleet.yaml --set "rounds=$((5 + OMPI_COMM_WORLD_RANK))" --out here' "$MMOFL"
    [ "$status" -eq 1 ]
    complains 'the ranks have different experiments'
    [ ! -e here ]
}

@test "several processes without a module do not run into each other" {
    cp "$MMOFL" mmofl-alone
    for number in 0 1; do
        run --separate-stderr env OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=$number \
            ./mmofl-alone run fleet.yaml --out here
        [ "$status" -eq 1 ]
        [ $number -ne 0 ] || complains 'one of 2 processes (OMPI_COMM_WORLD_SIZE), but without MPI'
        [ $number -eq 0 ] || quiet
    done
    [ ! -e here ]
    MMOFL_MPI=off OMPI_COMM_WORLD_SIZE=2 ./mmofl-alone run fleet.yaml --quiet --out here
}

@test "several processes that do not see each other are refused" {
    for variable in SLURM_STEP_NUM_TASKS PMI_SIZE; do # srun without MPI; another mpirun
        run --separate-stderr env $variable=4 "$MMOFL" run fleet.yaml --out here
        [ "$status" -eq 1 ]
        complains "one of 4 processes ($variable), which do not see each other"
    done
    [ ! -e here ]
}

@test "info names the library" {
    expect 0 info
    says "mmofl-mpi.so"
    run grep -c libmpi <(ldd "$MMOFL")
    [ "$output" = 0 ]
}
