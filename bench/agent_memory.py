#!/usr/bin/env python3
"""What one device's agent takes: private memory while it trains, and the program's size.

    bench/agent_memory.py --bin build/release [--experiment examples/uci-har.yaml]

Starts mosquitto, `mmofl serve` and one `mmofl-device run` on loopback, with that experiment's
model and a buffer of 500 samples that is full from the first round on; windows are generated
ones of UCI-HAR's shape, so no data set is needed.  Prints JSON: the most private memory
(Private_Clean + Private_Dirty of smaps_rollup) that was seen while it learned, its parts, and
the size of the program as a package has it (stripped).
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

from mqtt_rounds import memory, start_broker

BUFFER, NEW = 500, 50
LOOK_S = 0.002


def stripped_bytes(program, folder):
    copy = f"{folder}/stripped"
    if subprocess.run(["strip", "-o", copy, program]).returncode != 0:
        return None
    return os.path.getsize(copy)


def write_experiment(options, folder):
    """One device that holds all that it ever gets, in the first round."""
    settings = ["data={set: synthetic-har, persons: 6, train: 1000, test: 20}", "fleet.devices=1",
                "fleet.partition={kind: iid}",
                f"stream={{buffer: {BUFFER}, new: {NEW}, initial: {BUFFER}, at_end: cycle}}",
                f"rounds={options.rounds}", "train.epochs=5", "evaluate={every: 0}", "seeds=1", "name=agent"]
    command = [f"{options.bin}/mmofl", "config", "show", options.experiment]
    text = subprocess.run([*command, *(a for s in settings for a in ("--set", s))], capture_output=True, text=True)
    if text.returncode != 0:
        sys.exit(text.stderr)
    with open(f"{folder}/agent.yaml", "w") as to:
        to.write(text.stdout)
    return f"{folder}/agent.yaml"


def measure(options, folder):
    broker, port = start_broker(folder)
    experiment = write_experiment(options, folder)
    processes = [broker]
    server = subprocess.Popen([f"{options.bin}/mmofl", "serve", experiment, "--broker", f"127.0.0.1:{port}", "--out",
                               f"{folder}/run", "--http", "none", "--quiet"],
                              stdout=subprocess.DEVNULL, stderr=open(f"{folder}/serve.log", "w"))
    sensors = subprocess.Popen([f"{options.bin}/mmofl", "stream", experiment, "--device", "0"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    agent = subprocess.Popen([f"{options.bin}/mmofl-device", "run", "-s", "federation=agent", "-s", "name=device-0",
                              "-s", f"broker=127.0.0.1:{port}", "-s", f"state={folder}/state", "-s", "lockstep=true"],
                             stdin=sensors.stdout, stderr=open(f"{folder}/device.log", "w"))
    processes += [server, sensors, agent]
    most, began = {"private_bytes": 0}, time.monotonic()
    while server.poll() is None and time.monotonic() - began < 120:
        try:
            most = max(most, memory(agent.pid), key=lambda m: m["private_bytes"])
        except OSError:
            break  # it has ended
        time.sleep(LOOK_S)
    code = server.wait(timeout=30)
    for process in processes:
        process.kill()
        process.wait()
    if code != 0 or not most["private_bytes"]:
        sys.exit(f"mmofl serve ended with {code}; logs in {folder}")
    return most


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--bin", required=True)
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--experiment", default=f"{here}/../examples/uci-har.yaml")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    options.bin = os.path.realpath(options.bin)
    folder = tempfile.mkdtemp()
    most = measure(options, folder)
    program = stripped_bytes(f"{options.bin}/mmofl-device", folder)
    print(json.dumps({**most, "program_bytes": program, "buffer": BUFFER, "rounds": options.rounds}, indent=2))
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
