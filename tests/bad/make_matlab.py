#!/usr/bin/env python3
"""Writes the bad MATLAB files of tests/bad/matlab; the variable wanted of each is `x`,
with at most 1000 values.

Run from anywhere; the files are committed, so only a change of this script needs a run.
Each file's name starts with the status that it must be refused with.
"""
import pathlib
import struct
import zlib

HERE = pathlib.Path(__file__).parent
INT32, UINT32, DOUBLE, MATRIX, PACKED = 5, 6, 9, 14, 15
CELL, STRUCT, CHAR, CLASS_DOUBLE, CLASS_INT8 = 1, 2, 4, 6, 8


def element(kind, data):
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def matrix(name=b"x", dims=(2, 3), values=None, kind=CLASS_DOUBLE, flags=0, tail=b"",
           stored=DOUBLE):
    if values is None:
        values = struct.pack("<6d", *range(6))
    return element(MATRIX, b"".join([
        element(UINT32, struct.pack("<BBHI", kind, flags, 0, 0)),
        element(INT32, struct.pack(f"<{len(dims)}i", *dims)),
        element(1, name), element(stored, values), tail]))


def packed(data, size=None):
    data = zlib.compress(data, 9)
    return struct.pack("<II", PACKED, len(data) if size is None else size) + data


def file(body, version=b"\0\1", endian=b"IM"):
    return b"MATLAB 5.0 MAT-file".ljust(124) + version + endian + body


def patched(data, at, form, value):
    data = bytearray(data)
    struct.pack_into(form, data, at, value)
    return bytes(data)


def files():
    good = matrix()
    cell = matrix(kind=CELL, dims=(1, 1), values=b"", tail=matrix(b"", (1, 1), bytes(8)))
    zip_bomb = matrix(dims=(10, 10), values=bytes(64 << 20))
    yield "E_TRUNCATED--empty", b""
    yield "E_TRUNCATED--header_cut", file(good)[:127]
    yield "E_TRUNCATED--tag_cut", file(good)[:132]
    yield "E_TRUNCATED--values_cut", file(good)[:-8]
    yield "E_TRUNCATED--packed_cut", file(packed(good))[:-1]
    yield "E_TRUNCATED--size_of_4_gigabytes", file(struct.pack("<II", MATRIX, 2**32 - 1))
    yield "E_TRUNCATED--bytes_behind_the_variable", file(good) + bytes(3)
    yield "E_SYNTAX--text", b"1 2 3\n" * 40
    yield "E_SYNTAX--element_that_is_no_variable", file(element(DOUBLE, bytes(8)))
    yield "E_SYNTAX--zeros_behind_the_variable", file(good) + bytes(16)
    yield "E_SYNTAX--packed_in_packed", file(packed(packed(good)))
    yield "E_UNSUPPORTED--big_endian", file(good, b"\1\0", b"MI")
    yield "E_UNSUPPORTED--version_7_3", file(b"", b"\0\2")
    yield "E_UNSUPPORTED--hdf5", b"\x89HDF\r\n\x1a\n" + bytes(200)
    yield "E_MISSING--no_variables", file(b"")
    yield "E_MISSING--another_variable", file(matrix(b"y"))
    yield "E_MISSING--another_case", file(matrix(b"X"))
    yield "E_MISSING--longer_name", file(packed(matrix(b"xx")))
    yield "E_DUPLICATE--two_variables", file(good + packed(good))
    yield "E_TYPE--complex", file(matrix(flags=8, tail=element(DOUBLE, bytes(48))))
    yield "E_TYPE--text_array", file(matrix(kind=CHAR, dims=(1, 6)))
    yield "E_TYPE--integers", file(matrix(kind=CLASS_INT8))
    yield "E_TYPE--cell", file(cell)
    yield "E_TYPE--cell_of_2_billion", file(matrix(kind=CELL, dims=(2**31 - 1, 1)))
    yield "E_TYPE--struct", file(packed(matrix(kind=STRUCT)))
    yield "E_LIMIT--1001_values", file(matrix(dims=(1001, 1), values=bytes(8008)))
    yield "E_LIMIT--dims_overflow", file(matrix(dims=(2**31 - 1,) * 4))
    yield "E_LIMIT--dims_overflow_beside_zero", file(matrix(dims=(0,) + (2**31 - 1,) * 3))
    yield "E_LIMIT--negative_dim", file(matrix(dims=(-2, 3)))
    yield "E_LIMIT--five_dims", file(matrix(dims=(1, 1, 1, 2, 3)))
    yield "E_LIMIT--no_dims", file(matrix(dims=()))
    yield "E_LIMIT--packed_64_megabytes", file(
        packed(matrix(dims=(8 << 20, 1), values=bytes(64 << 20))))
    yield "E_CORRUPT--values_fewer_than_dims", file(matrix(dims=(3, 3)))
    yield "E_CORRUPT--values_more_than_dims", file(matrix(dims=(2, 2)))
    yield "E_CORRUPT--packed_values_more_than_dims", file(packed(zip_bomb))
    yield "E_CORRUPT--packed_goes_on_behind_the_variable", file(
        packed(good + bytes(16 << 20)))
    yield "E_CORRUPT--packed_ends_too_early", file(packed(good[:-8]))
    yield "E_CORRUPT--packed_is_no_zlib", file(
        struct.pack("<II", PACKED, 64) + b"\x55" * 64)
    yield "E_CORRUPT--packed_checksum", file(packed(good)[:-1] + b"\x55")
    yield "E_CORRUPT--packed_of_no_bytes", file(struct.pack("<II", PACKED, 0))
    yield "E_CORRUPT--bytes_behind_the_values", file(matrix(tail=element(DOUBLE, b"")))
    yield "E_CORRUPT--stored_as_text", file(matrix(stored=16))
    yield "E_CORRUPT--stored_as_type_60000", file(matrix(stored=60000))
    yield "E_CORRUPT--head_of_4_bytes", file(element(MATRIX, bytes(4)))
    yield "E_CORRUPT--head_is_too_long", file(packed(matrix(b"y" * 600)))
    yield "E_CORRUPT--dims_are_doubles", patched(file(good), 128 + 24, "<I", DOUBLE)
    yield "E_CORRUPT--flags_are_short", patched(file(good), 128 + 12, "<I", 4)
    yield "E_CORRUPT--name_runs_out", patched(file(good), 128 + 44, "<I", 2**31)
    yield "E_CORRUPT--small_element_of_5_bytes", patched(
        file(good), 128 + 40, "<I", 5 << 16 | 1)
    yield "E_NONFINITE--nan", file(matrix(dims=(1, 1), values=struct.pack("<d", float("nan"))))
    yield "E_NONFINITE--packed_infinity", file(
        packed(matrix(dims=(1, 1), values=struct.pack("<d", float("inf")))))


def main():
    folder = HERE / "matlab"
    folder.mkdir(exist_ok=True)
    for name, data in files():
        (folder / f"{name}.mat").write_bytes(data)


if __name__ == "__main__":
    main()
