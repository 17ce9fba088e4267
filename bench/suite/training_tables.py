"""The tables of what training.py measured."""

from __future__ import annotations

from collections.abc import Iterator

from suite.figures import best_style, percent, ratio, select, short, table
from suite.journal import Run
from suite.training import Row

LOSS_TOLERANCE, MODEL_TOLERANCE = 1e-5, 1e-4


def peer_names(runs: dict[str, Run], section: str) -> list[str]:
    depth = 4 if section == "training" else 3
    names = (k.split("/")[depth] for k in runs if k.startswith(f"{section}/"))
    return [name for name in dict.fromkeys(names) if name != "mmofl"]


def measured_rows(runs: dict[str, Run]) -> list[Row]:
    found = (k.split("/") for k in runs if k.startswith("training/"))
    keys = dict.fromkeys((f[1], int(f[2]), int(f[3])) for f in found)
    return [Row(*key) for key in keys]


def peer_cells(
    runs: dict[str, Run], key: str, peer: str, rate: str, ours: float
) -> Iterator[str]:
    style, theirs = best_style(runs, key, peer, rate)
    yield f"{theirs.spread(rate)} {style}" if theirs.good else "-"
    yield f"**{ratio(ours, theirs.median(rate))}**" if theirs.good else "-"


def training_row(runs: dict[str, Run], row: Row, peers: list[str]) -> list[str]:
    ours = select(runs, f"{row.key}/mmofl")
    cells = [
        row.shape,
        str(row.batch),
        str(row.threads),
        ours.spread("steps_per_s"),
        short(ours.median("gflops")),
        percent(ours.median("share_of_peak")),
        percent(ours.median("local_share_of_peak")),
    ]
    for peer in peers:
        cells += peer_cells(
            runs, row.key, peer, "steps_per_s", ours.median("steps_per_s")
        )
    return cells


def training_table(runs: dict[str, Run]) -> str:
    peers = peer_names(runs, "training")
    head = "shape|>batch|>threads|>mmofl steps/s|>GFLOP/s|>share of peak|>local steps"
    head += "".join(f"|>{peer} steps/s, style|>ratio" for peer in peers)
    return table(head, (training_row(runs, r, peers) for r in measured_rows(runs)))


def forward_table(runs: dict[str, Run]) -> str:
    peers = peer_names(runs, "forward")
    keys = dict.fromkeys(
        "/".join(k.split("/")[:3]) for k in runs if k.startswith("forward/")
    )
    lines = []
    for key in keys:
        ours = select(runs, f"{key}/mmofl")
        cells = key.split("/")[1:3]
        cells += [ours.spread("samples_per_s"), percent(ours.median("share_of_peak"))]
        for peer in peers:
            cells += peer_cells(
                runs, key, peer, "samples_per_s", ours.median("samples_per_s")
            )
        lines.append(cells)
    head = "shape|>threads|>mmofl samples/s|>share of peak"
    head += "".join(f"|>{peer} samples/s, style|>ratio" for peer in peers)
    return table(head, lines)


def memory_table(runs: dict[str, Run]) -> str:
    """Peak resident memory of a process (or of all), at the largest common batch."""
    peers = peer_names(runs, "training")
    lines = []
    for row in measured_rows(runs):
        if row.batch == 32:
            cells = [select(runs, f"{row.key}/mmofl")]
            cells += [best_style(runs, row.key, p, "steps_per_s")[1] for p in peers]
            mb = [short(c.median("peak_rss_bytes") / 1e6) for c in cells]
            lines.append([row.shape, str(row.threads), *mb])
    head = "shape, batch 32|>threads|>mmofl MB" + "".join(f"|>{p} MB" for p in peers)
    return table(head, lines)


def isa_table(runs: dict[str, Run]) -> str:
    lines = []
    for isa in ("base", "v3", "v4"):
        for batch in (16, 32):
            f = select(runs, f"isa/{isa}/{batch}")
            if any(run.get("isa") == isa for run in f.good):
                share = percent(f.median("local_share_of_peak"))
                peak = short(f.median("local_peak_gflops"))
                ms = short(1e3 / f.median("local_steps_per_s"))
                lines.append([isa, str(batch), ms, peak, share])
    return table("kernels|>batch|>ms a step of har|>peak GFLOP/s|>share of it", lines)


def method_cost(runs: dict[str, Run], batch: int) -> tuple[float, float]:
    """What qqr adds to pm, as shares: to a device's round in CPU time, to the bytes."""
    pm, qqr = (select(runs, f"method/{m}/{batch}") for m in ("pm", "qqr"))
    time = pm.median("local_steps_per_s") / qqr.median("local_steps_per_s") - 1
    sent = [
        f.median("bytes_up_per_round") + f.median("bytes_down_per_round")
        for f in (pm, qqr)
    ]
    return time, sent[1] / sent[0] - 1


def method_table(runs: dict[str, Run]) -> str:
    lines = []
    for batch in (16, 32):
        rates = [
            select(runs, f"method/{m}/{batch}").spread(rate)
            for rate in ("rounds_per_s", "local_steps_per_s")
            for m in ("pm", "qqr")
        ]
        costs = [f"{100 * cost:.1f} %" for cost in method_cost(runs, batch)]
        lines.append([str(batch), *rates, *costs])
    head = ">batch|>pm rounds/s|>qqr rounds/s|>pm local steps/s|>qqr local steps/s"
    head += "|>qqr's extra time|>extra bytes"
    return table(head, lines)


def machine_table(runs: dict[str, Run]) -> str:
    run = runs["machine/0"]
    if "failed" in run:
        return f"Not measured: {run['failed']}."
    lines = [
        ["multiply-adds in registers, GFLOP/s", *map(short, run["fma_gflops"])],
        ["copy, GB/s read and written", *map(short, run["copy_gb_per_s"])],
        ["triad, GB/s", *map(short, run["triad_gb_per_s"])],
    ]
    return table(f"kernels {run['isa']}|>1 thread|>{run['threads']} threads", lines)


def mismatches(runs: dict[str, Run]) -> list[str]:
    """Peers that did not do the same work."""
    return [
        f"{key}: loss off by {run['check_loss_error']:.1e},"
        f" model by {run['check_model_error']:.1e}"
        for key, run in runs.items()
        if not run.get("check_loss_error", 0) <= LOSS_TOLERANCE
        or not run.get("check_model_error", 0) <= MODEL_TOLERANCE
    ]


def checks(runs: dict[str, Run]) -> int:
    return sum("check_loss_error" in run for run in runs.values())


def slow_peers(runs: dict[str, Run]) -> list[str]:
    """Debian's PyTorch without OpenBLAS has slow linear layers: ratios are too good."""
    return [
        key
        for key, run in runs.items()
        if run.get("torch_version", "").startswith("1.")
        and "openblas" not in run.get("blas", "openblas")
    ]
