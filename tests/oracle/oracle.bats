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

@test "the demo's model agrees with PyTorch over fifty steps and more" {
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" --set train.epochs=6 --trace device=3,round=5 trace.npz
    $python -B "$oracle/replay.py" trace.npz
}

@test "so does training with momentum, decay and a small batch" {
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" --set train.epochs=5 --set train.batch=16 \
        --set train.momentum=0.9 --set train.weight_decay=1e-3 --set train.lr=0.05 \
        --trace device=0,round=2 trace.npz
    $python -B "$oracle/replay.py" trace.npz
}
