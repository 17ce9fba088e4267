#!/usr/bin/env bats
# mmofl methods: the list, for people and for scripts.

# shellcheck disable=SC2154  # status, output and stderr are set by run

load helpers

@test "methods names every method with its source and its options" {
    expect 0 methods
    quiet
    for name in full pm zf mean-fill dropout pmm pmr ogm-ge fedproto fedamm qqr fedavg; do
        says "  $name "
    done
    says 'our reconstruction'
    says 'kappa: 0.2'
    says 'weights: uniform'
}

@test "methods --json holds the same, and each default is one that config takes" {
    expect 0 methods --json
    quiet
    printf '%s' "$output" >methods.json
    python3 - <<'READ' >settings
import json
lists = json.load(open("methods.json"))
assert set(lists) == {"method", "aggregation"}
for key, kinds in lists.items():
    assert len({k["name"] for k in kinds}) == len(kinds) and kinds
    for kind in kinds:
        assert kind["help"] and kind["source"]
        options = [f'{o["name"]}: {o["default"]}' for o in kind["options"]]
        print(f"{key}={{{', '.join(['kind: ' + kind['name'], *options])}}}")
READ
    while read -r setting; do
        expect 0 config check "$MMOFL_EXAMPLES/demo.yaml" --set "$setting"
    done <settings
}

@test "methods wants no argument" {
    expect 2 methods qqr
    silent
    complains "'qqr': no argument is wanted"
}
