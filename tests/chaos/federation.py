"""A broker, a coordinator and devices as processes, each in its place, looked after as a
service manager would: what ends for want of disk is started again."""
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

from liar import Liar
from places import Place
from relay import Relay

DISK_MB = {"broker": 16, "coordinator": 48}
DEVICE_DISK_MB = 8
NO_SPACE = ("no space left", "disk is full")  # the system's words and SQLite's
RESTART_S = 0.3
# A process that ended so long after its disk was full may have ended for that.
EXCUSED_S = 5


class Failed(Exception):
    """What must not happen, did."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Federation:
    def __init__(self, machine, bin_, folder, devices, rng, disturbed=True):
        """Undisturbed: nothing stands between them, and nobody listens."""
        self.machine, self.bin, self.folder, self.devices, self.rng = machine, bin_, folder, devices, rng
        self.experiment = f"{folder}/chaos.yaml"
        self.serve_options, self.http = [], "none"
        self.pace = 0.0  # seconds between samples
        self.members = ["broker", "coordinator", *range(devices)]
        self.place = {who: Place(machine, f"{folder}/{self.name(who)}", i + 1, DISK_MB.get(who, DEVICE_DISK_MB))
                      for i, who in enumerate(self.members)}
        self.broker_port = free_port()
        self.write_broker_config()
        if disturbed:
            self.relay = Relay(self.broker_port)
            self.liar = Liar(self.broker_port, rng, devices)
        self.port = self.relay.port if disturbed else self.broker_port
        self.process, self.feeder, self.ended_at, self.timers = {}, {}, {}, []
        self.restarts = 0

    @staticmethod
    def name(who):
        return who if isinstance(who, str) else f"device-{who}"

    def write_broker_config(self):
        with open(f"{self.folder}/mosquitto.conf", "w") as to:
            to.write(f"listener {self.broker_port}\nallow_anonymous true\n"
                     "max_queued_messages 0\nset_tcp_nodelay true\n")
            if os.getuid() == 0:
                to.write("user root\n")

    # ---- processes

    def log(self, name):
        return open(f"{self.folder}/{name}.log", "a")

    def spawn(self, who, arguments, at_home=False, **more):
        """Ours is the broker's network: everybody else's cable ends here."""
        place = self.place[who]
        command = arguments if at_home else place.command(arguments)
        self.process[who] = subprocess.Popen(command, env=place.environment(), stderr=self.log(self.name(who)), **more)

    def start_broker(self):
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self.spawn("broker", [program, "-c", f"{self.folder}/mosquitto.conf"], at_home=True)

    def start_coordinator(self):
        place = self.place["coordinator"]
        self.spawn("coordinator",
                   [f"{self.bin}/mmofl", "serve", self.experiment, "--out", f"{place.folder}/run", "--heartbeat", "1",
                    "--http", self.http, "--insecure", "--broker", f"{place.hub}:{self.port}", *self.serve_options],
                   stdout=self.log("coordinator"))

    def settings(self, k):
        place = self.place[k]
        pairs = {"federation": "chaos", "name": f"device-{k}", "broker": f"{place.hub}:{self.port}",
                 "state": f"{place.folder}/state", "lockstep": "true", "insecure": "true"}
        return [a for key, value in pairs.items() for a in ("-s", f"{key}={value}")]

    def start_device(self, k):
        """With sensors that go on where the device's samples end."""
        status = subprocess.run([f"{self.bin}/mmofl-device", "status", *self.settings(k)],
                                capture_output=True, text=True)
        arrivals = json.loads(status.stdout)["arrivals"] if status.returncode == 0 else 0
        self.feeder[k] = subprocess.Popen(
            [f"{self.bin}/mmofl", "stream", self.experiment, "--device", str(k), "--from", str(arrivals),
             "--pace", str(self.pace)],
            stdout=subprocess.PIPE, stderr=self.log(f"sensors-{k}"))
        self.spawn(k, [f"{self.bin}/mmofl-device", "run", *self.settings(k)], stdin=self.feeder[k].stdout)
        self.feeder[k].stdout.close()

    def start(self, who):
        start = {"broker": self.start_broker, "coordinator": self.start_coordinator}
        start.get(who, lambda: self.start_device(who))()

    def start_all(self):
        for who in self.members:
            self.start(who)

    def kill(self, who):
        """Now, and what feeds it."""
        self.process[who].kill()
        self.process[who].wait()
        if who in self.feeder:
            self.feeder[who].kill()
            self.feeder[who].wait()

    def is_done(self):
        return self.process["coordinator"].poll() == 0

    def later(self, seconds, what, *arguments):
        timer = threading.Timer(seconds, what, arguments)
        timer.daemon = True
        timer.start()
        self.timers.append(timer)

    # ---- looking after them

    def tend(self):
        """Start again what ended for want of disk; anything else that ends is a failure."""
        now = time.monotonic()
        for who, process in self.process.items():
            if process.poll() in (None, 0):
                continue
            if who not in self.ended_at:
                self.ended_at[who] = now
                self.excuse(who, process.returncode)
            elif now - self.ended_at[who] > RESTART_S:
                del self.ended_at[who]
                self.restarts += 1
                self.kill(who)
                self.start(who)
                return

    def excuse(self, who, code):
        """It says why it ended, and that is so."""
        place, name = self.place[who], self.name(who)
        with open(f"{self.folder}/{name}.log") as log:
            last = log.read().splitlines()[-3:]
        recently = place.is_full or time.monotonic() - place.full_at < EXCUSED_S
        if not recently or not any(words in line.lower() for line in last for words in NO_SPACE):
            raise Failed(f"{name} ended with {code}: {' / '.join(last)}")

    def finish(self):
        for timer in self.timers:
            timer.cancel()
        for p in [*self.process.values(), *self.feeder.values()]:
            if p.poll() is None:
                p.send_signal(signal.SIGCONT)
                p.kill()
            p.wait()
        for who, place in self.place.items():
            if self.machine.inside:  # its disk goes with it
                place.clear()
                shutil.copytree(place.folder, f"{self.folder}/left/{self.name(who)}", dirs_exist_ok=True,
                                ignore=shutil.ignore_patterns("*.sock"))
            place.close()

    def left(self, who):
        """Where what a member left is, after finish."""
        return f"{self.folder}/left/{self.name(who)}" if self.machine.inside else self.place[who].folder
