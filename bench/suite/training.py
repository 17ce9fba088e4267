"""Training steps in whole rounds, and tests, beside PyTorch in its best style.

The first repeat tries each style of a peer; those within 10 % of its best are repeated.
Each style first does what mmofl did in a recorded round: that the loss is the same to
five digits, and the model, is what makes the times comparable.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from suite.bench import Bench
from suite.figures import best_style, select, short
from suite.journal import Run

SHAPES = ["har", "har-flatten", "convgru", "mlp", "lenet", "lr"]
BATCHES = [1, 4, 10, 16, 32, 50]
STEPS = 5
NEAR_BEST = 0.9
# What costs much time and wins nowhere that we saw is tried here and there only.
PLAIN_BATCHES = TORCH_2_BATCHES = [4, 32]
COMPILED_BATCHES = [32]  # torch.compile takes half a minute for each


@dataclass(frozen=True)
class Row:
    shape: str
    batch: int
    threads: int

    @property
    def key(self) -> str:
        return f"training/{self.shape}/{self.batch}/{self.threads}"


def rows(bench: Bench) -> list[Row]:
    shapes, batches = (["har", "mlp"], [4, 32]) if bench.quick else (SHAPES, BATCHES)
    return [Row(s, b, t) for s in shapes for b in batches for t in bench.threads]


def styles(bench: Bench, peer: str, batch: int) -> list[str]:
    """What is worth trying."""
    if peer.startswith("PyTorch 1"):
        plain = ["plain"] if batch in PLAIN_BATCHES else []
        return ["tuned", "jit"] if bench.quick else [*plain, "tuned", "jit", "native"]
    compiled = ["compile"] if batch in COMPILED_BATCHES else []
    return ["tuned", *compiled] if batch in TORCH_2_BATCHES else []


def near_best(runs: dict[str, Run], key: str) -> list[str]:
    """Of the styles that were tried (by their runs), those worth another try."""
    rates = {s: run[key] for s, run in runs.items() if "failed" not in run}
    return [s for s, rate in rates.items() if rate >= NEAR_BEST * max(rates.values())]


def interleave(
    bench: Bench,
    key: str,
    rate: str,
    ours: Callable[[str], Run],
    peers: dict[str, tuple[list[str], Callable[[str, str], Run]]],
) -> None:
    """All repeats of a row: mmofl, then each style of each peer, and again."""
    chosen = {peer: tried for peer, (tried, _) in peers.items()}
    for repeat in range(bench.repeats):
        ours(f"{key}/mmofl/{repeat}")
        for peer, (_, run) in peers.items():
            made = {s: run(s, f"{key}/{peer}/{s}/{repeat}") for s in chosen[peer]}
            if repeat == 0:
                chosen[peer] = near_best(made, rate)


def measure_row(bench: Bench, row: Row) -> None:
    same = ["--shape", row.shape, "--batch", row.batch]
    devices = 8 if row.batch <= 10 else 4  # slow rounds of fewer
    work = [*same, "--devices", devices, "--steps", STEPS, "--seconds", bench.seconds]
    trace = bench.work / f"{row.shape}-{row.batch}.npz"

    def traced() -> Path:
        if not trace.exists():
            options = [*same, "--steps", STEPS, "--trace", trace]
            command = [bench.mmofl, "bench", *map(str, options)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return trace

    def ours(key: str) -> Run:
        return bench.ours(key, *work, "--threads", row.threads)

    def peer(name: str) -> Callable[[str, str], Run]:
        def run(style: str, key: str) -> Run:
            arguments = [*work, "--processes", row.threads, "--style", style]

            def measured() -> Run:
                check = ["--check", traced()] if key.endswith("/0") else []
                options = [str(a) for a in [*arguments, *check]]
                return bench.torches[name].measure(options)

            return bench.measure(key, measured)

        return run

    interleave(
        bench,
        row.key,
        "steps_per_s",
        ours,
        {name: (styles(bench, name, row.batch), peer(name)) for name in bench.torches},
    )
    trace.unlink(missing_ok=True)


def measure_forward(bench: Bench, shape: str, threads: int) -> None:
    work = ["--shape", shape, "--forward", "--seconds", bench.seconds]
    peer_work = [*work, "--batch", 32, "--steps", 16, "--processes", threads]

    def ours(key: str) -> Run:
        return bench.ours(key, *work, "--devices", 8, "--threads", threads)

    def peer(name: str) -> Callable[[str, str], Run]:
        def run(style: str, key: str) -> Run:
            arguments = [str(a) for a in [*peer_work, "--style", style]]
            return bench.measure(key, lambda: bench.torches[name].measure(arguments))

        return run

    tried = ["tuned", "jit", "native"]
    peers = {n: (tried, peer(n)) for n in bench.torches if n.startswith("PyTorch 1")}
    interleave(bench, f"forward/{shape}/{threads}", "samples_per_s", ours, peers)


def measure_variants(bench: Bench) -> None:
    """Instruction sets, and what a method costs."""
    for batch in (16, 32):
        for isa in ("base", "v3", "v4"):
            for repeat in range(bench.repeats):
                bench.ours(
                    f"isa/{isa}/{batch}/{repeat}",
                    *["--batch", batch, "--threads", 1, "--seconds", bench.seconds],
                    environment={"MMOFL_ISA": isa},
                )
        for repeat in range(bench.repeats + 2):
            for method in ("pm", "qqr"):
                bench.ours(
                    f"method/{method}/{batch}/{repeat}",
                    *["--method", method, "--batch", batch, "--new", batch],
                    *["--threads", 1, "--seconds", bench.seconds],
                )


def measure(bench: Bench) -> None:
    bench.say("the machine")
    bench.ours("machine/0", "--machine")
    planned = rows(bench)
    for i, row in enumerate(planned):
        measure_row(bench, row)
        figures = select(bench.journal.runs, f"{row.key}/mmofl")
        told = [f"mmofl {short(figures.median('steps_per_s'))} steps/s"]
        for peer in bench.torches:
            style, best = best_style(bench.journal.runs, row.key, peer, "steps_per_s")
            told.append(f"{peer} {short(best.median('steps_per_s'))} ({style})")
        bench.say(
            f"{i + 1}/{len(planned)} {row.shape}, batch {row.batch}, threads"
            f" {row.threads}: {', '.join(told)}"
        )
    for shape in dict.fromkeys(row.shape for row in planned):
        bench.say(f"tests of {shape}")
        for threads in bench.threads:
            measure_forward(bench, shape, threads)
    bench.say("instruction sets and methods")
    measure_variants(bench)
