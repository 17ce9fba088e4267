#!/usr/bin/env python3
"""Flower peer: rounds over gRPC on 127.0.0.1 in which the clients do nothing.

One server and K client processes that return the model unchanged; FedAvg averages it.
A round is timed from the end of one averaging to the end of the next.  Needs flwr 1.8,
whose start_server and start_client need no further daemons (requirements-flower.txt).
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import resource
import socket
import statistics
import subprocess
import sys
import time
from itertools import pairwise
from typing import Any

os.environ["FLWR_TELEMETRY_ENABLED"] = "0"

import flwr  # noqa: E402  (after telemetry is off)
import numpy as np  # noqa: E402

WARM_UP_ROUNDS = 2


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="time Flower's rounds")
    parser.add_argument("--clients", type=int, default=10)
    parser.add_argument("--floats", type=int, default=38598, help="of the model")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--address", help="be a client of the server there")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def memory() -> dict[str, int]:
    """Peak resident bytes of this process, and those that it shares with nobody."""
    private = 0
    with open("/proc/self/smaps_rollup", encoding="ascii") as lines:
        for line in lines:
            if line.startswith("Private_"):
                private += int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"peak_rss_bytes": peak, "private_bytes": private}


class Idle(flwr.client.NumPyClient):
    def fit(self, parameters: list[np.ndarray], config: dict[str, Any]) -> tuple:
        return parameters, 1, {}


class Timed(flwr.server.strategy.FedAvg):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.ends: list[float] = []

    def aggregate_fit(self, *args: Any) -> tuple:
        result = super().aggregate_fit(*args)
        self.ends.append(time.perf_counter())
        return result


def client(address: str) -> None:
    flwr.client.start_client(server_address=address, client=Idle().to_client())
    print(json.dumps(memory()))


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def serve(args: argparse.Namespace, address: str) -> list[float]:
    """Milliseconds of each round."""
    k, model = args.clients, [np.zeros(args.floats, np.float32)]
    strategy = Timed(
        fraction_evaluate=0.0,
        min_fit_clients=k,
        min_available_clients=k,
        accept_failures=False,
        initial_parameters=flwr.common.ndarrays_to_parameters(model),
    )
    flwr.server.start_server(
        server_address=address,
        strategy=strategy,
        config=flwr.server.ServerConfig(num_rounds=args.rounds),
    )
    ends = strategy.ends[WARM_UP_ROUNDS - 1 :]
    return [1000 * (b - a) for a, b in pairwise(ends)]


def main() -> int:
    args = parse()
    logging.getLogger("flwr").setLevel(logging.ERROR)
    if args.address:
        client(args.address)
        return 0
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, __file__, "--address", address]
    clients = [
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        for _ in range(args.clients)
    ]
    try:
        ms = serve(args, address)
        used = [json.loads(c.communicate(timeout=30)[0]) for c in clients]
    finally:
        for c in clients:
            c.kill()
    result = {
        "peer": "flower",
        "flower_version": flwr.__version__,
        "clients": args.clients,
        "floats": args.floats,
        "rounds": len(ms),
        "ms_per_round": statistics.median(ms),
        "ms_min": min(ms),
        "ms_max": max(ms),
        "client_peak_rss_bytes": statistics.median(u["peak_rss_bytes"] for u in used),
        "client_private_bytes": statistics.median(u["private_bytes"] for u in used),
        "server_peak_rss_bytes": memory()["peak_rss_bytes"],
    }
    print(json.dumps(result, indent=None if args.json else 2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
