#!/usr/bin/python3
"""`./dev bench`: mmofl beside its peers, all of it, into docs/performance.md.

Measures the machine, training and tests of all shapes beside PyTorch, published
workloads, rounds over the network beside Flower, and growth with the fleet; candidates
of a row take turns, so that a noisy neighbour meets all of them.  Every measurement is
kept as it comes (out/bench/journal-*.jsonl): run it again after an interruption and it
goes on.  At the end the raw numbers are in bench/results/ and the tables between the
markers of docs/performance.md; with --quick both go to out/bench/.

Peers that are not there are left out, and the tables say why.  --install-peers puts
those from PyPI into virtual environments under out/bench/peers first.

Exit: 0 done, 1 mmofl could not be measured, or a peer did not do the same work, 2 wrong
usage.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from suite import aims, machine, network, training, training_tables, workloads
from suite.bench import ROOT, Bench
from suite.figures import write_sections
from suite.journal import Journal, Run
from suite.programs import (
    PEERS,
    PyTorch,
    environment_python,
    install,
    run_json,
    why_not,
)

SECTIONS = {"training": training, "workloads": workloads, "network": network}
DEBIANS_PYTHON = "/usr/bin/python3"
BUSY = 0.5  # load average at which the figures are doubtful


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="mmofl beside its peers, into docs/performance.md",
        epilog="All of it takes about 20 minutes on two quiet cores, --quick about 3.",
    )
    parser.add_argument("--mmofl", required=True, help="path of the program")
    parser.add_argument(
        "--quick", action="store_true", help="few shapes, one repeat; docs stay as is"
    )
    parser.add_argument(
        "--only", nargs="+", choices=[*SECTIONS, "growth"], help="sections to measure"
    )
    parser.add_argument(
        "--install-peers",
        action="store_true",
        help="first install Flower (0.2 GB) and PyTorch 2 (5 GB) from PyPI",
    )
    parser.add_argument(
        "--tables",
        type=Path,
        metavar="RESULTS.json",
        help="measure nothing; write the tables of these results again",
    )
    return parser.parse_args()


def digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def commit() -> str:
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def find_torches(folder: Path, absent: dict[str, str]) -> dict[str, PyTorch]:
    """Debian's PyTorch, and the one from PyPI, by their versions."""
    found = {}
    for python in (DEBIANS_PYTHON, environment_python(folder / "torch")):
        code = "import torch, json; print(json.dumps({'v': torch.__version__}))"
        probe = run_json([python, "-c", code])
        if "failed" in probe:
            absent[f"PyTorch of {python}"] = probe["failed"]
        else:
            number = ".".join(probe["v"].split(".")[:2])
            found[f"PyTorch {number}"] = PyTorch(python)
    return found


def make_bench(args: argparse.Namespace, here: dict[str, str]) -> Bench:
    work = ROOT / "out/bench"
    peers = work / "peers"
    if args.install_peers:
        for name in ("flower", "torch"):
            install(peers / name, PEERS / f"requirements-{name}.txt")
    absent: dict[str, str] = {}
    flower = environment_python(peers / "flower")
    lacks = why_not(flower, "flwr")
    if lacks:
        absent["Flower"] = f"{lacks} (./dev bench --install-peers)"
    of = {"mmofl": digest(args.mmofl), "machine": here, "quick": args.quick}
    name = "quick" if args.quick else "full"
    return Bench(
        mmofl=args.mmofl,
        python=DEBIANS_PYTHON,
        torches=find_torches(peers, absent),
        flower="" if lacks else flower,
        absent=absent,
        work=work,
        journal=Journal(work / f"journal-{name}.jsonl", of),
        quick=args.quick,
    )


def measure_growth(bench: Bench) -> None:
    """bench/growth.py has a table and a plot of its own."""
    program = ROOT / "bench/growth.py"
    if not program.exists():
        bench.say("growth: there is no bench/growth.py")
        return
    bench.say("growth with the fleet")
    command = [bench.python, str(program), "--mmofl", bench.mmofl]
    command += ["--quick"] if bench.quick else []
    if subprocess.run(command, check=False).returncode != 0:
        bench.say("bench/growth.py failed")


def introduction(results: dict[str, Any]) -> str:
    absent = "".join(
        f" Not there: {p} ({why})." for p, why in results["absent"].items()
    )
    runs = results["runs"]
    return (
        f"Machine: {machine.sentence(results['machine'])}. {results['date']}, commit"
        f" {results['commit']}, load average before {results['load']}."
        f" {training_tables.checks(runs)} checks that a peer does the same work:"
        f" {len(training_tables.mismatches(runs))} failed.{absent}"
    )


def sections(results: dict[str, Any]) -> dict[str, str]:
    """The text of each section of the document that something was measured for."""
    runs: dict[str, Run] = results["runs"]
    tables = {
        "machine": training_tables.machine_table,
        "training": training_tables.training_table,
        "isa": training_tables.isa_table,
        "forward": training_tables.forward_table,
        "memory": training_tables.memory_table,
        "method": training_tables.method_table,
        "workload": workloads.workload_table,
        "network": network.network_table,
        "agent": network.agent_table,
    }
    measured = {key.split("/")[0] for key in runs} | {"memory"}
    texts = {name: make(runs) for name, make in tables.items() if name in measured}
    return {
        "introduction": introduction(results),
        **texts,
        "aims": aims.aims_table(runs),
    }


def keep(results: dict[str, Any]) -> Path:
    """Raw numbers into bench/results/, in place of older ones of such a machine."""
    folder = ROOT / "bench/results"
    folder.mkdir(exist_ok=True)
    name = machine.slug(results["machine"])
    for old in folder.glob(f"{name}-2*.json"):
        old.unlink()
    path = folder / f"{name}-{results['date']}.json"
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return path


def write(results: dict[str, Any], quick: bool) -> None:
    texts = sections(results)
    if not quick:
        lost = write_sections(ROOT / "docs/performance.md", texts)
        print("docs/performance.md is written", end="")
        print(f", without a place for {', '.join(lost)}" if lost else "")
        return
    path = ROOT / "out/bench/quick.md"
    path.write_text("\n\n".join(f"## {n}\n\n{t}" for n, t in texts.items()) + "\n")
    print(f"{path.relative_to(ROOT)} is written; docs/performance.md is as it was")


def wrong(runs: dict[str, Run]) -> list[str]:
    """What must not be in results that anybody reads."""

    def must_work(key: str) -> bool:
        section = key.split("/")[0]
        return section == "workload" or ("/mmofl/" in key and section != "network")

    failed = [
        f"{key}: {run['failed']}"
        for key, run in runs.items()
        if "failed" in run and must_work(key)
    ]
    slow = [
        f"{key}: PyTorch ran without OpenBLAS; install libopenblas0-pthread"
        for key in training_tables.slow_peers(runs)
    ]
    return failed + slow + training_tables.mismatches(runs)


def measure(args: argparse.Namespace) -> dict[str, Any]:
    here = machine.describe()
    load = os.getloadavg()[0]
    bench = make_bench(args, here)
    if load > BUSY:
        bench.say(f"the machine is busy: load average {load:.1f}")
    for peer, why in bench.absent.items():
        bench.say(f"left out: {peer}: {why}")
    try:
        for name in args.only or [*SECTIONS, "growth"]:
            if name == "growth":
                measure_growth(bench)
            else:
                SECTIONS[name].measure(bench)
    finally:
        for torch in bench.torches.values():
            torch.stop()
    for scratch in [
        bench.work / "data",
        bench.work / "cache",
        *bench.work.glob("run-*"),
    ]:
        shutil.rmtree(scratch, ignore_errors=True)
    return {
        "date": datetime.date.today().isoformat(),
        "commit": commit(),
        "machine": here,
        "load": f"{load:.1f}",
        "absent": bench.absent,
        "runs": bench.journal.runs,
    }


def main() -> int:
    args = parse()
    if args.tables:
        results = json.loads(args.tables.read_text(encoding="utf-8"))
        write(results, quick=False)
        return 0
    try:
        results = measure(args)
    except KeyboardInterrupt:
        print("interrupted; run it again and it goes on", file=sys.stderr)
        return 130
    faults = wrong(results["runs"])
    if faults:
        print("\n".join(["not written:", *faults]), file=sys.stderr)
        return 1
    if not args.quick:
        print(f"raw numbers: {keep(results).relative_to(ROOT)}")
    write(results, args.quick)
    return 0


if __name__ == "__main__":
    sys.exit(main())
