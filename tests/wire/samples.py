"""samples.py - one message of each kind: those of tests/wire_fixture.h, as dictionaries."""
import struct

import mmofl_wire as w

PARAMETERS = [1, -2.5, 0, w.f32(1e-20), 3.25]
TRAINED = [1.5, -2.25, 0.125, -1, 3.25]
RULE = [0.5, 0, 0, -0.5, 2]
MEANS = [float(i) for i in range(12)]
COUNTS = [1, 0, 3, 70000, 5, 6]
SEED = bytes(range(1, 33))
CONFIG, OBJECT = b"\xc0" * 32, b"\xaa" * 16


def prototypes():
    return {"value": w.tensor(MEANS, shape=[3, 4]), "count": w.counts(COUNTS, [2, 3])}


def welcome():
    out = {"version": 1, "device": 17, "seed": 0x0123456789abcdef,
           "config": "train:\n  lr: 0.05\n",
           "signals": [{"name": "accelerometer", "unit": "g", "rate_hz": 50.0, "shape": [128, 3],
                        "mean": w.floats([0.5, -1, 2]), "sd": w.floats([1, 2, 0.25])},
                       {"name": "text", "tokens": 1, "vocabulary": 20000, "shape": [32]}],
           "classes": ["walking", "sitting", "lying d\u00f6wn"], "standardize": "window",
           "heartbeat_s": 10.0, "lease_s": 30.0,
           "coding": {"difference": 1, "dtype": 3, "top": 0.25}, "layout_digest": b"\x1a" * 32}
    out["config_digest"] = w.config_digest(out)
    return out


def update(**changes):
    out = {"round": 42, "config_digest": CONFIG, "model_digest": w.model_digest(PARAMETERS),
           "parameters": w.tensor(TRAINED), "samples": 300, "recorded": [300, 0],
           "prototypes": prototypes(),
           "report": {"fresh": 10, "fresh_correct": 7, "fresh_loss": 0.5, "steps": 5,
                      "train_loss": 0.25, "whole": 300, "whole_loss": 0.125,
                      "method_loss": 1e-3},
           "rule": w.tensor(RULE),
           "quality": [{"samples": 1000, "missing": 20, "unlabelled": 3, "mean": 0.25, "sd": 1.5},
                       {"samples": 1000, "missing": 1000, "unlabelled": 3}]}
    out.update(changes)
    return out


def difference(dtype, top):
    values = [w.f32(a - b) for a, b in zip(TRAINED, PARAMETERS)]
    return update(difference=1, parameters=w.tensor(values, dtype, top))


def task(**changes):
    out = {"round": 42, "config_digest": CONFIG, "model_digest": w.model_digest(PARAMETERS),
           "parameters": w.tensor(PARAMETERS), "prototypes": prototypes(),
           "rule": w.tensor(RULE), "seconds_left": 12.5, "closing": 1}
    out.update(changes)
    return out


def partial_sum(**changes):
    """Of devices 3 and 5: prototypes, two pieces of the model, the rule's numbers."""
    out = {"round": 42, "config_digest": CONFIG, "model_digest": w.model_digest(PARAMETERS),
           "first": 3, "devices": 3, "late": 1,
           "reports": [{"device": 3, "report": update()["report"]},
                       {"device": 5, "report": {"fresh": 4, "steps": 2, "train_loss": 0.75}}],
           "sums": [w.partial_sum([(MEANS, 1), ([-m for m in MEANS], 1)]),
                    w.partial_sum([(TRAINED, 300), (PARAMETERS, 7)]),
                    w.partial_sum([(RULE, 1)])],
           "counts": COUNTS}
    out.update(changes)
    return out


def messages():
    """Name of the golden file: (kind, fields)."""
    return {
        "hello": ("hello", {"oldest_version": 1, "newest_version": 2, "config_digest": CONFIG,
                            "round": 41, "program": "mmofl-device 0.1.0"}),
        "welcome": ("welcome", welcome()),
        "refusal": ("refusal", {"status": "E_SUPERSEDED", "text": "a newer process",
                                "final": 1}),
        "round": ("round", {"round": 42, "open": 1, "config_digest": CONFIG,
                            "model_digest": b"\x0d" * 32}),
        "task": ("task", task()),
        "update": ("update", update()),
        "decline": ("decline", {"round": 42, "status": "E_NONFINITE",
                                "text": "training diverged"}),
        "ack": ("ack", {"object": OBJECT, "status": "E_STALE", "text": "round 41 is over"}),
        "want": ("want", {"object": OBJECT, "chunk_bytes": 1000, "from": [0, 300],
                          "to": [2, 300]}),
        "heartbeat": ("heartbeat", {"round": 42, "samples": 500, "uptime_s": 3.5}),
        "bye": ("bye", {"reason": "stopped"}),
        "partial_sum": ("partial_sum", partial_sum()),
        "difference-f32": ("update", difference(0, 0)),
        "difference-f16": ("update", difference(2, 0)),
        "difference-i8": ("update", difference(3, 0)),
        "difference-top": ("update", difference(0, 0.4)),
        "difference-i8-top": ("update", difference(3, 0.5)),
    }


def message_bytes(name):
    kind, fields = messages()[name]
    return w.encode("Message", {kind: fields})


def sealed(message, **changes):
    out = {"sender": "kitchen-1", "receiver": "", "session": 0x1122334455667788, "sequence": 7,
           "message_bytes": len(message), "message": message}
    out.update(changes)
    return out


def spread(n):
    """Numbers of many sizes: multiples of 2^-20 by a linear congruence."""
    out, x = [], 12345
    for _ in range(n):
        x = (x * 1103515245 + 12345) % 2**31
        out.append(float((x % 2**20 - 2**19) * 2.0**-(20 + x // 2**20 % 8)))
    return out


def tensors():
    """Name of the golden file: a Tensor of 1,000 numbers."""
    values = spread(1000)
    return {f"tensor-{name}{'-top' if top else ''}": w.tensor(values, dtype, top)
            for name, dtype in (("f32", 0), ("f16", 2), ("i8", 3)) for top in (0, 0.3)}


def files():
    """All golden files: name and bytes."""
    out = {f"{name}.message": message_bytes(name) for name in messages()}
    out.update({f"{name}.tensor": w.encode("Tensor", t) for name, t in tensors().items()})
    obj = w.seal("home", SEED, sealed(message_bytes("update")))
    out["update.object"] = obj
    out["update-unsigned.object"] = w.seal("home", None, sealed(message_bytes("update")))
    for i, payload in enumerate(w.frames_of(obj, 300)):
        out[f"update-{i}.frame"] = payload
    out["key.public"] = w.public_key(SEED)
    out["numbers.f32"] = struct.pack("<1000f", *spread(1000))
    return out
