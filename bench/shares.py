#!/usr/bin/python3
"""Where the CPU time of a run goes, by part of the program: the table of docs/performance.md.

usage: shares.py --mmofl PROGRAM [--functions N] ARGUMENTS OF mmofl run...

The run goes on one thread under `perf record`; each sample counts for the function it is
in, with what the compiler put into it, and functions count for the part their source file
belongs to.  Needs perf, binutils and a program with line numbers (the presets' builds).

Exit: 0 printed, 1 perf or the run failed, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

# The first pattern that "file function" matches says what a sample counts for.
PARTS = [
    ("matrix products", r"src/nn/kernels/(gemm|tile)"),
    ("other kernels: pooling, ReLU, loss, steps", r"src/nn/(kernels|layers|optimizer|gradient)"),
    ("passes over the layers", r"src/nn"),
    ("noise", r"src/base/noise"),
    ("samples: from memory, standardised", r"dataset_(affine|values|ahead)| ahead"),
    (
        "what devices hold: masks, shuffles",
        r"src/base/rng|src/data/(imbalance|stream)|src/sim/holding",
    ),
    ("prototypes, method", r"src/learn/(prototype|replay|methods)"),
    ("learner, aggregation, messages", r"src/(learn|fed|link|sim|wire)"),
    ("copies in libc", r"libc.* __mem"),
    ("store, exports, start, system", r""),
]


def part_of(function: str) -> str:
    return next(part for part, pattern in PARTS if re.search(pattern, function))


def record(mmofl: Path, arguments: list[str], folder: Path) -> Path:
    data = folder / "perf.data"
    subprocess.run(
        ["perf", "record", "-q", "-e", "cpu-clock", "-F", "5000", "-o", data, mmofl, "run"]
        + [*arguments, "--quiet", "--threads", "1", "--out", folder / "run"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return data


def samples(data: Path, mmofl: Path) -> tuple[Counter[int], Counter[str]]:
    """Samples by address in the program, and by "library function" elsewhere."""
    script = subprocess.run(
        ["perf", "script", "-i", data, "--show-mmap-events", "-F", "ip,sym,dso,event"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    inside: Counter[int] = Counter()
    outside: Counter[str] = Counter()
    start = 0
    for line in script.splitlines():
        mapped = re.search(r"\[0x(\w+)\(0x\w+\) @ (?:0x)?(\w+) .*r-xp (.*)$", line)
        if mapped and Path(mapped[3]).name == mmofl.name:
            start = int(mapped[1], 16) - int(mapped[2], 16)
        sample = re.search(r"\s([0-9a-f]{6,})\s+(\S+).*\(([^()]*)\)\s*$", line)
        if mapped or not sample:
            continue
        library = Path(sample[3]).name
        if library == mmofl.name:
            inside[int(sample[1], 16) - start] += 1
        else:
            outside[f"{library} {sample[2]}"] += 1
    return inside, outside


def functions(addresses: list[int], mmofl: Path) -> dict[int, str]:
    """The outermost "file function" at each address: what was inlined is its caller's."""
    lines = subprocess.run(
        ["addr2line", "-a", "-i", "-f", "-e", mmofl],
        input="\n".join(map(hex, addresses)),
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    found: dict[int, str] = {}
    address = 0
    for name, place in zip(lines, lines[1:]):
        if name.startswith("0x"):
            address = int(name, 16)
        elif ":" in place and not place.startswith("0x"):
            file = re.sub(r".*/(src|include)/", r"\1/", place.split(":")[0])
            found[address] = f"{file} {name}"
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--mmofl", type=Path, required=True)
    parser.add_argument("--functions", type=int, default=0, help="list this many, too")
    options, arguments = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as name:
        try:
            data = record(options.mmofl, arguments, Path(name))
            inside, outside = samples(data, options.mmofl)
            names = functions(list(inside), options.mmofl)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"shares: {error}", file=sys.stderr)
            return 1
    by_function = Counter(outside)
    for address, count in inside.items():
        by_function[names.get(address, "?")] += count
    parts: Counter[str] = Counter()
    for function, count in by_function.items():
        parts[part_of(function)] += count
    total = sum(parts.values())
    print("| part | share |\n| --- | ---: |")
    for part, count in parts.most_common():
        print(f"| {part} | {100 * count / total:.1f} % |")
    for function, count in by_function.most_common(options.functions):
        print(f"{100 * count / total:6.2f} %  {function}  ({part_of(function)})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
