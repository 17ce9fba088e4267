"""The aims of bench/aims.json beside what was measured: met, missed, or not measured.

The file holds, for each aim, what it is about, the number that is wanted ("at_least" or
"at_most"; neither: it is shown by tests, and "shown_by" says by which) and, in "why", a
few words on what stands in the way where it is missed.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from suite.figures import best_style, select, table
from suite.journal import Run
from suite.training_tables import measured_rows, method_cost, peer_names
from suite.workloads import blazefl_bound

AIMS = Path(__file__).resolve().parent.parent / "aims.json"


def least(values: list[float]) -> float:
    """The worst of what must be large, over what was measured."""
    there = [v for v in values if not math.isnan(v)]
    return min(there) if there else math.nan


def against_peers(runs: dict[str, Run], shape: str, batches: set[int]) -> float:
    """Least ratio of steps/s to the best peer in its best style, over threads."""
    ratios = []
    for row in measured_rows(runs):
        if row.shape != shape or row.batch not in batches:
            continue
        ours = select(runs, f"{row.key}/mmofl").median("steps_per_s")
        for peer in peer_names(runs, "training"):
            theirs = best_style(runs, row.key, peer, "steps_per_s")[1]
            ratios.append(ours / theirs.median("steps_per_s"))
    return least(ratios)


def two_threads(runs: dict[str, Run]) -> float:
    """Least gain of the second thread over shapes, at a batch of 32."""
    gains = []
    for shape in dict.fromkeys(row.shape for row in measured_rows(runs)):
        one, two = (
            select(runs, f"training/{shape}/32/{threads}/mmofl").median("steps_per_s")
            for threads in (1, 2)
        )
        gains.append(two / one)
    return least(gains)


def values(runs: dict[str, Run]) -> dict[str, float]:
    """Measured values by the id of an aim; NaN where something was not measured."""

    def median(prefix: str, key: str) -> float:
        return select(runs, prefix).median(key)

    def step_share(isa: str) -> float:
        return least(
            [median(f"isa/{isa}/{b}", "local_share_of_peak") for b in (16, 32)]
        )

    costs = [method_cost(runs, batch) for batch in (16, 32)]
    return {
        "step-share": step_share("v4"),
        "step-share-v3": step_share("v3"),
        "har-32": against_peers(runs, "har", {32}),
        "har-16": against_peers(runs, "har", {16}),
        "har-4": against_peers(runs, "har", {1, 4}),
        "convgru": against_peers(runs, "convgru", {32}),
        "mlp": against_peers(runs, "mlp", {32}),
        "two-threads": two_threads(runs),
        "forward-share": median("forward/har/1/mmofl", "share_of_peak"),
        "qqr-time": max(time for time, _ in costs),
        "qqr-bytes": max(sent for _, sent in costs),
        "flute": median("workload/flute-lr", "seconds"),
        "blazefl": median("workload/blazefl-lenet", "seconds") / blazefl_bound(runs),
        "network-round": median("network/mmofl/38598", "ms_per_round"),
        "network-memory": median("network/mmofl/38598", "client_private_bytes") / 1e6,
        "agent-memory": median("agent/uci-har", "private_bytes") / 1e6,
        "agent-size": median("agent/uci-har", "program_bytes") / 1e6,
        "ten-thousand": median("workload/ten-thousand", "peak_rss_bytes") / 1e6,
    }


def verdict(aim: dict[str, Any], value: float) -> str:
    if "shown_by" in aim:
        return aim["shown_by"]
    if math.isnan(value):
        return "not measured"
    met = value >= aim["at_least"] if "at_least" in aim else value <= aim["at_most"]
    return "**met**" if met else "missed"


def shown(aim: dict[str, Any], value: float) -> str:
    unit = aim.get("unit", "")
    scaled = 100 * value if unit == " %" else value
    return "-" if math.isnan(value) else f"{scaled:.3g}{unit}"


def aims_table(runs: dict[str, Run]) -> str:
    measured = values(runs)
    lines = []
    for aim in json.loads(AIMS.read_text(encoding="utf-8")):
        value = measured.get(aim["id"], math.nan)
        wanted = aim.get("at_least", aim.get("at_most"))
        bound = "" if wanted is None else f"{'≥' if 'at_least' in aim else '≤'} "
        bound += aim["aim"] if wanted is None else shown(aim, wanted)
        lines.append(
            [
                aim["what"],
                bound,
                shown(aim, value),
                verdict(aim, value),
                aim["why"] or "-",
            ]
        )
    return table("what|>aim|>measured|so|why", lines)
