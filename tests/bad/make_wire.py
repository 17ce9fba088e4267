#!/usr/bin/env python3
"""make_wire.py - payloads, objects and messages that must be refused (tests/bad/frame, seal and
message), each named by the status it must give.  usage: make_wire.py [FOLDER]

They are made with the protocol's second implementation, tests/wire, one thing wrong in each."""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))
import mmofl_wire as w  # noqa: E402
import samples  # noqa: E402

NAN, INF = float("nan"), float("inf")


# ---- frames -----------------------------------------------------------------------------

def frame(**changes):
    obj = bytes(range(200)) * 5
    f = {"version": 1, "object": b"o" * 16, "object_bytes": 1000, "chunk_bytes": 300,
         "chunk": 1, "data": obj[300:600]}
    f.update(changes)
    if "check" not in f:
        f["check"] = w.frame_check(f)
    return w.encode("Frame", f)


def frames():
    good = frame()
    no_data = frame(data=b"")
    return {
        "E_VERSION--nothing": b"",
        "E_SYNTAX--no-protobuf": b"\xff" * 40,
        "E_SYNTAX--cut": good[:-1],
        "E_SYNTAX--data-of-4-gigabytes": b"\x08\x01\x3a\xff\xff\xff\xff\x0f",
        "E_SYNTAX--name-of-15-bytes": frame(object=b"x" * 15),
        "E_DIGEST--no-check": frame(check=0),
        "E_VERSION--0": frame(version=0),
        "E_VERSION--2": frame(version=2),
        "E_VERSION--4-billion": frame(version=2**32 - 1),
        "E_DIGEST--flipped-bit": good[:100] + bytes([good[100] ^ 1]) + good[101:],
        "E_DIGEST--other-chunk": frame(chunk=2, check=w.decode("Frame", good)["check"]),
        "E_COUNT--chunk-beyond-the-end": frame(chunk=4),
        "E_COUNT--chunk-4-billion": frame(chunk=2**32 - 1),
        "E_COUNT--short-chunk": frame(data=b"x" * 299),
        "E_COUNT--long-chunk": frame(data=b"x" * 301),
        "E_COUNT--long-last-chunk": frame(chunk=3, data=b"x" * 300),
        "E_COUNT--no-data": no_data,
        "E_COUNT--object-of-nothing": frame(object_bytes=0),
        "E_COUNT--chunks-of-nothing": frame(chunk_bytes=0),
        "E_LIMIT--object-of-100001-bytes": frame(object_bytes=100001),
        "E_LIMIT--object-of-16-exabytes": frame(object_bytes=2**64 - 1),
        "E_LIMIT--chunks-of-255-bytes": frame(chunk_bytes=255, data=b"x" * 255),
        "E_LIMIT--chunks-of-one-byte": frame(chunk_bytes=1, data=b"x"),
    }


# ---- objects ----------------------------------------------------------------------------

def zstd(data, checksum=True, size=None):
    """A zstd frame of one raw block (RFC 8878); a wrong size where one is given."""
    declared = len(data) if size is None else size
    head = struct.pack("<IB", 0xFD2FB528, 0xa0 | (4 if checksum else 0)) + struct.pack("<I", declared)
    block = struct.pack("<I", len(data) << 3 | 1)[:3] + data
    return head + block + (struct.pack("<I", w.xxh64(data) & 0xffffffff) if checksum else b"")


def seals():
    message = samples.message_bytes("hello")
    plain = samples.sealed(message)
    packed = dict(plain, packing=1, message=zstd(message))

    def change(base=plain, **changes):
        return w.encode("Sealed", dict(base, **changes))

    damaged = bytearray(zstd(message))
    damaged[20] ^= 1
    good = change()
    return {
        "E_SYNTAX--no-protobuf": b"\xff" * 40,
        "E_SYNTAX--cut": good[:-1],
        "E_SYNTAX--signature-of-63-bytes": change(signature=b"s" * 63),
        "E_RANGE--nothing": b"",
        "E_RANGE--sender-with-a-slash": change(sender="a/b"),
        "E_RANGE--sender-everybody": change(sender="*"),
        "E_RANGE--sender-of-65-bytes": change(sender="x" * 65),
        "E_RANGE--receiver-with-a-dot": change(receiver=".hidden"),
        "E_RANGE--session-0": change(session=0),
        "E_RANGE--sequence-0": change(sequence=0),
        "E_UNKNOWN--packing-2": change(packing=2),
        "E_UNKNOWN--packing-negative": change(packing=2**64 - 1),
        "E_LIMIT--message-of-100001-bytes": change(message_bytes=100001),
        "E_LIMIT--message-of-16-exabytes": change(message_bytes=2**64 - 1),
        "E_COUNT--plain-of-another-size": change(message_bytes=len(message) + 1),
        "E_COUNT--packed-of-another-size": change(packed, message_bytes=len(message) + 1),
        "E_COUNT--packed-is-no-zstd": change(packed, message=b"no zstd at all"),
        "E_COUNT--packed-says-a-bomb": change(packed, message=zstd(message, size=2**31)),
        "E_COUNT--packed-says-no-size": change(packed, message=struct.pack(
            "<IBB", 0xFD2FB528, 0, 0x58) + b"\x01\0\0"),
        "E_CORRUPT--packed-twice": change(packed, message=zstd(message) * 2),
        "E_CORRUPT--packed-with-more-behind": change(packed, message=zstd(message) + b"x"),
        "E_CORRUPT--packed-cut": change(packed, message=zstd(message)[:-1]),
        "E_CORRUPT--packed-damaged": change(packed, message=bytes(damaged)),
        "E_CORRUPT--packed-shorter": change(
            packed, message=zstd(message[:-5], size=len(message))),
    }


# ---- messages ---------------------------------------------------------------------------

def message(kind, **changes):
    """The sample of that kind with fields changed; None takes one away."""
    fields = dict(samples.messages()[kind][1])
    for name, value in changes.items():
        if value is None:
            fields.pop(name, None)
        else:
            fields[name] = value
    return w.encode("Message", {samples.messages()[kind][0]: fields})


def signal(**changes):
    fields = samples.welcome()
    fields["signals"][0] = dict(fields["signals"][0], **changes)
    fields["config_digest"] = w.config_digest(fields)
    return w.encode("Message", {"welcome": fields})


def welcome(**changes):
    fields = dict(samples.welcome(), **changes)
    fields["config_digest"] = w.config_digest(fields)
    return w.encode("Message", {"welcome": fields})


def changed_tensor(values=None, **changes):
    return dict(w.tensor(values or samples.PARAMETERS), **changes)


def report(**changes):
    return dict(samples.update()["report"], **changes)


def quality(**changes):
    both = samples.update()["quality"]
    return [dict(both[0], **changes), both[1]]


def block(scale, *q):
    return {"dtype": 3, "shape": [5], "data": struct.pack(f"<f{len(q)}b", scale, *q)}


def small_messages():
    digest = b"\xc0" * 31
    return {
        "E_UNKNOWN--nothing": b"",
        "E_UNKNOWN--kind-13": w.field(13, 2, b"\0"),
        "E_UNKNOWN--kind-16": w.field(16, 2, b"\0"),
        "E_UNKNOWN--kind-as-a-number": w.field(1, 0, b"\0"),
        "E_SYNTAX--cut": message("hello")[:-1],
        "E_SYNTAX--two-kinds": message("hello") + message("bye"),
        "E_SYNTAX--body-of-4-gigabytes": b"\x0a\xff\xff\xff\xff\x0f",
        "E_RANGE--hello-version-0": message("hello", oldest_version=0),
        "E_RANGE--hello-versions-fall": message("hello", oldest_version=3),
        "E_COUNT--hello-digest-of-31-bytes": message("hello", config_digest=digest),
        "E_LIMIT--hello-program-of-201-bytes": message("hello", program="x" * 201),
        "E_SYNTAX--hello-program-in-two-lines": message("hello", program="a\nb"),
        "E_SYNTAX--hello-program-with-escape": message("hello", program="\x1b[31m"),
        "E_SYNTAX--hello-program-with-c1": message("hello", program="\u009b31m"),
        "E_SYNTAX--hello-program-no-utf8": message("hello").replace(b"mmofl-d", b"mmofl\xff\xfe"),
        "E_RANGE--refusal-ok": message("refusal", status="OK"),
        "E_MISSING--refusal-no-status": message("refusal", status=None),
        "E_LIMIT--refusal-status-of-33-bytes": message("refusal", status="E" * 33),
        "E_LIMIT--refusal-text-of-1024-bytes": message("refusal", text="x" * 1024),
        "E_MISSING--round-no-config": message("round", config_digest=None),
        "E_COUNT--round-model-of-33-bytes": message("round", model_digest=b"x" * 33),
        "E_RANGE--decline-round-0": message("decline", round=0),
        "E_RANGE--decline-ok": message("decline", status="OK"),
        "E_COUNT--ack-no-object": message("ack", object=None),
        "E_COUNT--ack-object-of-17-bytes": message("ack", object=b"x" * 17),
        "E_MISSING--ack-no-status": message("ack", status=None),
        "E_LIMIT--ack-text-of-201-bytes": message("ack", text="x" * 201),
        "E_COUNT--want-more-beginnings": message("want", to=[2]),
        "E_LIMIT--want-33-ranges": message("want", **{"from": list(range(0, 66, 2)),
                                                     "to": list(range(0, 66, 2))}),
        "E_RANGE--want-falls": message("want", **{"from": [5, 1], "to": [6, 2]}),
        "E_RANGE--want-ends-before-it-begins": message("want", **{"from": [5], "to": [4]}),
        "E_RANGE--want-overlaps": message("want", **{"from": [0, 2], "to": [2, 3]}),
        "E_RANGE--want-wraps": message("want", **{"from": [0, 0], "to": [2**32 - 1, 0]}),
        "E_RANGE--want-chunks-of-nothing": message("want", chunk_bytes=0),
        "E_NONFINITE--heartbeat-nan": message("heartbeat", uptime_s=NAN),
        "E_RANGE--heartbeat-negative": message("heartbeat", uptime_s=-1.0),
        "E_LIMIT--bye-of-201-bytes": message("bye", reason="x" * 201),
    }


def welcomes():
    return {
        "E_RANGE--welcome-version-2": welcome(version=2),
        "E_RANGE--welcome-version-0": welcome(version=0),
        "E_DIGEST--welcome-another-config": message("welcome", config="train: {lr: 9}\n"),
        "E_DIGEST--welcome-another-seed": message("welcome", seed=1),
        "E_MISSING--welcome-no-digest": message("welcome", config_digest=None),
        "E_MISSING--welcome-no-config": welcome(config=""),
        "E_SYNTAX--welcome-config-with-bell": welcome(config="a: \x07"),
        "E_COUNT--welcome-no-signals": welcome(signals=[]),
        "E_COUNT--welcome-17-signals": welcome(
            signals=[dict(samples.welcome()["signals"][1], name=f"s{i}") for i in range(17)]),
        "E_DUPLICATE--welcome-signal-twice": signal(name="text"),
        "E_MISSING--welcome-signal-no-name": signal(name=""),
        "E_LIMIT--welcome-signal-name-of-48-bytes": signal(name="x" * 48),
        "E_NONFINITE--welcome-rate-nan": signal(rate_hz=NAN),
        "E_RANGE--welcome-rate-negative": signal(rate_hz=-1.0),
        "E_COUNT--welcome-no-shape": signal(shape=[]),
        "E_COUNT--welcome-five-dimensions": signal(shape=[1, 1, 1, 1, 3]),
        "E_RANGE--welcome-dimension-0": signal(shape=[0, 3]),
        "E_RANGE--welcome-shape-overflows": signal(shape=[2**32 - 1, 2**32 - 1, 3]),
        "E_RANGE--welcome-vocabulary-of-values": signal(vocabulary=5),
        "E_RANGE--welcome-vocabulary-1": welcome(
            signals=[dict(samples.welcome()["signals"][1], vocabulary=1)]),
        "E_COUNT--welcome-mean-of-two-channels": signal(mean=w.floats([1, 2])),
        "E_COUNT--welcome-mean-of-seven-bytes": signal(mean=b"1234567"),
        "E_NONFINITE--welcome-mean-nan": signal(mean=w.floats([1, NAN, 1])),
        "E_RANGE--welcome-sd-0": signal(sd=w.floats([1, 0, 1])),
        "E_COUNT--welcome-mean-of-tokens": welcome(
            signals=[dict(samples.welcome()["signals"][1], mean=w.floats([1]))]),
        "E_COUNT--welcome-one-class": welcome(classes=["only"]),
        "E_COUNT--welcome-1025-classes": welcome(classes=["k"] * 1025),
        "E_MISSING--welcome-class-no-name": welcome(classes=["a", ""]),
        "E_UNKNOWN--welcome-standardize": welcome(standardize="maybe"),
        "E_RANGE--welcome-heartbeat-0": welcome(heartbeat_s=0.0),
        "E_RANGE--welcome-lease-below-heartbeat": welcome(lease_s=9.0),
        "E_NONFINITE--welcome-lease-infinite": welcome(lease_s=INF),
        "E_UNKNOWN--welcome-coding-u32": welcome(coding={"difference": 1, "dtype": 1}),
        "E_UNKNOWN--welcome-coding-9": welcome(coding={"difference": 1, "dtype": 9}),
        "E_RANGE--welcome-coding-top-1": welcome(coding={"difference": 1, "top": 1.0}),
        "E_NONFINITE--welcome-coding-top-nan": welcome(coding={"difference": 1, "top": NAN}),
        "E_TYPE--welcome-coding-lossy-model": welcome(coding={"dtype": 2}),
        "E_COUNT--welcome-layout-of-31-bytes": welcome(layout_digest=b"x" * 31),
    }


def tasks():
    protos = samples.prototypes()
    nan = [NAN] + samples.PARAMETERS[1:]
    huge = {"dtype": 0, "shape": [2**63, 2], "data": b""}
    return {
        "E_RANGE--task-round-0": message("task", round=0),
        "E_MISSING--task-no-config": message("task", config_digest=None),
        "E_MISSING--task-model-of-zeros": message("task", model_digest=bytes(32)),
        "E_MISSING--task-no-model": message("task", model_digest=None),
        "E_MISSING--task-no-parameters": message("task", parameters=None),
        "E_SHAPE--task-four-parameters": message("task", parameters=w.tensor([1, 2, 3, 4])),
        "E_SHAPE--task-two-dimensions": message("task", parameters=changed_tensor(shape=[5, 1])),
        "E_SHAPE--task-no-shape": message("task", parameters=changed_tensor(shape=[])),
        "E_SHAPE--task-huge-shape": message("task", parameters=huge),
        "E_SHAPE--task-many-dimensions": message(
            "task", parameters=changed_tensor(shape=[1] * 4096)),
        "E_COUNT--task-short-data": message(
            "task", parameters=changed_tensor(data=w.floats(samples.PARAMETERS)[:-1])),
        "E_COUNT--task-no-data": message("task", parameters=changed_tensor(data=b"")),
        "E_UNKNOWN--task-dtype-9": message("task", parameters=changed_tensor(dtype=9)),
        "E_UNKNOWN--task-dtype-negative": message(
            "task", parameters=changed_tensor(dtype=2**64 - 1)),
        "E_TYPE--task-f16": message("task", parameters=w.tensor(samples.TRAINED, 2)),
        "E_TYPE--task-sparse": message("task", parameters=w.tensor(samples.TRAINED, 0, 0.4)),
        "E_TYPE--task-u32": message("task", parameters=w.counts([1, 2, 3, 4, 5], [5])),
        "E_NONFINITE--task-nan": message("task", parameters=w.tensor(nan),
                                         model_digest=w.model_digest(nan)),
        "E_MISSING--task-no-prototypes": message("task", prototypes=None),
        "E_MISSING--task-no-prototype-counts": message(
            "task", prototypes={"value": protos["value"]}),
        "E_SHAPE--task-prototypes-turned": message(
            "task", prototypes=dict(protos, value=w.tensor(samples.MEANS, shape=[4, 3]))),
        "E_TYPE--task-prototype-counts-as-floats": message(
            "task", prototypes=dict(protos, count=w.tensor(samples.COUNTS, shape=[2, 3]))),
        "E_COUNT--task-prototype-counts-cut": message(
            "task", prototypes=dict(protos, count=dict(protos["count"], data=b"\1\0\0\0"))),
        "E_NONFINITE--task-prototype-infinite": message(
            "task", prototypes=dict(protos, value=w.tensor([INF] * 12, shape=[3, 4]))),
        "E_MISSING--task-no-rule": message("task", rule=None),
        "E_NONFINITE--task-rule-nan": message("task", rule=w.tensor(nan)),
        "E_RANGE--task-seconds-negative": message("task", seconds_left=-1.0),
        "E_NONFINITE--task-seconds-nan": message("task", seconds_left=NAN),
    }


def partial_sums():
    good = samples.partial_sum()
    reports, sums = good["reports"], good["sums"]

    def sums_with(**changes):
        return message("partial_sum", sums=[dict(sums[0], **changes)] + sums[1:])

    def report_with(**changes):
        return message("partial_sum", reports=[dict(reports[0], **changes)])

    loss = dict(reports[0]["report"], train_loss=NAN)
    return {
        "E_RANGE--partial-round-0": message("partial_sum", round=0),
        "E_MISSING--partial-no-config": message("partial_sum", config_digest=None),
        "E_MISSING--partial-no-model": message("partial_sum", model_digest=None),
        "E_RANGE--partial-no-devices": message("partial_sum", devices=0),
        "E_RANGE--partial-nine-devices": message("partial_sum", devices=9),
        "E_RANGE--partial-devices-beyond-the-fleet": message("partial_sum", first=6),
        "E_RANGE--partial-first-wraps": message("partial_sum", first=2**64 - 1),
        "E_LIMIT--partial-nine-reports": message("partial_sum", reports=reports[:1] * 9),
        "E_LIMIT--partial-many-empty-reports": message("partial_sum", reports=[{}] * 1000),
        "E_MEMORY--partial-10000-empty-reports": message("partial_sum", reports=[{}] * 10000),
        "E_RANGE--partial-report-of-device-8": report_with(device=8),
        "E_RANGE--partial-report-of-device-2-to-the-32": report_with(device=2**32 + 3),
        "E_MISSING--partial-device-without-report": message("partial_sum",
                                                            reports=[{"device": 3}]),
        "E_NONFINITE--partial-loss-nan": report_with(report=loss),
        "E_SHAPE--partial-no-sums": message("partial_sum", sums=None),
        "E_SHAPE--partial-four-sums": message("partial_sum", sums=sums + [{}]),
        "E_SHAPE--partial-short-sum": sums_with(numbers=sums[0]["numbers"][:-8]),
        "E_SHAPE--partial-long-sum": sums_with(numbers=sums[0]["numbers"] + bytes(8)),
        "E_COUNT--partial-sum-of-95-bytes": sums_with(numbers=sums[0]["numbers"][:-1]),
        "E_COUNT--partial-no-counts": message("partial_sum", counts=None),
        "E_COUNT--partial-seven-counts": message("partial_sum", counts=samples.COUNTS + [1]),
    }


def updates():
    sparse = w.tensor(samples.TRAINED, 0, 0.4)

    def coded(**changes):
        return message("update", difference=1, parameters=dict(sparse, **changes))

    return {
        "E_RANGE--update-round-0": message("update", round=0),
        "E_MISSING--update-no-model": message("update", model_digest=None),
        "E_TYPE--update-f16-is-no-difference": message(
            "update", parameters=w.tensor(samples.TRAINED, 2)),
        "E_TYPE--update-difference-u32": message(
            "update", difference=1, parameters=w.counts([1, 2, 3, 4, 5], [5])),
        "E_NONFINITE--update-infinite": message("update", parameters=w.tensor([INF] * 5)),
        "E_NONFINITE--update-f16-infinite": message(
            "update", difference=1,
            parameters={"dtype": 2, "shape": [5], "data": b"\0\x7c" * 5}),
        "E_COUNT--update-f16-cut": message(
            "update", difference=1, parameters={"dtype": 2, "shape": [5], "data": b"\0" * 9}),
        "E_COUNT--update-i8-without-its-scale": message(
            "update", difference=1, parameters={"dtype": 3, "shape": [5], "data": b"12345"}),
        "E_RANGE--update-i8-minus-128": message(
            "update", difference=1, parameters=block(1, -128, 0, 0, 0, 0)),
        "E_RANGE--update-i8-scale-negative": message(
            "update", difference=1, parameters=block(-1, 1, 2, 3, 4, 5)),
        "E_RANGE--update-i8-scale-huge": message(
            "update", difference=1, parameters=block(1e38, 1, 2, 3, 4, 5)),
        "E_NONFINITE--update-i8-scale-nan": message(
            "update", difference=1, parameters=block(NAN, 1, 2, 3, 4, 5)),
        "E_COUNT--update-index-of-seven-bytes": coded(index=b"1234567"),
        "E_COUNT--update-more-indexes-than-data": coded(index=struct.pack("<3I", 0, 1, 2)),
        "E_COUNT--update-more-indexes-than-numbers": coded(
            index=struct.pack("<6I", *range(6)), data=w.floats([1] * 6)),
        "E_RANGE--update-index-falls": coded(index=struct.pack("<2I", 3, 1)),
        "E_RANGE--update-index-twice": coded(index=struct.pack("<2I", 1, 1)),
        "E_RANGE--update-index-beyond": coded(index=struct.pack("<2I", 1, 5)),
        "E_RANGE--update-index-4-billion": coded(index=struct.pack("<2I", 1, 2**32 - 1)),
        "E_COUNT--update-recorded-of-one": message("update", recorded=[300]),
        "E_COUNT--update-recorded-of-many": message("update", recorded=[1] * 1000),
        "E_MISSING--update-no-prototypes": message("update", prototypes=None),
        "E_MISSING--update-no-rule": message("update", rule=None),
        "E_MISSING--update-no-report": message("update", report=None),
        "E_NONFINITE--update-loss-nan": message("update", report=report(train_loss=NAN)),
        "E_NONFINITE--update-method-loss-infinite": message(
            "update", report=report(method_loss=INF)),
        "E_RANGE--update-more-right-than-fresh": message(
            "update", report=report(fresh_correct=11)),
        "E_COUNT--update-quality-of-one": message(
            "update", quality=samples.update()["quality"][:1]),
        "E_RANGE--update-quality-more-missing": message("update", quality=quality(missing=1001)),
        "E_RANGE--update-quality-more-unlabelled": message(
            "update", quality=quality(unlabelled=2**64 - 1)),
        "E_RANGE--update-quality-sd-negative": message("update", quality=quality(sd=-1.0)),
        "E_NONFINITE--update-quality-mean-nan": message("update", quality=quality(mean=NAN)),
        "E_MEMORY--update-quality-of-10000": message("update", quality=[{}] * 10000),
    }


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    assert w.xxh64(b"") == 0xef46db3751d8e999
    for kind, made in (("frame", frames()), ("seal", seals()),
                       ("message", {**small_messages(), **welcomes(), **tasks(), **updates(),
                                    **partial_sums()})):
        folder = os.path.join(root, kind)
        os.makedirs(folder, exist_ok=True)
        for name, data in made.items():
            with open(os.path.join(folder, name), "wb") as f:
                f.write(data)


main()
