#!/usr/bin/env bats
# mmofl config: what an experiment file means, and what is wrong with it.

# shellcheck disable=SC2154  # status, output and stderr are set by run

load helpers

@test "the manual documents every part" {
    expect 0 config manual
    for key in data fleet stream rounds participation model train method aggregation; do
        says "$key"
    done
}

@test "docs/config.md is what the program prints" {
    expect 0 config manual
    diff <(printf '%s\n' "$output") "$BATS_TEST_DIRNAME/../../docs/config.md"
}

@test "every example is valid, and its resolved form reads back to the same" {
    for file in "$MMOFL_EXAMPLES"/*.yaml; do
        expect 0 config show "$file"
        printf '%s\n' "$output" >first.yaml
        expect 0 config show first.yaml
        printf '%s\n' "$output" | diff first.yaml -
    done
}

@test "a setting given on the command line shows" {
    expect 0 config show "$MMOFL_EXAMPLES/demo.yaml" --set rounds=7
    says 'rounds: 7'
}

@test "every bad experiment file is refused, with its name and line" {
    for file in "$BATS_TEST_DIRNAME"/../bad/yaml/E_*.yaml; do
        [ -e "$file" ] || skip "no bad inputs here"
        expect 1 config show "$file"
        silent
        complains "$(basename "$file")"
    done
}

@test "a file that is not there is named" {
    expect 1 config show missing.yaml
    complains missing.yaml
}
