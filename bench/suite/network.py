"""A round of ten clients that do nothing, over the network: Flower, and mmofl's own.

Flower: gRPC on 127.0.0.1 (peers/flower.py).  mmofl: MQTT over mosquitto.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from suite.bench import Bench
from suite.figures import Figures, select, short, table
from suite.journal import Run
from suite.programs import PEERS, run_json

CLIENTS = 10
MODELS = {"mmofl": [38_598], "flower": [38_598, 1_000]}  # floats
MIB = 1 << 20


def flower(bench: Bench, floats: int) -> Run:
    if not bench.flower:
        return {"failed": bench.absent.get("Flower", "not installed")}
    rounds = 20 if bench.quick else 60
    command = [bench.flower, str(PEERS / "flower.py"), "--json"]
    command += ["--clients", str(CLIENTS), "--floats", str(floats)]
    return run_json([*command, "--rounds", str(rounds)])


def mqtt_rounds(bench: Bench, folder: Path, *more: str) -> Run:
    command = ["timeout", "120", bench.python, str(PEERS.parent / "mqtt_rounds.py")]
    run = run_json(
        [*command, "--bin", str(folder), "--devices", str(CLIENTS), *more]
    )
    if "failed" in run or run["exit"] != 0 or not run["round_ms"]:
        return {
            "failed": run.get("failed", f"mmofl serve ended with {run.get('exit')}")
        }
    return run


def mmofl(bench: Bench, _floats: int) -> Run:
    """mqtt_rounds.py with the keys of peers/flower.py.  Its devices share a process; what
    one takes, a second run tells, with a process for each."""
    folder = Path(bench.mmofl).resolve().parent
    if not (folder / "mmofl-load").exists():
        return {"failed": f"there is no mmofl-load in {folder}"}
    rounds = 20 if bench.quick else 60
    run = mqtt_rounds(bench, folder, "--rounds", str(rounds))
    alone = mqtt_rounds(
        bench, folder, "--rounds", str(rounds), "--processes", str(CLIENTS)
    )
    for failed in (run, alone):
        if "failed" in failed:
            return failed
    return {
        **run,
        "ms_per_round": run["round_ms"],
        "server_peak_rss_bytes": run["coordinator_mb"] * MIB,
        "client_private_bytes": alone["load_process_private_mb"] * MIB,
        "client_peak_rss_bytes": alone["load_process_rss_mb"] * MIB,
    }


def agent(bench: Bench) -> Run:
    """A device that learns: agent_memory.py."""
    folder = Path(bench.mmofl).resolve().parent
    if not (folder / "mmofl-device").exists():
        return {"failed": f"there is no mmofl-device in {folder}"}
    command = ["timeout", "300", bench.python, str(PEERS.parent / "agent_memory.py")]
    return run_json([*command, "--bin", str(folder)])


def measure(bench: Bench) -> None:
    bench.say("rounds over the network")
    for repeat in range(bench.repeats):
        for name, run in (("mmofl", mmofl), ("flower", flower)):
            for floats in MODELS[name]:
                key = f"network/{name}/{floats}/{repeat}"
                bench.measure(key, partial(run, bench, floats))
    bench.say("a device's agent")
    for repeat in range(bench.repeats):
        bench.measure(f"agent/uci-har/{repeat}", partial(agent, bench))


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
        for name, sizes in MODELS.items()
        for floats in sizes
    ]
    return table(head, lines)


def agent_table(runs: dict[str, Run]) -> str:
    figures = select(runs, "agent/uci-har")
    if not figures.good:
        return f"Not measured: {figures.failed}."
    head = "a device that learns: UCI-HAR's model, 500 samples, full|>MB private"
    head += "|>MB resident|>MB the program, stripped"
    line = ["mmofl-device run"]
    for key in ("private_bytes", "Rss", "program_bytes"):
        line.append(short(figures.median(key) / 1e6))
    return table(head, [line])
