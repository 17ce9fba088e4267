#!/usr/bin/env bats
# mmofl stream: a device's samples, line by line.

# shellcheck disable=SC2154  # status, output and stderr are set by run

load helpers

small() {
    sed -e 's/^rounds:.*/rounds: 3/' "$MMOFL_EXAMPLES/demo.yaml" >small.yaml
}

@test "a stream has the samples of each round once, in the order of their numbers" {
    small
    expect 0 stream small.yaml --device 3
    quiet
    printf '%s\n' "$output" | python3 -c '
import json, sys
lines = [json.loads(line) for line in sys.stdin]
assert [line["id"] for line in lines] == list(range(200 + 2 * 20))
for line in lines:
    assert {m: len(v) for m, v in line["values"].items()} == {"accelerometer": 384, "gyroscope": 384}
    assert "standardized" not in line'
    [ "$("$MMOFL" stream small.yaml --device 3 --rounds 1 | wc -l)" -eq 200 ]
}

@test "what is missing is not in the line, and disturbed samples are standardised" {
    small
    expect 0 stream small.yaml --set \
        'imbalance.modalities={gyroscope: {missing: 0.5, noise: {kind: gauss, share: 0.5, sigma: 1}}}'
    quiet
    printf '%s\n' "$output" | python3 -c '
import json, sys
lines = [json.loads(line) for line in sys.stdin]
whole = [line for line in lines if "gyroscope" in line["values"]]
assert 0.4 * len(lines) < len(whole) < 0.6 * len(lines)
assert all("accelerometer" in line["values"] for line in lines)
assert any(line.get("standardized") for line in whole)
assert not any(line.get("standardized") for line in lines if line not in whole)'
}

@test "what cannot be is refused" {
    small
    expect 1 stream small.yaml --device 10
    silent
    complains "there is no device 10; wanted 0 to 9"
    expect 2 stream
    complains "an experiment file is wanted"
    expect 2 stream small.yaml --device -1
    complains "a whole number is wanted"
    expect 2 stream small.yaml --pace -1
    complains "seconds from 0 to 86400"
}

@test "a reader that leaves ends the stream, and a full disk is told" {
    small
    "$MMOFL" stream small.yaml | head -n 1 >/dev/null
    run --separate-stderr bash -c "'$MMOFL' stream small.yaml >/dev/full"
    [ "$status" -eq 1 ]
    complains "No space left on device"
}
