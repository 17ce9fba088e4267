"""Running what is measured: mmofl, and the peers in their own environments."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

from suite.journal import Run

PEERS = Path(__file__).resolve().parent.parent / "peers"
TIMEOUT_S = 600


def last_line(text: str, otherwise: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else otherwise


def run_json(command: list[str], environment: dict[str, str] | None = None) -> Run:
    """The command's JSON, or why there is none."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            env={**os.environ, **(environment or {})},
        )
        if done.returncode == 0:
            return json.loads(done.stdout)
        return {"failed": last_line(done.stderr, f"exit status {done.returncode}")}
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return {"failed": str(error)}


def run_timed(command: list[str], environment: dict[str, str]) -> Run:
    """Wall and CPU seconds and peak memory of the command, and what it said."""
    with tempfile.TemporaryFile("w+") as said:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env={**os.environ, **environment},
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read()
    if process.returncode != 0:
        return {"failed": last_line(text, f"exit status {process.returncode}")}
    return {
        "seconds": seconds,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak_rss_bytes": used.ru_maxrss * 1024,
        "said": text,
    }


class PyTorch:
    """peers/pytorch.py, started once for a Python and asked again and again."""

    def __init__(self, python: str) -> None:
        self.command = [python, str(PEERS / "pytorch.py"), "--serve"]
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> tuple[IO[str], IO[str]]:
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
        assert self.process.stdin and self.process.stdout
        return self.process.stdin, self.process.stdout

    def measure(self, arguments: list[str]) -> Run:
        requests, answers = self.start()
        try:
            requests.write(json.dumps(arguments) + "\n")
            requests.flush()
            if not select.select([answers], [], [], TIMEOUT_S)[0]:
                self.stop()
                return {"failed": f"no answer within {TIMEOUT_S} s"}
            return json.loads(answers.readline())
        except (OSError, ValueError) as error:
            self.stop()
            return {"failed": f"peers/pytorch.py: {error}"}

    def stop(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)  # it, and what it forked
            self.process.wait()
            self.process = None


def why_not(python: str, module: str) -> str:
    """Why that Python cannot import the module, or nothing."""
    probe = run_json([python, "-c", f"import {module}; print('{{}}')"])
    return probe.get("failed", "")


def environment_python(folder: Path) -> str:
    return str(folder / "bin/python")


def install(folder: Path, requirements: Path) -> None:
    """A virtual environment with those packages; says so where it cannot be had."""
    if (folder / "complete").exists():
        return
    print(f"installing {requirements.read_text().split()[0]} in {folder}", flush=True)
    steps = [
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [
            environment_python(folder),
            "-m",
            "pip",
            "install",
            "-q",
            "-r",
            str(requirements),
        ],
    ]
    try:
        for step in steps:
            subprocess.run(step, check=True, timeout=1800)
        (folder / "complete").touch()
    except (OSError, subprocess.SubprocessError) as error:
        print(f"not installed: {error}", file=sys.stderr)
