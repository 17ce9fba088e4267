#!/usr/bin/env python3
"""Writes the bad archives of tests/bad/utd-mhad.

Run from anywhere; the files are committed, so only a change of this script needs a run.
Each file's name starts with the status that it must be refused with.
"""
import pathlib
import struct

import make_matlab
from make_archives import make_zip
from make_npy import npy

HERE = pathlib.Path(__file__).parent
INDEX = "row\taction\tsubject\ttrial\n0\t1\t1\t1\n1\t1\t2\t1\n"
SHAPES = {"acc_f32": (128, 3), "gyro_f32": (128, 3), "skeleton_f32": (64, 60),
          "depth_u8": (8, 30, 40)}


def array(shape, descr="<f4", data=None):
    n = int(descr[2])
    for dim in shape:
        n *= dim
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    return npy(text, bytes(n) if data is None else data)


def arrays(rows=2, **changed):
    """The layout of arrays, some of its files changed (None: left out)."""
    made = {f"{name}.npy": array((rows, *shape), "|u1" if "u8" in name else "<f4")
            for name, shape in SHAPES.items()}
    made["index.tsv"] = INDEX.encode()
    for name, data in changed.items():
        name = "index.tsv" if name == "index" else f"{name}.npy"
        made[name] = data.encode() if isinstance(data, str) else data
    return archive(made)


def archive(files):
    return make_zip([(path, data, 0o100644) for path, data in sorted(files.items())
                     if data is not None])


def mat(name, dims, value=0.0, **more):
    n = 1
    for dim in dims:
        n *= dim
    values = struct.pack(f"<{n}d", *[value] * n)
    return make_matlab.file(make_matlab.packed(
        make_matlab.matrix(name, dims, values, **more)))


def matlab(**changed):
    """The layout of MATLAB files, a trial of two subjects; a key that is no file's name
    as it stands has "__" for "/"."""
    made = {}
    for subject in 1, 2:
        made[f"Inertial/a1_s{subject}_t1_inertial.mat"] = mat(b"d_iner", (5, 6))
        made[f"Skeleton/a1_s{subject}_t1_skeleton.mat"] = mat(b"d_skel", (20, 3, 4))
    for name, data in changed.items():
        made[name.replace("__", "/") + ".mat"] = data
    return archive(made)


def index(*rows):
    return INDEX.split("\n")[0] + "\n" + "".join(row.replace(" ", "\t") + "\n" for row in rows)


def array_archives():
    good = arrays()
    data = bytearray(2 * 128 * 3 * 4)
    struct.pack_into("<f", data, 3068, float("nan"))
    yield "E_TRUNCATED--half.zip", good[: len(good) // 2]
    yield "E_TRUNCATED--index_empty.zip", arrays(index="")
    yield "E_TRUNCATED--index_without_rows.zip", arrays(index=index())
    yield "E_TRUNCATED--array_cut.zip", arrays(acc_f32=array((2, 128, 3))[:-4])
    yield "E_MISSING--index_alone.zip", archive({"index.tsv": INDEX.encode()})
    yield "E_MISSING--depth.zip", arrays(depth_u8=None)
    yield "E_MISSING--column.zip", arrays(index=INDEX.replace("trial", "try"))
    yield "E_COUNT--row_fewer_in_index.zip", arrays(rows=3)
    yield "E_COUNT--row_more_in_index.zip", arrays(
        index=index("0 1 1 1", "1 1 2 1", "2 1 3 1"))
    yield "E_COUNT--one_array_is_shorter.zip", arrays(gyro_f32=array((1, 128, 3)))
    yield "E_COUNT--cell_missing.zip", arrays(index=index("0 1 1 1", "1 1 2"))
    yield "E_RANGE--action_28.zip", arrays(index=index("0 1 1 1", "1 28 2 1"))
    yield "E_RANGE--action_0.zip", arrays(index=index("0 1 1 1", "1 0 2 1"))
    yield "E_RANGE--subject_9.zip", arrays(index=index("0 1 1 1", "1 1 9 1"))
    yield "E_RANGE--trial_5.zip", arrays(index=index("0 1 1 1", "1 1 2 5"))
    yield "E_RANGE--rows_out_of_order.zip", arrays(index=index("1 1 1 1", "0 1 2 1"))
    yield "E_SYNTAX--word_in_index.zip", arrays(index=index("0 1 1 1", "1 wave 2 1"))
    yield "E_SYNTAX--array_is_text.zip", arrays(skeleton_f32="1 2 3\n")
    yield "E_DUPLICATE--sequence.zip", arrays(index=index("0 1 1 1", "1 1 1 1"))
    yield "E_DUPLICATE--two_index_files.zip", archive(
        {"a/index.tsv": INDEX.encode(), "b/index.tsv": INDEX.encode()})
    yield "E_INFEASIBLE--nobody_to_train_on.zip", arrays(
        index=index("0 1 4 1", "1 1 2 1"))
    yield "E_INFEASIBLE--nobody_to_test_on.zip", arrays(
        index=index("0 1 1 1", "1 1 3 1"))
    yield "E_TYPE--acceleration_of_doubles.zip", arrays(
        acc_f32=array((2, 128, 3), "<f8"))
    yield "E_TYPE--depth_of_floats.zip", arrays(depth_u8=array((2, 8, 30, 40)))
    yield "E_UNSUPPORTED--half_floats.zip", arrays(acc_f32=array((2, 128, 3), "<f2"))
    yield "E_SHAPE--100_steps.zip", arrays(acc_f32=array((2, 100, 3)))
    yield "E_SHAPE--one_dimension_less.zip", arrays(skeleton_f32=array((2, 3840)))
    yield "E_SHAPE--one_dimension_more.zip", arrays(gyro_f32=array((2, 128, 3, 1)))
    yield "E_SHAPE--depth_as_height_width_frame.zip", arrays(
        depth_u8=array((2, 30, 40, 8), "|u1"))
    yield "E_NONFINITE--nan.zip", arrays(acc_f32=array((2, 128, 3), data=bytes(data)))


def matlab_archives():
    inertial, skeleton = mat(b"d_iner", (5, 6)), mat(b"d_skel", (20, 3, 4))
    yield "E_MISSING--neither_layout.zip", archive({"Inertial/readme.txt": b"hello"})
    yield "E_MISSING--skeleton.zip", matlab(Inertial__a27_s8_t4_inertial=inertial)
    yield "E_MISSING--inertial.zip", matlab(Skeleton__a27_s8_t4_skeleton=skeleton)
    yield "E_MISSING--other_variable.zip", matlab(
        Inertial__a1_s1_t1_inertial=mat(b"d_skel", (5, 6)))
    yield "E_DUPLICATE--file_in_two_folders.zip", matlab(Copy__a1_s1_t1_inertial=inertial)
    yield "E_RANGE--action_28_by_name.zip", matlab(Inertial__a28_s1_t1_inertial=inertial)
    yield "E_RANGE--subject_0_by_name.zip", matlab(Inertial__a1_s0_t1_inertial=inertial)
    yield "E_RANGE--trial_of_20_digits.zip", matlab(
        Inertial__a1_s1_t99999999999999999999_inertial=inertial)
    yield "E_SYNTAX--name_without_trial.zip", matlab(Inertial__a1_s1_inertial=inertial)
    yield "E_SYNTAX--name_with_more.zip", matlab(Inertial__a1_s1_t1_x_inertial=inertial)
    yield "E_SYNTAX--name_with_leading_zero.zip", matlab(
        Inertial__a01_s1_t1_inertial=inertial)
    yield "E_SYNTAX--name_without_numbers.zip", matlab(Inertial__x_inertial=inertial)
    yield "E_SYNTAX--file_is_text.zip", matlab(
        Inertial__a1_s1_t1_inertial=b"1 2 3\n" * 40)
    yield "E_TRUNCATED--file_is_empty.zip", matlab(Skeleton__a1_s2_t1_skeleton=b"")
    yield "E_TRUNCATED--file_is_cut.zip", matlab(
        Skeleton__a1_s2_t1_skeleton=skeleton[:-1])
    yield "E_SHAPE--five_columns.zip", matlab(
        Inertial__a1_s2_t1_inertial=mat(b"d_iner", (5, 5)))
    yield "E_SHAPE--one_step.zip", matlab(
        Inertial__a1_s2_t1_inertial=mat(b"d_iner", (1, 6)))
    yield "E_SHAPE--no_step.zip", matlab(
        Inertial__a1_s2_t1_inertial=mat(b"d_iner", (0, 6)))
    yield "E_SHAPE--three_dimensions.zip", matlab(
        Inertial__a1_s2_t1_inertial=mat(b"d_iner", (5, 6, 1)))
    yield "E_SHAPE--25_joints.zip", matlab(
        Skeleton__a1_s2_t1_skeleton=mat(b"d_skel", (25, 3, 4)))
    yield "E_SHAPE--one_frame.zip", matlab(
        Skeleton__a1_s2_t1_skeleton=mat(b"d_skel", (20, 3)))
    yield "E_LIMIT--4097_steps.zip", matlab(
        Inertial__a1_s2_t1_inertial=mat(b"d_iner", (4097, 6)))
    yield "E_TYPE--cell.zip", matlab(
        Inertial__a1_s2_t1_inertial=mat(b"d_iner", (5, 6), kind=make_matlab.CELL))
    yield "E_NONFINITE--nan_in_a_file.zip", matlab(
        Inertial__a1_s2_t1_inertial=mat(b"d_iner", (5, 6), float("nan")))
    yield "E_NONFINITE--beyond_float.zip", matlab(
        Skeleton__a1_s2_t1_skeleton=mat(b"d_skel", (20, 3, 4), 1e39))


def main():
    folder = HERE / "utd-mhad"
    folder.mkdir(exist_ok=True)
    for made in array_archives(), matlab_archives():
        for name, data in made:
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
