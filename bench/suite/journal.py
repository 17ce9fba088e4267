"""Results as they come, kept line by line, so that an interrupted bench goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = dict[str, Any]  # one measurement; {"failed": why} where there is none


class Journal:
    """A file of JSON lines: what it is of, then [key, run] for each measurement.

    A file that is of something else (another program, another machine, other settings)
    is begun anew.
    """

    def __init__(self, path: Path, of: dict[str, Any]) -> None:
        self.path = path
        self.runs: dict[str, Run] = {}
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        # A line without its end is one that a crash cut.
        lines = text[: text.rfind("\n") + 1].splitlines()
        if lines and json.loads(lines[0]) == of:
            for line in lines[1:]:
                key, run = json.loads(line)
                self.runs[key] = run
        else:
            lines = [json.dumps(of)]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def measure(self, key: str, run: Callable[[], Run]) -> Run:
        """The measurement of that key, made now unless it is there."""
        if key not in self.runs:
            self.runs[key] = run()
            if "failed" not in self.runs[key]:  # else it is tried again another time
                with open(self.path, "a", encoding="utf-8") as file:
                    file.write(json.dumps([key, self.runs[key]]) + "\n")
        return self.runs[key]
