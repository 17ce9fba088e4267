#!/usr/bin/env python3
"""Rounds over a real broker with devices that do not learn: what a round costs besides.

    bench/mqtt_rounds.py --bin build/release [--devices 10] [--rounds 60]

Starts mosquitto, `mmofl serve` and mmofl-load on loopback; prints, and with --json writes,
the times of rounds and the memory of coordinator, broker and devices.  The model is that of
the har shape (38,598 parameters, 154 KB); --tiny takes one of some 200.
"""
import argparse
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

HAR = ("&e [{conv1d: {out: 32, kernel: 5, pad: 2}}, relu, {conv1d: {out: 64, kernel: 5, pad: 2}}, relu, "
       "global_avg_pool, {linear: {out: 64}}, relu]")
HEAD = "[{linear: {out: 64}}, relu, {linear: {out: 6}}]"
TINY = "&e [global_avg_pool, {linear: {out: 8}}]"
TINY_HEAD = "[{linear: {out: 6}}]"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def memory_mb(pid, key):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(key + r":\s+(\d+)", status.read()).group(1)) / 1024


def deployed_environment():
    """What docs/deployment.md has the broker run with."""
    unit = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../deploy/systemd/mosquitto-memory.conf")
    with open(unit) as lines:
        return dict(re.findall(r"^Environment=(\w+)=(.*)$", lines.read(), re.M))


def start_broker(folder):
    """Process and port."""
    port = free_port()
    with open(f"{folder}/mosquitto.conf", "w") as to:
        to.write(f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nset_tcp_nodelay true\n")
        if os.getuid() == 0:
            to.write("user root\n")
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    broker = subprocess.Popen([program, "-c", f"{folder}/mosquitto.conf"], stderr=subprocess.DEVNULL,
                              env={**os.environ, **deployed_environment()})
    time.sleep(0.3)
    return broker, port


def memory(pid):
    """Of a process, in bytes: what nobody else shares, its parts, and all that is resident."""
    with open(f"/proc/{pid}/smaps_rollup") as smaps:
        kib = dict(re.findall(r"^(Private_Clean|Private_Dirty|Rss):\s+(\d+) kB", smaps.read(), re.M))
    parts = {key: 1024 * int(kib.get(key, 0)) for key in ("Private_Clean", "Private_Dirty", "Rss")}
    return {**parts, "private_bytes": parts["Private_Clean"] + parts["Private_Dirty"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--bin", required=True)
    parser.add_argument("--devices", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--processes", type=int, default=1, help="of mmofl-load")
    parser.add_argument("--ramp", type=float, default=1)
    parser.add_argument("--folder", help="for the run (default: a temporary one, on /dev/shm where there is one)")
    parser.add_argument("--json", help="file for the figures")
    options = parser.parse_args()
    bin_ = os.path.realpath(options.bin)
    folder = options.folder or tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    os.makedirs(folder, exist_ok=True)
    broker, port = start_broker(folder)
    encoder, head = (TINY, TINY_HEAD) if options.tiny else (HAR, HEAD)
    with open(f"{folder}/rounds.yaml", "w") as to:
        to.write(f"name: rounds\nseeds: 1\ndata: {{set: synthetic-har, persons: 2, train: 40, test: 40}}\n"
                 f"fleet: {{devices: {options.devices}, partition: {{kind: iid}}}}\nstream: {{buffer: 4, new: 1}}\n"
                 f"rounds: {options.rounds}\nevaluate: {{every: 0}}\n"
                 f"model: {{modalities: {{accelerometer: {encoder}, gyroscope: *e}}, head: {head}}}\n")
    server = subprocess.Popen([f"{bin_}/mmofl", "serve", f"{folder}/rounds.yaml", "--broker", f"127.0.0.1:{port}",
                               "--federation", "load", "--out", f"{folder}/run", "--http", "none", "--quiet"],
                              stdout=subprocess.DEVNULL, stderr=open(f"{folder}/serve.log", "w"))
    share = options.devices // options.processes
    loads = [subprocess.Popen([f"{bin_}/mmofl-load", "--devices", str(share), "--first", str(i * share), "--ramp",
                               str(options.ramp), "--broker", f"127.0.0.1:{port}"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
             for i in range(options.processes)]
    peak = client_rss = 0.0
    client = []  # looked at now and then, as Flower's clients look at themselves
    while server.poll() is None:
        try:
            peak = max(peak, memory_mb(server.pid, "VmHWM"))
            client.append(memory(loads[0].pid)["private_bytes"] / (1 << 20))
            client_rss = max(client_rss, memory_mb(loads[0].pid, "VmHWM"))
        except (OSError, AttributeError):
            pass
        time.sleep(0.2)
    broker_mb = memory_mb(broker.pid, "VmHWM")
    broker.terminate()
    for load in loads:
        load.terminate()
    said = loads[0].communicate()[0]
    rounds = [float(x) for x in re.findall(r"^round \d+: ([\d.]+) s", said, re.M)][1:]
    figures = {
        "devices": options.devices, "rounds": len(rounds), "exit": server.returncode,
        "parameters": "tiny" if options.tiny else 38598,
        "round_ms": 1000 * statistics.median(rounds) if rounds else None,
        "round_ms_least": 1000 * min(rounds) if rounds else None,
        "round_ms_most": 1000 * max(rounds) if rounds else None,
        "coordinator_mb": round(peak, 1), "broker_mb": round(broker_mb, 1),
        "load_process_private_mb": round(statistics.median(client), 2) if client else None,
        "load_process_rss_mb": round(client_rss, 2),
    }
    print(json.dumps(figures, indent=2))
    if options.json:
        with open(options.json, "w") as to:
            json.dump(figures, to, indent=2)
    if not options.folder:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
