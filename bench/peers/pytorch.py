#!/usr/bin/python3
"""PyTorch peer of `mmofl bench`: whole simulated rounds of federated averaging.

A round: each of K devices loads the model, takes E SGD steps on mini-batches gathered
from its own resident samples (E * B of them, in a fresh order each round), and the K
models are averaged.  Styles:

  plain  as tutorials write it: load_state_dict, DataLoader, SGD object, dictionaries
  tuned  one flat parameter and one flat gradient buffer, no DataLoader, no optimiser
  jit    tuned, with the traced model

With several processes each has its share of the devices, and they meet once a round.
`check_loss` is the mean loss of the second warm-up round: the same for all styles.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LEARNING_RATE = 0.05
WARM_UP_ROUNDS = 2  # the jit compiles in its first calls
NO_LAST_ROUND = -1
BARRIER_TIMEOUT_S = 300  # a process that died must not keep the others for ever


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="time PyTorch on a shape of mmofl bench"
    )
    parser.add_argument(
        "--shape", choices=["har", "mlp", "lenet", "convgru"], default="har"
    )
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--devices", type=int, default=20)
    parser.add_argument("--steps", type=int, default=5, help="per device and round")
    parser.add_argument("--style", choices=["plain", "tuned", "jit"], default="tuned")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--op-threads", type=int, default=1, help="inside an operation")
    parser.add_argument("--seconds", type=float, default=3.0, help="at least one round")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def fair_environment(args: argparse.Namespace) -> None:
    """Start again with the environment in which PyTorch is fastest.

    OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE, where a machine exports them, slow OpenBLAS
    down, and its pthread flavour does not hear torch.set_num_threads.  The tuned styles
    also keep freed activations in the heap instead of giving them back every step.
    """
    wanted = dict(os.environ)
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        wanted.pop(name, None)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        wanted[name] = str(args.op_threads)
    if args.style != "plain":
        for name in ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"):
            wanted[name] = str(1 << 30)
    if wanted != dict(os.environ):
        os.execve(sys.executable, [sys.executable, *sys.argv], wanted)


ARGS = parse()
if __name__ == "__main__":
    fair_environment(ARGS)

import torch  # noqa: E402  (after the environment is settled)
from torch import Tensor, nn  # noqa: E402
from torch.nn.functional import cross_entropy  # noqa: E402
from torch.utils.data import DataLoader, TensorDataset  # noqa: E402

import models  # noqa: E402


@dataclass
class Device:
    """A device's resident samples and its own source of orders."""

    x: list[Tensor]
    label: Tensor
    random: torch.Generator

    def order(self) -> Tensor:
        return torch.randperm(len(self.label), generator=self.random)


def make_device(index: int, args: argparse.Namespace) -> Device:
    shape = models.SHAPES[args.shape]
    random = torch.Generator().manual_seed(1000 + index)
    n = args.steps * args.batch
    x = [torch.randn(n, *size, generator=random) for size in shape.inputs]
    return Device(x, torch.randint(shape.classes, (n,), generator=random), random)


# Trains the devices from the global model (first argument, flat) and returns the sum
# of their models, flat, and the sum of their mean losses.
LocalRound = Callable[[Tensor, list[Device]], tuple[Tensor, float]]


def flat_parameters(model: nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters()])


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


def tuned_round(model: nn.Module, args: argparse.Namespace, jit: bool) -> LocalRound:
    flat = flat_parameters(model)
    gradient = torch.zeros_like(flat)
    at = 0
    for p in model.parameters():
        end = at + p.numel()
        p.data, p.grad = flat[at:end].view_as(p), gradient[at:end].view_as(p)
        at = end
    forward: Callable[..., Tensor] = model
    if jit:
        inputs = models.SHAPES[args.shape].inputs
        forward = torch.jit.trace(model, [torch.randn(args.batch, *i) for i in inputs])

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


class Meeting:
    """What the processes share: sums of models, losses, and which round is the last.

    Sums of even and odd rounds lie apart, so that one barrier a round is enough.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        n, width = args.processes, models.SHAPES[args.shape].parameters
        self.sums = torch.zeros(2, n, width).share_memory_()
        self.losses = torch.zeros(2, n, dtype=torch.float64).share_memory_()
        self.peak_rss = torch.zeros(n, dtype=torch.int64).share_memory_()
        self.last_round = torch.full((), NO_LAST_ROUND).share_memory_()
        self.barrier = multiprocessing.Barrier(n)


def work(rank: int, args: argparse.Namespace, meeting: Meeting) -> dict[str, Any]:
    """Rounds of this process's devices until rank 0 has had its seconds."""
    torch.set_num_threads(args.op_threads)
    model = models.build(args.shape)
    start = flat_parameters(model)
    local = (
        plain_round(model, args)
        if args.style == "plain"
        else tuned_round(model, args, args.style == "jit")
    )
    devices = [make_device(i, args) for i in range(rank, args.devices, args.processes)]
    loss, check_loss, began = 0.0, 0.0, 0.0
    for round_index in itertools.count():
        if round_index == WARM_UP_ROUNDS:
            check_loss, began = loss, time.perf_counter()
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
    meeting.peak_rss[rank] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    rounds = round_index + 1 - WARM_UP_ROUNDS
    steps = rounds * args.devices * args.steps
    return {
        "steps_per_s": steps / seconds,
        "rounds_per_s": rounds / seconds,
        "ms_per_step": 1000 * seconds / steps,
        "rounds": rounds,
        "final_loss": loss,
        "check_loss": check_loss,
    }


def blas() -> str:
    """Folder of the BLAS in use: "blas" is the slow reference implementation."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        paths = {line.split()[-1] for line in maps if "blas" in line}
    return " ".join(sorted({os.path.basename(os.path.dirname(p)) for p in paths}))


def main() -> int:
    meeting = Meeting(ARGS)
    fork = multiprocessing.get_context("fork")
    others = [
        fork.Process(target=work, args=(rank, ARGS, meeting), daemon=True)
        for rank in range(1, ARGS.processes)
    ]
    for other in others:
        other.start()
    figures = work(0, ARGS, meeting)
    for other in others:
        other.join()
    result = {
        "peer": "pytorch",
        "style": ARGS.style,
        "shape": ARGS.shape,
        "batch": ARGS.batch,
        "devices": ARGS.devices,
        "steps": ARGS.steps,
        "processes": ARGS.processes,
        "op_threads": ARGS.op_threads,
        **figures,
        "peak_rss_bytes": int(meeting.peak_rss.sum()),
        "torch_version": torch.__version__,
        "blas": blas(),
    }
    if ARGS.json:
        print(json.dumps(result))
    else:
        print("\n".join(f"{key:15} {value}" for key, value in result.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
