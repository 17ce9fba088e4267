"""mmofl_wire.py - the wire protocol a second time, from docs/wire.md alone.

Nothing here is shared with the C code, protobuf is written out by hand, and only the standard
library is used, so that what both agree on is what the page says.
"""
import hashlib
import math
import struct

# ---- protobuf ---------------------------------------------------------------------------

# message: {number: (name, type)}; "*" in front of a type: repeated
SCHEMA = {
    "Frame": {1: ("version", "varint"), 2: ("object", "bytes"), 3: ("object_bytes", "varint"),
              4: ("chunk_bytes", "varint"), 5: ("chunk", "varint"), 6: ("ask", "varint"),
              7: ("data", "bytes"), 8: ("check", "fixed64")},
    "Sealed": {1: ("sender", "text"), 2: ("receiver", "text"), 3: ("session", "fixed64"),
               4: ("receiver_session", "fixed64"), 5: ("sequence", "varint"),
               6: ("packing", "varint"), 7: ("message_bytes", "varint"),
               8: ("message", "bytes"), 9: ("signature", "bytes")},
    "Message": {1: ("hello", "Hello"), 2: ("welcome", "Welcome"), 3: ("refusal", "Refusal"),
                4: ("round", "Round"), 5: ("task", "Task"), 6: ("update", "Update"),
                7: ("decline", "Decline"), 8: ("ack", "Ack"), 9: ("want", "Want"),
                10: ("heartbeat", "Heartbeat"), 11: ("bye", "Bye"),
                12: ("partial_sum", "PartialSum")},
    "Hello": {1: ("oldest_version", "varint"), 2: ("newest_version", "varint"),
              3: ("config_digest", "bytes"), 4: ("round", "varint"), 5: ("program", "text")},
    "Signal": {1: ("name", "text"), 2: ("unit", "text"), 3: ("rate_hz", "double"),
               4: ("tokens", "varint"), 5: ("vocabulary", "varint"), 6: ("shape", "*varint"),
               7: ("mean", "bytes"), 8: ("sd", "bytes")},
    "Welcome": {1: ("version", "varint"), 2: ("device", "varint"), 3: ("seed", "fixed64"),
                4: ("config", "text"), 5: ("config_digest", "bytes"), 6: ("signals", "*Signal"),
                7: ("classes", "*text"), 8: ("standardize", "text"),
                9: ("heartbeat_s", "double"), 10: ("lease_s", "double"),
                11: ("coding", "UpdateCoding"), 12: ("layout_digest", "bytes")},
    "Refusal": {1: ("status", "text"), 2: ("text", "text"), 3: ("final", "varint")},
    "Round": {1: ("round", "varint"), 2: ("open", "varint"), 3: ("done", "varint"),
              4: ("config_digest", "bytes"), 5: ("model_digest", "bytes")},
    "Task": {1: ("round", "varint"), 2: ("config_digest", "bytes"), 3: ("model_digest", "bytes"),
             4: ("parameters", "Tensor"), 5: ("prototypes", "Prototypes"), 6: ("rule", "Tensor"),
             7: ("seconds_left", "double"), 8: ("closing", "varint")},
    "Prototypes": {1: ("value", "Tensor"), 2: ("count", "Tensor")},
    "Update": {1: ("round", "varint"), 2: ("config_digest", "bytes"),
               3: ("model_digest", "bytes"), 4: ("difference", "varint"),
               5: ("parameters", "Tensor"), 6: ("samples", "varint"), 7: ("recorded", "*varint"),
               8: ("prototypes", "Prototypes"), 9: ("report", "Report"), 10: ("rule", "Tensor"),
               11: ("quality", "*Quality")},
    "Report": {1: ("fresh", "varint"), 2: ("fresh_correct", "varint"), 3: ("fresh_loss", "double"),
               4: ("steps", "varint"), 5: ("train_loss", "double"), 6: ("whole", "varint"),
               7: ("partial", "varint"), 8: ("whole_loss", "double"),
               9: ("partial_loss", "double"), 10: ("method_loss", "double")},
    "Quality": {1: ("samples", "varint"), 2: ("missing", "varint"), 3: ("mean", "double"),
                4: ("sd", "double"), 5: ("unlabelled", "varint")},
    "Decline": {1: ("round", "varint"), 2: ("status", "text"), 3: ("text", "text")},
    "Ack": {1: ("object", "bytes"), 2: ("status", "text"), 3: ("text", "text")},
    "Want": {1: ("object", "bytes"), 2: ("chunk_bytes", "varint"), 3: ("from", "*varint"),
             4: ("to", "*varint")},
    "Heartbeat": {1: ("round", "varint"), 2: ("samples", "varint"), 3: ("uptime_s", "double")},
    "Bye": {1: ("reason", "text")},
    "PartialSum": {1: ("round", "varint"), 2: ("config_digest", "bytes"),
                   3: ("model_digest", "bytes"), 4: ("first", "varint"),
                   5: ("devices", "varint"), 6: ("late", "varint"),
                   7: ("reports", "*DeviceReport"), 8: ("sums", "*Sum"),
                   9: ("counts", "*varint")},
    "DeviceReport": {1: ("device", "varint"), 2: ("report", "Report")},
    "Sum": {1: ("numbers", "bytes"), 2: ("weight", "varint"), 3: ("bound", "varint")},
    "Tensor": {1: ("dtype", "varint"), 2: ("shape", "*varint"), 3: ("data", "bytes"),
               4: ("index", "bytes")},
    "UpdateCoding": {1: ("difference", "varint"), 2: ("dtype", "varint"), 3: ("top", "double")},
}


def varint(value):
    out = bytearray()
    while value > 0x7f:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, wire_type, payload):
    return varint(number << 3 | wire_type) + payload


def encode_one(number, kind, value):
    if kind == "varint":
        return field(number, 0, varint(int(value)))
    if kind == "fixed64":
        return field(number, 1, struct.pack("<Q", value))
    if kind == "double":
        return field(number, 1, struct.pack("<d", value))
    data = (value if kind == "bytes" else
            value.encode() if kind == "text" else encode(kind, value))
    return field(number, 2, varint(len(data)) + data)


def encode(message, values):
    """Bytes of a message, fields in the order of their numbers, defaults left out."""
    out = b""
    for number, (name, kind) in sorted(SCHEMA[message].items()):
        value = values.get(name)
        if kind == "*varint" and value:
            packed = b"".join(varint(v) for v in value)
            out += field(number, 2, varint(len(packed)) + packed)
        elif kind.startswith("*"):
            out += b"".join(encode_one(number, kind[1:], v) for v in value or [])
        elif kind == "double" and value is not None:
            if struct.pack("<d", value) != bytes(8):
                out += encode_one(number, kind, value)
        elif kind in SCHEMA and value is not None:
            out += encode_one(number, kind, value)
        elif value:
            out += encode_one(number, kind, value)
    return out


class Broken(Exception):
    """Bytes that are not what they should be."""


def read_varint(data, at):
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Broken("a varint")
        byte = data[at]
        value |= (byte & 0x7f) << shift
        at += 1
        if byte < 0x80:
            return value & (1 << 64) - 1, at
        shift += 7


def read_field(data, at):
    """(number, wire type, value, where the next one begins)"""
    key, at = read_varint(data, at)
    wire_type = key & 7
    if wire_type == 0:
        value, at = read_varint(data, at)
    elif wire_type == 1:
        value, at = data[at:at + 8], at + 8
    elif wire_type == 5:
        value, at = data[at:at + 4], at + 4
    elif wire_type == 2:
        size, at = read_varint(data, at)
        value, at = data[at:at + size], at + size
    else:
        raise Broken("a wire type")
    if at > len(data):
        raise Broken("the end")
    return key >> 3, wire_type, value, at


def decode_one(kind, wire_type, value):
    if kind in ("fixed64", "double"):
        if wire_type != 1:
            raise Broken("no 64 bits")
        return struct.unpack("<Q" if kind == "fixed64" else "<d", value)[0]
    if (kind == "varint") != (wire_type == 0) or wire_type not in (0, 2):
        raise Broken("another type")
    return (value.decode() if kind == "text" else
            decode(kind, value) if kind in SCHEMA else value)


def decode(message, data):
    """Values of a message; fields that are not there are not in it."""
    out = {}
    at = 0
    while at < len(data):
        number, wire_type, value, at = read_field(data, at)
        if number not in SCHEMA[message]:
            continue
        name, kind = SCHEMA[message][number]
        if kind == "*varint" and wire_type == 2:
            inside = 0
            while inside < len(value):
                one, inside = read_varint(value, inside)
                out.setdefault(name, []).append(one)
        elif kind.startswith("*"):
            out.setdefault(name, []).append(decode_one(kind[1:], wire_type, value))
        else:
            out[name] = decode_one(kind, wire_type, value)
    return out


# ---- digests ----------------------------------------------------------------------------

def xxh64(data, seed=0):
    """XXH64 (the algorithm of that name of xxhash.com)."""
    p1, p2, p3 = 11400714785074694791, 14029467366897019727, 1609587929392839161
    p4, p5, m = 9650029242287828579, 2870177450012600261, 2**64 - 1

    def rotate(x, n):
        return (x << n | x >> 64 - n) & m

    def lane(acc, word):
        return rotate(acc + word * p2 & m, 31) * p1 & m

    at = 0
    if len(data) >= 32:
        acc = [seed + p1 + p2 & m, seed + p2 & m, seed, seed - p1 & m]
        while at + 32 <= len(data):
            acc = [lane(a, x) for a, x in zip(acc, struct.unpack_from("<4Q", data, at))]
            at += 32
        h = sum(rotate(a, n) for a, n in zip(acc, (1, 7, 12, 18))) & m
        for a in acc:
            h = ((h ^ lane(0, a)) * p1 + p4) & m
    else:
        h = seed + p5 & m
    h = h + len(data) & m
    while at + 8 <= len(data):
        h = (rotate(h ^ lane(0, struct.unpack_from("<Q", data, at)[0]), 27) * p1 + p4) & m
        at += 8
    if at + 4 <= len(data):
        h = (rotate(h ^ struct.unpack_from("<I", data, at)[0] * p1 & m, 23) * p2 + p3) & m
        at += 4
    for byte in data[at:]:
        h = rotate(h ^ byte * p5 & m, 11) * p1 & m
    h = (h ^ h >> 33) * p2 & m
    h = (h ^ h >> 29) * p3 & m
    return h ^ h >> 32


def blake(data, size):
    return hashlib.blake2b(data, digest_size=size).digest()


def counted(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def floats(values):
    return struct.pack(f"<{len(values)}f", *values)


def model_digest(parameters):
    return blake(floats(parameters), 32)


def config_digest(welcome):
    out = counted("mmofl/1 config") + struct.pack("<Q", welcome["seed"])
    out += counted(welcome["config"]) + struct.pack("<I", len(welcome["signals"]))
    for s in welcome["signals"]:
        out += counted(s["name"]) + counted(s.get("unit", ""))
        out += struct.pack("<dBI", s.get("rate_hz", 0), s.get("tokens", 0), s.get("vocabulary", 0))
        out += struct.pack(f"<I{len(s['shape'])}I", len(s["shape"]), *s["shape"])
        out += s.get("mean", b"") + s.get("sd", b"")
    out += struct.pack("<I", len(welcome["classes"]))
    out += b"".join(counted(c) for c in welcome["classes"]) + counted(welcome["standardize"])
    return blake(out, 32)


# ---- frames -----------------------------------------------------------------------------

def object_id(obj):
    sealed = decode("Sealed", obj)
    return struct.pack("<QQ", sealed["session"], sealed["sequence"])


def frame_check(f):
    head = struct.pack("<I16sQIIB", f["version"], f["object"], f["object_bytes"],
                       f["chunk_bytes"], f.get("chunk", 0), f.get("ask", 0))
    return xxh64(head + f["data"])


def frames_of(obj, chunk_bytes, name=None):
    """The payloads of an object; by another name than its own where one is given."""
    out = []
    chunks = -(-len(obj) // chunk_bytes)
    for i in range(chunks):
        f = {"version": 1, "object": name or object_id(obj), "object_bytes": len(obj),
             "chunk_bytes": chunk_bytes, "chunk": i, "ask": int(i == chunks - 1),
             "data": obj[i * chunk_bytes:(i + 1) * chunk_bytes]}
        f["check"] = frame_check(f)
        out.append(encode("Frame", f))
    return out


def object_of(payloads):
    """The object that payloads, in any order, are of."""
    chunks = {}
    for payload in payloads:
        f = decode("Frame", payload)
        if f["version"] != 1 or f["check"] != frame_check(f):
            raise Broken("a frame")
        chunks[f.get("chunk", 0)] = f["data"]
        name = f["object"]
    obj = b"".join(chunks[i] for i in range(len(chunks)))
    if object_id(obj) != name:
        raise Broken("an object")
    return obj


# ---- sealing: Ed25519 as in RFC 8032, section 5.1 ----------------------------------------

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def point_add(a, b):
    """Extended coordinates (X, Y, Z, T)."""
    A, B = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    C, E = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = B - A, E - C, E + C, B + A
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def point_times(n, point):
    out = (0, 1, 1, 0)
    while n:
        if n & 1:
            out = point_add(out, point)
        point = point_add(point, point)
        n >>= 1
    return out


def point_x(y, sign):
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * ROOT % P
    if (x * x - x2) % P:
        raise Broken("a point")
    return P - x if x & 1 != sign else x


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = point_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def point_bytes(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def point_of(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    x = point_x(y, sign)
    return (x, y, 1, x * y % P)


def sha512_number(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % Q


def secret_of(seed):
    h = hashlib.sha512(seed).digest()
    a = int.from_bytes(h[:32], "little") & (1 << 254) - 8 | 1 << 254
    return a, h[32:]


def public_key(seed):
    return point_bytes(point_times(secret_of(seed)[0], BASE))


def sign(seed, data):
    a, prefix = secret_of(seed)
    key = public_key(seed)
    r = sha512_number(prefix, data)
    big_r = point_bytes(point_times(r, BASE))
    s = (r + sha512_number(big_r, key, data) * a) % Q
    return big_r + s.to_bytes(32, "little")


def verify(key, data, signature):
    s = int.from_bytes(signature[32:], "little")
    k = sha512_number(signature[:32], key, data)
    left = point_times(s, BASE)
    right = point_add(point_of(signature[:32]), point_times(k, point_of(key)))
    return s < Q and point_bytes(left) == point_bytes(right)


def signed_bytes(federation, sealed):
    texts = ("mmofl/1", federation, sealed.get("sender", ""), sealed.get("receiver", ""))
    return (b"".join(t.encode() + b"\0" for t in texts) +
            struct.pack("<5Q", sealed["session"], sealed.get("receiver_session", 0),
                        sealed["sequence"], sealed.get("packing", 0),
                        sealed.get("message_bytes", 0)) + blake(sealed["message"], 32))


def seal(federation, seed, sealed):
    """An object of the fields of a Sealed."""
    if seed:
        sealed = dict(sealed, signature=sign(seed, signed_bytes(federation, sealed)))
    return encode("Sealed", sealed)


# ---- tensors ----------------------------------------------------------------------------

def f32(value):
    """The nearest float32."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


def code_block(dtype, block):
    if dtype == 0:
        return floats(block)
    if dtype == 2:
        return struct.pack(f"<{len(block)}e", *block)
    scale = f32(max(abs(v) for v in block) / 127)
    # Python rounds ties to even, too.
    q = [max(-127, min(127, round(f32(v / scale)))) if scale else 0 for v in block]
    return struct.pack(f"<f{len(q)}b", scale, *q)


def decode_block(dtype, data, n):
    if dtype == 0:
        return list(struct.unpack(f"<{n}f", data[:4 * n])), data[4 * n:]
    if dtype == 2:
        return list(struct.unpack(f"<{n}e", data[:2 * n])), data[2 * n:]
    scale, *q = struct.unpack(f"<f{n}b", data[:4 + n])
    return [f32(scale * v) for v in q], data[4 + n:]


def tensor(values, dtype=0, top=0.0, shape=None):
    """A Tensor of floats."""
    kept = list(range(len(values)))
    if top:
        k = max(1, -(-top * len(values) // 1))
        kept = sorted(sorted(kept, key=lambda i: (-abs(values[i]), i))[:int(k)])
    data = b"".join(code_block(dtype, [values[i] for i in kept[at:at + 256]])
                    for at in range(0, len(kept), 256))
    out = {"dtype": dtype, "shape": shape or [len(values)], "data": data}
    if top:
        out["index"] = struct.pack(f"<{len(kept)}I", *kept)
    return out


def partial_sum(terms):
    """The Sum of vectors of float32 with their weights: [(vector, weight), ...]."""
    numbers = [0] * len(terms[0][0])
    weight = bound = 0
    for x, w in terms:
        # float32 times a power of two is exact; Python rounds ties to even.
        numbers = [n + w * round(v * 2.0**34) for n, v in zip(numbers, x)]
        weight += w
        bound += math.ceil(w * max(abs(v) for v in x) * 2.0**20)
    return {"numbers": struct.pack(f"<{len(numbers)}q", *numbers), "weight": weight,
            "bound": bound}


def counts(values, shape):
    return {"dtype": 1, "shape": shape, "data": struct.pack(f"<{len(values)}I", *values)}


def tensor_values(t):
    n = 1
    for dim in t["shape"]:
        n *= dim
    data, dtype = t["data"], t.get("dtype", 0)
    if dtype == 1:
        return list(struct.unpack(f"<{n}I", data))
    kept = (list(struct.unpack(f"<{len(t['index']) // 4}I", t["index"])) if t.get("index")
            else list(range(n)))
    out = [0.0] * n
    for at in range(0, len(kept), 256):
        block, data = decode_block(dtype, data, min(256, len(kept) - at))
        for i, value in zip(kept[at:], block):
            out[i] = value
    if data:
        raise Broken("a tensor")
    return out
