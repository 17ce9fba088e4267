#!/usr/bin/env python3
"""Thousands of rounds of a tiny model by real processes: nothing grows.

    tests/chaos/soak.py --bin build/release [--rounds 10000] [--devices 3]

Prints, each tenth of the way, the private memory (RssAnon: heap and stacks, no files) of
broker, coordinator and devices, and what coordinator and devices have on their disks; ends
with 1 where the memory of one grows by more than --growth between the second tenth and the
end, or its disk (but for the run store, which has a row for each round) grows at all.
"""
import argparse
import glob
import json
import os
import random
import re
import shutil
import sys
import tempfile
import time
import urllib.request

from federation import Failed, Federation, free_port
from places import Machine

EXPERIMENT = """name: chaos
seeds: 7
data: {set: synthetic-har, persons: 2, train: 60, test: 20}
fleet: {devices: %d, partition: {kind: iid}}
stream: {buffer: 4, new: 1}
rounds: %d
method: qqr
model:
  modalities: {accelerometer: &e [global_avg_pool, {linear: {out: 4}}], gyroscope: *e}
  head: [{linear: {out: 6}}]
evaluate: {every: 0}
"""
TENTHS = 10
KIB = 1024


def private_kib(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"RssAnon:\s+(\d+)", status.read()).group(1))


def disk_kib(paths):
    return sum(os.stat(path).st_blocks * 512 for path in paths if os.path.isfile(path)) // KIB


def files(folder, without=""):
    found = glob.glob(f"{folder}/**", recursive=True)
    return [path for path in found if not (without and os.path.basename(path).startswith(without))]


def look(f):
    """Private memory of each, and files but for the run store."""
    row = {f.name(who): private_kib(f.process[who].pid) for who in f.members}
    run = f"{f.place['coordinator'].folder}/run"
    row["journal and checkpoints"] = disk_kib(files(run, "run.sqlite"))
    row["run store"] = disk_kib(glob.glob(f"{run}/run.sqlite*"))
    row["a device's state"] = max(disk_kib(files(f.place[k].folder)) for k in range(f.devices))
    return row


def round_of(f):
    try:
        with urllib.request.urlopen(f"http://{f.http}/status", timeout=5) as answer:
            return json.load(answer)["round"]["number"]
    except (OSError, ValueError):
        return 0


def watch(f, options):
    """[(round, row)], as the rounds go by."""
    rows, step = [], options.rounds // TENTHS
    begun = time.monotonic()
    while not f.is_done():
        f.tend()
        now = round_of(f)
        if now >= (len(rows) + 1) * step and len(rows) < TENTHS:
            try:
                rows.append((now, look(f)))
            except (OSError, AttributeError):
                break  # the end
            if len(rows) == 1:
                print(f"{'KiB at round':>26}" + "".join(f"{name:>{len(name) + 2}}" for name in rows[0][1]))
            print(f"{now:>26}" + "".join(f"{kib:>{len(name) + 2}}" for name, kib in rows[-1][1].items()), flush=True)
        if time.monotonic() - begun > options.limit:
            raise Failed(f"not done after {options.limit} s, in round {now}")
        time.sleep(0.02)
    print(f"soak: {options.rounds} rounds of {options.devices} devices in {time.monotonic() - begun:.0f} s")
    return rows


def grown(rows, options):
    """What grew from the second tenth to the last one."""
    first, last = rows[1][1], rows[-1][1]
    allowed = {"run store": float("inf"), "journal and checkpoints": options.growth, "a device's state": 0}
    return [f"{name} by {last[name] - first[name]} KiB" for name in first
            if last[name] - first[name] > allowed.get(name, options.growth)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--bin", required=True, help="folder of mmofl and mmofl-device")
    parser.add_argument("--rounds", type=int, default=10000)
    parser.add_argument("--devices", type=int, default=3)
    parser.add_argument("--growth", type=int, default=256, help="KiB that a process may grow by")
    parser.add_argument("--limit", type=float, default=1800, help="seconds")
    parser.add_argument("--folder", help="for all that is left (default: one in memory, removed)")
    options = parser.parse_args()
    bin_ = os.path.realpath(options.bin)
    base = options.folder or tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    os.makedirs(base, exist_ok=True)
    os.environ["MMOFL_CACHE_DIR"] = f"{base}/cache"
    machine = Machine(f"{bin_}/mmofl")
    machine.faketime = ""  # clocks as they are
    f = Federation(machine, bin_, f"{base}/soak", options.devices, random.Random(1), disturbed=False)
    f.http = f"127.0.0.1:{free_port()}"
    f.serve_options = ["--quiet"]
    with open(f.experiment, "w") as to:
        to.write(EXPERIMENT % (options.devices, options.rounds))
    try:
        f.start_all()
        rows = watch(f, options)
    except Failed as failed:
        sys.exit(f"soak: {failed}; logs in {base}")
    finally:
        f.finish()
    more = grown(rows, options) if len(rows) > 2 else ["not looked at: too few rounds"]
    if more:
        sys.exit(f"soak: grown: {', '.join(more)}; logs in {base}")
    if not options.folder:
        shutil.rmtree(base)
    print("soak: nothing has grown")


if __name__ == "__main__":
    main()
