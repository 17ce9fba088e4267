#!/usr/bin/env python3
"""A federation of real processes that are killed, stopped, cut off and lied to at random
moments, and must end with the bytes of the simulator.

    tests/chaos/chaos.py --bin build/dev [--faults 12] [--seed 1] [--keep DIR]

The schedule is fixed (devices in lockstep), so every fault may cost time and nothing else:
the final model, the metrics of every round and the prototypes must equal those of
`mmofl run`.  Equal metrics mean that each device's update of each round was applied exactly
once: they count updates, samples and steps.

Faults: kill -9 of a device, of the coordinator, of the broker (which forgets its sessions);
each of them stopped for a while; connections cut, black holes and delays (a proxy stands
between everybody and the broker); payloads of before repeated, reordered, truncated,
damaged and sent under other names by a client of its own.
"""
import argparse
import json
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

DEVICES, ROUNDS = 4, 12

EXPERIMENT = f"""name: chaos
seeds: 7
data: {{set: synthetic-har, persons: 4, train: 400, test: 120}}
fleet: {{devices: {DEVICES}, partition: {{kind: iid}}}}
stream: {{buffer: 24, new: 6}}
rounds: {ROUNDS}
participation: 3
method: qqr
aggregation: %s
imbalance: {{modalities: {{gyroscope: {{missing: 0.3, noise: {{kind: gauss, share: 0.5, sigma: 1}}}}}}}}
evaluate: {{every: 1}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Proxy:
    """TCP between clients and broker, which can cut, swallow and delay."""

    def __init__(self, target):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.pairs, self.lock = [], threading.Lock()
        self.hole_until = self.slow_until = 0.0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            try:
                server = socket.create_connection(("127.0.0.1", self.target), timeout=2)
                server.settimeout(None)
            except OSError:
                client.close()
                continue
            with self.lock:
                self.pairs.append((client, server))
            for a, b in ((client, server), (server, client)):
                threading.Thread(target=self.pump, args=(a, b), daemon=True).start()

    def pump(self, source, sink):
        try:
            while data := source.recv(65536):
                while time.monotonic() < self.hole_until:
                    time.sleep(0.05)
                if time.monotonic() < self.slow_until:
                    time.sleep(random.uniform(0, 0.2))
                sink.sendall(data)
        except OSError:
            pass
        for s in (source, sink):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut(self, rng):
        with self.lock:
            pairs, self.pairs = self.pairs, []
        for pair in pairs:
            if rng.random() < 0.5:
                self.pairs.append(pair)
                continue
            for s in pair:
                # A reset, not an orderly end.
                try:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass


class Liar:
    """A client that hears everything and says it again: late, twice, cut, damaged, as if
    somebody else had said it."""

    def __init__(self, port, rng):
        self.port, self.rng, self.heard = port, rng, []
        self.socket, self.lock = None, threading.Lock()
        threading.Thread(target=self.listen, daemon=True).start()

    @staticmethod
    def length(n):
        out = b""
        while True:
            n, byte = n >> 7, n & 127
            out += bytes([byte | (128 if n else 0)])
            if not n:
                return out

    def packet(self, kind, body):
        return bytes([kind]) + self.length(len(body)) + body

    @staticmethod
    def text(s):
        return struct.pack(">H", len(s)) + s

    def connect(self):
        s = socket.create_connection(("127.0.0.1", self.port), timeout=2)
        body = self.text(b"MQTT") + bytes([5, 2]) + struct.pack(">H", 0) + b"\0" + self.text(b"liar")
        s.sendall(self.packet(0x10, body))
        s.sendall(self.packet(0x82, struct.pack(">H", 1) + b"\0" + self.text(b"mmofl/#") + b"\0"))
        s.settimeout(None)
        return s

    def read(self, s):
        kind, n, shift = s.recv(1, socket.MSG_WAITALL), 0, 0
        if not kind:
            raise OSError("end")
        while True:
            byte = s.recv(1, socket.MSG_WAITALL)[0]
            n |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        return kind[0], s.recv(n, socket.MSG_WAITALL) if n else b""

    def listen(self):
        while True:
            try:
                s = self.connect()
                with self.lock:
                    self.socket = s
                while True:
                    kind, body = self.read(s)
                    if kind >> 4 != 3:
                        continue
                    n = struct.unpack(">H", body[:2])[0]
                    topic, rest = body[2 : 2 + n], body[2 + n :]
                    if kind & 6:
                        rest = rest[2:]
                    skip = rest[0] + 1 if rest else 0
                    self.heard.append((topic, rest[skip:]))
                    del self.heard[:-400]
            except (OSError, IndexError, struct.error):
                with self.lock:
                    self.socket = None
                time.sleep(0.2)

    def say(self):
        """Some of what was heard, changed or not."""
        for topic, payload in self.rng.choices(self.heard or [(b"mmofl/chaos/all", b"?")], k=20):
            what = self.rng.randrange(5)
            if what == 1:
                payload = payload[: self.rng.randrange(len(payload) + 1)]
            elif what == 2 and payload:
                at = self.rng.randrange(len(payload))
                payload = payload[:at] + bytes([payload[at] ^ (1 << self.rng.randrange(8))]) + payload[at + 1 :]
            elif what == 3:
                other = self.rng.randrange(DEVICES)
                topic = b"mmofl/chaos/device/device-%d/%s" % (other, self.rng.choice([b"up", b"down"]))
            elif what == 4:
                payload = self.rng.randbytes(self.rng.randrange(2000))
            if topic.endswith(b"/round"):
                continue  # the retained word is the coordinator's; brokers guard it by ACL
            with self.lock:
                try:
                    if self.socket:
                        self.socket.sendall(self.packet(0x30, self.text(topic) + b"\0" + payload))
                except OSError:
                    pass


class Federation:
    def __init__(self, options, folder, rng):
        self.bin, self.folder, self.rng = options.bin, folder, rng
        self.experiment = os.path.join(folder, "chaos.yaml")
        with open(self.experiment, "w") as to:
            to.write(EXPERIMENT % options.aggregation)
        self.broker_port = free_port()
        self.config = os.path.join(folder, "mosquitto.conf")
        with open(self.config, "w") as to:
            to.write(f"listener {self.broker_port} 127.0.0.1\nallow_anonymous true\n"
                     "max_queued_messages 0\nset_tcp_nodelay true\n")
            if os.getuid() == 0:
                to.write("user root\n")
        self.proxy = Proxy(self.broker_port)
        self.liar = Liar(self.broker_port, rng)
        self.process, self.feeder, self.stopped = {}, {}, []

    def log(self, name):
        return open(os.path.join(self.folder, name + ".log"), "a")

    def start_broker(self):
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self.process["broker"] = subprocess.Popen([program, "-c", self.config], stderr=self.log("broker"))

    def start_coordinator(self):
        self.process["coordinator"] = subprocess.Popen(
            [f"{self.bin}/mmofl", "serve", self.experiment, "--out", f"{self.folder}/run", "--heartbeat", "1",
             "--broker", f"127.0.0.1:{self.proxy.port}"],
            stdout=self.log("coordinator"), stderr=self.log("coordinator"))

    def settings(self, k):
        pairs = {"federation": "chaos", "name": f"device-{k}", "broker": f"127.0.0.1:{self.proxy.port}",
                 "state": f"{self.folder}/device-{k}", "lockstep": "true"}
        return [a for key, value in pairs.items() for a in ("-s", f"{key}={value}")]

    def start_device(self, k):
        """With sensors that go on where the device's samples end."""
        status = subprocess.run([f"{self.bin}/mmofl-device", "status", *self.settings(k)],
                                capture_output=True, text=True)
        arrivals = json.loads(status.stdout)["arrivals"] if status.returncode == 0 else 0
        self.feeder[k] = subprocess.Popen(
            [f"{self.bin}/mmofl", "stream", self.experiment, "--device", str(k), "--from", str(arrivals)],
            stdout=subprocess.PIPE, stderr=self.log(f"sensors-{k}"))
        self.process[k] = subprocess.Popen([f"{self.bin}/mmofl-device", "run", *self.settings(k)],
                                           stdin=self.feeder[k].stdout, stderr=self.log(f"device-{k}"))
        self.feeder[k].stdout.close()

    def start(self, who):
        {"broker": self.start_broker, "coordinator": self.start_coordinator}.get(who, lambda: self.start_device(who))()

    def kill(self, who):
        self.process[who].kill()
        self.process[who].wait()
        if who in self.feeder:
            self.feeder[who].kill()
            self.feeder[who].wait()

    def fault(self):
        """One fault; its name."""
        who = self.rng.choice(["broker", "coordinator", *range(DEVICES)])
        kind = self.rng.choice(["kill", "kill", "kill", "stop", "cut", "hole", "slow", "lie"])
        if kind == "kill":
            if who != "coordinator" and self.process["coordinator"].poll() is not None:
                return "nobody"
            self.kill(who)
            time.sleep(self.rng.uniform(0, 0.5))
            self.start(who)
        elif kind == "stop":
            self.process[who].send_signal(signal.SIGSTOP)
            threading.Timer(self.rng.uniform(0.1, 3), self.process[who].send_signal, (signal.SIGCONT,)).start()
        elif kind == "cut":
            self.proxy.cut(self.rng)
        elif kind == "hole":
            self.proxy.hole_until = time.monotonic() + self.rng.uniform(0.1, 2)
        elif kind == "slow":
            self.proxy.slow_until = time.monotonic() + self.rng.uniform(0.5, 3)
        else:
            self.liar.say()
            who = "everybody"
        return f"{kind} {who}"

    def finish(self):
        for p in [*self.process.values(), *self.feeder.values()]:
            if p.poll() is None:
                p.send_signal(signal.SIGCONT)
                p.kill()
            p.wait()


def same_files(a, b):
    for name in ["model.safetensors", "metrics.csv", "prototypes.npz", "confusion.csv"]:
        with open(os.path.join(a, name), "rb") as x, open(os.path.join(b, name), "rb") as y:
            if x.read() != y.read():
                return name
    return None


def run(options, folder):
    rng = random.Random(options.seed)
    f = Federation(options, folder, rng)
    subprocess.run([f"{f.bin}/mmofl", "run", f.experiment, "--out", f"{folder}/simulated", "-q"], check=True,
                   stdout=subprocess.DEVNULL)
    faults, begun = 0, time.monotonic()
    try:
        for who in ["broker", "coordinator", *range(DEVICES)]:
            f.start(who)
        # Faults while it runs; what is left when it is done is not made up for.
        while f.process["coordinator"].poll() is None:
            time.sleep(rng.uniform(0, 2 * options.pause))
            if time.monotonic() - begun > options.limit:
                sys.exit(f"chaos: not done after {options.limit} s and {faults} faults; logs in {folder}")
            if faults < options.faults and f.process["coordinator"].poll() is None:
                faults += 1
                print(f"  {time.monotonic() - begun:6.1f} s  {f.fault()}", flush=True)
        code = f.process["coordinator"].returncode
        if code != 0:
            sys.exit(f"chaos: the coordinator ended with {code}; logs in {folder}")
    finally:
        f.finish()
    different = same_files(f"{folder}/simulated/seed-7", f"{folder}/run/seed-7")
    if different:
        sys.exit(f"chaos: {different} is not the simulator's; both in {folder}")
    print(f"chaos: {faults} faults in {time.monotonic() - begun:.0f} s, {options.aggregation}: the simulator's bytes")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--bin", required=True, help="folder of mmofl and mmofl-device")
    parser.add_argument("--faults", type=int, default=12, help="at least so many (runs are repeated)")
    parser.add_argument("--pause", type=float, default=0.4, help="mean seconds between faults")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=300, help="seconds for one run")
    parser.add_argument("--aggregation", default="fedavg")
    parser.add_argument("--keep", help="folder for all that is left")
    options = parser.parse_args()
    options.bin = os.path.realpath(options.bin)
    total, base = 0, options.keep or tempfile.mkdtemp(prefix="mmofl-chaos-")
    while total < options.faults:
        folder = os.path.join(base, str(options.seed))
        os.makedirs(folder)
        left, options.faults = options.faults, options.faults - total
        total += max(run(options, folder), 1)
        options.faults = left
        options.seed += 1
    if not options.keep:
        shutil.rmtree(base)
    print(f"chaos: {total} faults in all")


if __name__ == "__main__":
    main()
