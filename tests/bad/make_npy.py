#!/usr/bin/env python3
"""Writes the bad arrays of tests/bad/npy.

Run from anywhere; the files are committed, so only a change of this script needs a run.
Each file's name starts with the status that it must be refused with.
"""
import pathlib
import struct

HERE = pathlib.Path(__file__).parent
GOOD = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
DATA = struct.pack("<6f", *range(6))


def npy(text=GOOD, data=DATA, version=(1, 0), length=None):
    """A file with this dictionary; length: what the prefix says instead of the truth."""
    text = text.encode("latin-1") + b"\n"
    form = "<I" if version[0] == 2 else "<H"
    length = len(text) if length is None else length
    return b"\x93NUMPY" + bytes(version) + struct.pack(form, length) + text + data


def shape(dims, data=b""):
    return npy(GOOD.replace("(2, 3)", dims), data)


def descr(name, data=DATA):
    return npy(GOOD.replace("<f4", name), data)


def files():
    yield "E_TRUNCATED--empty", b""
    yield "E_TRUNCATED--magic_cut", npy()[:4]
    yield "E_TRUNCATED--version_cut", npy()[:7]
    yield "E_TRUNCATED--length_cut", npy()[:9]
    yield "E_TRUNCATED--header_cut", npy()[:40]
    yield "E_TRUNCATED--length_beyond_the_file", npy(length=60000)
    yield "E_TRUNCATED--length_of_4_gigabytes", npy(version=(2, 0), length=(1 << 32) - 1)
    yield "E_TRUNCATED--last_value_cut", npy()[:-1]
    yield "E_TRUNCATED--no_values", npy(data=b"")
    yield "E_CORRUPT--bytes_after_the_last_value", npy() + b"\0"
    yield "E_CORRUPT--values_behind_an_empty_shape", shape("(0, 3)", DATA)
    yield "E_SYNTAX--text", b"1 2 3\n" * 20
    yield "E_SYNTAX--zip", b"PK\x03\x04" + bytes(100)
    yield "E_SYNTAX--header_of_no_bytes", npy("", b"", length=0)
    yield "E_SYNTAX--no_line_end", npy(GOOD + "  ", length=len(GOOD) + 2)
    yield "E_SYNTAX--no_dictionary", npy("('<f4', False, (2, 3))")
    yield "E_SYNTAX--type_without_end", npy("{'descr': '<f4")
    yield "E_SYNTAX--type_is_a_number", npy(GOOD.replace("'<f4'", "4"))
    yield "E_SYNTAX--order_is_a_number", npy(GOOD.replace("False", "0"))
    yield "E_SYNTAX--key_missing", npy("{'descr': '<f4', 'shape': (2, 3), }")
    yield "E_SYNTAX--key_too_many", npy(GOOD.replace(", }", ", 'x': 1, }"))
    yield "E_SYNTAX--python_expression", npy(GOOD + ".get('x')")
    yield "E_SYNTAX--zero_byte_in_the_padding", npy(GOOD + "\0")
    yield "E_SYNTAX--line_end_in_the_header", npy(GOOD + "\n" + " " * 4)
    yield "E_SYNTAX--dim_is_negative", shape("(-1, 3)")
    yield "E_SYNTAX--dim_is_a_fraction", shape("(2.0, 3)")
    yield "E_SYNTAX--dim_of_python_2", shape("(2L, 3)")
    yield "E_SYNTAX--dim_with_a_leading_zero", shape("(02, 3)")
    yield "E_SYNTAX--tuple_of_one_without_comma", shape("(6)", DATA)
    yield "E_SYNTAX--tuple_of_two_with_comma", shape("(2, 3,)", DATA)
    yield "E_SYNTAX--tuple_that_goes_on", shape("(2, )", DATA)
    yield "E_SYNTAX--tuple_without_end", npy(GOOD[: GOOD.index(")")])
    yield "E_VERSION--3_0", npy(version=(3, 0))
    yield "E_VERSION--1_1", npy(version=(1, 1))
    yield "E_UNSUPPORTED--fortran_order", npy(GOOD.replace("False", "True"))
    yield "E_UNSUPPORTED--big_endian", descr(">f4")
    yield "E_UNSUPPORTED--half_floats", descr("<f2")
    yield "E_UNSUPPORTED--objects", descr("|O")
    yield "E_UNSUPPORTED--structured", npy(
        GOOD.replace("'<f4'", "[('x', '<f4'), ('y', '<f4')]"))
    yield "E_LIMIT--nine_dimensions", shape("(1, 1, 1, 1, 1, 1, 1, 1, 1)")
    yield "E_LIMIT--dim_of_2_to_64", shape("(18446744073709551616,)")
    yield "E_LIMIT--values_overflow", shape("(4294967296, 4294967296)")
    yield "E_LIMIT--values_overflow_beside_zero", shape("(4294967296, 4294967296, 0)")
    yield "E_LIMIT--bytes_overflow", shape("(6148914691236517205,)")


def main():
    folder = HERE / "npy"
    folder.mkdir(exist_ok=True)
    for name, data in files():
        (folder / f"{name}.npy").write_bytes(data)


if __name__ == "__main__":
    main()
