#!/usr/bin/env bats
# mmofl data: list, info, import, fetch.

# shellcheck disable=SC2154  # status, output and stderr are set by run

load helpers

@test "list names the sets and where they come from" {
    expect 0 data list
    says uci-har
    says synthetic-har
}

@test "info describes the generated set without any file" {
    expect 0 data info synthetic-har
    for word in accelerometer gyroscope 128 rad/s; do
        says "$word"
    done
}

@test "info as JSON can be read by a script" {
    expect 0 data info synthetic-har --json
    json 'len(it["modalities"]) == 2'
}

@test "an unknown set is wrong usage and the known ones are named" {
    expect 2 data info no-such-set
    silent
    complains no-such-set
    complains uci-har
}

@test "an unknown verb is wrong usage" {
    expect 2 data destroy
    complains destroy
}

@test "importing what is not there fails and leaves no cache" {
    expect 1 data import uci-har missing.zip
    silent
    complains missing.zip
    [ -z "$(ls -A "$MMOFL_CACHE_DIR" 2>/dev/null)" ]
}

@test "importing an empty file or a text fails and says which file" {
    : >empty.zip
    echo "no archive" >text.zip
    for file in empty.zip text.zip; do
        expect 1 data import uci-har "$file"
        complains "$file"
    done
    [ -z "$(ls -A "$MMOFL_CACHE_DIR" 2>/dev/null)" ]
}

@test "every bad UCI-HAR archive is refused, with status 1" {
    for file in "$BATS_TEST_DIRNAME"/../bad/uci-har/E_*; do
        [ -e "$file" ] || skip "no bad inputs here"
        expect 1 data import uci-har "$file"
        complains mmofl:
    done
}

@test "fetching from a closed port says how to import by hand" {
    expect 1 data fetch uci-har --url http://127.0.0.1:9/uci-har.zip
    complains 'mmofl data import'
}
