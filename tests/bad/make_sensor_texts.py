#!/usr/bin/env python3
"""Writes the bad texts of tests/bad/pamap2, tests/bad/mhealth and tests/bad/room-occupancy.

Each is one file of the data set with one thing wrong; the tests put it into an archive.
Run from anywhere; the files are committed, so only a change of this script needs a run.
Each file's name starts with the status that it must be refused with.
"""
import pathlib

HERE = pathlib.Path(__file__).parent
ROWS = 6


def changed(rows, row, column, value):
    rows = [list(r) for r in rows]
    rows[row][column] = value
    return rows


def without(rows, row, column):
    return [r[:column] + r[column + 1:] if i == row else r for i, r in enumerate(rows)]


def numbers(columns, label_column, separator):
    """A good file of one activity, as rows of words, and how to write rows."""
    rows = [[f"{c}.0{r}" for c in range(columns)] for r in range(ROWS)]
    for r in range(ROWS):
        rows[r][label_column] = "4"
    return rows, lambda rows: "".join(separator.join(r) + "\n" for r in rows)


def logs(columns, label_column, separator):
    """What is wrong in either kind of log."""
    rows, text = numbers(columns, label_column, separator)
    yield "E_TRUNCATED--empty", ""
    yield "E_TRUNCATED--blank", "\n \n\n"
    yield "E_COUNT--column_missing", text(without(rows, 2, 7))
    yield "E_COUNT--column_too_many", text([r + ["1"] if i == 3 else r
                                            for i, r in enumerate(rows)])
    yield "E_COUNT--blank_row", text(rows[:2]) + "\n" + text(rows[2:])
    yield "E_COUNT--cut_in_a_row", text(rows)[:-40]
    yield "E_COUNT--no_activity", text([r[:label_column] + ["0"] + r[label_column + 1:]
                                        for r in rows])
    yield "E_COUNT--too_short_for_a_window", text(rows[:3])
    yield "E_RANGE--unknown_activity", text(changed(rows, 4, label_column, "99"))
    yield "E_RANGE--activity_with_a_fraction", text(
        changed(rows, 1, label_column, "4.5"))
    yield "E_RANGE--negative_activity", text(changed(rows, 1, label_column, "-1"))
    yield "E_SYNTAX--word", text(changed(rows, 1, 5, "abc"))
    yield "E_SYNTAX--decimal_comma", text(changed(rows, 1, 5, "0,5"))
    yield "E_SYNTAX--zero_byte", text(changed(rows, 1, 5, "1\0"))
    yield "E_NONFINITE--infinity", text(changed(rows, 0, 6, "-inf"))
    yield "E_NONFINITE--beyond_float", text(changed(rows, 5, 6, "1e39"))


def pamap2():
    rows, text = numbers(54, 1, " ")  # column 0 rises by 10 ms a row
    yield from logs(54, 1, " ")
    yield "E_RANGE--no_number_for_an_activity", text(changed(rows, 2, 1, "NaN"))
    yield "E_NONFINITE--no_number_for_a_time", text(changed(rows, 2, 0, "NaN"))
    yield "E_COUNT--time_runs_backwards", text(
        [[f"{9 - i}.0"] + r[1:] for i, r in enumerate(rows)])
    yield "E_COUNT--nothing_recorded", text(
        [r[:2] + ["NaN"] * 52 for r in rows])
    yield "E_SYNTAX--commas", text(rows).replace(" ", ",")


def mhealth():
    rows, text = numbers(24, 23, "\t")
    yield from logs(24, 23, "\t")
    yield "E_NONFINITE--nan", text(changed(rows, 2, 3, "NaN"))


HEADER = ("Date,Time,S1_Temp,S2_Temp,S3_Temp,S4_Temp,S1_Light,S2_Light,S3_Light,S4_Light,"
          "S1_Sound,S2_Sound,S3_Sound,S4_Sound,S5_CO2,S5_CO2_Slope,S6_PIR,S7_PIR,"
          "Room_Occupancy_Count").split(",")


def room():
    good = [HEADER] + [
        ["2017/12/22", f"10:{49 + r // 2}:{r % 2 * 30:02}"]
        + ["24.94", "24.75", "24.56", "25.38", "121", "34", "53", "40", "0.08", "0.19",
           "0.06", "0.06", "390", "0.769230769230769", "0", "0", "1"]
        for r in range(ROWS)]
    text = lambda rows: "".join(",".join(r) + "\n" for r in rows)
    yield "E_TRUNCATED--empty", ""
    yield "E_TRUNCATED--quote_never_ends", text(changed(good, 3, 4, '"24.9'))
    yield "E_DUPLICATE--no_header", text(good[1:])
    yield "E_MISSING--column_renamed", text(changed(good, 0, 6, "S1_Lux"))
    yield "E_MISSING--column_left_out", text([r[:-2] + r[-1:] for r in good])
    yield "E_COUNT--column_too_many", text([r + ["x"] for r in good])
    yield "E_COUNT--row_too_short", text(without(good, 4, 3))
    yield "E_COUNT--row_too_long", text(good) + ",".join(good[1] + ["1"]) + "\n"
    yield "E_COUNT--header_only", text(good[:1])
    yield "E_COUNT--too_short_for_a_window", text(good[:4])
    yield "E_COUNT--gap_of_an_hour", text(
        [r if i < 4 else r[:1] + [f"1{i - 3}" + r[1][2:]] + r[2:]
         for i, r in enumerate(good)])
    yield "E_DUPLICATE--column_twice", text(changed(good, 0, 7, "S1_Light"))
    yield "E_SYNTAX--empty_cell", text(changed(good, 2, 8, ""))
    yield "E_SYNTAX--word", text(changed(good, 2, 8, "dark"))
    yield "E_SYNTAX--date_the_other_way_round", text(changed(good, 2, 0, "22.12.2017"))
    yield "E_SYNTAX--date_with_a_time", text(changed(good, 2, 0, "2017/12/22 10"))
    yield "E_SYNTAX--time_without_seconds", text(changed(good, 2, 1, "10:50"))
    yield "E_SYNTAX--time_with_a_fraction", text(changed(good, 2, 1, "10:50:00.5"))
    yield "E_SYNTAX--zero_byte", text(changed(good, 2, 8, "3\0"))
    yield "E_RANGE--no_such_month", text(changed(good, 2, 0, "2017/13/01"))
    yield "E_RANGE--february_30", text(changed(good, 2, 0, "2017/02/30"))
    yield "E_RANGE--hour_24", text(changed(good, 2, 1, "24:00:00"))
    yield "E_RANGE--four_people", text(changed(good, 2, 18, "4"))
    yield "E_RANGE--fewer_than_none", text(changed(good, 2, 18, "-1"))
    yield "E_RANGE--same_time_twice", text(changed(good, 3, 1, good[2][1]))
    yield "E_RANGE--day_before", text(changed(good, 3, 0, "2017/12/21"))
    yield "E_TYPE--half_a_person", text(changed(good, 2, 18, "0.5"))
    yield "E_NONFINITE--nan", text(changed(good, 2, 9, "NaN"))
    yield "E_NONFINITE--beyond_float", text(changed(good, 2, 9, "1e39"))


if __name__ == "__main__":
    for folder, ending, made in (("pamap2", ".dat", pamap2()),
                                 ("mhealth", ".log", mhealth()),
                                 ("room-occupancy", ".csv", room())):
        (HERE / folder).mkdir(exist_ok=True)
        for name, data in made:
            (HERE / folder / (name + ending)).write_bytes(data.encode())
