"""What all sections of the bench share."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from suite.journal import Journal, Run
from suite.programs import PyTorch, run_json

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass
class Bench:
    mmofl: str
    python: str  # one with NumPy
    torches: dict[str, PyTorch]  # "PyTorch 1.13" and so on
    flower: str  # a Python with Flower, or nothing
    absent: dict[str, str]  # peers that are not there, and why
    work: Path  # for data and results of workloads
    journal: Journal
    quick: bool
    began: float = field(default_factory=time.monotonic)

    @property
    def repeats(self) -> int:
        return 1 if self.quick else 3

    @property
    def seconds(self) -> float:
        return 0.2 if self.quick else 0.3

    @property
    def threads(self) -> list[int]:
        return [1, 2] if len(os.sched_getaffinity(0)) > 1 else [1]

    def measure(self, key: str, run: Callable[[], Run]) -> Run:
        return self.journal.measure(key, run)

    def ours(
        self, key: str, *arguments: object, environment: dict[str, str] | None = None
    ) -> Run:
        """One `mmofl bench`."""
        command = [self.mmofl, "bench", "--json", *map(str, arguments)]
        return self.measure(key, lambda: run_json(command, environment))

    def say(self, text: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self.began), 60)
        print(f"[{minutes:2d}:{seconds:02d}] {text}", file=sys.stderr, flush=True)
