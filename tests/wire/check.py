#!/usr/bin/env python3
"""check.py - are the golden files what a second implementation makes and understands?

usage: check.py FOLDER [--write]

The C test test_wire_golden makes the same files from its own structs and compares bytes, so what
passes both is what both say.  --write makes the files anew.
"""
import os
import shutil
import subprocess
import sys

import mmofl_wire as w
import samples


def failed(text):
    sys.exit(f"check.py: {text}")


def read(folder, name):
    with open(os.path.join(folder, name), "rb") as f:
        return f.read()


def filled(schema, values):
    """Values without those that are the default, all the way down."""
    kinds = dict(w.SCHEMA[schema].values())
    out = {}
    for name, value in values.items():
        kind = kinds[name].lstrip("*")
        if kind in w.SCHEMA:
            value = ([filled(kind, v) for v in value] if isinstance(value, list)
                     else filled(kind, value))
        if value or kind in w.SCHEMA:
            out[name] = value
    return out


def check_files(folder):
    wanted = samples.files()
    for name, data in wanted.items():
        if read(folder, name) != data:
            failed(f"{name} has other bytes")
    extra = {n for n in os.listdir(folder) if not n.startswith("packed.")} - set(wanted)
    if extra:
        failed(f"who made {sorted(extra)}?")


def check_messages(folder):
    for name, (kind, fields) in samples.messages().items():
        got = w.decode("Message", read(folder, f"{name}.message"))
        if got != {kind: filled(w.SCHEMA["Message"][[n for n, v in w.SCHEMA["Message"].items()
                                                     if v[0] == kind][0]][1], fields)}:
            failed(f"{name} reads as {got}")
    got = w.decode("Message", read(folder, "difference-i8.message"))["update"]
    step = 1 / 127
    for a, b, c in zip(w.tensor_values(got["parameters"]), samples.TRAINED, samples.PARAMETERS):
        if abs(a - (b - c)) > step / 2 * 1.00001:
            failed("I8 beyond its error bound")


def check_object(folder, obj, signed):
    sealed = w.decode("Sealed", obj)
    data = w.signed_bytes("home", sealed)
    key = read(folder, "key.public")
    if signed and not w.verify(key, data, sealed["signature"]):
        failed("a signature that does not hold")
    if signed and w.verify(key, w.signed_bytes("office", sealed), sealed["signature"]):
        failed("a signature that holds for another federation")
    return sealed


def check_objects(folder):
    names = sorted(n for n in os.listdir(folder) if n.endswith(".frame"))
    obj = w.object_of([read(folder, n) for n in reversed(names)])
    if obj != read(folder, "update.object"):
        failed("frames that do not make their object")
    sealed = check_object(folder, obj, True)
    if sealed["message"] != read(folder, "update.message"):
        failed("another message in the object")
    # What our own code packed: made once by it, since other versions of zstd pack otherwise.
    sealed = check_object(folder, read(folder, "packed.object"), True)
    if sealed["packing"] != 1:
        failed("packed.object is not packed")
    if not shutil.which("zstd"):
        print("check.py: no zstd here: what is packed stays unread", file=sys.stderr)
        return
    message = subprocess.run(["zstd", "-dc"], input=sealed["message"], check=True,
                             stdout=subprocess.PIPE).stdout
    if message != read(folder, "welcome.message") or len(message) != sealed["message_bytes"]:
        failed("packed.object holds another message")


def main():
    folder = sys.argv[1]
    if "--write" in sys.argv:
        for name, data in samples.files().items():
            with open(os.path.join(folder, name), "wb") as f:
                f.write(data)
    check_files(folder)
    check_messages(folder)
    check_objects(folder)


main()
