"""What machine this is, in words that a table can carry."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path

# Flags that matter here beyond those of the classes x86-64-v3 and v4.
FURTHER_FLAGS = ("avx512_bf16", "avx512_vnni", "amx_bf16", "asimdhp", "sve")


def cpu_field(name: str) -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.split(":")[0].strip() == name:
            return line.split(":", 1)[1].strip()
    return ""


def flags_class(flags: set[str]) -> str:
    if {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"} <= flags:
        return "x86-64-v4"
    if {"avx2", "fma", "bmi2"} <= flags:
        return "x86-64-v3"
    return platform.machine()


def first_line(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.splitlines()[0] if done.stdout else "unknown"


def cache(level: int) -> str:
    """Size of a cache as core 0 sees it, or nothing."""
    for index in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"):
        kind = (index / "type").read_text().strip()
        if int((index / "level").read_text()) == level and kind != "Instruction":
            return (index / "size").read_text().strip()
    return ""


def describe() -> dict[str, str]:
    flags = set((cpu_field("flags") or cpu_field("Features")).split())
    cores = len(os.sched_getaffinity(0))
    caches = [f"L{n} {cache(n)}" for n in (1, 2, 3) if cache(n)]
    return {
        "cpu": cpu_field("model name") or platform.machine(),
        "family": f"{cpu_field('cpu family')}/{cpu_field('model')}",
        "cores": f"{cores} core{'' if cores == 1 else 's'}",
        "flags": " ".join(
            [flags_class(flags), *(f for f in FURTHER_FLAGS if f in flags)]
        ),
        "caches": ", ".join(caches),
        "kernel": platform.release(),
        "gcc": first_line("gcc", "--version"),
    }


def sentence(machine: dict[str, str]) -> str:
    return (
        f"{machine['cpu']} (family/model {machine['family']}), {machine['cores']},"
        f" {machine['flags']}; {machine['caches']}; Linux {machine['kernel']};"
        f" {machine['gcc']}"
    )


def slug(machine: dict[str, str]) -> str:
    """A file name for results on such machines."""
    words = f"{machine['cpu']} {machine['family']} {machine['cores']}".lower()
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"\((r|tm)\)", "", words)).strip("-")
