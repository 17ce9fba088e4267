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

# trace_holds EXPRESSION: about `trace`, the arrays of trace.npz, and `meta`.
trace_holds() {
    $python -B -c 'import json, sys
import numpy as np
trace = np.load("trace.npz")
meta = json.loads(bytes(trace["meta"]).decode())
sys.exit(0 if eval(sys.argv[1]) else "not so: " + sys.argv[1])' "$1"
}

@test "so does every layer kind, over fifty steps and more" {
    expect 0 run "$oracle/all_layers.yaml" --trace device=2,round=2 trace.npz
    trace_holds 'meta["steps"] >= 50'
    $python -B "$oracle/replay.py" trace.npz
}

@test "so do batches in which samples lack one modality or the other" {
    expect 0 run "$oracle/all_layers.yaml" --trace device=1,round=3 \
        --set imbalance.modalities.accelerometer.missing=0.6 \
        --set imbalance.modalities.gyroscope.missing=0.3 trace.npz
    trace_holds 'meta["steps"] >= 50'
    trace_holds 'all({(1, 1), (1, 0), (0, 1)} <= set(map(tuple, trace[f"step{s}/mask"]))
        for s in (0, 49))'
    $python -B "$oracle/replay.py" trace.npz
}

# stacked_agrees [OPTION...]: a device's steps with features as rows, some missing.
stacked_agrees() {
    expect 0 run "$oracle/stacked.yaml" "$@" --trace device=1,round=2 trace.npz
    trace_holds 'meta["steps"] >= 50 and meta["model"]["fusion"] == "stack"'
    trace_holds '{(1, 1), (1, 0), (0, 1)} <= set(map(tuple, trace["step0/mask"]))'
    $python -B "$oracle/replay.py" trace.npz
}

@test "so does attention over stacked features" {
    stacked_agrees
}

@test "so does gated fusion" {
    stacked_agrees --set 'model.head=[gated_sum, linear: {out: 6}]'
}

@test "so do sums over modalities" {
    stacked_agrees --set 'model.head=[sum_pool, linear: {out: 6}]'
}

@test "so do means of the modalities that are there" {
    stacked_agrees --set 'model.head=[global_avg_pool: {masked: true}, linear: {out: 6}]'
}

@test "so do GRU and LSTM, one and two directions, over samples of many lengths" {
    expect 0 run "$oracle/recurrent.yaml" --trace device=1,round=2 trace.npz
    trace_holds 'meta["steps"] >= 50'
    $python -B "$oracle/replay.py" trace.npz
}

# 280 photographs of noise with a few words each, as an MVSA-Single folder.
make_photographs() {
    mkdir tweets
    $python -B -c '
import numpy as np
random = np.random.default_rng(1)
classes = ["positive", "neutral", "negative"]
labels, texts = ["id\tlabel\tsplit811"], ["id\ttext"]
for i in range(280):
    split = "train" if i % 4 else "test"
    labels.append(f"{i}\t{classes[random.integers(3)]}\t{split}")
    texts.append(f"{i}\t" + " ".join(f"w{w}" for w in random.integers(50, size=i % 6)))
open("tweets/labels.tsv", "w").write("\n".join(labels) + "\n")
open("tweets/texts.tsv", "w").write("\n".join(texts) + "\n")
np.save("tweets/images_rgb16.npy", random.integers(256, size=(280, 16, 16, 3), dtype=np.uint8))'
}

@test "so do convolutions and pools over images" {
    make_photographs
    expect 0 run "$oracle/images.yaml" --set data.path=tweets \
        --trace device=2,round=2 trace.npz
    trace_holds 'meta["steps"] >= 50'
    $python -B "$oracle/replay.py" trace.npz
}

# tweets_agree [OPTION...]: a device's steps on them, some photographs and texts missing.
tweets_agree() {
    make_photographs
    expect 0 run "$oracle/texts.yaml" --set data.path=tweets "$@" \
        --trace device=1,round=3 trace.npz
    trace_holds 'meta["steps"] >= 50'
    trace_holds '0 < (trace["step0/x/text"] == 0).mean() < 1'
    $python -B "$oracle/replay.py" trace.npz
}

@test "so does the embedding of texts, stepping the rows it touched" { tweets_agree; }
@test "and stepping all rows, with momentum and decay" {
    tweets_agree --set train.momentum=0.5 --set train.weight_decay=0.01
}
@test "and with rows scaled by qqr" { tweets_agree --set method=qqr; }

@test "so does training with momentum, decay and a small batch" {
    expect 0 run "$MMOFL_EXAMPLES/demo.yaml" --set train.epochs=5 --set train.batch=16 \
        --set train.momentum=0.9 --set train.weight_decay=1e-3 --set train.lr=0.05 \
        --trace device=0,round=2 trace.npz
    $python -B "$oracle/replay.py" trace.npz
}
