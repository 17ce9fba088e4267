#!/usr/bin/python3
"""Replay a training trace of mmofl in PyTorch and compare every step.

usage: replay.py TRACE.npz [--tolerance 1e-5]

The replay starts from the trace's first parameters and then goes its own way for all
steps, in float32 and, as an arbiter, in float64.  The engine agrees where its loss,
gradients and parameters are within the tolerance of one of the two.

Kinks: now and then rounding puts one activation on the other side of a ReLU's zero, or
prefers the other of two values in a max pool, and the gradient jumps though nobody is
wrong.  A gradient that agrees with neither replay is therefore also right where it is
PyTorch's float64 gradient, in all tensors at once, at the engine's own parameters moved
by no more than float32's rounding.  The replays then step with that gradient; the
report counts such steps.

Error of a tensor: max|a - b| / max(max|b|, 0.01 * largest |b| of all its kind in the
step), b being PyTorch's.  The floor is there because a gradient that is zero on paper
(a bias before a normalisation) holds nothing but rounding; with the tolerance of 1e-5
it stands for one float32 rounding of the largest gradient.

Arrays of a trace, names as in PyTorch's state dict, samples channels last:
  meta                   UTF-8 JSON: model, train, method, device, round, seed, steps
                         and parameters, the tensors' names in order
  prototypes/mean        (K, D) as received; prototypes/seen (M, K) updates of each
  before/<name>          parameters at the round's start; after/<name> at its end
  step<s>/x/<modality>   (n, T, C) float32; a modality that a sample lacks is zeros
  step<s>/mask           (n, M) uint8;  step<s>/label (n,) int32
  step<s>/replay/...     (n,) label, lost and weight of the pseudo samples (qqr)
  step<s>/dropout/<layer>  (n, ...) float32, the multipliers drawn: 0 or 1 / (1 - p)
  step<s>/loss           float64, mean cross-entropy of the n samples
  step<s>/grad/<name>    with the method's terms, before clipping and weight decay
  step<s>/params/<name>  after the step

Exit: 0 agreement, 1 disagreement, 2 the trace cannot be read or does not fit itself.
"""

from __future__ import annotations

import argparse
import functools
import io
import json
import math
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from torch_method import METHODS, Batch, Round
from torch_model import MultimodalModel

FLOOR = 0.01
ROUNDING = 2.0**-23  # of a float32, relative
ATTEMPTS = 64  # to find the branch that rounding took at a kink
Arrays = dict[str, np.ndarray]


@functools.lru_cache(maxsize=None)
def described(header: bytes) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, order and type that the header of an .npy file says.

    NumPy's parser takes a millisecond, and the thousands of arrays of a trace have a
    few dozen headers.
    """
    return np.lib.format.read_array_header_1_0(io.BytesIO(header))


def read_arrays(path: str | Path) -> Arrays:
    """All arrays of an .npz file, to be read only; np.load takes ten times as long."""
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            content = bytearray(archive.read(name))
            if np.lib.format.read_magic(io.BytesIO(content)) != (1, 0):
                raise ValueError(f"{name} is of another version of the format")
            start = 10 + int.from_bytes(content[8:10], "little")
            shape, fortran, dtype = described(bytes(content[8:start]))
            if dtype.hasobject:
                raise ValueError(f"{name} holds Python objects")
            values = np.frombuffer(content, dtype, offset=start)
            order = "F" if fortran else "C"
            arrays[name.removesuffix(".npy")] = values.reshape(shape, order=order)
    return arrays


class Trace:
    """The arrays of a trace file."""

    def __init__(self, path: str | Path) -> None:
        self.arrays: Mapping[str, np.ndarray] = read_arrays(path)
        self.meta: dict[str, Any] = json.loads(
            bytes(self.arrays["meta"]).decode("utf-8")
        )
        self.parameters: list[str] = self.meta["parameters"]
        self.steps: int = self.meta["steps"]

    def tensors(self, prefix: str) -> Arrays:
        return {name: self.arrays[f"{prefix}/{name}"] for name in self.parameters}

    def input(self, step: int, kind: str) -> Arrays:
        """Arrays below step<s>/<kind>/ by name: "x", "dropout" or "replay"."""
        prefix = f"step{step}/{kind}/"
        names = (n for n in self.arrays if n.startswith(prefix))
        return {n[len(prefix) :]: self.arrays[n] for n in names}


class Replay:
    """A PyTorch training run over the mini-batches of a trace."""

    def __init__(self, trace: Trace, dtype: torch.dtype) -> None:
        train = trace.meta["train"]
        self.trace, self.dtype = trace, dtype
        self.clip_norm: float = train["clip_norm"]
        self.model = MultimodalModel(trace.meta["model"])
        self.model.load_state_dict(
            {n: torch.from_numpy(a) for n, a in trace.tensors("before").items()}
        )
        self.model.to(dtype)
        self.optimizer = torch.optim.SGD(
            self.model.parameters(),
            lr=train["lr"],
            momentum=train["momentum"],
            weight_decay=train["weight_decay"],
        )
        # PyTorch steps over a parameter without gradient; here an encoder that no
        # sample of the batch used has the gradient zero, and still decays.
        for p in self.model.parameters():
            p.grad = torch.zeros_like(p)
        options = trace.meta["method"]
        self.method = METHODS[options["kind"]](options, self.round(), self.model)

    def floats(self, arrays: Arrays) -> dict[str, torch.Tensor]:
        return {n: torch.from_numpy(a).to(self.dtype) for n, a in arrays.items()}

    def round(self) -> Round:
        """What came with the model, and how rare each modality is in the buffer.

        Every epoch goes through the buffer once, so the masks of all steps together
        hold each modality in the buffer's proportion.
        """
        arrays = self.trace.arrays
        mean, seen = (arrays.get(f"prototypes/{part}") for part in ("mean", "seen"))
        mask = np.concatenate([arrays[f"step{s}/mask"] for s in range(self.trace.steps)])
        recorded = np.maximum((mask > 0).sum(axis=0), 1)
        return Round(
            number=self.trace.meta["round"],
            mean=None if mean is None else torch.from_numpy(mean).to(self.dtype),
            seen=None if seen is None else torch.from_numpy(seen) > 0,
            rarity=torch.from_numpy(len(mask) / recorded),
        )

    def gradient(self, s: int) -> tuple[Arrays, Arrays]:
        """Loss of mini-batch s and its gradient, before clipping."""
        arrays = self.trace.arrays
        self.optimizer.zero_grad(set_to_none=False)
        batch = Batch(
            mask=torch.from_numpy(arrays[f"step{s}/mask"]).bool(),
            label=torch.from_numpy(arrays[f"step{s}/label"]).long(),
            replay=self.floats(self.trace.input(s, "replay")),
        )
        dropout = self.floats(self.trace.input(s, "dropout"))
        x = self.floats(self.trace.input(s, "x"))
        features = self.model.features(x, self.method.encoder_mask(batch.mask), dropout)
        logits = self.model.logits(self.method.fuse(features, batch), dropout)
        loss = functional.cross_entropy(logits, batch.label)
        (loss + self.method.terms(features, batch)).backward()
        named = dict(self.model.named_parameters())
        grad = {n: named[n].grad.numpy().copy() for n in self.trace.parameters}
        factors = self.method.factors(features, batch)
        for name, factor in zip(self.model.encoders, factors, strict=True):
            for n in grad:
                if n.startswith(f"encoders.{name}."):
                    grad[n] *= factor
        return {"loss": loss.detach().numpy()}, grad

    def update(self, grad: Arrays) -> Arrays:
        """Step with this gradient; the parameters after it."""
        named = dict(self.model.named_parameters())
        for name, tensor in grad.items():
            named[name].grad.copy_(torch.from_numpy(tensor))
        if self.clip_norm > 0:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.clip_norm)
        self.optimizer.step()
        return {n: named[n].detach().numpy().copy() for n in self.trace.parameters}


def errors(a: Arrays, b: Arrays) -> dict[str, float]:
    """Relative error of each tensor of a against b; NaN counts as infinite."""
    largest = max(float(np.abs(t).max()) for t in b.values())
    result = {}
    for name, want in b.items():
        if a[name].shape != want.shape:
            raise ValueError(f"{name} is {a[name].shape}, not {want.shape}")
        distance = float(np.abs(a[name].astype(np.float64) - want).max())
        error = distance / max(float(np.abs(want).max()), FLOOR * largest, 1e-30)
        result[name] = math.inf if math.isnan(error) else error
    return result


@dataclass
class Comparison:
    """One tensor after one step."""

    kind: str
    step: int
    tensor: str
    to_f32: float  # engine against PyTorch in float32
    to_f64: float  # engine against PyTorch in float64
    torch_own: float  # PyTorch in float32 against itself in float64

    @property
    def error(self) -> float:
        return min(self.to_f32, self.to_f64)


class Comparer:
    """Goes through a trace step by step with both replays beside it."""

    def __init__(self, trace: Trace, tolerance: float) -> None:
        self.trace, self.tolerance = trace, tolerance
        self.f32, self.f64 = Replay(trace, torch.float32), Replay(trace, torch.float64)
        self.rows: list[Comparison] = []
        self.kinks: list[int] = []
        self.agrees = True  # so far; after that no kinks are looked for

    def add(self, kind: str, s: int, engine: Arrays, f32: Arrays, f64: Arrays) -> bool:
        """Compare the tensors of one kind; whether all agree."""
        to_f32, to_f64 = errors(engine, f32), errors(engine, f64)
        own = errors(f32, f64)
        new = [Comparison(kind, s, n, to_f32[n], to_f64[n], own[n]) for n in f64]
        self.rows += new
        return all(row.error <= self.tolerance for row in new)

    def gradient_at_kink(self, s: int, at: Arrays, engine: Arrays) -> Arrays | None:
        """PyTorch's gradient near the parameters `at` that the engine's agrees with."""
        replay = Replay(self.trace, torch.float64)
        random = np.random.default_rng(s)
        for attempt in range(ATTEMPTS):
            for name, p in replay.model.named_parameters():
                noise = random.uniform(-1, 1, at[name].shape) * (attempt > 0)
                p.data.copy_(torch.from_numpy(at[name] * (1 + ROUNDING * noise)))
            _, grad = replay.gradient(s)
            if max(errors(engine, grad).values()) <= self.tolerance:
                return grad
        return None

    def step(self, s: int, before: Arrays) -> Arrays:
        """Compare step s, begun at `before`; the engine's parameters after it."""
        loss = {"loss": np.asarray(self.trace.arrays[f"step{s}/loss"]).reshape(())}
        engine = self.trace.tensors(f"step{s}/grad")
        loss32, grad32 = self.f32.gradient(s)
        loss64, grad64 = self.f64.gradient(s)
        known = len(self.rows)
        good = self.add("grad", s, engine, grad32, grad64)
        if not good and self.agrees:
            found = self.gradient_at_kink(s, before, engine)
            if found is not None:
                self.kinks.append(s)
                del self.rows[known:]
                grad32 = {n: t.astype(np.float32) for n, t in found.items()}
                grad64 = found
                good = self.add("grad", s, engine, grad32, grad64)
        good &= self.add("loss", s, loss, loss32, loss64)
        after = self.trace.tensors(f"step{s}/params")
        params32, params64 = self.f32.update(grad32), self.f64.update(grad64)
        good &= self.add("params", s, after, params32, params64)
        self.agrees &= good
        return after

    def run(self) -> None:
        params = self.trace.tensors("before")
        for s in range(self.trace.steps):
            params = self.step(s, params)
        for name, tensor in self.trace.tensors("after").items():
            error = 0.0 if np.array_equal(tensor, params[name]) else math.inf
            last = self.trace.steps - 1
            self.rows.append(Comparison("after", last, name, error, error, 0.0))
        if not self.rows:
            raise ValueError("there is nothing to compare")


def report(comparer: Comparer) -> bool:
    """Print the largest distances of each kind; whether all agree.

    "error" is what counts: the distance to the nearer of the two, where it is worst.
    """
    trace, rows, tolerance = comparer.trace, comparer.rows, comparer.tolerance
    good = True
    print(
        f"{trace.steps} steps ({len(comparer.kinks)} on a kink),"
        f" {len(trace.parameters)} tensors, tolerance {tolerance:g}"
    )
    print(
        f"{'':8}{'engine-f32':>11}{'engine-f64':>11}{'f32-f64':>11}{'error':>11}"
        f"{'at step':>9}  tensor"
    )
    for kind in ("loss", "grad", "params", "after"):
        of_kind = [row for row in rows if row.kind == kind]
        if not of_kind:
            continue
        worst = max(of_kind, key=lambda row: row.error)
        far32, far64, own = (
            max(getattr(row, field) for row in of_kind)
            for field in ("to_f32", "to_f64", "torch_own")
        )
        agrees = worst.error <= tolerance
        good = good and agrees
        print(
            f"{kind:8}{far32:11.2e}{far64:11.2e}{own:11.2e}{worst.error:11.2e}"
            f"{worst.step:9}  {worst.tensor}{'' if agrees else ': DISAGREES'}"
        )
    first = next((row for row in rows if row.error > tolerance), None)
    if first:
        print(
            f"first disagreement: step {first.step}, {first.kind} of {first.tensor}: "
            f"engine-f32 {first.to_f32:.2e}, engine-f64 {first.to_f64:.2e}"
        )
    return good


def parse(argv: list[str]) -> tuple[str, float]:
    parser = argparse.ArgumentParser(description="replay an mmofl trace in PyTorch")
    parser.add_argument("trace", metavar="TRACE.npz")
    parser.add_argument("--tolerance", type=float, default=1e-5)
    args = parser.parse_args(argv)
    return args.trace, args.tolerance


def main(argv: list[str]) -> int:
    path, tolerance = parse(argv)
    torch.set_num_threads(1)
    try:
        trace = Trace(path)
        comparer = Comparer(trace, tolerance)
        comparer.run()
    except (OSError, KeyError, ValueError, RuntimeError, zipfile.BadZipFile) as error:
        print(f"{path}: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    return 0 if report(comparer) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
