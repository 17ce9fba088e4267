"""Log-log plots as SVG: panels side by side, one legend, readable on light and dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

Point = tuple[float, float]

# Colours that differ in lightness, too, and keep 3:1 on both backgrounds.
COLOURS = ("#2a7de1", "#c2571a", "#1f9d61", "#b0449b", "#8a7a1f")
MARKS = ("circle", "square", "diamond", "up", "down")
STYLE = """
    text { font: 13px 'DejaVu Sans', Verdana, sans-serif; fill: #1f2933; }
    .title { font-weight: bold; }
    .small { font-size: 11px; fill: #52606d; }
    .back { fill: #ffffff; }
    .grid { stroke: #dde2e7; }
    .line { fill: none; stroke-width: 2; }
    .guide { stroke: #52606d; stroke-dasharray: 5 4; fill: none; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e4e7eb; }
      .small { fill: #a3afbb; }
      .back { fill: #15191d; }
      .grid { stroke: #3a444e; }
      .guide { stroke: #a3afbb; }
    }
"""
PANEL = (420, 330)  # width and height of the plotted area
LEFT, TOP, GAP, BOTTOM = 70, 44, 96, 46
LEGEND_ROW = 20


@dataclass
class Series:
    name: str
    points: Sequence[Point]


@dataclass
class Panel:
    title: str
    x_label: str
    series: Sequence[Series]


class Axis:
    """Decades that hold all values, onto pixels."""

    def __init__(self, values: Sequence[float], begin: float, end: float) -> None:
        self.low = math.floor(math.log10(min(values)) + 1e-9)
        self.high = max(math.ceil(math.log10(max(values)) - 1e-9), self.low + 1)
        self.begin, self.end = begin, end

    def at(self, value: float) -> float:
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)

    def decades(self) -> list[float]:
        return [10.0**e for e in range(self.low, self.high + 1)]


def number(value: float) -> str:
    if value >= 1e6:
        return f"{value / 1e6:g}M"
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    style = f' class="{kind}"' if kind else ""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f"<text{style} {place}>{escape(words)}</text>"


def path(outline: str, kind: str) -> str:
    return f'<path class="{kind}" d="{outline}"/>'


def mark(kind: str, x: float, y: float, colour: str) -> str:
    outline = {
        "square": "M-3.5 -3.5 h7 v7 h-7 z",
        "diamond": "M0 -5 L5 0 L0 5 L-5 0 z",
        "up": "M0 -5 L4.6 3.5 L-4.6 3.5 z",
        "down": "M0 5 L4.6 -3.5 L-4.6 -3.5 z",
    }.get(kind)
    place = f'transform="translate({x:.1f} {y:.1f})" fill="{colour}"'
    return f'<path d="{outline}" {place}/>' if outline else f'<circle r="4" {place}/>'


def guide(x: Axis, y: Axis) -> str:
    """What is proportional: a line of slope one through the middle of the panel."""
    middle = (y.low + y.high - x.low - x.high) / 2
    low, high = max(x.low, y.low - middle), min(x.high, y.high - middle)
    ends = [f"{x.at(10**e):.1f} {y.at(10 ** (e + middle)):.1f}" for e in (low, high)]
    return path(f"M{ends[0]} L{ends[1]}", "guide")


def draw_grid(x: Axis, y: Axis, left: float) -> list[str]:
    out = []
    for v in x.decades():
        out.append(path(f"M{x.at(v):.1f} {TOP} v{PANEL[1]}", "grid"))
        out.append(text(x.at(v), TOP + PANEL[1] + 17, number(v), "small", "middle"))
    for v in y.decades():
        out.append(path(f"M{left} {y.at(v):.1f} h{PANEL[0]}", "grid"))
        out.append(text(left - 8, y.at(v) + 4, number(v), "small", "end"))
    return [*out, guide(x, y)]


def draw_panel(panel: Panel, left: float) -> list[str]:
    points = [p for s in panel.series for p in s.points]
    x = Axis([p[0] for p in points], left, left + PANEL[0])
    y = Axis([p[1] for p in points], TOP + PANEL[1], TOP)
    below = TOP + PANEL[1] + 38
    out = [
        text(left, TOP - 18, panel.title, "title"),
        *draw_grid(x, y, left),
        text(left + PANEL[0] / 2, below, panel.x_label, anchor="middle"),
    ]
    for i, series in enumerate(panel.series):
        places = [(x.at(a), y.at(b)) for a, b in series.points]
        line = " L".join(f"{a:.1f} {b:.1f}" for a, b in places)
        out.append(f'<path class="line" stroke="{COLOURS[i]}" d="M{line}"/>')
        out += [mark(MARKS[i], a, b, COLOURS[i]) for a, b in places]
    return out


def draw_legend(names: Sequence[str], top: float) -> list[str]:
    out = []
    for i, name in enumerate(names):
        y = top + i * LEGEND_ROW
        out.append(mark(MARKS[i], LEFT + 6, y - 4, COLOURS[i]))
        out.append(text(LEFT + 20, y, name))
    y = top + len(names) * LEGEND_ROW
    out.append(path(f"M{LEFT - 4} {y - 4} h20", "guide"))
    out.append(text(LEFT + 20, y, "proportional"))
    return out


def draw(title: str, panels: Sequence[Panel], legend: Sequence[str]) -> str:
    """legend: a line for each series, whose order is the same in all panels."""
    width = LEFT + len(panels) * (PANEL[0] + GAP) - GAP + 24
    top = TOP + PANEL[1] + BOTTOM + 28
    height = top + len(legend) * LEGEND_ROW + 14
    body = [f"<title>{escape(title)}</title>", f"<style>{STYLE}</style>"]
    body.append(f'<rect class="back" width="{width}" height="{height}" rx="6"/>')
    for i, panel in enumerate(panels):
        body += draw_panel(panel, LEFT + i * (PANEL[0] + GAP))
    body += draw_legend(legend, top)
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
    return "\n".join([head, *body, "</svg>"]) + "\n"
