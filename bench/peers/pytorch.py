#!/usr/bin/python3
"""PyTorch peer of `mmofl bench`: the same shapes, rounds and tests (training.py).

One measurement, or with --serve one for each line of standard input, a JSON list of
arguments, each in a process of its own that is forked after PyTorch was imported; the
answer is one line of JSON, {"failed": why} where it went wrong.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import sys
import traceback

STYLES = ["plain", "tuned", "jit", "native", "compile"]
# glibc's mallopt: keep freed activations instead of giving them back every step.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(description="time PyTorch on a shape of mmofl bench")
    p.add_argument("--shape", default="har", help="see models.py")
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--devices", type=int, default=20)
    p.add_argument("--steps", type=int, default=5, help="per device and round")
    p.add_argument("--style", choices=STYLES, default="tuned")
    p.add_argument("--processes", type=int, default=1)
    p.add_argument("--op-threads", type=int, default=1, help="inside an operation")
    p.add_argument("--seconds", type=float, default=3.0, help="at least one round")
    p.add_argument("--forward", action="store_true", help="time tests, no training")
    p.add_argument("--check", metavar="TRACE", help="of mmofl bench: is it the same?")
    p.add_argument("--serve", action="store_true", help="measure what stdin asks for")
    p.add_argument("--json", action="store_true")
    return p


def fair_environment(args: argparse.Namespace) -> None:
    """Start again with the environment in which PyTorch is fastest.

    OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE, where a machine exports them, slow OpenBLAS
    down, and its pthread flavour does not hear torch.set_num_threads.
    """
    wanted = dict(os.environ)
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        wanted.pop(name, None)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        wanted[name] = str(args.op_threads)
    if wanted != dict(os.environ):
        os.execve(sys.executable, [sys.executable, *sys.argv], wanted)


def blas() -> str:
    """Folder of the BLAS in use: "blas" is the slow reference implementation."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        paths = {line.split()[-1] for line in maps if "blas" in line}
    return " ".join(sorted({os.path.basename(os.path.dirname(p)) for p in paths}))


def measure(args: argparse.Namespace) -> dict[str, object]:
    import training  # noqa: PLC0415  (PyTorch, after the environment is settled)

    if args.style != "plain":
        libc = ctypes.CDLL(None)
        for option in (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD):
            libc.mallopt(option, 1 << 30)
    return {**training.measure(args), "blas": blas()}


def measure_apart(arguments: list[str]) -> str:
    """The line that answers a request; a child makes it, so that nothing stays."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            answer = measure(parser().parse_args(arguments))
        except BaseException as error:  # noqa: BLE001  (whatever it was, it is told)
            traceback.print_exc()
            answer = {"failed": f"{type(error).__name__}: {error}".splitlines()[0]}
        with os.fdopen(writer, "w") as pipe:
            pipe.write(json.dumps(answer))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return text or '{"failed": "the process was killed"}'


def serve() -> None:
    import training  # noqa: F401, PLC0415  (what the children find imported)

    for line in sys.stdin:
        print(measure_apart(json.loads(line)), flush=True)


def main() -> int:
    args = parser().parse_args()
    fair_environment(args)
    if args.serve:
        serve()
        return 0
    result = measure(args)
    if args.json:
        print(json.dumps(result))
    else:
        print("\n".join(f"{key:20} {value}" for key, value in result.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
