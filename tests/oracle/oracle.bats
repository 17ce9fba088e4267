#!/usr/bin/env bats
# The engine beside PyTorch, live: what a device did in a round, replayed step by step.
# Run by `./dev test --oracle`; needs Debian's python3-torch.

# shellcheck disable=SC2154  # status, output and stderr are set by run

load ../cli/helpers

oracle=$BATS_TEST_DIRNAME
python=/usr/bin/python3

@test "the oracle itself tells right from wrong" {
    cd "$oracle"
    $python -B self_test.py
}

# With the demo's own step of 1, sixty steps on end amplify rounding until PyTorch's
# float32 and float64 have parted ways; a smaller step keeps all three together.
@test "the demo's model agrees with PyTorch over fifty steps and more" {
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" --set train.epochs=6 --set train.lr=0.3 \
        --trace device=3,round=5 trace.npz
    $python -B "$oracle/replay.py" trace.npz
}

@test "so does every layer kind, over fifty steps and more" {
    expect 0 run "$oracle/all_layers.yaml" --trace device=2,round=2 trace.npz
    $python -B - trace.npz <<'STEPS'
import json, sys
import numpy as np
meta = json.loads(bytes(np.load(sys.argv[1])["meta"]).decode())
sys.exit(0 if meta["steps"] >= 50 else f"{meta['steps']} steps only")
STEPS
    $python -B "$oracle/replay.py" trace.npz
}

@test "so does training with momentum, decay and a small batch" {
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" --set train.epochs=5 --set train.batch=16 \
        --set train.momentum=0.9 --set train.weight_decay=1e-3 --set train.lr=0.05 \
        --trace device=0,round=2 trace.npz
    $python -B "$oracle/replay.py" trace.npz
}
