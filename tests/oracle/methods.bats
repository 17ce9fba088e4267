#!/usr/bin/env bats
# Every method's training steps beside PyTorch, with modalities missing and disturbed.
# Run by `./dev test --oracle`; needs Debian's python3-torch.

# shellcheck disable=SC2154  # status, output and stderr are set by run

load ../cli/helpers

oracle=$BATS_TEST_DIRNAME
python=/usr/bin/python3

# agrees METHOD [OPTION...]: fifty steps of a device in the fifth round, replayed.
agrees() {
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" --set "method.kind=$1" \
        --set train.lr=0.3 --set train.epochs=5 \
        --set imbalance.modalities.accelerometer.missing=0.6 \
        --set imbalance.modalities.gyroscope.missing=0.2 \
        --set 'imbalance.modalities.gyroscope.noise={kind: gauss, share: 0.5, sigma: 2}' \
        "${@:2}" --trace device=3,round=5 trace.npz
    $python -B - trace.npz "$1" <<'MIXED'
import json, sys
import numpy as np
trace = np.load(sys.argv[1])
meta = json.loads(bytes(trace["meta"]).decode())
assert meta["method"]["kind"] == sys.argv[2] and meta["steps"] >= 50, meta["method"]
masks = np.concatenate([trace[f"step{s}/mask"] for s in range(meta["steps"])])
assert {tuple(row) for row in masks.tolist()} == {(0, 1), (1, 0), (1, 1)}
MIXED
    $python -B "$oracle/replay.py" trace.npz
}

@test "pm agrees with PyTorch where modalities are missing" { agrees pm; }
@test "zf agrees with PyTorch" { agrees zf; }
@test "mean-fill agrees with PyTorch" { agrees mean-fill; }
@test "dropout agrees with PyTorch, by the masks it left" { agrees dropout --set method.p=0.4; }
@test "pmm agrees with PyTorch" { agrees pmm; }
@test "pmr with soft weights agrees with PyTorch" { agrees pmr --set method.mu=0.5; }
@test "pmr with hard weights and squared distances agrees with PyTorch" {
    agrees pmr --set method.weights=hard --set method.distance=squared --set method.early=0
}
@test "ogm-ge without its noise agrees with PyTorch" { agrees ogm-ge --set method.noise=false; }
@test "fedproto agrees with PyTorch" { agrees fedproto; }
@test "qqr agrees with PyTorch" { agrees qqr; }
@test "qqr with substitution, of another temperature and cap, agrees with PyTorch" {
    agrees qqr --set method.substitute=true --set method.kappa=0.5 --set method.r_cap=1.5
}
