#!/usr/bin/env python3
"""Write the results of finished runs into docs/experiments.md.

usage: experiments/write_tables.py RUN_FOLDER...

Each folder's summary.json becomes one Markdown table between the markers
<!-- NAME:begin --> and <!-- NAME:end -->, NAME being the experiment's. A section that has
no markers yet is an error: the text around a table is written by hand.
"""
import json
import re
import statistics
import sys
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "experiments.md"
# What others published for the same cells, macro-F1 in percent: a column beside ours.
PUBLISHED = {
    "fedmultimodal-uci-har": {
        "alpha-5-fedavg": 77.74,
        "alpha-5-fedopt": 85.17,
        "alpha-0.1-fedavg": 76.66,
        "alpha-0.1-fedopt": 79.80,
    },
    "fedmultimodal-uci-har-step": {
        "alpha-5-step-0.05": 85.17,
        "alpha-0.1-step-0.05": 79.80,
    },
}
METRICS = {
    "test_accuracy": "clean",
    "disturbed_accuracy": "disturbed",
    "prequential_accuracy": "prequential",
    "test_macro_f1": "macro-F1",
}


def spread(runs: list[dict], metric: str) -> str:
    """Mean and sample standard deviation in percent, or a dash."""
    values = [100 * run[metric] for run in runs if run.get(metric) is not None]
    if not values:
        return "–"
    sd = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.fmean(values):.2f} ± {sd:.2f}"


def cells_of(summary: dict) -> list[tuple[str, list[dict]]]:
    """(name, runs) of each cell; a plain run is one cell."""
    if "cells" not in summary:
        return [(summary["name"], summary["runs"])]
    return [(cell["cell"], cell["runs"]) for cell in summary["cells"]]


def table(summary: dict) -> str:
    published = PUBLISHED.get(summary["name"])
    columns = [*METRICS.values()] + (["published macro-F1"] if published else [])
    head = "| setting | seeds | " + " | ".join(columns) + " |"
    lines = [head, "| --- | ---: |" + " ---: |" * len(columns)]
    for name, runs in cells_of(summary):
        numbers = [spread(runs, metric) for metric in METRICS]
        if published:
            numbers.append(f"{published[name]:.2f}" if name in published else "–")
        row = " | ".join(numbers)
        lines.append(f"| {name.replace('|', '/')} | {len(runs)} | {row} |")
    return "\n".join(lines)


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    text = DOCUMENT.read_text(encoding="utf-8")
    for folder in sys.argv[1:]:
        summary = json.loads((Path(folder) / "summary.json").read_text(encoding="utf-8"))
        name = summary["name"]
        pattern = re.compile(f"(<!-- {name}:begin -->\n).*?(<!-- {name}:end -->)", re.S)
        if not pattern.search(text):
            print(f"{DOCUMENT}: no markers for '{name}'", file=sys.stderr)
            return 1
        body = table(summary)
        text = pattern.sub(lambda match: match[1] + body + "\n" + match[2], text)
    DOCUMENT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
