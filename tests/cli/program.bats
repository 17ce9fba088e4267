#!/usr/bin/env bats
# The program as a whole: help, version, wrong usage.

# shellcheck disable=SC2154  # status, output and stderr are set by run

load helpers

commands="run resume eval data model config bench info report compare methods analyze"

@test "help lists every command on standard output" {
    expect 0 --help
    quiet
    for command in $commands; do
        says "  $command "
    done
}

@test "without a command the help goes to standard error, status 2" {
    expect 2
    silent
    complains 'Usage: mmofl'
}

@test "version is one line" {
    expect 0 --version
    quiet
    [[ $output =~ ^mmofl\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

@test "a slip of the pen gets a suggestion, status 2" {
    expect 2 modle
    silent
    complains "no command 'modle'"
    complains "did you mean 'model'?"
    expect 2 rnu
    complains "did you mean 'run'?"
}

@test "a word like no command gets none" {
    expect 2 bicycle
    complains "no command 'bicycle'"
    [[ $stderr != *'did you mean'* ]]
}

@test "every command has a help of its own that names it" {
    for command in $commands; do
        expect 0 "$command" --help
        says "mmofl $command"
    done
}

@test "an unknown option is wrong usage in every command" {
    for command in $commands; do
        expect 2 "$command" --no-such-option
        silent
    done
}

@test "a full disk under standard output is a failure" {
    [ -w /dev/full ] || skip "no /dev/full here"
    for arguments in "config manual" info --version "model summary $MMOFL_EXAMPLES/demo.yaml"; do
        # shellcheck disable=SC2016  # the inner shell expands it
        run --separate-stderr bash -c '"$0" $1 >/dev/full' "$MMOFL" "$arguments"
        [ "$status" -eq 1 ]
        complains mmofl:
        complains 'standard output'
    done
}

@test "where numbers have a comma the program still uses a point" {
    locale -a | grep -qi '^de_DE' || skip "no de_DE locale here"
    LC_ALL=de_DE.UTF-8 expect 0 info
}
