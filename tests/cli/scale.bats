#!/usr/bin/env bats
# Large fleets: what is said of their memory before the run holds.

# shellcheck disable=SC2154  # status, output and stderr are set by run

load helpers

@test "ten thousand devices take what was said before, and less than 300 MB" {
    [[ $(ldd "$MMOFL") != *san* ]] || skip "sanitizers take memory of their own"
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" --json --out here --set rounds=2 \
        --set fleet.devices=10000 --set participation=50 \
        --set fleet.partition='{kind: shared, per_device: 200}'
    [[ $stderr =~ memory\ +([0-9.]+)\ MiB ]]
    json "0.9 < it['runs'][0]['peak_rss_bytes'] / 2**20 / ${BASH_REMATCH[1]} < 1.1"
    json "it['runs'][0]['peak_rss_bytes'] < 300e6"
}

@test "what was injected is not kept for each of ten thousand devices unless asked for" {
    for keep in auto true; do
        expect 0 run "$MMOFL_EXAMPLES/demo.yaml" --quiet --out $keep --set rounds=2 \
            --set fleet.devices=10000 --set participation=50 \
            --set fleet.partition='{kind: shared, per_device: 200}' \
            --set imbalance.modalities.gyroscope.missing=0.5 --set record.injected=$keep
    done
    [ "$(sqlite3 auto/run.sqlite 'select count(*) from injected')" -eq 0 ]
    # Two modalities of the participants, not of the fleet.
    [ "$(sqlite3 true/run.sqlite 'select count(*) from injected')" -eq 200 ]
    cmp auto/seed-1/metrics.csv true/seed-1/metrics.csv
}
