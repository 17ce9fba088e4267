#!/usr/bin/env bats
# analysis: true and mmofl analyze: error terms, regret and its bound in a run folder.

# shellcheck disable=SC2154  # status, output and stderr are set by run

load helpers

write_experiment() {
    cat >small.yaml <<'YAML'
name: small
seeds: [1, 2]
data: {set: synthetic-har, persons: 10, train: 400, test: 60}
fleet: {devices: 3, partition: iid}
stream: {buffer: 20, new: 20}
rounds: 20
model:
  modalities: {accelerometer: [global_avg_pool], gyroscope: [global_avg_pool]}
  head: [linear: {out: 6}]
train: {epochs: 2, batch: 20, lr: 0.05, clip_norm: 0}
evaluate: {every: 0}
imbalance:
  modalities:
    accelerometer: {missing: 0.5, noise: {kind: gauss, share: 0.5, sigma: 2}}
    gyroscope: {missing: 0.2}
analysis: {iterations: 50}
YAML
}

measures() { cut -d, -f2 "$1/seed-1/measures.csv" | sort -u | tr '\n' ' '; }

@test "a run is analysed afterwards as it would have been at its end" {
    write_experiment
    expect 0 run small.yaml --quiet --out with --set analysis.errors=true --set analysis.regret=true
    expect 0 run small.yaml --quiet --out later
    [[ $(measures with) == *error_quantity*regret*regret_bound* ]]
    [[ $(measures later) != *regret* ]]
    expect 0 analyze later
    says "seed 1: regret"
    says "seed 2: regret"
    says "bound holds"
    says "grows as t^"
    [[ $(measures later) == *fixed_loss*regret*regret_bound* ]]
    cmp with/seed-1/analysis.json later/seed-1/analysis.json
    cmp <(grep regret with/seed-2/measures.csv) <(grep regret later/seed-2/measures.csv)
    cmp with/seed-1/metrics.csv later/seed-1/metrics.csv
}

@test "an analysis may be repeated, at any thread count" {
    write_experiment
    expect 0 run small.yaml --quiet --out out --set seeds=1
    expect 0 analyze out --threads 1 --json
    json 'it["bound"]["holds"] and it["regret"] > 0 and not it["regret_is_lower_bound"]'
    cp out/seed-1/analysis.json first.json
    cp out/seed-1/measures.csv first.csv
    expect 0 analyze out --threads 3
    cmp first.json out/seed-1/analysis.json
    cmp first.csv out/seed-1/measures.csv
}

@test "a model that is not convex has a lower bound of its regret, and no bound" {
    write_experiment
    expect 0 run small.yaml --quiet --out out --set seeds=1 --set rounds=6 --set 'model.head=[linear: {out: 8}, relu, linear: {out: 6}]'
    expect 0 analyze out
    says "not convex, so the regret is a lower bound"
    says "no bound: the model is not convex"
    expect 0 analyze out --json
    json 'it["regret_is_lower_bound"] and not it["bound"]["applies"]'
}

@test "what is no finished run is refused" {
    write_experiment
    expect 2 analyze
    expect 1 analyze nowhere
    expect 0 run small.yaml --quiet --out sweep --set rounds=2 --set 'sweep={train.lr: [0.1, 0.2]}'
    expect 1 analyze sweep
    complains "sweep; name runs below"
    expect 0 analyze sweep/cells/*
}
