#!/usr/bin/env python3
"""Writes the bad inputs of tests/bad/image, tests/bad/text-tokens and
tests/bad/mvsa-single.

Run from anywhere; the files are committed, so only a change of this script needs a run.
Each file's name starts with the status that it must be refused with.
"""
import base64
import pathlib
import struct
import zlib

from make_archives import make_zip

HERE = pathlib.Path(__file__).parent

# 24 x 16 pixels of gradients, made with TurboJPEG: baseline and progressive.
BASELINE = base64.b64decode("""
/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZG
NywtQFdBRkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09P
T09PT09PT09PT09PT09PT09PT09PT09PT0//wAARCAAQABgDASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAA
AAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAk
M2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKT
lJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QA
HwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdh
cRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hp
anN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk
5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwDioNO/2a0YNN/2a3bbTuny1qW+nADJHFcVKoqiuznweZW6nPwa
X/s0V1sNkzfdXAorJ4ilf3Ytn01HMXy7n//Z
""")
PROGRESSIVE = base64.b64decode("""
/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZG
NywtQFdBRkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09P
T09PT09PT09PT09PT09PT09PT09PT09PT0//wgARCAAQABgDASIAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAA
BAUA/8QAFgEBAQEAAAAAAAAAAAAAAAAAAwIF/9oADAMBAAIQAxAAAAGIlygOfq+nT//EABcQAAMBAAAAAAAAAAAA
AAAAAAABAwL/2gAIAQEAAQUCUxTFIzMzMWD/xAAYEQACAwAAAAAAAAAAAAAAAAAABAIDIf/aAAgBAwEBPwGlkgxh
/8QAGREAAgMBAAAAAAAAAAAAAAAAAAIBEhNB/9oACAECAQE/AVaxovIP/8QAFBABAAAAAAAAAAAAAAAAAAAAIP/a
AAgBAQAGPwJf/8QAGBAAAwEBAAAAAAAAAAAAAAAAAAFhEDH/2gAIAQEAAT8hkTJEMHPiP//aAAwDAQACAAMAAAAQ
uw//xAAXEQADAQAAAAAAAAAAAAAAAAAAAUER/9oACAEDAQE/EMKNo//EABcRAQEBAQAAAAAAAAAAAAAAAAEAESH/
2gAIAQIBAT8QIazr0b//xAAaEAEAAQUAAAAAAAAAAAAAAAABABARITFB/9oACAEBAAE/EK6TXAhdMTiBP//Z
""")


# ---- pictures ------------------------------------------------------------------------


def sof(data):
    """where the frame header's length field is"""
    return max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2")) + 2


def sized(data, width, height):
    at = sof(data)
    return data[: at + 3] + struct.pack(">HH", height, width) + data[at + 7 :]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(
        ">I", zlib.crc32(kind + data))


def png(width=5, height=4, depth=8, pixels=None):
    if pixels is None:
        pixels = zlib.compress(b"".join(b"\0" + bytes(range(y, y + 3 * width))
                                        for y in range(height)))
    return [b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)),
            chunk(b"IDAT", pixels), chunk(b"IEND", b"")]


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]


def images():
    scan = BASELINE.find(b"\xff\xda") + 14
    good = png()
    yield "E_TRUNCATED--empty.jpg", b""
    yield "E_TRUNCATED--start_alone.jpg", BASELINE[:2]
    yield "E_TRUNCATED--within_headers.jpg", BASELINE[:200]
    yield "E_TRUNCATED--before_the_scan.jpg", BASELINE[: scan - 14]
    yield "E_TRUNCATED--half_of_the_scan.jpg", BASELINE[: (scan + len(BASELINE)) // 2]
    yield "E_TRUNCATED--end_marker_missing.jpg", BASELINE[:-2]
    yield "E_TRUNCATED--progressive_half.jpg", PROGRESSIVE[: len(PROGRESSIVE) * 3 // 4]
    yield "E_TRUNCATED--progressive_last_bytes.jpg", PROGRESSIVE[:-6]
    yield "E_LIMIT--30000_x_30000.jpg", sized(BASELINE, 30000, 30000)
    yield "E_LIMIT--30000_x_30000_progressive.jpg", sized(PROGRESSIVE, 30000, 30000)
    yield "E_LIMIT--65500_x_1.jpg", sized(BASELINE, 65500, 1)
    yield "E_LIMIT--16384_x_16384.jpg", sized(BASELINE, 16384, 16384)
    yield "E_CORRUPT--no_picture.jpg", b"\xff\xd8\xff\xd9"
    yield "E_CORRUPT--zero_wide.jpg", sized(BASELINE, 0, 16)
    yield "E_CORRUPT--twice_as_high.jpg", sized(BASELINE, 24, 32)
    yield "E_CORRUPT--garbage_between_markers.jpg", BASELINE[:2] + b"junk" + BASELINE[2:]
    yield "E_CORRUPT--marker_length_0.jpg", BASELINE[:4] + b"\0\0" + BASELINE[6:]
    yield "E_UNSUPPORTED--lossless.jpg", BASELINE.replace(b"\xff\xc0", b"\xff\xc3")
    yield "E_UNSUPPORTED--12_bits.jpg", (
        BASELINE[: sof(BASELINE) + 2] + b"\x0c" + BASELINE[sof(BASELINE) + 3 :])
    yield "E_SYNTAX--gif.jpg", b"GIF89a" + bytes(20)
    yield "E_SYNTAX--one_byte.jpg", b"\xff"
    yield "E_SYNTAX--text.png", b"no picture at all\n"

    yield "E_TRUNCATED--signature_alone.png", good[0]
    yield "E_TRUNCATED--half.png", b"".join(good)[:60]
    yield "E_TRUNCATED--end_missing.png", b"".join(good[:3])
    yield "E_TRUNCATED--last_byte_missing.png", b"".join(good)[:-1]
    yield "E_LIMIT--30000_x_30000.png", b"".join(png(30000, 30000, pixels=b""))
    yield "E_LIMIT--2_to_31_wide.png", b"".join(png(2**31, 1, pixels=b""))
    yield "E_CORRUPT--checksum_of_data.png", b"".join(
        [good[0], good[1], good[2][:-1] + b"?", good[3]])
    yield "E_CORRUPT--checksum_of_size.png", b"".join(
        [good[0], good[1][:-1] + b"?", good[2], good[3]])
    yield "E_CORRUPT--size_not_first.png", b"".join([good[0], good[2], good[1], good[3]])
    yield "E_CORRUPT--rows_missing.png", b"".join(png(5, 40, pixels=good[2][8:-4]))
    yield "E_CORRUPT--no_data.png", b"".join([good[0], good[1], good[3]])
    yield "E_CORRUPT--not_deflated.png", b"".join(png(pixels=b"pixels"))
    yield "E_CORRUPT--zero_high.png", b"".join(png(5, 0, pixels=b""))
    yield "E_CORRUPT--3_bits.png", b"".join(png(depth=3))


# ---- texts ---------------------------------------------------------------------------


def texts():
    yield "E_SYNTAX--zero_byte.txt", b"half\0text\n"
    yield "E_SYNTAX--utf_16.txt", "half".encode("utf-16")
    yield "E_SYNTAX--latin_1.txt", "un caf\u00e9 au lait".encode("latin-1")
    yield "E_SYNTAX--byte_255.txt", b"what \xff\xff is this"
    yield "E_SYNTAX--cut_character.txt", b"the last one \xe6"
    yield "E_SYNTAX--surrogate.txt", b"\xed\xa0\x80"
    yield "E_SYNTAX--beyond_unicode.txt", b"\xf4\x90\x80\x80"
    yield "E_SYNTAX--gb18030_beyond_unicode.txt", b"\xe3\x32\x9a\x36"


# ---- MVSA-Single ---------------------------------------------------------------------

LABELS = "id\tlabel\tsplit811\n" + "".join(
    f"{i}\t{label}\t{part}\n" for i, label, part in [
        (1, "positive", "train"), (2, "negative", "train"), (3, "-", "-"),
        (5, "neutral", "dev"), (8, "positive", "test")])
OFFICIAL = "ID\ttext,image\n1\tneutral,positive\n2\tnegative,negative\n3\tpositive,negative\n"
TEXTS = "id\ttext\n" + "".join(f"{i}\tnumber {i}\n" for i in (1, 2, 3, 5, 8))


def npy(rows=5, side=32, kind="|u1", size=1, cut=0):
    header = (f"{{'descr': '{kind}', 'fortran_order': False, "
              f"'shape': ({rows}, {side}, {side}, 3), }}")
    header += " " * (-(len(header) + 11) % 64) + "\n"
    data = b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header.encode()
    return (data + bytes(rows * side * side * 3 * size))[: -cut or None]


def mvsa(labels=LABELS, text_table=TEXTS, pictures=None, name="labels.tsv", drop=(),
         extra=None):
    """a small set; extra replaces or adds files, drop leaves some out"""
    files = {}
    for i in (1, 2, 3, 5, 8):
        files[f"MVSA_Single/data/{i}.jpg"] = BASELINE
        files[f"MVSA_Single/data/{i}.txt"] = f"number {i} \n".encode()
    if labels is not None:
        files[name] = labels.encode()
    if text_table is not None:
        files["texts.tsv"] = text_table.encode()
    if pictures is not None:
        files["images_rgb32.npy"] = pictures
    files.update(extra or {})
    return make_zip([(path, data, 0o100644) for path, data in files.items()
                     if path not in drop])


def official(labels=OFFICIAL, **more):
    return mvsa(labels, None, None, "MVSA_Single/labelResultAll.txt", **more)


def mvsa_archives():
    data = "MVSA_Single/data/"
    yield "E_MISSING--no_labels.zip", mvsa(None)
    yield "E_MISSING--photograph.zip", mvsa(drop=[data + "5.jpg"])
    yield "E_MISSING--text_file.zip", official(drop=[data + "2.txt"])
    yield "E_MISSING--text_row.zip", mvsa(text_table=TEXTS.replace("5\tnumber", "6\tnumber"))
    yield "E_MISSING--photographs_in_another_folder.zip", make_zip(
        [("labels.tsv", LABELS.encode(), 0o100644), ("texts.tsv", TEXTS.encode(), 0o100644),
         ("photos/1.jpg", BASELINE, 0o100644)])
    yield "E_MISSING--label_column.zip", mvsa(LABELS.replace("label", "sentiment"))
    yield "E_MISSING--id_column.zip", official(OFFICIAL.replace("ID", "number"))
    yield "E_MISSING--text_column.zip", mvsa(text_table=TEXTS.replace("text", "words", 1))
    yield "E_MISSING--all_contradict.zip", official(
        "ID\ttext,image\n1\tnegative,positive\n2\tpositive,negative\n")
    yield "E_UNKNOWN--label.zip", mvsa(LABELS.replace("neutral", "Neutral"))
    yield "E_UNKNOWN--label_of_the_image.zip", official(
        OFFICIAL.replace("neutral,positive", "neutral,happy"))
    yield "E_UNKNOWN--label_with_a_blank.zip", official(
        OFFICIAL.replace("neutral,positive", "neutral, positive"))
    yield "E_UNKNOWN--part.zip", mvsa(LABELS.replace("dev", "validation"))
    yield "E_UNKNOWN--no_part.zip", mvsa(LABELS.replace("dev", "-"))
    yield "E_SYNTAX--one_label.zip", official(OFFICIAL.replace("neutral,positive", "neutral"))
    yield "E_SYNTAX--id_is_a_word.zip", mvsa(LABELS.replace("2\tneg", "two\tneg"))
    yield "E_SYNTAX--id_of_a_text.zip", mvsa(text_table=TEXTS.replace("2\tn", "two\tn"))
    yield "E_SYNTAX--zero_byte_in_a_text.zip", official(extra={data + "1.txt": b"a\0b"})
    yield "E_SYNTAX--text_in_no_encoding.zip", official(extra={data + "1.txt": b"caf\xe9 !"})
    yield "E_SYNTAX--photograph_is_a_gif.zip", mvsa(extra={data + "1.jpg": b"GIF89a" + bytes(20)})
    yield "E_TYPE--id_with_a_fraction.zip", mvsa(LABELS.replace("2\tneg", "2.5\tneg"))
    yield "E_RANGE--id_is_negative.zip", mvsa(LABELS.replace("2\tneg", "-2\tneg"))
    yield "E_RANGE--id_over_31_bits.zip", mvsa(LABELS.replace("2\tneg", "2147483648\tneg"))
    yield "E_RANGE--all_for_the_test.zip", mvsa(
        LABELS.replace("train", "test").replace("dev", "test"))
    yield "E_DUPLICATE--id.zip", mvsa(LABELS + "2\tneutral\ttest\n")
    yield "E_DUPLICATE--id_left_out.zip", mvsa(LABELS + "2\t-\t-\n")
    yield "E_DUPLICATE--id_of_a_text.zip", mvsa(text_table=TEXTS + "2\tagain\n")
    yield "E_DUPLICATE--two_data_folders.zip", mvsa(extra={"MVSA/data/1.jpg": BASELINE})
    yield "E_DUPLICATE--two_label_tables.zip", mvsa(extra={"old/labels.tsv": LABELS.encode()})
    yield "E_DUPLICATE--header_of_mvsa_multiple.zip", official(
        "ID\ttext,image\ttext,image\ttext,image\n1" + 3 * "\tneutral,positive" + "\n")
    yield "E_COUNT--cell_missing.zip", mvsa(LABELS.replace("\tdev", ""))
    yield "E_COUNT--pictures.zip", mvsa(pictures=npy(rows=4))
    yield "E_SHAPE--pictures.zip", mvsa(pictures=npy(side=31))
    yield "E_TYPE--pictures_of_floats.zip", mvsa(pictures=npy(kind="<f4", size=4))
    yield "E_TRUNCATED--pictures.zip", mvsa(pictures=npy(cut=1))
    yield "E_TRUNCATED--photograph.zip", mvsa(extra={data + "8.jpg": BASELINE[:-40]})
    yield "E_TRUNCATED--photograph_empty.zip", mvsa(extra={data + "8.jpg": b""})
    yield "E_TRUNCATED--labels_empty.zip", mvsa("")
    yield "E_LIMIT--photograph_30000_x_30000.zip", mvsa(
        extra={data + "2.jpg": sized(BASELINE, 30000, 30000)})
    yield "E_LIMIT--text_of_10_megabytes.zip", official(
        extra={data + "1.txt": b"word " * 2_000_000})
    yield "E_LIMIT--text_row_over_64_kib.zip", mvsa(
        text_table=TEXTS.replace("number 2", "word " * 20_000))


if __name__ == "__main__":
    for folder, made in (("image", images()), ("text-tokens", texts()),
                         ("mvsa-single", mvsa_archives())):
        (HERE / folder).mkdir(exist_ok=True)
        for name, data in made:
            (HERE / folder / name).write_bytes(data)
