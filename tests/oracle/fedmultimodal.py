#!/usr/bin/python3
"""FedMultimodal's UCI-HAR row once more, from its description, in PyTorch.

usage: fedmultimodal.py "UCI HAR Dataset.zip" --alpha 5 --rule fedopt [--seeds 5]

Nothing here comes from mmofl or from FedMultimodal (Feng et al., KDD 2023): the setting
is written anew from what their paper, scripts and programs say it is; see
docs/experiments.md.  Compare with `mmofl run experiments/fedmultimodal-uci-har.yaml`.

Data: body_acc and body_gyro, 128 x 3, each window standardised on its own axes.  A
fifth of each person's training windows is validation; the rest is split over five
devices by Dirichlet(alpha).  Model: three convolutions and a GRU for each sensor, six
heads of additive attention over all positions of both, two linear layers.
Training: each of 200 rounds, 10 of 105 devices make one pass in batches of 16; models
are averaged by samples.  Result: test macro-F1 after the round with the best validation
macro-F1.

Validation, partition and participants follow a seed of their own in the original and
are the same in all five runs: `--draws fixed` draws exactly those, `--draws seed` draws
them anew for each run.
"""

from __future__ import annotations

import argparse
import io
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import RandomState
from torch import Tensor, nn
from torch.nn.utils import (
    clip_grad_norm_,
    parameters_to_vector,
    vector_to_parameters,
)

SENSORS = ("body_acc", "body_gyro")
CLASSES, SHARDS, LEAST = 6, 5, 5
ROUNDS, PARTICIPANTS, BATCH = 200, 10, 16
STEP, MOMENTUM, DECAY, CLIP_NORM = 0.05, 0.9, 1e-5, 10.0
SERVER_STEP, SERVER_MOMENTUM = 0.025, 0.9
THEIR_SEED = 8
PARAMETERS = 420_684


@dataclass
class Part:
    """Some windows: one tensor (N, 3, 128) for each sensor, labels and people (N,)."""

    x: list[Tensor]
    label: np.ndarray
    person: np.ndarray


def read_text(archive: zipfile.ZipFile, path: str, dtype: type) -> np.ndarray:
    return np.loadtxt(io.BytesIO(archive.read(f"UCI HAR Dataset/{path}")), dtype=dtype)


def read_windows(archive: zipfile.ZipFile, sensor: str, part: str) -> Tensor:
    folder = f"{part}/Inertial Signals"
    axes = [
        read_text(archive, f"{folder}/{sensor}_{axis}_{part}.txt", np.float64)
        for axis in "xyz"
    ]
    x = np.stack(axes, axis=1)
    mean, sd = x.mean(axis=2, keepdims=True), x.std(axis=2, keepdims=True)
    return torch.from_numpy(((x - mean) / (sd + 1e-5)).astype(np.float32))


def load(path: str) -> tuple[Part, Part]:
    with zipfile.ZipFile(path) as archive:
        train, test = (
            Part(
                [read_windows(archive, sensor, part) for sensor in SENSORS],
                read_text(archive, f"{part}/y_{part}.txt", np.int64) - 1,
                read_text(archive, f"{part}/subject_{part}.txt", np.int64),
            )
            for part in ("train", "test")
        )
    return train, test


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in ((3, 32), (32, 64), (64, 128)):
            layers += [
                nn.Conv1d(inputs, outputs, kernel_size=5, padding=2),
                nn.ReLU(),
                nn.MaxPool1d(2),
                nn.Dropout(0.1),
            ]
        self.convolutions = nn.Sequential(*layers)
        self.gru = nn.GRU(128, 128, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, 128) to (B, 16, 128)"""
        return self.gru(self.convolutions(x).transpose(1, 2))[0]


class Model(nn.Module):
    """PyTorch's own initial values: uniform within 1 / sqrt(fan-in)."""

    def __init__(self) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(Encoder() for _ in SENSORS)
        self.score = nn.Sequential(nn.Linear(128, 512), nn.Tanh(), nn.Linear(512, 6))
        self.head = nn.Sequential(
            nn.Linear(6 * 128, 64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, CLASSES)
        )

    def forward(self, x: list[Tensor], has: Tensor) -> Tensor:
        """x: (B, 3, 128) for each sensor; has: (sensors,) bool, what is not missing"""
        z = [encoder(xm) for encoder, xm in zip(self.encoders, x, strict=True)]
        rows = torch.cat(z, dim=1)
        score = self.score(rows)
        score[:, ~has.repeat_interleave(z[0].shape[1])] = -1e5
        fused = torch.softmax(score, dim=1).transpose(1, 2) @ rows
        return self.head(fused.flatten(1))


# ------------------------------------------------------------------ who owns what


def split(
    indexes: np.ndarray, label: np.ndarray, alpha: float, draw: Callable[[], RandomState]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """One person's windows: the validation fifth, and what each device owns."""
    # Their windows are sorted by name, so number 10 comes before number 2.
    indexes = np.array(sorted(indexes, key=str))
    place = np.arange(len(indexes))
    draw().shuffle(place)
    n = len(indexes) // 5
    validation, rest = indexes[place[:n]], indexes[place[n:]]
    random = draw()
    while True:
        pools: list[np.ndarray] = [np.empty(0, dtype=int)] * SHARDS
        for c in range(CLASSES):
            own = np.flatnonzero(label[rest] == c)
            random.shuffle(own)
            share = random.dirichlet(np.full(SHARDS, alpha))
            # A pool with more than its part of all windows gets no more of them.
            share *= [len(pool) < len(rest) / SHARDS for pool in pools]
            cuts = (np.cumsum(share / share.sum()) * len(own)).astype(int)[:-1]
            pieces = np.split(own, cuts)
            pools = [np.concatenate(pair) for pair in zip(pools, pieces, strict=True)]
        if min(map(len, pools)) >= LEAST:
            return validation, [rest[pool] for pool in pools]


def partition(
    train: Part, alpha: float, draw: Callable[[], RandomState]
) -> tuple[np.ndarray, list[np.ndarray]]:
    validation, pools = [], []
    # Their devices are sorted by name, too.
    for person in sorted(np.unique(train.person), key=str):
        own = np.flatnonzero(train.person == person)
        held_out, shards = split(own, train.label, alpha, draw)
        validation.append(held_out)
        pools += shards
    return np.concatenate(validation), pools


# ------------------------------------------------------------------------ learning


def train_locally(
    model: Model, data: Part, pool: np.ndarray, has: Tensor, random: RandomState
) -> None:
    """One pass over the device's windows."""
    optimizer = torch.optim.SGD(
        model.parameters(), lr=STEP, momentum=MOMENTUM, weight_decay=DECAY
    )
    model.train()
    label = torch.from_numpy(data.label)
    for rows in torch.from_numpy(random.permutation(pool)).split(BATCH):
        x = [xm[rows] * bool(present) for xm, present in zip(data.x, has, strict=True)]
        loss = nn.functional.cross_entropy(model(x, has), label[rows])
        optimizer.zero_grad()
        loss.backward()
        clip_grad_norm_(model.parameters(), CLIP_NORM)
        optimizer.step()


def macro_f1(model: Model, data: Part, rows: np.ndarray) -> float:
    model.eval()
    has = torch.ones(len(SENSORS), dtype=torch.bool)
    with torch.no_grad():
        scores = [
            model([xm[piece] for xm in data.x], has)
            for piece in torch.from_numpy(rows).split(256)
        ]
    predicted, label = torch.cat(scores).argmax(dim=1).numpy(), data.label[rows]
    f1 = [
        2 * np.sum((predicted == c) & (label == c))
        / max(1, np.sum(predicted == c) + np.sum(label == c))
        for c in range(CLASSES)
    ]
    return float(np.mean(f1))


def who_has_what(devices: int, rate: float, args: argparse.Namespace, seed: int) -> Tensor:
    """(devices, sensors): a device lacks a sensor for good; one that lacks both idles."""
    has = torch.ones(devices, len(SENSORS), dtype=torch.bool)
    if rate == 0:
        return has
    random = RandomState(seed)
    for device in range(devices):
        for m in range(len(SENSORS)):
            if args.draws == "fixed":  # "test" and "dev" are numbers 0 and 1
                random = RandomState((device + 2) * (m + 1))
            has[device, m] = bool(random.binomial(1, rate) == 0)
    return has


def run(seed: int, train: Part, test: Part, args: argparse.Namespace) -> float:
    fixed = args.draws == "fixed"
    own = RandomState(1000 + seed)
    torch.manual_seed(seed)
    draw = (lambda: RandomState(THEIR_SEED)) if fixed else (lambda: own)
    validation, pools = partition(train, args.alpha, draw)
    has = who_has_what(len(pools), args.missing, args, seed)
    order = RandomState(seed)
    model = Model()
    center = parameters_to_vector(model.parameters()).detach().clone()
    assert len(center) == PARAMETERS
    speed = torch.zeros_like(center)
    best, result, best_round = -1.0, 0.0, 0
    for t in range(args.rounds):
        choice = RandomState(t) if fixed else own
        chosen = choice.choice(len(pools), PARTICIPANTS, replace=False)
        chosen = [k for k in chosen if has[k].any()]
        total, samples = torch.zeros_like(center), 0
        for k in chosen:
            vector_to_parameters(center.clone(), model.parameters())
            train_locally(model, train, pools[k], has[k], order)
            total += len(pools[k]) * parameters_to_vector(model.parameters()).detach()
            samples += len(pools[k])
        mean = total / samples
        if args.rule == "fedopt":
            speed = SERVER_MOMENTUM * speed + (center - mean) / STEP
            center = center - SERVER_STEP * speed
        else:
            center = mean
        vector_to_parameters(center.clone(), model.parameters())
        score = macro_f1(model, train, validation)
        if score > best:
            best, best_round = score, t + 1
            result = macro_f1(model, test, np.arange(len(test.label)))
    last = macro_f1(model, test, np.arange(len(test.label)))
    print(
        f"alpha {args.alpha:g} {args.rule} missing {args.missing:g} seed {seed}: "
        f"{100 * result:.2f} in round {best_round} (validation {100 * best:.2f}, "
        f"last round {100 * last:.2f})",
        flush=True,
    )
    return 100 * result


def main() -> int:
    parser = argparse.ArgumentParser(description="FedMultimodal's UCI-HAR in PyTorch")
    parser.add_argument("zip", metavar="ZIP", help="UCI HAR Dataset.zip")
    parser.add_argument("--alpha", type=float, default=5.0, help="Dirichlet parameter")
    parser.add_argument("--rule", choices=("fedavg", "fedopt"), default="fedavg")
    parser.add_argument("--missing", type=float, default=0.0, help="rate, by device")
    parser.add_argument("--draws", choices=("fixed", "seed"), default="fixed")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seeds", type=int, default=5, help="run seeds 1 to this one")
    args = parser.parse_args()
    torch.set_num_threads(1)
    train, test = load(args.zip)
    results = [run(seed, train, test, args) for seed in range(1, args.seeds + 1)]
    sd = float(np.std(results, ddof=1)) if len(results) > 1 else 0.0
    print(
        f"alpha {args.alpha:g} {args.rule} missing {args.missing:g}, "
        f"{len(results)} seeds: macro-F1 {np.mean(results):.2f} +- {sd:.2f} %"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
