"""A client that hears everything and says it again: late, twice, cut, damaged, as if
somebody else had said it.  It also remembers which updates were acknowledged."""
import os
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import mmofl_wire as wire  # noqa: E402  (the protocol a second time, from docs/wire.md)

PUBLISH, ZSTD = 3, 1
COORDINATOR = ""
MOST_ACK = 1000  # bytes


class Witness:
    """Which updates were acknowledged; of objects in one frame, as those of small models are.
    Checks are worked out in the end: what is heard may be damaged, and that takes its time here."""

    def __init__(self):
        self.updates, self.acks = {}, set()

    def hear(self, topic, payload):
        try:
            frame = wire.decode("Frame", payload)
            if len(frame["data"]) != frame["object_bytes"]:
                return
            if topic.endswith(b"/up"):
                self.updates.setdefault(frame["object"], set()).add((topic, payload))
            elif topic.endswith(b"/down") and len(frame["data"]) < MOST_ACK:
                self.acks.add((topic, payload))
        except (wire.Broken, KeyError, ValueError):
            pass  # damaged

    @staticmethod
    def message(topic, payload, sender, receiver):
        """What it says, if it is whole and between those two; else nothing."""
        try:
            data = wire.object_of([payload])
            sealed = wire.decode("Sealed", data)
            if (sealed.get("sender", "") != sender or
                    sealed.get("receiver", "") != receiver or topic.count(b"/") != 4):
                return {}
            message = sealed["message"]
            if sealed.get("packing") == ZSTD:
                message = subprocess.run(["zstd", "-dcq"], input=message, capture_output=True, check=True).stdout
            return wire.decode("Message", message)
        except (wire.Broken, KeyError, ValueError, struct.error):
            return {}

    def acknowledged_updates(self):
        """{(device, round)} that a device was told are kept."""
        out = set()
        for topic, payload in list(self.acks):
            device = topic.split(b"/")[3].decode(errors="replace")
            ack = self.message(topic, payload, COORDINATOR, device).get("ack", {})
            if ack.get("status") != "OK":
                continue
            for up, update_payload in self.updates.get(ack["object"], ()):
                update = self.message(up, update_payload, device, COORDINATOR).get("update")
                if update:
                    out.add((device, update["round"]))
        return out


class Liar:
    def __init__(self, port, rng, devices):
        self.port, self.rng, self.devices = port, rng, devices
        self.heard, self.witness = [], Witness()
        self.socket, self.lock = None, threading.Lock()
        threading.Thread(target=self.listen, daemon=True).start()

    @staticmethod
    def packet(kind, body):
        return bytes([kind]) + wire.varint(len(body)) + body

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

    @staticmethod
    def read(s):
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

    def take(self, kind, body):
        n = struct.unpack(">H", body[:2])[0]
        topic, rest = body[2 : 2 + n], body[2 + n :]
        if kind & 6:
            rest = rest[2:]
        payload = rest[rest[0] + 1 :] if rest else b""
        self.witness.hear(topic, payload)
        self.heard.append((topic, payload))
        del self.heard[:-400]

    def listen(self):
        while True:
            try:
                s = self.connect()
                with self.lock:
                    self.socket = s
                while True:
                    kind, body = self.read(s)
                    if kind >> 4 == PUBLISH:
                        self.take(kind, body)
            except (OSError, IndexError, struct.error):
                with self.lock:
                    self.socket = None
                time.sleep(0.2)

    def change(self, topic, payload):
        """It, or something that only looks like it."""
        what = self.rng.randrange(5)
        if what == 1:
            payload = payload[: self.rng.randrange(len(payload) + 1)]
        elif what == 2 and payload:
            at = self.rng.randrange(len(payload))
            payload = payload[:at] + bytes([payload[at] ^ (1 << self.rng.randrange(8))]) + payload[at + 1 :]
        elif what == 3:
            other = self.rng.randrange(self.devices)
            topic = b"mmofl/chaos/device/device-%d/%s" % (other, self.rng.choice([b"up", b"down"]))
        elif what == 4:
            payload = self.rng.randbytes(self.rng.randrange(2000))
        return topic, payload

    def say(self):
        """Some of what was heard, changed or not."""
        for topic, payload in self.rng.choices(self.heard or [(b"mmofl/chaos/all", b"?")], k=20):
            topic, payload = self.change(topic, payload)
            if topic.endswith(b"/round"):
                continue  # the retained word is the coordinator's; brokers guard it by ACL
            with self.lock:
                try:
                    if self.socket:
                        self.socket.sendall(self.packet(0x30, self.text(topic) + b"\0" + payload))
                except OSError:
                    pass
