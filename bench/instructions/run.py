#!/usr/bin/python3
"""Count the instructions of a few small fixed runs and compare them with the baseline.

Times on a shared machine vary by tens of per cent; the number of instructions of the
same program on the same input does not.  Each run goes through callgrind on one thread
with the kernels for x86-64-v3 (valgrind knows no AVX-512), and counts inside of one
function only, so that the loader of shared libraries is not in it.  Repeats agree within
0.01 %; another compiler or C library may move a count further, so a baseline holds for
one major version of the compiler and is skipped with others.

Exit: 0 no run is above its baseline by more than the tolerance (or nothing could be
counted, and --must was not given), 1 one is, or counting failed, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BASELINE = HERE / "baseline.json"
TOLERANCE = 0.10
SMALL = "data.train=400 data.test=100 fleet.devices=2 stream.buffer=40".split()
GAPS = "{missing: 0.5, noise: {kind: gauss, share: 0.5, sigma: 1}}"


class Run:
    """One line of the table: arguments for mmofl, and the function to count in."""

    def __init__(
        self, inside: str, *arguments: str, settings: Iterable[str] = ()
    ) -> None:
        self.inside = inside
        self.arguments = list(arguments)
        for setting in settings:
            self.arguments += ["--set", setting]
        if arguments[0] == "run":
            self.arguments += ["--threads", "1", "--out", "out"]


def training(*settings: str, inside: str = "mmofl_simulation_round") -> Run:
    demo = str(ROOT / "examples/demo.yaml")
    return Run(inside, "run", demo, settings=[*SMALL, "rounds=2", *settings])


RUNS = {
    "train pm": training("evaluate.every=2"),
    "train qqr, half is missing": training(
        "evaluate.every=2",
        "method=qqr",
        f"imbalance.modalities.accelerometer={GAPS}",
        f"imbalance.modalities.gyroscope={GAPS}",
    ),
    "train conv2d, lstm, embedding": Run(
        "mmofl_simulation_round",
        "run",
        str(HERE / "pictures.yaml"),
        settings=["data.path=my-data", "evaluate.every=2"],
    ),
    "evaluate": training("evaluate.every=1", inside="mmofl_evaluator_run"),
    "make synthetic-har": training("evaluate.every=2", inside="mmofl_data_load"),
    "import uci-har": Run("mmofl_data_import", "data", "import", "uci-har", "har.zip"),
    "import dir": Run("mmofl_data_import", "data", "import", "dir", "my-data"),
    "sweep, two cells": Run(
        "mmofl_sweep_run",
        "run",
        "sweep.yaml",
        settings=[*SMALL, "rounds=1", "fleet.devices=2", "evaluate.every=1"],
    ),
}


# ---- what the runs read --------------------------------------------------------------


def number(window: int, step: int) -> float:
    return (window * 7919 + step * 31) % 2001 / 1e3 - 1


def make_uci_har(path: Path) -> None:
    """An archive in UCI-HAR's form, with few windows of made-up numbers."""
    rows = {"train": 36, "test": 12}
    sensors = ["total_acc", "body_acc", "body_gyro"]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for part, n in rows.items():
            folder = f"UCI HAR Dataset/{part}"
            labels = "".join(f"{i % 6 + 1}\n" for i in range(n))
            archive.writestr(f"{folder}/y_{part}.txt", labels)
            archive.writestr(f"{folder}/subject_{part}.txt", labels)
            for sensor in sensors:
                for axis in "xyz":
                    lines = [
                        "".join(f" {number(i, t):15.7e}" for t in range(128))
                        for i in range(n)
                    ]
                    name = f"{folder}/Inertial Signals/{sensor}_{axis}_{part}.txt"
                    archive.writestr(name, "\n".join(lines) + "\n")


def make_inputs(folder: Path) -> None:
    make_uci_har(folder / "har.zip")
    maker = ROOT / "examples/own-data/make-data.py"
    subprocess.run([sys.executable, maker, folder], check=True, capture_output=True)
    demo = (ROOT / "examples/demo.yaml").read_text(encoding="utf-8")
    (folder / "sweep.yaml").write_text(demo + "\nsweep:\n  method: [pm, zf]\n")


# ---- counting ------------------------------------------------------------------------


def compiler(mmofl: str) -> str:
    """The compiler that the program was built with, by name and major version."""
    elf = subprocess.run(
        ["readelf", "-p", ".comment", mmofl], capture_output=True, text=True
    ).stdout
    found = re.search(r"(GCC|clang)\D*?(?:\([^)]*\) )?(\d+)\.", elf)
    return f"{found[1].lower()} {found[2]}" if found else "unknown"


def count(
    mmofl: str, run: Run, folder: Path, cpu: int, profile: Path | None = None
) -> int:
    """Instructions inside of the run's function.

    It has one processor, so that the pools that imports open have one thread.
    """
    command = [
        "taskset",
        "--cpu-list",
        str(cpu),
        "valgrind",
        "--tool=callgrind",
        f"--toggle-collect={run.inside}",
        f"--callgrind-out-file={profile or '/dev/null'}",
        mmofl,
        *run.arguments,
    ]
    done = subprocess.run(
        command,
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "MMOFL_CACHE_DIR": str(folder / "cache"),
            "MMOFL_ISA": "v3",
        },
        capture_output=True,
        text=True,
    )
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not found or int(found[1]) == 0:
        command_line = " ".join(map(str, command))
        sys.exit(f"{command_line}\n{done.stdout}{done.stderr}cannot be counted")
    return int(found[1])


def count_each(mmofl: str, inputs: Path) -> Iterable[int]:
    """The counts of RUNS in order, as many at a time as there are processors."""
    cpus = os.sched_getaffinity(0)
    free: queue.SimpleQueue[int] = queue.SimpleQueue()
    for cpu in cpus:
        free.put(cpu)

    def counted(run: Run) -> int:
        cpu = free.get()
        try:
            with tempfile.TemporaryDirectory(prefix="mmofl-instructions-") as own:
                shutil.copytree(inputs, own, dirs_exist_ok=True)
                return count(mmofl, run, Path(own), cpu)
        finally:
            free.put(cpu)

    with ThreadPoolExecutor(len(cpus)) as pool:
        yield from pool.map(counted, RUNS.values())


# ---- table ---------------------------------------------------------------------------


def row(name: str, old: int | None, now: int) -> str:
    ratio = f"{now / old:10.3f}" if old else "       new"
    was = f"{old / 1e6:12.3f}" if old else "           -"
    return f"{name:32}{was}{now / 1e6:12.3f}{ratio}"


def show_profile(mmofl: str, name: str, folder: Path) -> int:
    profile = folder / "profile"
    count(mmofl, RUNS[name], folder, min(os.sched_getaffinity(0)), profile)
    text = subprocess.run(
        ["callgrind_annotate", "--auto=no", "--threshold=99", profile],
        capture_output=True,
        text=True,
    ).stdout
    print(f"{name}, in {RUNS[name].inside}")
    # Lines like  1,234 ( 5.67%)  PATH/FILE:FUNCTION [PROGRAM]
    for share, place in re.findall(r"\(\s*([\d.]+)%\)\s+(\S+:\S+)", text):
        if float(share) >= 1:
            print(f"{float(share):6.2f} %  {place.rsplit('/', 1)[-1]}")
    return 0


def compare(mmofl: str, folder: Path, write: bool) -> int:
    baseline = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    old, now = baseline.get("millions", {}), {}
    print(f"{'millions of instructions':32}{'baseline':>12}{'now':>12}{'ratio':>10}")
    for name, n in zip(RUNS, count_each(mmofl, folder), strict=True):
        now[name] = n
        was = old.get(name)
        print(row(name, round(was * 1e6) if was else None, now[name]), flush=True)
    if write:
        millions = {name: round(n / 1e6, 3) for name, n in now.items()}
        text = {"compiler": compiler(mmofl), "millions": millions}
        BASELINE.write_text(json.dumps(text, indent=2) + "\n", encoding="utf-8")
        print(f"wrote {BASELINE.relative_to(ROOT)}")
        return 0
    limit = 1 + TOLERANCE
    worse = [n for n in now if n not in old or now[n] > limit * old[n] * 1e6]
    if worse:
        print(
            f"More than {TOLERANCE:.0%} above the baseline, or new: {'; '.join(worse)}."
            "\nIf that is meant to be, write a new baseline and commit it:"
            "\n  ./dev bench --instructions --write"
            "\nWhich function it is:"
            f"\n  ./dev bench --instructions --profile '{worse[0]}'",
        )
    return 1 if worse else 0


def obstacle(mmofl: str, write: bool) -> str:
    """Why nothing can be compared, or nothing."""
    if not shutil.which("valgrind"):
        return "valgrind is missing (Debian: apt-get install valgrind)"
    if write or not BASELINE.exists():
        return ""
    theirs, ours = json.loads(BASELINE.read_text())["compiler"], compiler(mmofl)
    return "" if theirs == ours else f"the baseline is of {theirs}, this is {ours}"


def main() -> int:
    parser = argparse.ArgumentParser(description="count instructions of fixed runs")
    parser.add_argument("--mmofl", required=True, help="path of the program")
    parser.add_argument("--write", action="store_true", help="make a new baseline")
    parser.add_argument(
        "--must", action="store_true", help="fail where nothing can be counted"
    )
    parser.add_argument(
        "--profile",
        choices=RUNS,
        metavar="RUN",
        help="one run by function instead: " + "; ".join(RUNS),
    )
    args = parser.parse_args()
    mmofl = str(Path(args.mmofl).resolve())
    reason = obstacle(mmofl, args.write or args.profile is not None)
    if reason:
        print(f"instructions are not counted: {reason}")
        return 1 if args.must else 0
    with tempfile.TemporaryDirectory(prefix="mmofl-instructions-") as name:
        folder = Path(name)
        make_inputs(folder)
        if args.profile:
            return show_profile(mmofl, args.profile, folder)
        return compare(mmofl, folder, args.write)


if __name__ == "__main__":
    sys.exit(main())
