#!/usr/bin/env bats
# Data of a user's own: the worked example of docs/datasets.md, from files to a model.

# shellcheck disable=SC2154  # status, output and stderr are set by run

load helpers

make_data() {
    python3 "$MMOFL_EXAMPLES/own-data/make-data.py" own >/dev/null
}

@test "the description in docs/datasets.md is that of the example" {
    awk '/^```yaml$/ { on = 1; next } /^```$/ { if (on) exit } on' \
        "$BATS_TEST_DIRNAME/../../docs/datasets.md" >shown.yaml
    diff shown.yaml "$MMOFL_EXAMPLES/own-data/dataset.yaml"
}

@test "own data are imported, described and trained on" {
    make_data
    expect 0 data import dir own/my-data
    complains '30 of 120 samples lack microphone'
    expect 0 data info dir --json
    json 'it["train"] == 60 and it["test"] == 60'
    json '[m["name"] for m in it["modalities"]] == ["accelerometer", "gyroscope", "microphone", "camera", "note"]'
    json 'it["modalities"][2]["shape"] == [30, 16] and it["modalities"][2]["unit"] == "log power"'
    json 'it["modalities"][2]["rate_hz"] == 62.5'
    expect 0 run own/experiment.yaml --out run --json
    json 'it["runs"][0]["test_accuracy"] > 0.6'
}

@test "a zip of own data gives what the folder gives" {
    make_data
    python3 -c 'import shutil; shutil.make_archive("own", "zip", "own", "my-data")'
    expect 0 run own/experiment.yaml --out folder
    expect 0 run own/experiment.yaml --set data.path="$PWD/own.zip" --out zip
    cmp folder/seed-1/metrics.csv zip/seed-1/metrics.csv
}

@test "a mistake in own data is shown with its place" {
    make_data
    sed -i 's/seconds/secnds/' own/my-data/dataset.yaml
    expect 1 run own/experiment.yaml --out run
    complains 'dataset.yaml:11:5: a sound modality has no key '"'secnds'"
    complains "did you mean 'seconds'?"
    make_data
    rm own/my-data/photos/anna-boiling-0.png
    expect 1 data info dir --path own/my-data
    complains 'samples.csv:2:1: holds no photos/anna-boiling-0.png'
}

@test "the log-mel spectrogram of the example is NumPy's" {
    python=python3
    "$python" -c 'import numpy' 2>/dev/null || python=/usr/bin/python3
    "$python" -c 'import numpy' 2>/dev/null || skip "python3-numpy is not there"
    make_data
    expect 0 data info dir --path own/my-data --json
    "$python" - "$output" <<'PYTHON'
import csv, json, sys, wave
import numpy as np

def log_mel(path, bands=16, window=256, hop=128):
    with wave.open(path) as file:
        rate = file.getframerate()
        x = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    corners = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + rate / 2 / 700), bands + 2) / 2595) - 1)
    low, middle, high = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    f = np.arange(window // 2 + 1) * rate / window
    weights = np.clip(np.minimum((f - low) / (middle - low), (high - f) / (high - middle)), 0, None)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    frames = np.lib.stride_tricks.sliding_window_view(x, window)[::hop] * hann
    power = np.abs(np.fft.rfft(frames)) ** 2 / np.sum(hann ** 2)
    return np.log(1e-6 + power @ weights.T)

told = json.loads(sys.argv[1])["modalities"][2]
rows = list(csv.DictReader(open("own/my-data/samples.csv")))
train = [r["id"] for r in rows if r["owner"] == "anna"]
made = np.concatenate([log_mel("own/my-data/audio/%s.wav" % i) for i in train])
for b, channel in enumerate(told["channels"]):
    assert abs(channel["mean"] - made[:, b].mean()) < 1e-4, (b, channel, made[:, b].mean())
    assert abs(channel["sd"] - made[:, b].std()) < 1e-4, (b, channel, made[:, b].std())
PYTHON
}
