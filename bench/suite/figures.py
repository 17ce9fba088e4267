"""Medians, spreads, and Markdown tables between the markers of a document."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from pathlib import Path

from suite.journal import Run


def short(value: float) -> str:
    """Three digits, without an exponent."""
    if math.isnan(value):
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:.0f} %"


def ratio(ours: float, theirs: float) -> str:
    value = ours / theirs if theirs else math.nan
    return "-" if math.isnan(value) else f"{value:.1f}x"


class Figures:
    """The repeats of one measurement."""

    def __init__(self, runs: Iterable[Run]) -> None:
        runs = list(runs)
        self.good = [run for run in runs if "failed" not in run]
        self.failed = next((run["failed"] for run in runs if "failed" in run), "")

    def values(self, key: str) -> list[float]:
        return [float(run[key]) for run in self.good if run.get(key) is not None]

    def median(self, key: str) -> float:
        values = self.values(key)
        return statistics.median(values) if values else math.nan

    def spread(self, key: str, scale: float = 1) -> str:
        """median [least-most]; the median alone where there is one run."""
        values = [scale * v for v in self.values(key)]
        if len(values) < 2:
            return short(values[0]) if values else "-"
        middle, least, most = (
            short(v) for v in (statistics.median(values), min(values), max(values))
        )
        return f"{middle} [{least}-{most}]"


def select(runs: dict[str, Run], prefix: str) -> Figures:
    """The repeats whose keys are PREFIX/NUMBER."""
    return Figures(
        run
        for key, run in runs.items()
        if key.rpartition("/")[0] == prefix and key.rpartition("/")[2].isdigit()
    )


def best_style(
    runs: dict[str, Run], key: str, peer: str, rate: str
) -> tuple[str, Figures]:
    prefix = f"{key}/{peer}/"
    tried = {k[len(prefix) :].split("/")[0] for k in runs if k.startswith(prefix)}
    figures = {s: select(runs, f"{prefix}{s}") for s in sorted(tried)}
    good = {s: f for s, f in figures.items() if f.good}
    if not good:
        return "-", Figures([])
    style = max(good, key=lambda s: good[s].median(rate))
    return style, good[style]


def table(head: str, rows: Iterable[Iterable[str]]) -> str:
    """head: "left|>right" names the columns, > those with numbers."""
    names = head.split("|")
    rule = ["---:" if name.startswith(">") else "---" for name in names]
    lines = [[name.lstrip(">") for name in names], rule, *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_sections(path: Path, sections: dict[str, str]) -> list[str]:
    """Put each text between <!-- bench:NAME --> and <!-- /bench:NAME -->; returns the
    names that have no such place."""
    text = path.read_text(encoding="utf-8")
    lost = []
    for name, body in sections.items():
        begin, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
        if begin not in text or end not in text:
            lost.append(name)
            continue
        before, rest = text.split(begin, 1)
        text = f"{before}{begin}\n\n{body}\n\n{end}{rest.split(end, 1)[1]}"
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
    return lost
