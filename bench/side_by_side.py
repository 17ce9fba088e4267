#!/usr/bin/python3
"""Run `mmofl bench` and its peers in turn and write the table of docs/performance.md.

Candidates of a row are interleaved, so that a noisy neighbour meets all of them;
figures are medians over the repeats with [min-max].  What is compared is whole
simulated rounds: load the model, take the local steps on gathered mini-batches,
average.  The raw output of every run goes to bench/results/.

Exit: 0 done, 1 mmofl could not be measured, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
STYLES = ("plain", "tuned", "jit")
TIMEOUT_S = 600
Run = dict[str, Any]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="mmofl bench beside its peers")
    parser.add_argument("--mmofl", required=True, help="path of the program")
    parser.add_argument(
        "--python", default="/usr/bin/python3", help="the one with torch"
    )
    parser.add_argument("--shapes", nargs="+", default=["har", "mlp"])
    parser.add_argument("--batches", nargs="+", type=int, default=[16, 32])
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--devices", type=int, default=20)
    parser.add_argument("--steps", type=int, default=5, help="per device and round")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each peer's run")
    parser.add_argument(
        "--document", type=Path, default=HERE.parent / "docs/performance.md"
    )
    parser.add_argument("--results", type=Path, default=HERE / "results")
    return parser.parse_args()


def run_json(command: list[str]) -> Run:
    """The command's JSON, or {"failed": why}."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT_S
        )
        if done.returncode == 0:
            return json.loads(done.stdout)
        lines = done.stderr.strip().splitlines()
        return {"failed": lines[-1] if lines else f"exit status {done.returncode}"}
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return {"failed": str(error)}


def why_no_torch(python: str) -> str | None:
    probe = run_json([python, "-c", "import torch; print('{}')"])
    return f"{python}: {probe['failed']}" if "failed" in probe else None


def commands(
    args: argparse.Namespace, shape: str, batch: int, threads: int, torch: bool
) -> dict[str, list[str]]:
    """What to run for one row, by candidate."""
    common = ["--shape", shape, "--batch", str(batch), "--devices", str(args.devices)]
    common += ["--steps", str(args.steps), "--json"]
    row = {"mmofl": [args.mmofl, "bench", *common, "--threads", str(threads)]}
    if torch:
        peer = [args.python, str(HERE / "peers/pytorch.py"), *common]
        peer += ["--processes", str(threads), "--seconds", str(args.seconds)]
        row.update({style: [*peer, "--style", style] for style in STYLES})
    return row


class Figures:
    """The runs of one candidate in one row."""

    def __init__(self, runs: list[Run]) -> None:
        self.good = [run for run in runs if "failed" not in run]
        self.failed = next((run["failed"] for run in runs if "failed" in run), "")

    def values(self, key: str) -> list[float]:
        return [float(run[key]) for run in self.good if run.get(key) is not None]

    def median(self, key: str) -> float:
        values = self.values(key)
        return statistics.median(values) if values else float("nan")

    def spread(self, key: str) -> str:
        values = self.values(key)
        if not values:
            return "-"
        shown = [short(v) for v in (self.median(key), min(values), max(values))]
        return "{} [{}-{}]".format(*shown)


def short(value: float) -> str:
    """Three digits, without an exponent."""
    if math.isnan(value):
        return "-"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def table_row(shape: str, batch: int, threads: int, runs: dict[str, list[Run]]) -> str:
    figures = {name: Figures(of_one) for name, of_one in runs.items()}
    ours = figures.pop("mmofl")
    peers = {name: peer for name, peer in figures.items() if peer.good}
    head = [shape, str(batch), str(threads)]
    if not ours.good:
        mine = [f"not measured: {ours.failed.replace('|', '/')}", "-", "-", "-", "-"]
    else:
        share = ours.median("share_of_peak")
        mine = [
            ours.spread("rounds_per_s"),
            ours.spread("steps_per_s"),
            short(ours.median("gflops")),
            "-" if math.isnan(share) else f"{100 * share:.0f} %",
            short(ours.median("peak_rss_bytes") / 1e6),
        ]
    if not peers:
        return "| " + " | ".join([*head, *mine, "-", "-", "-", "-", "-"]) + " |"
    best = max(peers, key=lambda name: peers[name].median("rounds_per_s"))
    theirs = peers[best]
    fastest = max(v for peer in peers.values() for v in peer.values("rounds_per_s"))
    rate = ours.median("rounds_per_s")
    ratio = "-"
    if not math.isnan(rate):
        ratio = (
            f"**{rate / theirs.median('rounds_per_s'):.1f}x** ({rate / fastest:.1f}x)"
        )
    other = [
        best,
        theirs.spread("rounds_per_s"),
        theirs.spread("steps_per_s"),
        short(theirs.median("peak_rss_bytes") / 1e6),
        ratio,
    ]
    return "| " + " | ".join([*head, *mine, *other]) + " |"


TABLE_HEAD = """\
| shape | batch | threads | mmofl rounds/s | steps/s | GFLOP/s | share of peak | MB \
| PyTorch style | rounds/s | steps/s | MB | ratio |
|---|---:|---:|---:|---:|---:|---:|---:|---|---:|---:|---:|---:|"""


def machine() -> str:
    name, cores = "unknown processor", os.cpu_count()
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
    return f"{name}, {cores} {'core' if cores == 1 else 'cores'}"


def section(
    args: argparse.Namespace, rows: list[str], raw: list[Run], reason: str
) -> str:
    peers = [run for run in raw if "torch_version" in run]
    date = datetime.datetime.now(datetime.UTC).date()
    text = [
        f"Machine: {machine()}; {date}. A round: {args.devices} devices, {args.steps}"
        " steps each, averaging. Median [min-max] of"
        f" {args.repeats} interleaved repeats."
    ]
    if peers:
        text.append(
            f"PyTorch {peers[0]['torch_version']} with as many processes as threads,"
            " the fastest of the styles plain, tuned and jit"
            " (`bench/peers/pytorch.py`); its steps/s are those of whole rounds. Ratio:"
            " rounds/s against that style's median (against its best single run of any"
            " style)."
        )
        if "openblas" not in peers[0]["blas"]:
            text.append(
                "**PyTorch ran without OpenBLAS, which makes its linear layers slow and"
                " the ratios too good: install libopenblas0-pthread.**"
            )
    else:
        text.append(f"PyTorch was not measured: {reason or 'its runs failed'}.")
    return "\n".join([BEGIN, "", "\n".join(text), "", TABLE_HEAD, *rows, "", END])


def write_document(path: Path, new: str) -> None:
    """Replace what is between the markers; add them where there are none."""
    old = path.read_text(encoding="utf-8") if path.exists() else "# Performance\n"
    if BEGIN in old and END in old:
        text = old[: old.index(BEGIN)] + new + old[old.index(END) + len(END) :]
    else:
        text = f"{old}\n{new}\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def measure(args: argparse.Namespace, torch: bool, raw: list[Run]) -> list[str]:
    rows = []
    for shape in args.shapes:
        for batch in args.batches:
            for threads in args.threads:
                row = commands(args, shape, batch, threads, torch)
                runs: dict[str, list[Run]] = {name: [] for name in row}
                for repeat in range(args.repeats):
                    for name, command in row.items():
                        run = run_json(command)
                        runs[name].append(run)
                        told = {"candidate": name, "repeat": repeat, "threads": threads}
                        raw.append({**told, "command": command, **run})
                rows.append(table_row(shape, batch, threads, runs))
                print(rows[-1], file=sys.stderr)
    return rows


def main() -> int:
    args = parse()
    reason = why_no_torch(args.python) or ""
    if reason:
        print(f"no PyTorch peer: {reason}", file=sys.stderr)
    raw: list[Run] = []
    rows = measure(args, not reason, raw)
    now = datetime.datetime.now(datetime.UTC)
    args.results.mkdir(parents=True, exist_ok=True)
    result = args.results / f"{now:%Y%m%dT%H%M%SZ}.json"
    result.write_text(json.dumps({"machine": machine(), "runs": raw}, indent=1) + "\n")
    failed = [
        run["failed"] for run in raw if run["candidate"] == "mmofl" and "failed" in run
    ]
    if failed:
        print(f"mmofl could not be measured: {failed[0]}", file=sys.stderr)
        return 1
    write_document(args.document, section(args, rows, raw, reason))
    print(f"wrote {args.document} and {result}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
