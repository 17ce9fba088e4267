#!/usr/bin/env python3
"""Tables of docs/theory.md from finished sweeps, as Markdown.

usage: theory_table.py errors runs/theory
       theory_table.py bounds runs/theory-bound

Only the standard library is needed: error terms are read from the cells' run stores, regret
and bounds from their analysis.json.
"""

import json
import pathlib
import re
import sqlite3
import sys

TERMS = ["error", "error_quantity", "error_quality"]


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def error_terms(cell, last):
    """Mean over rounds up to `last` and over seeds of each term, all modalities together."""
    with sqlite3.connect(f"file:{cell}/run.sqlite?mode=ro", uri=True) as store:
        rows = store.execute(
            "SELECT name, AVG(value) FROM measure WHERE modality = '' AND round <= ? GROUP BY name",
            (last,),
        )
        return dict(rows.fetchall())


def print_errors(sweep):
    print_errors_until(sweep, 1, "round 1")
    print_errors_until(sweep, 10**9, "all rounds")


def print_errors_until(sweep, last, what):
    cells = {}
    for cell in (sweep / "cells").iterdir():
        numbers = [float(x) for x in re.findall(r"=([0-9.]+)", cell.name)]
        cells[tuple(numbers)] = error_terms(cell, last)
    betas = sorted({beta for beta, _ in cells})
    sigmas = sorted({sigma for _, sigma in cells})
    for term in TERMS:
        print(f"\n| `{term}`, {what}, beta | " + " | ".join(f"sigma {s:g}" for s in sigmas) + " |")
        print("| --- |" + " ---: |" * len(sigmas))
        for beta in betas:
            row = [f"{cells[beta, sigma][term]:.3f}" for sigma in sigmas]
            print(f"| {beta:g} | " + " | ".join(row) + " |")


def analyses(cell):
    return [json.loads(f.read_text()) for f in sorted(cell.glob("seed-*/analysis.json"))]


def print_bounds(sweep):
    print("| cell | regret as seen | exponent | regret, complete data | bound | G | H | R | sum of errors | holds |")
    print("| --- |" + " ---: |" * 9)
    for cell in sorted((sweep / "cells").iterdir()):
        runs = analyses(cell)
        bounds = [run["bound"] for run in runs]
        row = [
            f"{mean(run['regret'] for run in runs):.1f}",
            f"{mean(run['growth']['exponent'] for run in runs):.2f}",
            *(f"{mean(b[key] for b in bounds):.1f}" for key in ("regret", "limit")),
            *(f"{mean(b[key] for b in bounds):.2f}" for key in ("G", "H", "R", "sum_of_errors")),
            f"{sum(b['holds'] for b in bounds)} of {len(bounds)}",
        ]
        print(f"| {cell.name} | " + " | ".join(row) + " |")


def main():
    tables = {"errors": print_errors, "bounds": print_bounds}
    if len(sys.argv) != 3 or sys.argv[1] not in tables:
        sys.exit(__doc__)
    tables[sys.argv[1]](pathlib.Path(sys.argv[2]))


main()
