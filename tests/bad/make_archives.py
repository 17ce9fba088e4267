#!/usr/bin/env python3
"""Writes the bad archives of tests/bad/archive and tests/bad/uci-har.

Run from anywhere; the files are committed, so only a change of this script needs a run.
Each file's name starts with the status that it must be refused with.
"""
import io
import pathlib
import struct
import zipfile

HERE = pathlib.Path(__file__).parent
STAMP = (2020, 1, 1, 0, 0, 0)  # the same bytes on every run


def make_zip(entries):
    """entries: (path, bytes, unix mode) each"""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data, mode in entries:
            info = zipfile.ZipInfo(path, STAMP)
            info.create_system = 3
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data, zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()


def one(path, data=b"1 2 3\n", mode=0o100644):
    return make_zip([(path, data, mode)])


def patched(data, offset_after, signature, value, form):
    """data with a field changed that lies offset_after bytes behind a signature"""
    data = bytearray(data)
    at = data.rindex(signature) + offset_after
    struct.pack_into(form, data, at, value)
    return bytes(data)


LOCAL = b"PK\x03\x04"
CENTRAL = b"PK\x01\x02"
END = b"PK\x05\x06"


def both(data, central_at, local_at, value):
    """A field patched in the directory and in the file's own header."""
    return patched(patched(data, central_at, CENTRAL, value, "<I"),
                   local_at, LOCAL, value, "<I")


def stored(path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(path, STAMP), b"1 2 3\n")
    return out.getvalue()


def damaged(data):
    """Packed bytes that start a block of a kind that there is not."""
    data = bytearray(data)
    data[data.index(b"a.txt") + 5] |= 6
    return bytes(data)


def archives():
    good = one("a.txt", b"hello, world\n" * 20)
    nested = one("a.zip", one("b.zip", one("c.zip", good)))
    yield "E_TRUNCATED--empty.zip", b""
    yield "E_TRUNCATED--half.zip", good[: len(good) // 2]
    yield "E_TRUNCATED--directory_cut.zip", good[:-10]
    yield "E_SYNTAX--text.zip", b"this is no archive\n" * 10
    yield "E_SYNTAX--one_byte.zip", b"P"
    yield "E_UNSAFE_PATH--parent.zip", one("../evil.txt")
    yield "E_UNSAFE_PATH--parent_inside.zip", one("a/../../evil.txt")
    yield "E_UNSAFE_PATH--absolute.zip", one("/etc/evil.txt")
    yield "E_UNSAFE_PATH--drive.zip", one("C:/evil.txt")
    yield "E_UNSAFE_PATH--symlink.zip", one("link", b"/etc/passwd", 0o120777)
    yield "E_LIMIT--bomb_by_ratio.zip", one("zeros", bytes(20 << 20))
    yield "E_LIMIT--zip_in_zip_in_zip.zip", nested
    yield "E_LIMIT--declares_3_gigabytes.zip", both(good, 24, 22, 3 << 30)
    yield "E_LIMIT--long_path.zip", one("a/" * 600 + "b.txt")
    yield "E_CORRUPT--checksum.zip", both(good, 16, 14, 1)
    yield "E_CORRUPT--longer_than_declared.zip", both(good, 24, 22, 100)
    yield "E_CORRUPT--shorter_than_declared.zip", both(good, 24, 22, 1000)
    yield "E_CORRUPT--entry_offset_past_end.zip", patched(
        good, 42, CENTRAL, 1 << 30, "<I")
    yield "E_CORRUPT--packed_past_the_end.zip", patched(good, 20, CENTRAL, 9999, "<I")
    yield "E_CORRUPT--packed_bytes.zip", damaged(good)
    yield "E_CORRUPT--stored_size.zip", both(stored("a.txt"), 24, 22, 5)
    yield "E_CORRUPT--directory_outside.zip", patched(good, 16, END, 9999, "<I")
    yield "E_CORRUPT--more_entries_than_there_are.zip", patched(good, 10, END, 2, "<H")
    yield "E_CORRUPT--name_past_the_directory.zip", patched(good, 28, CENTRAL, 999, "<H")
    yield "E_UNSUPPORTED--several_parts.zip", patched(good, 4, END, 1, "<H")
    yield "E_UNSUPPORTED--method.zip", patched(good, 10, CENTRAL, 12, "<H")
    encrypted = bytearray(good)
    encrypted[6] |= 1
    encrypted[encrypted.rindex(CENTRAL) + 8] |= 1
    yield "E_UNSUPPORTED--encrypted.zip", bytes(encrypted)
    inner_cut = one("inner.zip", good[:-10])
    yield "E_TRUNCATED--inner_cut.zip", inner_cut


ROWS = {"train": 4, "test": 2}


def layout():
    """A tiny archive in UCI-HAR's layout, as a dict from path to text."""
    files = {}
    for part, rows in ROWS.items():
        for sensor in ("total_acc", "body_acc", "body_gyro"):
            for axis in "xyz":
                row = "".join("%17s" % ("%.7e" % (0.01 * i)) for i in range(128))
                files[f"UCI HAR Dataset/{part}/Inertial Signals/"
                      f"{sensor}_{axis}_{part}.txt"] = (row + "\r\n") * rows
        files[f"UCI HAR Dataset/{part}/y_{part}.txt"] = "".join(
            f"{1 + i % 6}\n" for i in range(rows))
        files[f"UCI HAR Dataset/{part}/subject_{part}.txt"] = "1\n" * rows
    return files


SIGNAL = "UCI HAR Dataset/train/Inertial Signals/total_acc_x_train.txt"
LABELS = "UCI HAR Dataset/train/y_train.txt"
SUBJECTS = "UCI HAR Dataset/test/subject_test.txt"


def har(path, change):
    """The tiny archive with one file changed; change(text) None = left out."""
    files = layout()
    text = change(files.pop(path))
    if text is not None:
        files[path] = text
    return make_zip([(p, t.encode(), 0o100644) for p, t in sorted(files.items())])


def field(text, row, column, value):
    lines = text.split("\r\n")
    words = lines[row].split()
    words[column] = value
    lines[row] = " ".join(words)
    return "\r\n".join(lines)


def har_archives():
    first_line = lambda text: text[: text.index("\n") + 1]
    yield "E_MISSING--signal_file.zip", har(SIGNAL, lambda t: None)
    yield "E_MISSING--label_file.zip", har(LABELS, lambda t: None)
    yield "E_MISSING--other_layout.zip", one("data.csv")
    yield "E_TRUNCATED--signal_file_empty.zip", har(SIGNAL, lambda t: "")
    yield "E_TRUNCATED--label_file_blank.zip", har(LABELS, lambda t: "\n\n")
    yield "E_COUNT--row_missing.zip", har(SIGNAL, lambda t: t[: -len(first_line(t))])
    yield "E_COUNT--row_too_many.zip", har(SIGNAL, lambda t: t + first_line(t))
    yield "E_COUNT--column_missing.zip", har(SIGNAL, lambda t: field(t, 2, 5, ""))
    yield "E_COUNT--column_too_many.zip", har(SIGNAL, lambda t: field(t, 1, 5, "1 1"))
    yield "E_COUNT--blank_row.zip", har(SIGNAL, lambda t: "\r\n" + t)
    yield "E_COUNT--label_missing.zip", har(LABELS, lambda t: t[:-2])
    yield "E_COUNT--subject_too_many.zip", har(SUBJECTS, lambda t: t + "1\n")
    yield "E_COUNT--two_labels_in_a_row.zip", har(LABELS, lambda t: "1 2\n" + t)
    yield "E_NONFINITE--nan.zip", har(SIGNAL, lambda t: field(t, 3, 9, "NaN"))
    yield "E_NONFINITE--infinity.zip", har(SIGNAL, lambda t: field(t, 0, 0, "-inf"))
    yield "E_NONFINITE--beyond_float.zip", har(SIGNAL, lambda t: field(t, 0, 0, "1e39"))
    yield "E_NONFINITE--beyond_double.zip", har(
        SIGNAL, lambda t: field(t, 0, 0, "1e999"))
    yield "E_SYNTAX--word.zip", har(SIGNAL, lambda t: field(t, 1, 1, "abc"))
    yield "E_SYNTAX--decimal_comma.zip", har(SIGNAL, lambda t: field(t, 1, 1, "0,5"))
    yield "E_SYNTAX--hexadecimal.zip", har(SIGNAL, lambda t: field(t, 1, 1, "0x10"))
    yield "E_SYNTAX--zero_byte.zip", har(SIGNAL, lambda t: field(t, 1, 1, "1\0"))
    yield "E_RANGE--label_0.zip", har(LABELS, lambda t: "0\n" + t[2:])
    yield "E_RANGE--label_7.zip", har(LABELS, lambda t: "7\n" + t[2:])
    yield "E_RANGE--subject_31.zip", har(SUBJECTS, lambda t: "31\n" + t[2:])
    yield "E_TYPE--label_with_fraction.zip", har(LABELS, lambda t: "1.5\n" + t[2:])
    files = layout()
    files["other/train/y_train.txt"] = files[LABELS]
    yield "E_DUPLICATE--two_label_files.zip", make_zip(
        [(p, t.encode(), 0o100644) for p, t in sorted(files.items())])


if __name__ == "__main__":
    for folder, made in (("archive", archives()), ("uci-har", har_archives())):
        (HERE / folder).mkdir(exist_ok=True)
        for name, data in made:
            (HERE / folder / name).write_bytes(data)
