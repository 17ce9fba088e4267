#!/usr/bin/env python3
"""Makes a small data set of five modalities in FOLDER/my-data, with nothing but Python's
own library, and FOLDER/experiment.yaml that trains on it.

usage: make-data.py FOLDER

All of it is made up: what a phone on the kitchen table may record of three activities.
"""
import csv
import math
import pathlib
import random
import shutil
import struct
import sys
import wave
import zlib

CLASSES = ["boiling", "chopping", "washing"]
OWNERS = ["anna", "ben", "carol", "dave"]
REPEATS = 10                        # of each activity by each owner
STEPS, RATE_HZ = 64, 50
SOUND_RATE, SOUND_SAMPLES = 8000, 4000
SIDE = 16
SHAKE_HZ = {"boiling": 0.5, "chopping": 3.0, "washing": 1.2}
TONE_HZ = {"boiling": 300, "chopping": 1000, "washing": 2400}
COLOUR = {"boiling": (200, 80, 40), "chopping": (60, 180, 60), "washing": (60, 90, 200)}
NOTES = {"boiling": "water on the stove", "chopping": "onions and carrots",
         "washing": "all the dishes again"}


def rounded(rows):
    return [["%.4f" % v for v in row] for row in rows]


def shake(draw, hz, strength):
    """STEPS rows of three channels."""
    phase = draw.uniform(0, 6.28)
    return [[strength * math.sin(phase + c + 6.283 * hz * t / RATE_HZ)
             + draw.gauss(0, 1.5) for c in range(3)] for t in range(STEPS)]


def write_npy(path, rows):
    """rows: samples of STEPS rows of three numbers, as float32."""
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d, 3), }" % (
        len(rows), STEPS)
    header += " " * (117 - len(header)) + "\n"
    values = [v for sample in rows for row in sample for v in row]
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header))
                     + header.encode() + struct.pack("<%df" % len(values), *values))


def write_csv(path, header, rows):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_wav(path, draw, hz):
    values = [round(2000 * math.sin(6.283 * hz * t / SOUND_RATE) + draw.gauss(0, 5000))
              for t in range(SOUND_SAMPLES)]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SOUND_RATE)
        file.writeframes(struct.pack("<%dh" % len(values), *values))


def write_png(path, draw, colour):
    def chunk(name, data):
        return (struct.pack(">I", len(data)) + name + data
                + struct.pack(">I", zlib.crc32(name + data)))
    rows = b"".join(b"\0" + bytes(max(0, min(255, int(c + draw.gauss(0, 150))))
                                  for _ in range(SIDE) for c in colour)
                    for _ in range(SIDE))
    path.write_bytes(b"\x89PNG\r\n\x1a\n"
                     + chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    here = pathlib.Path(__file__).parent
    folder = pathlib.Path(sys.argv[1])
    data = folder / "my-data"
    for name in ["gyro", "audio", "photos"]:
        (data / name).mkdir(parents=True, exist_ok=True)
    shutil.copy(here / "dataset.yaml", data)
    shutil.copy(here / "experiment.yaml", folder)

    draw = random.Random(1)
    samples, accelerations = [], []
    for repeat in range(REPEATS):
        for owner in OWNERS:
            for label in CLASSES:
                name = "%s-%s-%d" % (owner, label, repeat)
                hz = SHAKE_HZ[label]
                samples.append([name, label, owner, NOTES[label] if repeat % 2 else ""])
                accelerations.append(shake(draw, hz, 1.0))
                write_csv(data / "gyro" / (name + ".csv"), ["x", "y", "z"],
                          rounded(shake(draw, hz, 2.0)))
                if owner != "ben":
                    write_wav(data / "audio" / (name + ".wav"), draw, TONE_HZ[label])
                write_png(data / "photos" / (name + ".png"), draw, COLOUR[label])
    write_npy(data / "acc.npy", accelerations)
    write_csv(data / "samples.csv", ["id", "label", "owner", "note"], samples)
    print("%s: %d samples" % (data, len(samples)))


main()
