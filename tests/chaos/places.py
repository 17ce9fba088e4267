"""Where the processes of a federation live: each with a network, a disk and a clock of its
own, which can be cut, filled up and put forward.

Networks are namespaces, joined to this program's by a cable each (veth); disks are small
tmpfs; a clock is what libfaketime makes of the system's, and after a "reboot" the
monotonic one begins elsewhere, too (time namespace).  All of it is gone with the process:
`enter` starts the program again in namespaces of its own, as root or, where users may make
namespaces, as anybody.  What a machine does not permit is left out, and `Machine.lacks`
says so.
"""
import glob
import os
import subprocess
import sys
import time

INSIDE = "MMOFL_CHAOS_INSIDE"
MEGABYTE = 1 << 20
# Slow and unreliable, where the kernel can (netem); else narrow.
SLOW = (["netem", "delay", "80ms", "60ms", "loss", "3%"],
        ["tbf", "rate", "2mbit", "burst", "16kb", "latency", "2s"])


def works(*command, **more):
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          **more).returncode == 0


def do(*command):
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")


def enter():
    """Go on in namespaces of our own, where that is permitted."""
    if os.environ.get(INSIDE):
        return
    probe = ("mount -t tmpfs none /run && ip link set lo up && ip netns add probe && "
             "ip link add probe0 type veth peer name probe1 netns probe")
    for user in ([], ["--user", "--map-root-user"]):
        alone = ["unshare", *user, "--net", "--mount", "--propagation", "private"]
        try:
            if works(*alone, "sh", "-c", probe):
                os.environ[INSIDE] = "1"
                os.execvp("unshare", [*alone, sys.executable, *sys.argv])
        except FileNotFoundError:
            return


class Machine:
    """What can be done to processes here."""

    def __init__(self, program):
        self.lacks = []
        self.inside = bool(os.environ.get(INSIDE))
        self.faketime, self.slow, self.reboots = "", None, False
        if self.inside:
            do("mount", "-t", "tmpfs", "none", "/run")
            do("mount", "-t", "tmpfs", "none", "/dev/shm")  # libfaketime leaves things there
            do("ip", "link", "set", "lo", "up")
            self.slow = self.find_slow()
            self.reboots = works("unshare", "--time", "--monotonic", "1000", "true")
        else:
            self.lacks.append("network namespaces and small disks: not permitted")
        if not self.reboots:
            self.lacks.append("other monotonic clocks: no time namespaces")
        libraries = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
        if libraries and works(program, "--version", env={**os.environ, "LD_PRELOAD": libraries[0]}):
            self.faketime = libraries[0]
        else:
            self.lacks.append("clock jumps: no libfaketime, or the program does not bear it")

    def find_slow(self):
        do("ip", "link", "add", "slow0", "type", "veth", "peer", "name", "slow1")
        found = next((s for s in SLOW if works("tc", "qdisc", "add", "dev", "slow0", "root", *s)), None)
        do("ip", "link", "del", "slow0")
        if not found or found[0] != "netem":
            self.lacks.append("netem: not in this kernel" + ("; links are made narrow (tbf)" if found else ""))
        return found


class Place:
    """Of one process.  `hub` is the address at which it reaches ours."""

    def __init__(self, machine, folder, number, disk_mb):
        self.machine, self.folder, self.hub = machine, folder, "127.0.0.1"
        self.clock_file, self.shift_s, self.boot_s = f"{folder}.clock", 0, 0
        self.full_at = float("-inf")  # when the disk was last found or made full
        self.is_full = False
        os.makedirs(folder)
        self.write_clock()
        if machine.inside:
            do("mount", "-t", "tmpfs", "-o", f"size={disk_mb}m", "none", folder)
            self.lay_cable(f"place-{number}", f"cable{number}", number)

    def lay_cable(self, net, cable, number):
        self.net, self.cable, self.hub = net, cable, f"10.99.{number}.1"
        do("ip", "netns", "add", net)
        do("ip", "link", "add", cable, "type", "veth", "peer", "name", "outside", "netns", net)
        do("ip", "addr", "add", f"{self.hub}/30", "dev", cable)
        do("ip", "link", "set", cable, "up")
        do("ip", "-n", net, "addr", "add", f"10.99.{number}.2/30", "dev", "outside")
        do("ip", "-n", net, "link", "set", "outside", "up")
        do("ip", "-n", net, "link", "set", "lo", "up")

    def command(self, arguments):
        """So that it runs here."""
        out = []
        if self.machine.inside:
            out += ["nsenter", f"--net=/run/netns/{self.net}"]
        if self.boot_s:
            out += ["unshare", "--time", "--monotonic", str(self.boot_s), "--boottime", str(self.boot_s)]
        return [*out, *arguments]

    def environment(self):
        if not self.machine.faketime:
            return dict(os.environ)
        return {**os.environ, "LD_PRELOAD": self.machine.faketime, "FAKETIME_TIMESTAMP_FILE": self.clock_file,
                "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_DISABLE_SHM": "1"}

    def close(self):
        if self.machine.inside:
            works("ip", "netns", "del", self.net)
            works("ip", "link", "del", self.cable)
            works("umount", "-l", self.folder)

    # ---- what is done to it, and undone

    def cut(self):
        works("ip", "link", "set", self.cable, "down")

    def join(self):
        works("ip", "link", "set", self.cable, "up")

    def narrow(self):
        works("tc", "qdisc", "replace", "dev", self.cable, "root", *self.machine.slow)
        works("nsenter", f"--net=/run/netns/{self.net}", "tc", "qdisc", "replace", "dev", "outside", "root",
              *self.machine.slow)

    def widen(self):
        works("tc", "qdisc", "del", "dev", self.cable, "root")
        works("nsenter", f"--net=/run/netns/{self.net}", "tc", "qdisc", "del", "dev", "outside", "root")

    def fill(self, left):
        """Leave so many bytes."""
        self.is_full, self.full_at = True, time.monotonic()
        with open(f"{self.folder}/filler", "wb", buffering=0) as to:
            size = MEGABYTE
            while size:
                try:
                    if to.write(bytes(size)) < size:
                        size //= 2
                except OSError:
                    size //= 2
            to.truncate(max(to.tell() - left, 0))

    def clear(self):
        self.full_at = time.monotonic()
        self.is_full = False
        if os.path.exists(f"{self.folder}/filler"):
            os.remove(f"{self.folder}/filler")

    def jump(self, seconds):
        self.shift_s += seconds
        self.write_clock()

    def write_clock(self):
        with open(f"{self.clock_file}.new", "w") as to:
            to.write(f"{self.shift_s:+d}\n")
        os.replace(f"{self.clock_file}.new", self.clock_file)
