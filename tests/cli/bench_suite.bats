#!/usr/bin/env bats
# bench/suite: what ./dev bench keeps, chooses and writes.  Nothing is measured.

# shellcheck disable=SC2154  # status and output are set by run

bats_require_minimum_version 1.5.0

# suite TEXT: run it as Python that finds the package `suite`, in a folder of its own.
suite() {
    cd "$BATS_TEST_TMPDIR" || return
    run env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$BATS_TEST_DIRNAME/../../bench" \
        python3 -c "$1"
    [ "$status" -eq 0 ] || {
        echo "$output"
        return 1
    }
}

@test "an interrupted bench goes on, and what failed is tried again" {
    suite '
from pathlib import Path
from suite.journal import Journal
path = Path("journal.jsonl")
journal = Journal(path, {"mmofl": "a"})
journal.measure("x/0", lambda: {"rate": 1})
journal.measure("x/1", lambda: {"failed": "no"})
again = Journal(path, {"mmofl": "a"})
assert again.measure("x/0", lambda: {"rate": 2}) == {"rate": 1}
assert again.measure("x/1", lambda: {"rate": 3}) == {"rate": 3}'
}

@test "results of another program are not gone on with" {
    suite '
from pathlib import Path
from suite.journal import Journal
path = Path("journal.jsonl")
Journal(path, {"mmofl": "a"}).measure("x/0", lambda: {"rate": 1})
assert Journal(path, {"mmofl": "b"}).runs == {}'
}

@test "a cut last line, as a crash leaves it, is left out" {
    suite '
from pathlib import Path
from suite.journal import Journal
path = Path("journal.jsonl")
Journal(path, {}).measure("x/0", lambda: {"rate": 1})
with open(path, "a") as file:
    file.write("[\"x/1\", {\"ra")
journal = Journal(path, {})
assert list(journal.runs) == ["x/0"]
journal.measure("x/1", lambda: {"rate": 2})
assert list(Journal(path, {}).runs) == ["x/0", "x/1"]'
}

@test "tables go between their markers, and nothing else changes" {
    suite '
from pathlib import Path
from suite.figures import write_sections
path = Path("page.md")
path.write_text("top\n<!-- bench:a -->\nold\n<!-- /bench:a -->\nend\n")
assert write_sections(path, {"a": "new", "b": "lost"}) == ["b"]
text = path.read_text()
assert text == "top\n<!-- bench:a -->\n\nnew\n\n<!-- /bench:a -->\nend\n", text
write_sections(path, {"a": "new"})
assert path.read_text() == text'
}

@test "the best style is that of the best median, and failures do not count" {
    suite '
from suite.figures import best_style
runs = {"k/P/tuned/0": {"r": 5}, "k/P/tuned/1": {"r": 1}, "k/P/tuned/2": {"r": 2},
        "k/P/jit/0": {"r": 3}, "k/P/plain/0": {"failed": "no"}}
style, figures = best_style(runs, "k", "P", "r")
assert style == "jit" and figures.median("r") == 3
assert best_style(runs, "k", "Q", "r")[0] == "-"'
}

@test "a peer that does other work is told" {
    suite '
from suite.training_tables import mismatches
good = {"check_loss_error": 1e-7, "check_model_error": 1e-6}
bad = [{**good, "check_loss_error": 1e-4}, {**good, "check_model_error": 1e-3},
       {**good, "check_loss_error": float("nan")}]
runs = {"good/0": good, "unchecked/0": {}, **{f"bad/{i}": b for i, b in enumerate(bad)}}
assert [m.split(":")[0] for m in mismatches(runs)] == ["bad/0", "bad/1", "bad/2"]'
}

@test "every aim has a number that is worked out, or a word on who shows it" {
    suite '
import json
from suite.aims import AIMS, aims_table, values
aims = json.loads(AIMS.read_text())
for aim in aims:
    bounds = [k for k in ("at_least", "at_most", "shown_by") if k in aim]
    assert len(bounds) == 1, aim
    assert "shown_by" in aim or aim["id"] in values({}), aim
assert aims_table({}).count("not measured") >= len(aims) - 1'
}

@test "every script of the bench compiles" {
    suite '
import py_compile
from pathlib import Path
import suite
root = Path(suite.__file__).parent.parent
for path in root.rglob("*.py"):
    py_compile.compile(str(path), cfile="unused.pyc", doraise=True)'
}
