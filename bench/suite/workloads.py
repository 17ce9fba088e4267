"""Published workloads through the normal command, `mmofl run`, and where the time goes.

Start to end of the process counts.  The data are imported once, which is timed apart;
after that a run maps the imported set.
"""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from suite.bench import ROOT, Bench
from suite.figures import Figures, select, short, table
from suite.journal import Run
from suite.programs import run_json, run_timed

FOLDER = ROOT / "bench/workloads"
SPLIT = re.compile(
    r"Seconds: data (\S+), set-up (\S+), training (\S+), tests (\S+),"
    r" writing (\S+)\."
)
PARTS = ["data", "set-up", "training", "tests", "writing"]
LENET_FLOP = 4.9e12  # of the workload, as PERFORMANCE.md counts: three forward passes


@dataclass(frozen=True)
class Workload:
    name: str
    text: str
    data: str  # what make_data.py shall make, or nothing
    repeats: int
    published: str


WORKLOADS = [
    Workload(
        "flute-lr",
        "FLUTE: logistic regression 784-10, 1000 clients, 10 in each of 100 rounds,"
        " B=10; Fashion-MNIST for MNIST",
        "fashion-mnist",
        5,
        "FLUTE 3:20 min, Flower 1.0 30:14 min",
    ),
    Workload(
        "blazefl-lenet",
        "BlazeFL: LeNet, 100 clients with 500 pictures, 5 rounds of 5 passes, B=50;"
        " random data of CIFAR's shape",
        "pictures",
        2,
        "BlazeFL about 30 s, Flower 93 s, on many cores",
    ),
    Workload(
        "ten-thousand",
        "UCI-HAR's model on 10,000 devices, 100 in each of 3 rounds; generated windows",
        "",
        1,
        "",
    ),
]


def data_folder(bench: Bench, workload: Workload) -> Path:
    return bench.work / "data" / workload.data


def make_data(bench: Bench, workload: Workload) -> None:
    folder = data_folder(bench, workload)
    if not (folder / "dataset.yaml").exists():
        command = [
            bench.python,
            str(FOLDER / "make_data.py"),
            workload.data,
            str(folder),
        ]
        subprocess.run(command, check=True)


def environment(bench: Bench) -> dict[str, str]:
    return {"MMOFL_CACHE_DIR": str(bench.work / "cache")}


def command(bench: Bench, workload: Workload) -> list[str]:
    out = bench.work / f"run-{workload.name}"
    shutil.rmtree(out, ignore_errors=True)
    line = [bench.mmofl, "run", str(FOLDER / f"{workload.name}.yaml")]
    line += ["--out", str(out), "--threads", str(bench.threads[-1])]
    if workload.data:
        line += ["--set", f"data.path={data_folder(bench, workload)}"]
    if is_cut(bench, workload):
        line += ["--set", "rounds=1", "--set", "train.epochs=1"]
    return line


def is_cut(bench: Bench, workload: Workload) -> bool:
    """One pass over the pictures, of 25, is enough for a quick look."""
    return bench.quick and workload.name == "blazefl-lenet"


def run(bench: Bench, workload: Workload) -> Run:
    timed = run_timed(command(bench, workload), environment(bench))
    found = SPLIT.search(timed.get("said", ""))
    timed.pop("said", None)
    if "failed" in timed or not found:
        return {"failed": "the run did not say where its time went", **timed}
    split = dict(zip(PARTS, map(float, found.groups()), strict=True))
    start = max(timed["seconds"] - sum(split.values()), 0.0)
    of_work = 1 / 25 if is_cut(bench, workload) else 1
    return {**timed, "start": start, **split, "of_work": of_work}


def import_data(bench: Bench, workload: Workload) -> Run:
    """The first look at a set imports it into the cache."""
    shutil.rmtree(bench.work / "cache", ignore_errors=True)
    path = str(data_folder(bench, workload))
    look = [bench.mmofl, "data", "info", "dir", "--path", path]
    timed = run_timed(look, environment(bench))
    timed.pop("said", None)
    return timed


def measure(bench: Bench) -> None:
    for workload in WORKLOADS:
        bench.say(f"workload {workload.name}")
        repeats = 1 if bench.quick else workload.repeats
        keys = [f"workload/{workload.name}/{i}" for i in range(repeats)]
        if all(key in bench.journal.runs for key in keys):
            continue
        if workload.data:
            make_data(bench, workload)
            bench.journal.runs.pop(f"import/{workload.name}/0", None)
            bench.measure(
                f"import/{workload.name}/0", partial(import_data, bench, workload)
            )
        for key in keys:
            bench.measure(key, partial(run, bench, workload))
    threads = bench.threads[-1]
    peak = [bench.mmofl, "bench", "--json", "--shape", "lr", "--seconds", "0.1"]
    bench.measure(
        "workload-peak/0", lambda: run_json([*peak, "--threads", str(threads)])
    )


# ---- tables --------------------------------------------------------------------------


def blazefl_flop(runs: dict[str, Run]) -> float:
    """As much of it as was run."""
    return LENET_FLOP * select(runs, "workload/blazefl-lenet").median("of_work")


def blazefl_bound(runs: dict[str, Run]) -> float:
    """Seconds that BlazeFL's workload takes at the measured peak of the cores used."""
    peak = 1e9 * select(runs, "workload-peak").median("peak_gflops")
    return blazefl_flop(runs) / peak


def cells(workload: Workload, figures: Figures, imported: Figures) -> Iterator[str]:
    yield workload.text
    yield figures.spread("seconds") if figures.good else f"failed: {figures.failed}"
    for part in ["start", *PARTS]:
        yield "-" if not figures.good else f"{figures.median(part):.3f}"
    yield short(figures.median("cpu_seconds"))
    yield short(figures.median("peak_rss_bytes") / 1e6)
    yield short(imported.median("seconds"))
    yield workload.published or "-"


def workload_table(runs: dict[str, Run]) -> str:
    lines = [
        cells(w, select(runs, f"workload/{w.name}"), select(runs, f"import/{w.name}"))
        for w in WORKLOADS
    ]
    head = "workload|>seconds|>start|>data|>set-up|>training|>tests|>writing"
    head += "|>CPU s|>MB|>import s, once|published by others"
    text = table(head, lines)
    bound = blazefl_bound(runs)
    if not math.isnan(bound):
        text += (
            f"\n\nBlazeFL's {short(blazefl_flop(runs) / 1e12)} TFLOP take"
            f" {short(bound)} s at the measured peak of the cores used."
        )
    return text
