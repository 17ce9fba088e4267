# bits.bash - runs that use all there is, in small, and what they leave, less its times.
#
# here.bats compares them between threads and instruction sets of this machine, there.bats
# between this machine and another one, emulated.

# shellcheck disable=SC2034  # for the tests
bits_experiments='qqr layers states stacked senses methods rules'

# What `mmofl run` is given for each of the runs: a file and settings.
bits_small='data={set: synthetic-har, persons: 6, train: 160, test: 30}'
bits_layers=(--set "$bits_small" --set stream.buffer=20 --set stream.new=10 --set rounds=2
    --set train.epochs=1 --set method=qqr --set imbalance.modalities.gyroscope.missing=0.4)

bits_experiment() {
    local here=$BATS_TEST_DIRNAME
    local oracle=$here/../oracle
    case $1 in
    qqr) bits_arguments=("$here/qqr.yaml") ;;
    layers) bits_arguments=("$oracle/all_layers.yaml" "${bits_layers[@]}") ;;
    states) bits_arguments=("$oracle/recurrent.yaml" "${bits_layers[@]}") ;;
    stacked) bits_arguments=("$oracle/stacked.yaml" "${bits_layers[@]}") ;;
    senses)
        [ -e own ] || python3 "$MMOFL_EXAMPLES/own-data/make-data.py" own >/dev/null
        cp "$here/senses.yaml" .
        bits_arguments=(senses.yaml)
        ;;
    small) bits_arguments=("$here/methods.yaml") ;;
    methods) bits_sweep method ;;
    rules) bits_sweep aggregation ;;
    esac
}

# bits_sweep KEY: methods.yaml with all that the program has for that key.
bits_sweep() {
    cp "$BATS_TEST_DIRNAME/methods.yaml" "$1.yaml"
    "$MMOFL" methods --json |
        python3 -c 'import json, sys
key = sys.argv[1]
print("sweep: {%s: [%s]}" % (key, ", ".join(k["name"] for k in json.load(sys.stdin)[key])))' \
            "$1" >>"$1.yaml"
    bits_arguments=("$1.yaml")
}

# bits_sets CLASS PROGRAM: the instruction sets that its machine has and that are `fused` or
# `plain`, the plainest first.
bits_sets() {
    "$2" info | sed -n '/^kernels /,/^threads /p' | sed '$d; s/^kernels//' |
        grep -v 'not on this machine' |
        awk -v fused="$([ "$1" = fused ] && echo 1 || echo 0)" \
            '(/ fused multiply-add / != 0) == fused { print $1 }'
}

# bits_run FOLDER PROGRAM EXPERIMENT [OPTION...]
bits_run() {
    local folder=$1 program=$2
    bits_experiment "$3"
    shift 3
    "$program" run "${bits_arguments[@]}" --quiet --out "$folder" "$@" >/dev/null
}

# Every byte of a folder of results, but for those of times and memory.
bits_of() {
    (
        cd "$1" || exit
        find . -type f ! -name lock ! -name 'run.sqlite*' ! -name summary.json |
            sort | xargs -d '\n' sha256sum
        find . -name summary.json | sort |
            xargs -d '\n' grep -vE '"(seconds|steps_per_s|peak_rss_bytes)":'
        find . -name run.sqlite | sort | while read -r store; do
            sqlite3 -readonly "$store" .dump | grep -vE '^INSERT INTO (run|timing) '
        done
    )
}

# bits_agree FOLDER OTHER: and there is something to agree on.
bits_agree() {
    [ "$(bits_of "$1" | grep -c model.safetensors)" -ge 1 ]
    diff <(bits_of "$1") <(bits_of "$2") >differences || {
        echo "$1 and $2 differ:"
        head differences
        return 1
    }
}
