# helpers.bash - how the tests of the program talk to it.
#
# MMOFL is the program under test, MMOFL_EXAMPLES the folder of example files; ctest sets
# both, by hand it is  MMOFL=build/dev/mmofl bats tests/cli.

# shellcheck disable=SC2154  # status, output and stderr are set by run
bats_require_minimum_version 1.5.0

# Each test has a folder of its own to work in, and an empty data cache there.
setup() {
    : "${MMOFL:?is to be set to the program under test}"
    MMOFL=$(realpath "$MMOFL")
    MMOFL_EXAMPLES=$(realpath "${MMOFL_EXAMPLES:-$BATS_TEST_DIRNAME/../../examples}")
    export MMOFL_CACHE_DIR=$BATS_TEST_TMPDIR/cache
    export MMOFL_EXAMPLES
    mkdir "$BATS_TEST_TMPDIR/work"
    cd "$BATS_TEST_TMPDIR/work" || return
}

# expect STATUS ARGUMENT...: run mmofl; $output has its standard output, $stderr the rest.
expect() {
    local wanted=$1
    shift
    run --separate-stderr "$MMOFL" "$@"
    [ "$status" -eq "$wanted" ] || {
        echo "mmofl $*: status $status, wanted $wanted"
        echo "stdout: $output"
        echo "stderr: ${stderr:-}"
        return 1
    }
}

# says TEXT, complains TEXT: what the last command wrote contains TEXT.
says() {
    [[ $output == *"$1"* ]] || {
        echo "stdout lacks '$1': $output"
        return 1
    }
}

complains() {
    [[ $stderr == *"$1"* ]] || {
        echo "stderr lacks '$1': $stderr"
        return 1
    }
}

# silent, quiet: nothing on standard output; nothing on standard error.
silent() {
    [ -z "$output" ] || {
        echo "stdout should be empty: $output"
        return 1
    }
}

quiet() {
    [ -z "$stderr" ] || {
        echo "stderr should be empty: $stderr"
        return 1
    }
}

# json PYTHON_EXPRESSION: the last output is one JSON value `it` for which this holds.
json() {
    python3 -c 'import json, sys
it = json.loads(sys.argv[1])
sys.exit(0 if eval(sys.argv[2]) else "not so: %s\n%s" % (sys.argv[2], sys.argv[1]))' "$output" "$1"
}
