#!/usr/bin/env python3
"""A federation of real processes that are killed, stopped, cut off, filled up and lied to at
random moments, and must end with the bytes of the simulator.

    tests/chaos/chaos.py --bin build/dev [--faults 12] [--seed 1] [--keep DIR]

The schedule is fixed (devices in lockstep), so every fault may cost time and nothing else:
the final model, the metrics of every round and the prototypes must equal those of
`mmofl run`.  Equal metrics mean that each device's update of each round was applied exactly
once: they count updates, samples and steps.  With --buffered there is no fixed schedule; then
every update that a listener at the broker heard acknowledged must be in the journal, and the
rounds must have used as many updates as the journal has, which has each once.

Faults (faults.py): kill -9 of a device, of the coordinator, of the broker (which forgets its
sessions); each of them stopped for a while; connections cut, black holes and delays by a relay
that stands between everybody and the broker; networks cut and slow in namespaces of their own;
full disks; clocks that jump, and others after a "reboot"; payloads of before repeated,
reordered, truncated, damaged and sent under other names by a client of its own.
"""
import argparse
import collections
import csv
import glob
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

import faults
import places
from federation import Failed, Federation

DEVICES = 5
ROUNDS = 30  # the journal remembers as many
PACE_S = 0.05  # between samples: a round takes what some faults take
BUFFERED = ["--buffered", "2", "--staleness", "32"]

EXPERIMENT = """name: chaos
seeds: 7
data: {set: synthetic-har, persons: 4, train: 400, test: 120}
fleet: {devices: %d, partition: {kind: iid}}
stream: {buffer: 24, new: 6}
rounds: %d
participation: %d
method: qqr
aggregation: %s
imbalance: {modalities: {gyroscope: {missing: 0.3, noise: {kind: gauss, share: 0.5, sigma: 1}}}}
evaluate: {every: 1}
"""


def same_files(a, b):
    for name in ["model.safetensors", "metrics.csv", "prototypes.npz", "confusion.csv"]:
        with open(os.path.join(a, name), "rb") as x, open(os.path.join(b, name), "rb") as y:
            if x.read() != y.read():
                return name
    return None


def simulate(options, f):
    """The run folder of the same schedule, and whose it is.  Updates that lose something on
    their way are not simulated: then it is that of a federation that nobody disturbs."""
    if options.update == "f32":
        subprocess.run([f"{f.bin}/mmofl", "run", f.experiment, "--out", f"{f.folder}/simulated", "-q"], check=True,
                       stdout=subprocess.DEVNULL)
        return f"{f.folder}/simulated", "the simulator's bytes"
    quiet = make(options, f.machine, f"{f.folder}/quiet", disturbed=False)
    try:
        quiet.start_all()
        while not quiet.is_done():
            quiet.tend()
            time.sleep(0.02)
    finally:
        quiet.finish()
    return f"{quiet.left('coordinator')}/run", f"{options.update}, the bytes of a quiet run"


def check_bytes(options, f):
    """Those of the same schedule; what the rounds used are then its updates."""
    wanted, whose = simulate(options, f)
    different = same_files(f"{wanted}/seed-7", f"{f.left('coordinator')}/run/seed-7")
    if different:
        raise Failed(f"{different} is other than {whose}")
    return f"{options.aggregation}: {whose}"


def check_counts(f):
    """Each acknowledged update is kept, and each that is kept was used, once."""
    run = f"{f.left('coordinator')}/run"
    journal = glob.glob(f"{run}/**/journal*.sqlite", recursive=True)[0]
    with sqlite3.connect(journal) as db:
        kept = db.execute("SELECT device, round FROM answer").fetchall()
    with open(f"{run}/seed-7/metrics.csv") as metrics, open(f"{run}/seed-7/measures.csv") as measures:
        used = sum(int(row["participants"]) for row in csv.DictReader(metrics))
        used += sum(int(float(row["value"])) for row in csv.DictReader(measures) if row["name"] == "late_updates")
    told = {(int(name.split("-")[1]), t) for name, t in f.liar.witness.acknowledged_updates()}
    if told - set(kept):
        raise Failed(f"acknowledged and not kept: {sorted(told - set(kept))}")
    if len(kept) != len(set(kept)) or used != len(kept):
        raise Failed(f"{used} updates were used, {len(kept)} are in the journal, {len(set(kept))} different ones")
    return f"buffered: {len(told)} updates heard acknowledged, {len(kept)} kept, {used} used"


def disturb(options, f, most):
    """Until it is done; what has happened, by kind."""
    weights, happened = faults.kinds(f.machine), collections.Counter()
    begun = time.monotonic()
    next_s = begun + f.rng.uniform(0, 2 * options.pause)
    while not f.is_done():
        time.sleep(0.02)
        f.tend()
        now = time.monotonic()
        if now - begun > options.limit:
            raise Failed(f"not done after {options.limit} s and {happened.total()} faults")
        if now < next_s or happened.total() >= most or "coordinator" in f.ended_at or f.is_done():
            continue
        kind, whom = faults.draw(f, weights)
        happened[kind] += 1
        print(f"  {now - begun:6.1f} s  {kind} {whom}", flush=True)
        next_s = time.monotonic() + f.rng.uniform(0, 2 * options.pause)
    return happened, time.monotonic() - begun


def make(options, machine, folder, disturbed=True):
    """A federation in a new folder."""
    os.makedirs(folder)
    f = Federation(machine, options.bin, folder, DEVICES, random.Random(options.seed), disturbed)
    f.serve_options = [*(BUFFERED if options.buffered else []), "--update", options.update]
    f.pace = PACE_S if disturbed else 0
    with open(f.experiment, "w") as to:
        # Tasks go to everybody at once where all take part.
        participants = DEVICES if options.seed % 2 else DEVICES - 2
        to.write(EXPERIMENT % (DEVICES, options.rounds, participants, options.aggregation))
    return f


def run(options, machine, folder, most):
    """One federation, from its beginning to its end."""
    f = make(options, machine, folder)
    try:
        f.start_all()
        happened, seconds = disturb(options, f, most)
    finally:
        f.finish()
    said = check_counts(f) if options.buffered else check_bytes(options, f)
    again = f", {f.restarts} restarts for want of disk" if f.restarts else ""
    print(f"chaos: seed {options.seed}, {happened.total()} faults in {seconds:.0f} s{again}; {said}", flush=True)
    return happened


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--bin", required=True, help="folder of mmofl and mmofl-device")
    parser.add_argument("--faults", type=int, default=12, help="at least so many (runs are repeated)")
    parser.add_argument("--pause", type=float, default=0.4, help="mean seconds between faults")
    parser.add_argument("--seed", type=int, default=1, help="of the first run; the next one's is one more")
    parser.add_argument("--limit", type=float, default=300, help="seconds for one run")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of each run, at most 32")
    parser.add_argument("--aggregation", default="fedavg")
    parser.add_argument("--buffered", action="store_true", help="rounds of 2 updates, whatever their round")
    parser.add_argument("--update", choices=["f32", "f16", "i8"], default="f32", help="how updates are coded")
    parser.add_argument("--keep", help="folder for all that is left")
    options = parser.parse_args()
    options.bin = os.path.realpath(options.bin)
    return options


def main():
    options = parse()
    places.enter()
    machine = places.Machine(f"{options.bin}/mmofl")
    for what in machine.lacks:
        print(f"chaos: left out: {what}")
    happened = collections.Counter()
    base = options.keep or tempfile.mkdtemp(prefix="mmofl-chaos-")
    os.environ["MMOFL_CACHE_DIR"] = f"{base}/cache"
    while happened.total() < options.faults:
        folder = os.path.join(base, str(options.seed))
        try:
            now = run(options, machine, folder, options.faults - happened.total())
        except Failed as failed:
            sys.exit(f"chaos: {failed}; logs in {folder}")
        if not now:
            sys.exit("chaos: it was done before anything happened; wanted a shorter --pause")
        happened += now
        options.seed += 1
    if not options.keep:
        shutil.rmtree(base)
    print(f"chaos: {happened.total()} faults in all: " + ", ".join(f"{n} {kind}" for kind, n in happened.most_common()))


if __name__ == "__main__":
    main()
