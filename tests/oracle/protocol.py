#!/usr/bin/python3
"""The undisturbed UCI-HAR protocol once more, from its description, in PyTorch.

usage: protocol.py "UCI HAR Dataset.zip" [--seeds 20]

Nothing here comes from mmofl: reading, partition, streams, training and averaging are
written anew, with NumPy's and PyTorch's generators, so no number equals one of the
engine's; over many seeds the means should.  Compare with

    mmofl run examples/uci-har.yaml --seeds 1..20

Data: total_acc and body_gyro, windows of 128 x 3, standardised per channel over the
training set; the test set is every second test window.
Fleet: 10 devices; per class Dirichlet(1) over the devices, drawn again until each has
at least 50 windows.  Streams: endless shuffled passes over the device's own windows, a
buffer of 200 of which 20 are new in each round.
Training: 60 rounds of one pass in mini-batches of 20; SGD with the step 0.98^t,
gradient norm clipped at 1; the average of all devices' models.
Result: test accuracy, mean after rounds 52, 54, 56, 58 and 60.
"""

from __future__ import annotations

import argparse
import io
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import (
    clip_grad_norm_,
    parameters_to_vector,
    vector_to_parameters,
)

SENSORS = ("total_acc", "body_gyro")
CLASSES = 6
DEVICES, LEAST = 10, 50
BUFFER, NEW, BATCH = 200, 20, 20
ROUNDS, TESTED = 60, (52, 54, 56, 58, 60)
DECAY, CLIP_NORM = 0.98, 1.0


@dataclass
class Part:
    """Training or test set: one tensor (N, 3, 128) for each sensor, and labels (N,)."""

    x: list[Tensor]
    label: Tensor


def read_text(archive: zipfile.ZipFile, path: str, dtype: type) -> np.ndarray:
    return np.loadtxt(io.BytesIO(archive.read(f"UCI HAR Dataset/{path}")), dtype=dtype)


def read_signals(archive: zipfile.ZipFile, sensor: str, part: str) -> np.ndarray:
    """(N, 128, 3)"""
    folder = f"{part}/Inertial Signals"
    axes = [
        read_text(archive, f"{folder}/{sensor}_{axis}_{part}.txt", np.float32)
        for axis in "xyz"
    ]
    return np.stack(axes, axis=2)


def load(path: str) -> tuple[Part, Part]:
    train, test = Part([], torch.empty(0)), Part([], torch.empty(0))
    with zipfile.ZipFile(path) as archive:
        for sensor in SENSORS:
            signals = read_signals(archive, sensor, "train")
            mean, sd = signals.mean(axis=(0, 1)), signals.std(axis=(0, 1))
            for part, values in (
                (train, signals),
                (test, read_signals(archive, sensor, "test")[::2]),
            ):
                standard = ((values - mean) / sd).transpose(0, 2, 1)
                part.x.append(torch.from_numpy(standard.copy()))
        labels = [
            torch.from_numpy(read_text(archive, f"{p}/y_{p}.txt", np.int64) - 1)
            for p in ("train", "test")
        ]
    train.label, test.label = labels[0], labels[1][::2]
    return train, test


class Model(nn.Module):
    """PyTorch's own initial values: uniform within 1 / sqrt(fan-in)."""

    def __init__(self) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(
            nn.Sequential(
                nn.Conv1d(3, 16, kernel_size=8, stride=4, padding=2),
                nn.ReLU(),
                nn.Conv1d(16, 32, kernel_size=4, stride=4),
                nn.ReLU(),
                nn.AdaptiveAvgPool1d(1),
                nn.Flatten(),
                nn.Linear(32, 32),
            )
            for _ in SENSORS
        )
        self.head = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, CLASSES))

    def forward(self, x: list[Tensor]) -> Tensor:
        features = [encoder(xm) for encoder, xm in zip(self.encoders, x, strict=True)]
        return self.head(torch.cat(features, dim=1))


def partition(label: np.ndarray, random: np.random.Generator) -> list[np.ndarray]:
    """Indexes of each device's windows."""
    while True:
        parts: list[list[np.ndarray]] = [[] for _ in range(DEVICES)]
        for c in range(CLASSES):
            index = random.permutation(np.flatnonzero(label == c))
            share = random.dirichlet(np.ones(DEVICES))
            cuts = (np.cumsum(share)[:-1] * len(index)).astype(int)
            for part, piece in zip(parts, np.split(index, cuts), strict=True):
                part.append(piece)
        pools = [np.concatenate(part) for part in parts]
        if min(map(len, pools)) >= LEAST:
            return pools


def stream(pool: np.ndarray, random: np.random.Generator) -> Iterator[int]:
    while True:
        yield from random.permutation(pool)


def train_locally(
    model: Model, data: Part, buffer: list[int], step: float, order: np.ndarray
) -> None:
    """One pass over the buffer in the given order."""
    optimizer = torch.optim.SGD(model.parameters(), lr=step)
    for batch in np.split(np.array(buffer)[order], BUFFER // BATCH):
        rows = torch.from_numpy(batch)
        logits = model([xm[rows] for xm in data.x])
        loss = nn.functional.cross_entropy(logits, data.label[rows])
        optimizer.zero_grad()
        loss.backward()
        clip_grad_norm_(model.parameters(), CLIP_NORM)
        optimizer.step()


def accuracy(model: Model, data: Part) -> float:
    with torch.no_grad():
        right = model(data.x).argmax(dim=1) == data.label
    return float(right.float().mean())


def run(seed: int, train: Part, test: Part) -> float:
    random = np.random.default_rng(seed)
    torch.manual_seed(seed)
    model = Model()
    average = parameters_to_vector(model.parameters()).detach().clone()
    pools = partition(train.label.numpy(), random)
    streams = [
        stream(pool, np.random.default_rng([seed, k])) for k, pool in enumerate(pools)
    ]
    buffers: list[list[int]] = [[] for _ in pools]
    results = []
    for t in range(1, ROUNDS + 1):
        total = torch.zeros_like(average)
        for buffer, source in zip(buffers, streams, strict=True):
            arriving = NEW if t > 1 else BUFFER
            buffer.extend(next(source) for _ in range(arriving))
            del buffer[:-BUFFER]
            vector_to_parameters(average.clone(), model.parameters())
            train_locally(model, train, buffer, DECAY**t, random.permutation(BUFFER))
            total += parameters_to_vector(model.parameters()).detach()
        average = total / DEVICES
        if t in TESTED:
            vector_to_parameters(average.clone(), model.parameters())
            results.append(accuracy(model, test))
    return float(np.mean(results))


def main() -> int:
    parser = argparse.ArgumentParser(description="the UCI-HAR protocol in PyTorch")
    parser.add_argument("zip", metavar="ZIP", help="UCI HAR Dataset.zip")
    parser.add_argument("--seeds", type=int, default=20, help="run seeds 1 to this one")
    args = parser.parse_args()
    torch.set_num_threads(1)
    train, test = load(args.zip)
    results: list[float] = []
    for seed in range(1, args.seeds + 1):
        results.append(100 * run(seed, train, test))
        print(f"seed {seed}: {results[-1]:.2f} %", flush=True)
    if results:
        sd = float(np.std(results, ddof=1)) if len(results) > 1 else 0.0
        print(f"{len(results)} seeds: {np.mean(results):.2f} +- {sd:.2f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
