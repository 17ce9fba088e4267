"""Whole simulated rounds of federated averaging in PyTorch, in five styles.

A round: each of K devices loads the model, takes E SGD steps on mini-batches gathered
from its own resident samples (E * B of them, in a fresh order each round), and the K
models are averaged.  Styles:

  plain    as tutorials write it: load_state_dict, DataLoader, SGD object, dictionaries
  tuned    one flat parameter and one flat gradient buffer, no DataLoader, no optimiser
  jit      tuned, with the traced model
  native   jit, with PyTorch's own convolutions in place of oneDNN's
  compile  tuned, with torch.compile (PyTorch 2)

With several processes each has its share of the devices, and they meet once a round.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import models
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

LEARNING_RATE = 0.05
WARM_UP_ROUNDS = 1  # the jit compiles in its first few steps
NO_LAST_ROUND = -1
BARRIER_TIMEOUT_S = 300  # a process that died must not keep the others for ever


@dataclass
class Device:
    """A device's resident samples and its own source of orders (None: as they lie)."""

    x: list[Tensor]
    label: Tensor
    random: torch.Generator | None

    def order(self) -> Tensor:
        if self.random is None:
            return torch.arange(len(self.label))
        return torch.randperm(len(self.label), generator=self.random)


def make_device(index: int, args: argparse.Namespace) -> Device:
    shape = models.SHAPES[args.shape]
    random = torch.Generator().manual_seed(1000 + index)
    n = args.steps * args.batch
    x = [torch.randn(n, *size, generator=random) for size in shape.inputs]
    return Device(x, torch.randint(shape.classes, (n,), generator=random), random)


# ---- styles --------------------------------------------------------------------------

# Trains the devices from the global model (first argument, flat) and returns the sum
# of their models, flat, and the sum of their mean losses.
LocalRound = Callable[[Tensor, list[Device]], tuple[Tensor, float]]


def flat_parameters(model: nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def faster(model: nn.Module, args: argparse.Namespace) -> Callable[..., Tensor]:
    """The model's forward function in the style that is asked for."""
    if args.style in ("jit", "native"):
        inputs = models.SHAPES[args.shape].inputs
        return torch.jit.trace(model, [torch.randn(args.batch, *i) for i in inputs])
    return torch.compile(model) if args.style == "compile" else model


def plain_round(model: nn.Module, args: argparse.Namespace) -> LocalRound:
    def as_state(flat: Tensor) -> dict[str, Tensor]:
        state = model.state_dict()
        parts = flat.split([t.numel() for t in state.values()])
        return {n: v.view_as(t) for (n, t), v in zip(state.items(), parts, strict=True)}

    def run(start: Tensor, devices: list[Device]) -> tuple[Tensor, float]:
        state = as_state(start)
        total = {name: torch.zeros_like(t) for name, t in state.items()}
        loss_sum = 0.0
        for device in devices:
            model.load_state_dict(state)
            optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)
            data = TensorDataset(*device.x, device.label)
            for *x, label in DataLoader(
                data, args.batch, sampler=device.order().tolist()
            ):
                optimizer.zero_grad(set_to_none=True)
                loss = cross_entropy(model(*x), label)
                loss.backward()
                optimizer.step()
                loss_sum += loss.item() / args.steps
            for name, tensor in model.state_dict().items():
                total[name] += tensor
        return torch.cat([t.flatten() for t in total.values()]), loss_sum

    return run


def tuned_round(model: nn.Module, args: argparse.Namespace) -> LocalRound:
    flat = flat_parameters(model)
    gradient = torch.zeros_like(flat)
    at = 0
    for p in model.parameters():
        end = at + p.numel()
        p.data, p.grad = flat[at:end].view_as(p), gradient[at:end].view_as(p)
        at = end
    forward = faster(model, args)

    def run(start: Tensor, devices: list[Device]) -> tuple[Tensor, float]:
        total, loss_sum = torch.zeros_like(start), torch.zeros(())
        for device in devices:
            flat.copy_(start)
            for rows in device.order().split(args.batch):
                gradient.zero_()
                x = [one.index_select(0, rows) for one in device.x]
                loss = cross_entropy(forward(*x), device.label.index_select(0, rows))
                loss.backward()
                flat.add_(gradient, alpha=-LEARNING_RATE)
                loss_sum += loss.detach()
            total += flat
        return total, float(loss_sum) / args.steps

    return run


def local_round(model: nn.Module, args: argparse.Namespace) -> LocalRound:
    return (plain_round if args.style == "plain" else tuned_round)(model, args)


# ---- the same work? ------------------------------------------------------------------


def check(local: LocalRound, args: argparse.Namespace) -> dict[str, float]:
    """Do what the device in a trace of `mmofl bench` did, and compare: how far, as a
    share, the mean loss is off, and how far at most a parameter after the round."""
    trace = np.load(args.check, allow_pickle=False)
    meta = json.loads(bytes(trace["meta"]))
    steps = range(meta["steps"])
    inputs = [encoder["modality"] for encoder in meta["model"]["encoders"]]

    def gather(kind: str) -> Tensor:
        return torch.from_numpy(
            np.concatenate([trace[f"step{s}/{kind}"] for s in steps])
        )

    def parameters(prefix: str) -> Tensor:
        named = models.build(args.shape).named_parameters()
        return torch.cat(
            [
                models.channels_first(
                    args.shape, ours, torch.from_numpy(trace[f"{prefix}/{theirs}"])
                ).flatten()
                for (ours, _), theirs in zip(named, meta["parameters"], strict=True)
            ]
        )

    x = [gather(f"x/{name}").movedim(-1, 1).contiguous() for name in inputs]
    device = Device(x, gather("label").long(), None)
    model, loss = local(parameters("before"), [device])
    expected = sum(float(trace[f"step{s}/loss"]) for s in steps) / len(steps)
    return {
        "check_loss": loss,
        "check_loss_error": abs(loss - expected) / expected,
        "check_model_error": float((model - parameters("after")).abs().max()),
    }


# ---- rounds --------------------------------------------------------------------------


class Meeting:
    """What the processes share: sums of models, losses, and which round is the last.

    Sums of even and odd rounds lie apart, so that one barrier a round is enough.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        n, width = args.processes, models.SHAPES[args.shape].parameters
        self.sums = torch.zeros(2, n, width).share_memory_()
        self.losses = torch.zeros(2, n, dtype=torch.float64).share_memory_()
        self.samples_per_s = torch.zeros(n, dtype=torch.float64).share_memory_()
        self.peak_rss = torch.zeros(n, dtype=torch.int64).share_memory_()
        self.last_round = torch.full((), NO_LAST_ROUND).share_memory_()
        self.barrier = multiprocessing.get_context("fork").Barrier(n)


def rounds(rank: int, args: argparse.Namespace, meeting: Meeting) -> dict[str, Any]:
    """Rounds of this process's devices until rank 0 has had its seconds."""
    model = models.build(args.shape)
    start = flat_parameters(model)
    local = local_round(model, args)
    checked = check(local, args) if args.check and rank == 0 else {}
    devices = [make_device(i, args) for i in range(rank, args.devices, args.processes)]
    loss, began = 0.0, 0.0
    for round_index in itertools.count():
        if round_index == WARM_UP_ROUNDS:
            began = time.perf_counter()
        half = round_index % 2
        meeting.sums[half, rank], meeting.losses[half, rank] = local(start, devices)
        timed = round_index >= WARM_UP_ROUNDS
        if rank == 0 and timed and time.perf_counter() - began >= args.seconds:
            meeting.last_round.fill_(round_index)
        meeting.barrier.wait(timeout=BARRIER_TIMEOUT_S)
        start = meeting.sums[half].sum(dim=0) / args.devices
        loss = float(meeting.losses[half].sum()) / args.devices
        if int(meeting.last_round) == round_index:
            break
    seconds = time.perf_counter() - began
    count = round_index + 1 - WARM_UP_ROUNDS
    return {
        "steps_per_s": count * args.devices * args.steps / seconds,
        "rounds_per_s": count / seconds,
        "rounds": count,
        "final_loss": loss,
        **checked,
    }


def forward_passes(
    rank: int, args: argparse.Namespace, meeting: Meeting
) -> dict[str, Any]:
    """Samples tested per second, all processes together."""
    with torch.inference_mode():
        model = models.build(args.shape).eval()
        device = make_device(rank, args)
        forward = faster(model, args)
        batches = [
            ([x[rows] for x in device.x], device.label[rows])
            for rows in device.order().split(args.batch)
        ]

        def test() -> float:
            return sum(
                float(cross_entropy(forward(*x), label, reduction="sum"))
                for x, label in batches
            )

        for _ in range(WARM_UP_ROUNDS):
            test()
        meeting.barrier.wait(timeout=BARRIER_TIMEOUT_S)
        began, samples = time.perf_counter(), 0
        while time.perf_counter() - began < args.seconds:
            test()
            samples += len(device.label)
        meeting.samples_per_s[rank] = samples / (time.perf_counter() - began)
    meeting.barrier.wait(timeout=BARRIER_TIMEOUT_S)
    return {"samples_per_s": float(meeting.samples_per_s.sum())}


def work(rank: int, args: argparse.Namespace, meeting: Meeting) -> dict[str, Any]:
    torch.set_num_threads(args.op_threads)
    torch.backends.mkldnn.set_flags(args.style != "native")
    figures = (forward_passes if args.forward else rounds)(rank, args, meeting)
    meeting.peak_rss[rank] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return figures


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """One measurement, on as many processes as are asked for."""
    meeting = Meeting(args)
    fork = multiprocessing.get_context("fork")
    others = [
        fork.Process(target=work, args=(rank, args, meeting), daemon=True)
        for rank in range(1, args.processes)
    ]
    for other in others:
        other.start()
    figures = work(0, args, meeting)
    for other in others:
        other.join()
    return {
        "peer": "pytorch",
        "torch_version": torch.__version__,
        **{
            name: getattr(args, name)
            for name in ("shape", "style", "batch", "devices", "steps", "processes")
        },
        "op_threads": args.op_threads,
        **figures,
        "peak_rss_bytes": int(meeting.peak_rss.sum()),
    }
