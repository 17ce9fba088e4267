#!/usr/bin/env python3
"""Writes the bad inputs of tests/bad/dir: descriptions (.yaml), tables of samples (.csv,
for the classes boiling and chopping) and whole data sets (.zip).

Run from anywhere; the files are committed, so only a change of this script needs a run.
Each file's name starts with the status that it must be refused with.
"""
import pathlib
import struct
import zlib

from make_archives import make_zip

HERE = pathlib.Path(__file__).parent

YAML = """\
title: Kitchen
citation: nobody
classes: [boiling, chopping]
samples: samples.csv
modalities:
  acc: {npy: acc.npy, shape: [4, 3], unit: g, rate_hz: 50}
  gyro: {csv: "gyro/{id}.csv", columns: [x, y], shape: [2, 2]}
  mic: {sound: "audio/{id}.wav", seconds: 0.1, sample_rate: 8000, log_mel: {bands: 4}}
  camera: {image: "photos/{id}.png", side: 4}
  words: {text: "notes/{id}.txt", length: 3, vocabulary: 100}
  title: {text_column: title, length: 3, vocabulary: 100, optional: true}
  ids: {tokens: tokens.npy, length: 2, vocabulary: 10}
"""
CSV = """\
id,label,owner,part,title
a1,boiling,anna,train,soup
b2,chopping,ben,test,two onions
"""


def but(old, new, text=YAML):
    assert old in text, old
    return text.replace(old, new, 1)


def descriptions():
    yield "E_UNKNOWN--key", but("title:", "titel:")
    yield "E_UNKNOWN--key_of_a_modality", but("rate_hz", "rate")
    yield "E_UNKNOWN--key_of_another_kind", but("side: 4", "side: 4, seconds: 1")
    yield "E_UNKNOWN--key_of_log_mel", but("bands", "mels")
    yield "E_DUPLICATE--class", but("chopping", "boiling")
    yield "E_DUPLICATE--column", but("[x, y]", "[x, x]")
    yield "E_DUPLICATE--modality", but("  gyro:", "  acc:")
    yield "E_DUPLICATE--two_sources", but("image:", "npy: a.npy, image:")
    yield "E_DUPLICATE--owners_and_share", YAML + "test_owners: [ben]\ntest_share: 0.5\n"
    yield "E_DUPLICATE--test_owner", YAML + "test_owners: [ben, ben]\n"
    yield "E_MISSING--classes", but("classes: [boiling, chopping]\n", "")
    yield "E_MISSING--modalities", YAML[: YAML.index("modalities")]
    yield "E_MISSING--source", but("npy: acc.npy, ", "")
    yield "E_MISSING--shape", but("shape: [4, 3], ", "")
    yield "E_MISSING--columns", but("columns: [x, y], ", "")
    yield "E_MISSING--sample_rate", but("sample_rate: 8000, ", "")
    yield "E_MISSING--id_in_a_path", but("photos/{id}.png", "photo.png")
    yield "E_MISSING--empty_path", but("acc.npy", '""')
    yield "E_MISSING--empty", ""
    yield "E_COUNT--no_modalities", YAML[: YAML.index("modalities")] + "modalities: {}\n"
    yield "E_COUNT--17_modalities", YAML[: YAML.index("  acc")] + "".join(
        "  m%d: {npy: a.npy, shape: [1]}\n" % i for i in range(17))
    yield "E_COUNT--one_class", but("[boiling, chopping]", "[boiling]")
    yield "E_COUNT--no_test_owners", YAML + "test_owners: []\n"
    yield "E_TYPE--classes_as_text", but("[boiling, chopping]", "boiling")
    yield "E_TYPE--class_as_a_list", but("[boiling, chopping]", "[boiling, [chopping]]")
    yield "E_TYPE--modality_as_text", but(YAML[YAML.index("{npy"):YAML.index("  gyro")], "acc.npy\n")
    yield "E_TYPE--modalities_as_a_list", YAML[: YAML.index("  acc")] + "  - acc\n"
    yield "E_TYPE--document_is_a_list", "- one\n- two\n"
    yield "E_TYPE--shape_as_a_number", but("[4, 3]", "12")
    yield "E_TYPE--path_as_a_list", but("acc.npy", "[acc.npy]")
    yield "E_TYPE--dimension_as_text", but("[4, 3]", "[4, three]")
    yield "E_TYPE--optional_as_yes", but("optional: true", "optional: yes")
    yield "E_TYPE--number_in_quotes", but("side: 4", 'side: "4"')
    yield "E_SHAPE--no_dimension", but("[4, 3]", "[]")
    yield "E_SHAPE--five_dimensions", but("[4, 3]", "[1, 1, 1, 4, 3]")
    yield "E_SHAPE--columns", but("[2, 2]", "[2, 3]")
    yield "E_SHAPE--columns_without_rows", but("[2, 2]", "[2]")
    yield "E_RANGE--dimension_zero", but("[4, 3]", "[4, 0]")
    yield "E_RANGE--side", but("side: 4", "side: 1000000")
    yield "E_RANGE--vocabulary", but("vocabulary: 10}", "vocabulary: 1}")
    yield "E_RANGE--negative_rate", but("rate_hz: 50", "rate_hz: -50")
    yield "E_RANGE--share_of_all", YAML + "test_share: 1\n"
    yield "E_RANGE--share_of_nothing", YAML + "test_share: 0\n"
    yield "E_RANGE--no_seconds", but("seconds: 0.1", "seconds: 0.00001")
    yield "E_RANGE--hours_of_sound", but("seconds: 0.1", "seconds: 100000")
    yield "E_RANGE--window_longer_than_the_sound", but("bands: 4", "bands: 4, window_ms: 200")
    yield "E_RANGE--too_many_bands", but("bands: 4", "bands: 400")
    yield "E_LIMIT--huge_shape", but("[4, 3]", "[16777216, 16777216]")
    yield "E_LIMIT--name_of_48_bytes", but("acc:", "a" * 48 + ":")
    yield "E_LIMIT--long_citation", but("nobody", "x" * 600)
    yield "E_UNSAFE_PATH--parent", but("acc.npy", "../acc.npy")
    yield "E_UNSAFE_PATH--parent_inside", but("photos/", "photos/../../")
    yield "E_UNSAFE_PATH--absolute", but("samples.csv", "/etc/passwd")
    yield "E_SYNTAX--other_braces", but("{id}.png", "{name}.png")
    yield "E_SYNTAX--lonely_brace", but("{id}.png", "{id}}.png")
    yield "E_SYNTAX--samples_for_each_id", but("samples.csv", '"{id}.csv"')
    yield "E_SYNTAX--braces_without_quotes", but('"photos/{id}.png"', "photos/{id}.png")


def tables():
    yield "E_MISSING--no_id", but("id,", "name,", CSV)
    yield "E_MISSING--no_label", but("label", "class", CSV)
    yield "E_MISSING--no_owner", but("owner", "who", CSV)
    yield "E_MISSING--no_part", but("part", "split", CSV)
    yield "E_UNKNOWN--label", but("chopping", "choping", CSV)
    yield "E_UNKNOWN--part", but("test", "dev", CSV)
    yield "E_UNKNOWN--label_with_a_blank", but("boiling", " boiling", CSV)
    yield "E_DUPLICATE--id", but("b2", "a1", CSV)
    yield "E_UNSAFE_PATH--slash", but("b2", "../b2", CSV)
    yield "E_UNSAFE_PATH--backslash", but("b2", "c\\b2", CSV)
    yield "E_UNSAFE_PATH--two_dots", but("b2", "b..2", CSV)
    yield "E_LIMIT--id_of_300_bytes", but("b2", "b" * 300, CSV)
    yield "E_SYNTAX--empty_id", but("b2", "", CSV)
    yield "E_SYNTAX--id_with_a_tab", but("b2", "b\t2", CSV)
    yield "E_SYNTAX--time", CSV.replace("title", "time")
    yield "E_COUNT--cell_too_many", but("soup", "soup,salt", CSV)
    yield "E_INFEASIBLE--nobody_trains", CSV.replace("train", "test")
    yield "E_INFEASIBLE--no_sample", CSV[: CSV.index("\n") + 1]
    yield "E_TRUNCATED--empty", ""


# ---- whole sets ----------------------------------------------------------------------


def npy(shape, values, descr="<f4"):
    header = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (descr, tuple(shape))
    header += " " * (117 - len(header)) + "\n"
    form = {"<f4": "f", "<i4": "i"}[descr]
    return (b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header.encode()
            + struct.pack("<%d%s" % (len(values), form), *values))


def wav(rate=8000, samples=800):
    data = struct.pack("<%dh" % samples, *[(i * 997) % 2000 - 1000 for i in range(samples)])
    body = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, rate, 2 * rate, 2, 16)
    body += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def png():
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress((b"\0" + bytes(12)) * 4)) + chunk(b"IEND", b""))


def files():
    made = {"dataset.yaml": YAML.encode(), "samples.csv": CSV.encode(),
            "acc.npy": npy((2, 4, 3), range(24)),
            "tokens.npy": npy((2, 2), [1, 2, 3, 0], "<i4")}
    for name in ["a1", "b2"]:
        made["gyro/%s.csv" % name] = b"x,y\n1,2\n3,4\n"
        made["audio/%s.wav" % name] = wav()
        made["photos/%s.png" % name] = png()
        made["notes/%s.txt" % name] = b"some words"
    return made


def changed(**paths):
    """The good set with files changed; None = left out.  __ is a slash, _DOT_ a dot."""
    made = files()
    for path, data in paths.items():
        path = path.replace("__", "/").replace("_DOT_", ".")
        if data is None:
            del made[path]
        else:
            made[path] = data
    return make_zip([("kitchen/" + path, data, 0o100644) for path, data in made.items()])


def described(old, new, **paths):
    return changed(dataset_DOT_yaml=but(old, new).encode(), **paths)


def sets():
    nan = float("nan")
    yield "E_MISSING--no_description", changed(dataset_DOT_yaml=None)
    yield "E_MISSING--no_table", changed(samples_DOT_csv=None)
    yield "E_MISSING--array", changed(acc_DOT_npy=None)
    yield "E_MISSING--csv", changed(gyro__b2_DOT_csv=None)
    yield "E_MISSING--sound", changed(audio__a1_DOT_wav=None)
    yield "E_MISSING--photograph", changed(photos__a1_DOT_png=None)
    yield "E_MISSING--text", changed(notes__b2_DOT_txt=None)
    yield "E_MISSING--text_column", described("text_column: title", "text_column: name")
    yield "E_MISSING--sample_of_nothing", changed(
        dataset_DOT_yaml=(YAML[: YAML.index("  acc")]
                          + '  words: {text: "notes/{id}.txt", length: 3, vocabulary: 100, '
                            "optional: true}\n").encode(), notes__b2_DOT_txt=None)
    yield "E_MISSING--column_of_a_csv", changed(gyro__b2_DOT_csv=b"x,z\n1,2\n3,4\n")
    yield "E_DUPLICATE--two_descriptions", changed(more__dataset_DOT_yaml=YAML.encode())
    yield "E_DUPLICATE--file_twice_in_the_zip", make_zip(
        [("kitchen/" + path, data, 0o100644) for path, data in
         list(files().items()) + [("gyro/a1.csv", b"x,y\n5,6\n7,8\n")]])
    yield "E_UNKNOWN--test_owner", changed(
        dataset_DOT_yaml=(YAML + "test_owners: [carl]\n").encode())
    yield "E_INFEASIBLE--all_owners_test", changed(
        dataset_DOT_yaml=(YAML + "test_owners: [anna, ben]\n").encode())
    yield "E_SHAPE--array", changed(acc_DOT_npy=npy((2, 3, 4), range(24)))
    yield "E_SHAPE--array_without_samples", changed(acc_DOT_npy=npy((4, 3), range(12)))
    yield "E_COUNT--array", changed(acc_DOT_npy=npy((3, 4, 3), range(36)))
    yield "E_COUNT--csv_row_missing", changed(gyro__b2_DOT_csv=b"x,y\n1,2\n")
    yield "E_COUNT--csv_row_too_many", changed(gyro__b2_DOT_csv=b"x,y\n1,2\n3,4\n5,6\n")
    yield "E_NONFINITE--nan", changed(acc_DOT_npy=npy((2, 4, 3), [nan] + [0] * 23))
    yield "E_NONFINITE--row_of_nan", changed(acc_DOT_npy=npy((2, 4, 3), [nan] * 12 + [0] * 12))
    yield "E_NONFINITE--half_a_row_of_nan", described(
        "unit: g", "optional: true", acc_DOT_npy=npy((2, 4, 3), [nan] * 6 + [0] * 18))
    yield "E_NONFINITE--csv", changed(gyro__b2_DOT_csv=b"x,y\n1,nan\n3,4\n")
    yield "E_SYNTAX--csv", changed(gyro__b2_DOT_csv=b"x,y\n1,one\n3,4\n")
    yield "E_TYPE--tokens_as_floats", changed(tokens_DOT_npy=npy((2, 2), [1, 2, 3, 4]))
    yield "E_RANGE--token", changed(tokens_DOT_npy=npy((2, 2), [1, 2, 10, 0], "<i4"))
    yield "E_RANGE--token_below_zero", changed(tokens_DOT_npy=npy((2, 2), [1, 2, -1, 0], "<i4"))
    yield "E_RANGE--rate_of_a_sound", changed(audio__b2_DOT_wav=wav(44100))
    yield "E_TRUNCATED--sound", changed(audio__b2_DOT_wav=wav()[:-100])
    yield "E_TRUNCATED--photograph", changed(photos__b2_DOT_png=png()[:-20])
    yield "E_TRUNCATED--array", changed(acc_DOT_npy=npy((2, 4, 3), range(23)))
    yield "E_SYNTAX--sound_is_text", changed(audio__b2_DOT_wav=b"this is no sound")
    yield "E_SYNTAX--photograph_is_text", changed(photos__b2_DOT_png=b"this is no picture")
    yield "E_SYNTAX--text_in_no_encoding", changed(notes__b2_DOT_txt=b"\xff\xff")
    yield "E_LIMIT--text_of_10_megabytes", changed(notes__b2_DOT_txt=b"word " * 2000000)


(HERE / "dir").mkdir(exist_ok=True)
for made, ending in [(descriptions, ".yaml"), (tables, ".csv"), (sets, ".zip")]:
    for name, content in made():
        data = content if isinstance(content, bytes) else content.encode()
        (HERE / "dir" / (name + ending)).write_bytes(data)
(HERE / "dir" / "good.zip").write_bytes(changed())  # what all of them were made from
