#!/usr/bin/python3
"""How the cost of `mmofl run` grows: with devices, rounds, samples and parameters.

One number of bench/workloads/growth.yaml at a time is made larger, decade by decade;
each run is a process of its own, whose CPU seconds and peak memory the system tells.
One thread, the least of the repeats: what else the machine does adds time and never
takes any away.

The exponent p says that cost grows like n^p: the slope of the last decade in
logarithms, after the cost of the smallest run is taken off.  1 is proportional; what
grows faster than LIMIT ends this program with status 1.

Without --quick the raw numbers go to bench/results/growth.json, the table to
docs/performance.md (between its markers `bench:growth`), the plot to docs/growth.svg;
with it all three go to out/bench/.  --tables writes them again from the raw numbers.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from suite import loglog, machine
from suite.bench import ROOT
from suite.figures import short, table, write_sections
from suite.programs import run_timed

WORKLOAD = ROOT / "bench/workloads/growth.yaml"
RAW = ROOT / "bench/results/growth.json"
LIMIT = 1.15
# What has grown by less than this share of the smallest run is not told from noise.
NOISE = {"cpu_seconds": 0.5, "peak_rss_bytes": 0.05}
MIB = 1 << 20


def layers(width: int) -> str:
    return f"[flatten, {{linear: {{out: {width}}}}}, relu]"


def of_devices(n: int) -> dict[str, str]:
    return {"fleet.devices": str(n)}


def of_devices_ten_at_a_time(n: int) -> dict[str, str]:
    return {"fleet.devices": str(n), "participation": "10"}


def of_rounds(n: int) -> dict[str, str]:
    return {"rounds": str(n)}


def of_samples(n: int) -> dict[str, str]:
    """Windows of the data set, which ten devices go through in each round."""
    each = str(n // 10)
    return {
        "data.train": str(n),
        "fleet.partition.per_device": each,
        "stream.buffer": each,
        "stream.new": each,
    }


def of_parameters(n: int) -> dict[str, str]:
    """Two encoders of 384 inputs and a head of 6 classes: 782 numbers a feature."""
    width = layers(max(n // 782, 1))
    return {
        "model.modalities.accelerometer": width,
        "model.modalities.gyroscope": width,
    }


@dataclass
class Kind:
    name: str
    legend: str
    decades: range  # of n
    settings: Callable[[int], dict[str, str]]


KINDS = [
    Kind("devices", "devices, all in each of 3 rounds", range(1, 6), of_devices),
    Kind(
        "devices, 10 a round",
        "devices, of which 10 take part in each of 3 rounds",
        range(1, 6),
        of_devices_ten_at_a_time,
    ),
    Kind("rounds", "rounds of 10 devices", range(1, 5), of_rounds),
    Kind(
        "samples",
        "samples, all trained on in each of 3 rounds",
        range(2, 6),
        of_samples,
    ),
    Kind("parameters", "parameters of the model", range(3, 8), of_parameters),
]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="how the cost of mmofl run grows, into docs/performance.md",
        epilog="Takes about five minutes of CPU time; --quick a few seconds.",
    )
    parser.add_argument("--mmofl", help="path of the program")
    parser.add_argument(
        "--quick", action="store_true", help="without the largest decades; docs stay"
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--tables", action="store_true", help="measure nothing; write from raw numbers"
    )
    args = parser.parse_args()
    if not args.tables and not args.mmofl:
        parser.error("--mmofl is wanted")
    return args


# ---- measuring -----------------------------------------------------------------------


def measure(mmofl: str, settings: dict[str, str], repeats: int) -> dict[str, float]:
    """The least CPU seconds and peak memory of a run."""
    runs = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            command = [mmofl, "run", str(WORKLOAD), "--quiet", "--threads", "1"]
            command += ["--out", f"{folder}/run"]
            for path, value in settings.items():
                command += ["--set", f"{path}={value}"]
            run = run_timed(command, {})
        if "failed" in run:
            sys.exit(f"growth: {' '.join(command)}: {run['failed']}")
        runs.append(run)
    return {key: min(r[key] for r in runs) for key in ("cpu_seconds", "peak_rss_bytes")}


def measure_all(args: argparse.Namespace) -> dict[str, Any]:
    growth: dict[str, list[dict[str, float]]] = {}
    for kind in KINDS:
        decades = list(kind.decades)[: -2 if args.quick else None]
        growth[kind.name] = []
        for e in decades:
            n = 10**e
            large = e == kind.decades[-1]
            cost = measure(args.mmofl, kind.settings(n), 1 if large else args.repeats)
            growth[kind.name].append({"n": n, **cost})
            print(
                f"growth: {n} {kind.name}: {cost['cpu_seconds']:.2f} s of CPU,"
                f" {cost['peak_rss_bytes'] / MIB:.1f} MiB",
                file=sys.stderr,
            )
    return {
        "date": datetime.date.today().isoformat(),
        "machine": machine.describe(),
        "load": f"{os.getloadavg()[0]:.1f}",
        "growth": growth,
    }


# ---- telling -------------------------------------------------------------------------


def exponent(points: Sequence[dict[str, float]], key: str) -> float:
    """Slope of the last decade, without what the smallest run costs; nan where growth
    is too small to be told from it."""
    base, (a, b) = points[0][key], points[-2:]
    if a[key] - base < NOISE[key] * base:
        return math.nan
    grown = (b[key] - base) / (a[key] - base)
    return math.log10(grown) / math.log10(b["n"] / a["n"])


def unit_cost(points: Sequence[dict[str, float]], key: str) -> float:
    first, last = points[0], points[-1]
    return (last[key] - first[key]) / (last["n"] - first["n"])


def span(points: Sequence[dict[str, float]], key: str, scale: float = 1) -> str:
    return " to ".join(short(p[key] / scale) for p in (points[0], points[-1]))


def rows(growth: dict[str, list[dict[str, float]]]) -> list[list[str]]:
    out = []
    for name, points in growth.items():
        first, last = points[0], points[-1]
        out.append(
            [
                name,
                f"{first['n']:,} to {last['n']:,}",
                span(points, "cpu_seconds"),
                short(exponent(points, "cpu_seconds")),
                short(1e6 * unit_cost(points, "cpu_seconds")),
                span(points, "peak_rss_bytes", MIB),
                short(exponent(points, "peak_rss_bytes")),
                short(unit_cost(points, "peak_rss_bytes")),
            ]
        )
    return out


def text(results: dict[str, Any]) -> str:
    head = (
        "what grows|from, to|>CPU s|>exponent|>us each|>peak MiB|>exponent|>bytes each"
    )
    return (
        f"![CPU seconds and peak memory over devices, rounds, samples and parameters,"
        f" both axes logarithmic](growth.svg)\n\n"
        f"{table(head, rows(results['growth']))}\n\n"
        f"{machine.sentence(results['machine'])}; {results['date']}, load average"
        f" {results['load']}; one thread, the least of the repeats."
    )


def picture(results: dict[str, Any]) -> str:
    def series(key: str, scale: float) -> list[loglog.Series]:
        return [
            loglog.Series(name, [(p["n"], p[key] / scale) for p in points])
            for name, points in results["growth"].items()
        ]

    x_label = "devices, rounds, samples or parameters"
    panels = [
        loglog.Panel("CPU seconds of a run", x_label, series("cpu_seconds", 1)),
        loglog.Panel("Peak memory of it, MiB", x_label, series("peak_rss_bytes", MIB)),
    ]
    legend = []
    for kind in KINDS:
        points = results["growth"].get(kind.name)
        if points:
            p = exponent(points, "cpu_seconds")
            seconds = span(points, "cpu_seconds")
            slope = f"{seconds} s" if math.isnan(p) else f"{seconds} s, like n^{p:.2f}"
            legend.append(f"{kind.legend}: {slope}")
    return loglog.draw("Growth of mmofl's cost", panels, legend)


def write(results: dict[str, Any], quick: bool) -> None:
    folder = ROOT / ("out/bench" if quick else "docs")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "growth.svg").write_text(picture(results), encoding="utf-8")
    if quick:
        (folder / "growth.md").write_text(text(results) + "\n", encoding="utf-8")
        return
    lost = write_sections(ROOT / "docs/performance.md", {"growth": text(results)})
    if lost:
        print("growth: docs/performance.md has no place for it", file=sys.stderr)


def too_fast(growth: dict[str, list[dict[str, float]]]) -> list[str]:
    return [
        f"{name}: {key} grows like n^{exponent(points, key):.2f}"
        for name, points in growth.items()
        for key in ("cpu_seconds", "peak_rss_bytes")
        if exponent(points, key) > LIMIT
    ]


def main() -> int:
    args = parse()
    if args.tables:
        results = json.loads(RAW.read_text(encoding="utf-8"))
    else:
        args.mmofl = shutil.which(args.mmofl) or args.mmofl
        results = measure_all(args)
        raw = ROOT / "out/bench/growth.json" if args.quick else RAW
        raw.parent.mkdir(parents=True, exist_ok=True)
        raw.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    write(results, args.quick)
    faults = too_fast(results["growth"])
    print("\n".join(faults or ["growth: at most in proportion"]), file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
