#!/usr/bin/env python3
"""Writes the bad inputs of tests/bad/sound.

Run from anywhere; the files are committed, so only a change of this script needs a run.
Each file's name starts with the status that it must be refused with, where 4000 samples
at 8000 a second are wanted.  FLAC and Ogg are encoded by libsndfile.
"""
import ctypes
import ctypes.util
import pathlib
import struct
import tempfile

HERE = pathlib.Path(__file__).parent


def chunk(name, data, length=None):
    return name + struct.pack("<I", len(data) if length is None else length) + data


def fmt(coding=1, channels=1, rate=8000, bits=16):
    align = (channels * bits // 8) & 0xffff
    return chunk(b"fmt ", struct.pack("<HHIIHH", coding, channels, rate,
                                      rate * align & 0xffffffff, align, bits))


def riff(*chunks):
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


class Info(ctypes.Structure):
    _fields_ = [("frames", ctypes.c_int64)] + [
        (name, ctypes.c_int) for name in ["rate", "channels", "format", "sections", "seekable"]]


def encoded(kind, samples=400):
    lib = ctypes.CDLL(ctypes.util.find_library("sndfile"))
    lib.sf_open.restype = ctypes.c_void_p
    info = Info(0, 8000, 1, kind, 0, 0)
    with tempfile.NamedTemporaryFile() as file:
        handle = ctypes.c_void_p(lib.sf_open(file.name.encode(), 0x20, ctypes.byref(info)))
        values = (ctypes.c_short * samples)(*[(i * 997) % 8192 - 4096 for i in range(samples)])
        lib.sf_write_short(handle, values, ctypes.c_int64(samples))
        lib.sf_close(handle)
        return pathlib.Path(file.name).read_bytes()


def with_bits(data, at, n, value):
    """data with n bits from bit `at` on replaced"""
    number = int.from_bytes(data, "big")
    shift = 8 * len(data) - at - n
    number &= ~(((1 << n) - 1) << shift)
    return (number | value << shift).to_bytes(len(data), "big")


def sounds():
    data = chunk(b"data", struct.pack("<8h", *range(8)))
    good = riff(fmt(), data)
    flac, ogg = encoded(0x170002), encoded(0x200060)
    stream = 8 * 8 + 80  # bit where STREAMINFO has rate (20), channels (3), bits (5), total (36)
    yield "E_TRUNCATED--empty.wav", b""
    yield "E_TRUNCATED--no_chunks.wav", riff()
    yield "E_TRUNCATED--no_data.wav", riff(fmt())
    yield "E_TRUNCATED--data_of_no_bytes.wav", riff(fmt(), chunk(b"data", b""))
    yield "E_TRUNCATED--last_sample_missing.wav", good[:-2]
    yield "E_TRUNCATED--half_a_header.wav", good[:20]
    yield "E_TRUNCATED--data_of_4_gigabytes.wav", riff(fmt(), chunk(b"data", b"\0" * 8, 0xffffffff))
    yield "E_TRUNCATED--chunk_of_4_gigabytes.wav", riff(chunk(b"LIST", b"", 0xfffffff0), fmt(), data)
    yield "E_CORRUPT--no_format.wav", riff(data)
    yield "E_CORRUPT--data_before_the_format.wav", riff(data, fmt())
    yield "E_CORRUPT--format_of_4_bytes.wav", riff(chunk(b"fmt ", b"\1\0\1\0"), data)
    yield "E_CORRUPT--no_channels.wav", riff(fmt(channels=0), data)
    yield "E_CORRUPT--rate_zero.wav", riff(fmt(rate=0), data)
    yield "E_LIMIT--65535_channels.wav", riff(fmt(channels=65535), data)
    yield "E_LIMIT--17_channels.wav", riff(fmt(channels=17), data)
    yield "E_LIMIT--rate_of_4_billion.wav", riff(fmt(rate=0xffffffff), data)
    yield "E_LIMIT--rate_768001.wav", riff(fmt(rate=768001), data)
    yield "E_LIMIT--2_to_36_samples.flac", with_bits(flac, stream + 28, 36, 2 ** 36 - 1)
    yield "E_RANGE--48_khz.wav", riff(fmt(rate=48000), data)
    yield "E_UNSUPPORTED--mp3_in_a_wav.wav", riff(fmt(coding=0x55), data)
    yield "E_UNSUPPORTED--adpcm.wav", riff(fmt(coding=2, bits=4), data)
    yield "E_SYNTAX--text.wav", b"this is no sound\n" * 4
    yield "E_SYNTAX--one_byte.wav", b"R"
    yield "E_SYNTAX--avi.wav", b"RIFF" + struct.pack("<I", 4) + b"AVI "
    yield "E_SYNTAX--big_endian.wav", b"RIFX" + good[4:]
    yield "E_SYNTAX--mp3.mp3", b"ID3\4\0\0\0\0\0\0" + b"\xff\xfb\x90\0" + bytes(413)
    yield "E_TRUNCATED--half.flac", flac[: len(flac) // 2]
    yield "E_CORRUPT--marker_alone.flac", flac[:4]
    yield "E_CORRUPT--headers_cut.flac", flac[:30]
    yield "E_CORRUPT--first_page_cut.ogg", ogg[:40]
    yield "E_CORRUPT--marker_alone.ogg", ogg[:4]
    yield "E_CORRUPT--headers_alone.ogg", ogg[: ogg.index(b"OggS", 4)]


for name, content in sounds():
    (HERE / "sound").mkdir(exist_ok=True)
    (HERE / "sound" / name).write_bytes(content)
