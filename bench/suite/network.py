"""A round of ten clients that do nothing, over the network: Flower, and mmofl's own.

Flower: gRPC on 127.0.0.1 (peers/flower.py).  mmofl: MQTT over mosquitto.
"""

from __future__ import annotations

from functools import partial

from suite.bench import Bench
from suite.figures import Figures, select, short, table
from suite.journal import Run
from suite.programs import PEERS, run_json

CLIENTS = 10
MODELS = [38_598, 1_000]  # floats
NOT_YET = "mmofl's deployed side has no idle round to time yet (issue 6)"


def flower(bench: Bench, floats: int) -> Run:
    if not bench.flower:
        return {"failed": bench.absent.get("Flower", "not installed")}
    rounds = 20 if bench.quick else 60
    command = [bench.flower, str(PEERS / "flower.py"), "--json"]
    command += ["--clients", str(CLIENTS), "--floats", str(floats)]
    return run_json([*command, "--rounds", str(rounds)])


def mmofl(_bench: Bench, _floats: int) -> Run:
    """The same keys as peers/flower.py gives."""
    return {"failed": NOT_YET}


def measure(bench: Bench) -> None:
    bench.say("rounds over the network")
    for repeat in range(bench.repeats):
        for floats in MODELS:
            for name, run in (("mmofl", mmofl), ("flower", flower)):
                key = f"network/{name}/{floats}/{repeat}"
                bench.measure(key, partial(run, bench, floats))


def cells(name: str, floats: int, figures: Figures) -> list[str]:
    if not figures.good:
        return [name, f"{floats}", f"not measured: {figures.failed}", "-", "-", "-"]
    version = figures.good[0].get("flower_version", "")
    return [
        f"{name} {version}".strip(),
        f"{floats}",
        figures.spread("ms_per_round"),
        short(figures.median("client_peak_rss_bytes") / 1e6),
        short(figures.median("client_private_bytes") / 1e6),
        short(figures.median("server_peak_rss_bytes") / 1e6),
    ]


def network_table(runs: dict[str, Run]) -> str:
    head = "10 clients that return the model|>floats|>ms a round"
    head += "|>MB a client, resident|>of them private|>MB the server"
    lines = [
        cells(name, floats, select(runs, f"network/{name}/{floats}"))
        for name in ("mmofl", "flower")
        for floats in MODELS
    ]
    return table(head, lines)
