#!/usr/bin/env python3
"""make_seeds.py - where fuzz_endpoint, fuzz_reassembly and fuzz_data_cache start from.

usage: make_seeds.py [FOLDER]        (default: seeds/ beside this file)

Whole conversations as fuzz_endpoint reads them, with messages from tests/wire (the protocol
a second time), orders of frames as fuzz_reassembly reads them, and data cache files of
each kind of value, which test_data_cache.c reads, too: docs/data-cache.md a second time.
"""
import hashlib
import os
import struct
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "wire"))
import mmofl_wire as wire  # noqa: E402

COORDINATOR, DEVICE = 0, 1  # who hears it
PAYLOAD, OBJECT, MESSAGE = 0, 1, 2
ANOTHER_LIFE, LATER = 0x40, 0x80
PARAMETERS = 300
DIGEST = bytes(32)


def piece(to, kind, data, more=0):
    return struct.pack("<BH", kind << 1 | to | more, len(data)) + data


def message(to, more=0, **values):
    return piece(to, MESSAGE, wire.encode("Message", values), more)


def tensor(dtype=0, size=4 * PARAMETERS):
    return {"dtype": dtype, "shape": [PARAMETERS], "data": bytes(size)}


REPORT = {"fresh": 1, "fresh_correct": 1, "fresh_loss": 0.5, "steps": 1, "train_loss": 0.5}
UPDATE = {"round": 1, "config_digest": DIGEST, "model_digest": DIGEST, "samples": 1, "recorded": [1],
          "report": REPORT}
HELLO = {"oldest_version": 1, "newest_version": 1, "program": "seed"}

ENDPOINT = {
    "joins": message(COORDINATOR, hello=HELLO) + message(COORDINATOR, heartbeat={"round": 1, "samples": 3}) +
    message(COORDINATOR, bye={"reason": "done"}),
    "answers": message(COORDINATOR, hello=HELLO) +
    message(COORDINATOR, update={**UPDATE, "parameters": tensor()}) +
    message(COORDINATOR, update={**UPDATE, "difference": 1, "parameters": tensor(2, 2 * PARAMETERS)}) +
    message(COORDINATOR, decline={"round": 1, "status": "E_MISSING", "text": "no samples"}),
    "two-lives": message(COORDINATOR, hello=HELLO) + message(COORDINATOR, ANOTHER_LIFE, hello=HELLO) +
    message(COORDINATOR, ANOTHER_LIFE | LATER, hello=HELLO) +
    message(COORDINATOR, heartbeat={"round": 1}),
    "wants": message(COORDINATOR, want={"object": bytes(16), "chunk_bytes": 900, "from": [0, 2], "to": [0, 3]}) +
    message(DEVICE, want={"object": bytes(16), "chunk_bytes": 900, "from": [1], "to": [1]}) +
    message(COORDINATOR, ack={"object": bytes(16), "status": "OK"}),
    "is-welcome": message(DEVICE, welcome={
        "version": 1, "device": 0, "seed": 1, "config": "a: 1", "config_digest": DIGEST,
        "signals": [{"name": "x", "shape": [1], "mean": bytes(4), "sd": struct.pack("<f", 1)}],
        "classes": ["p", "q"], "standardize": "none", "heartbeat_s": 1.0, "lease_s": 3.0}) +
    message(DEVICE, round={"round": 1, "open": 1, "config_digest": DIGEST}) +
    message(DEVICE, LATER, task={"round": 1, "config_digest": DIGEST, "model_digest": DIGEST,
                                 "parameters": tensor(), "seconds_left": 5.0}) +
    message(DEVICE, refusal={"status": "E_STATE", "text": "say Hello"}),
    "frames": b"".join(piece(COORDINATOR, PAYLOAD, f, LATER if i == 1 else 0)
                       for i, f in enumerate(wire.frames_of(bytes(900), 400, b"n" * 16))) +
    piece(DEVICE, OBJECT, wire.encode("Sealed", {"sender": "", "receiver": "a", "session": 9, "sequence": 1,
                                                 "message_bytes": 2, "message": b"\x42\0"})),
}

# Objects of fuzz_reassembly.c and how many chunks its cuts make of the largest.
LARGEST, CUTS, WRONG_DATA, WRONG_NAME = 3, (16, 14, 5, 1), 0x80, 0x40


def frame(chunk, which=LARGEST, cut=0, source=0, seconds=0, then=0):
    return bytes([which + 4 * cut, chunk, source, 16 * seconds + then])


REASSEMBLY = {
    "in-order": b"".join(frame(i) for i in range(CUTS[0])),
    "reversed-and-repeated": b"".join(frame(i) * 2 for i in reversed(range(CUTS[0]))),
    "two-sources": b"".join(frame(i, source=s) for i in range(CUTS[1]) for s in (0, 1)),
    "another-cut": b"".join(frame(i, cut=0) for i in range(9)) + b"".join(frame(i, cut=2) for i in range(CUTS[2])),
    "lies": b"".join(frame(i, source=[0, WRONG_DATA, WRONG_NAME][i % 3]) for i in range(CUTS[0])),
    "too-late": frame(0) + frame(1, seconds=15) * 5 + frame(2, then=2) + frame(3, then=1) + frame(0),
    "many-objects": b"".join(frame(0, which=w, cut=c, source=s)
                             for w in range(4) for c in range(3) for s in range(4)),
}

SAMPLES, CHANNELS, LEAF = 3, 2, 1 << 16
FLOATS, IDS, BYTES, PAIRS = range(4)
VALUES = {FLOATS: "<6f", IDS: "<6i", BYTES: "<6B", PAIRS: "<6h"}


def sections(kinds):
    """What is behind the header, in order."""
    everywhere = [b"".join(name.ljust(48, b"\0") for name in (b"calm", b"lively")),
                  struct.pack("<3I", *[(1 << len(kinds)) - 1] * SAMPLES), struct.pack("<3i", 0, 1, 0),
                  struct.pack("<3i", 0, 0, 1), struct.pack("<3q", 0, 1, 2)]
    for kind in kinds:
        everywhere.append(struct.pack(VALUES[kind], *range(6)))
        if kind != IDS:  # mean and sd
            everywhere += [struct.pack("<2f", 1, 2), struct.pack("<2f", 1, 1)]
    return everywhere


def data_cache(*kinds):
    """A file whose modalities have samples of two values, 0 to 5, of these kinds."""
    header = b"seed".ljust(48, b"\0") + b"nobody".ljust(512, b"\0")
    header += struct.pack("<2I2Q", len(kinds), 2, SAMPLES, 2)
    for kind in kinds:
        header += f"kind {kind}".encode().ljust(48, b"\0") + b"g".ljust(48, b"\0")
        header += struct.pack("<d3I4I", 50, kind, 9 if kind == IDS else 0, 1, CHANNELS, 0, 0, 0)
    parts = sections(kinds)
    places, at = b"", 64 + len(header) + 4 + 16 * len(parts)
    for part in parts:
        at += -at % 64
        places += struct.pack("<2Q", at, len(part))
        at += len(part)
    header += struct.pack("<I", len(parts)) + places
    body = header
    for part in parts:
        body += bytes(-(64 + len(body)) % 64) + part
    start = struct.pack("<8s2I2Q", b"MMOFLDAT", 3, len(header), 64 + len(body), 0)
    leaves = b"".join(struct.pack("<I", zlib.crc32(body[i:i + LEAF])) for i in range(0, len(body), LEAF))
    return start + hashlib.blake2b(start + leaves, digest_size=32).digest() + body


DATA_CACHE = {"floats": data_cache(FLOATS), "ids": data_cache(IDS), "bytes": data_cache(BYTES),
              "pairs": data_cache(PAIRS), "all": data_cache(PAIRS, IDS, FLOATS, BYTES)}


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "seeds")
    for name, seeds in (("endpoint", ENDPOINT), ("reassembly", REASSEMBLY), ("data_cache", DATA_CACHE)):
        os.makedirs(os.path.join(folder, name), exist_ok=True)
        for what, data in seeds.items():
            with open(os.path.join(folder, name, what), "wb") as to:
                to.write(data)


if __name__ == "__main__":
    main()
