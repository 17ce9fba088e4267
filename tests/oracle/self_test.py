#!/usr/bin/python3
"""Tests of the oracle itself, without the engine: traces written by PyTorch.

The models of the traces have every layer kind, and their batches mix masks: full samples,
one modality missing, all missing, and a step in which nobody has the second modality.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import tempfile
import unittest
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import replay
import torch
from torch.nn import functional
from torch_method import METHODS, Batch, Qqr
from torch_model import LAYERS, AttentionPool, MultimodalModel

Arrays = replay.Arrays
STEPS = 60
BATCH = 12
RATE = 0.25  # of dropout

MODEL: dict[str, Any] = {
    "encoders": [
        {
            "modality": "accelerometer",
            "shape": [32, 3],
            "layers": [
                {"kind": "conv1d", "out": 8, "kernel": 5, "stride": 1, "pad": 2},
                {"kind": "group_norm", "groups": 2, "eps": 1e-5},
                {"kind": "relu"},
                {"kind": "max_pool", "kernel": 3, "stride": 2, "pad": 1},
                {"kind": "conv1d", "out": 12, "kernel": 4, "stride": 2, "pad": 0},
                {"kind": "layer_norm", "eps": 1e-5},
                {"kind": "gelu"},
                {"kind": "global_avg_pool", "masked": False},
                {"kind": "linear", "out": 10},
            ],
        },
        {
            "modality": "sound",
            "shape": [20, 4],
            "layers": [
                {"kind": "linear", "out": 6},
                {"kind": "leaky_relu", "slope": 0.1},
                {"kind": "avg_pool", "kernel": 4, "stride": 0, "pad": 1},
                {"kind": "dropout", "p": RATE},
                {"kind": "flatten"},
                {"kind": "linear", "out": 9},
                {"kind": "tanh"},
            ],
        },
    ],
    "fusion": "concat",
    "head": [
        {"kind": "linear", "out": 16},
        {"kind": "tanh"},
        {"kind": "dropout", "p": RATE},
        {"kind": "linear", "out": 5},
    ],
    "classes": 5,
}
# Rows of several encoders, joined by the head.
STACKED: dict[str, Any] = {
    "encoders": [
        {
            "modality": "text",
            "shape": [9],
            "vocabulary": 20,
            "layers": [{"kind": "embedding", "out": 6}],
        },
        {
            "modality": "sound",
            "shape": [20, 4],
            "layers": [
                {"kind": "linear", "out": 6},
                {"kind": "attention_pool", "heads": 1, "hidden": 7, "masked": False},
            ],
        },
        {
            "modality": "motion",
            "shape": [3, 6],
            "layers": [{"kind": "gated_sum"}],
        },
        {
            "modality": "heat",
            "shape": [5, 6],
            "layers": [{"kind": "sum_pool"}],
        },
    ],
    "fusion": "stack",
    "head": [
        {"kind": "attention_pool", "heads": 3, "hidden": 8, "masked": True},
        {"kind": "linear", "out": 5},
    ],
    "classes": 5,
}
# States over time, of texts that end earlier or later and of whole windows.
RECURRENT: dict[str, Any] = {
    "encoders": [
        {
            "modality": "text",
            "shape": [9],
            "vocabulary": 20,
            "layers": [
                {"kind": "embedding", "out": 6},
                {
                    "kind": "gru",
                    "out": 5,
                    "return": "sequence",
                    "bidirectional": True,
                    "masked": True,
                },
                {
                    "kind": "lstm",
                    "out": 4,
                    "return": "last",
                    "bidirectional": True,
                    "masked": True,
                },
            ],
        },
        {
            "modality": "sound",
            "shape": [20, 4],
            "layers": [
                {
                    "kind": "lstm",
                    "out": 5,
                    "return": "sequence",
                    "bidirectional": False,
                    "masked": False,
                },
                {
                    "kind": "gru",
                    "out": 6,
                    "return": "last",
                    "bidirectional": False,
                    "masked": False,
                },
            ],
        },
    ],
    "fusion": "concat",
    "head": [{"kind": "linear", "out": 5}],
    "classes": 5,
}
# Photographs beside a vector.
IMAGES: dict[str, Any] = {
    "encoders": [
        {
            "modality": "image",
            "shape": [9, 8, 3],
            "layers": [
                {"kind": "conv2d", "out": 6, "kernel": 3, "stride": 1, "pad": 1},
                {"kind": "max_pool", "kernel": 2, "stride": 0, "pad": 0},
                {"kind": "group_norm", "groups": 2, "eps": 1e-5},
                {"kind": "avg_pool", "kernel": 3, "stride": 1, "pad": 1},
                {"kind": "global_avg_pool", "masked": False},
            ],
        },
        {
            "modality": "motion",
            "shape": [4],
            "layers": [{"kind": "linear", "out": 3}],
        },
    ],
    "fusion": "concat",
    "head": [{"kind": "linear", "out": 5}],
    "classes": 5,
}
MODELS = [MODEL, STACKED, RECURRENT, IMAGES]
TRAIN = {
    "lr": 0.1,
    "momentum": 0.9,
    "weight_decay": 1e-3,
    "clip_norm": 0.5,
    "batch": BATCH,
    "epochs": 1,
}
# What a method gets beside its own options.
PROTOTYPES = {"rho": 0.5, "persistent": "mean", "temporal": "samples"}
QQR = {
    "alpha": 1.0,
    "kappa": 0.2,
    "lambda": 1.0,
    "gamma": 1.0,
    "p_mask": 0.5,
    "r_cap": 1.5,
    "substitute": False,
}
PMR = {"alpha": 1.0, "mu": 0.5, "kappa": 1.0, "early": 4}
METHOD_OPTIONS: list[dict[str, Any]] = [
    *({"kind": kind} for kind in ("pm", "full", "fedamm", "dropout", "zf")),
    *({"kind": kind, **PROTOTYPES} for kind in ("mean-fill", "pmm")),
    {"kind": "fedproto", **PROTOTYPES, "lambda": 0.7},
    *(
        {"kind": "pmr", **PROTOTYPES, **PMR, "weights": weights, "distance": distance}
        for weights in ("soft", "hard")
        for distance in ("euclidean", "squared")
    ),
    {"kind": "ogm-ge", "a": 0.4, "noise": False},
    {"kind": "qqr", **PROTOTYPES, **QQR},
    {"kind": "qqr", **PROTOTYPES, **QQR, "substitute": True},
]
DROPOUT_SHAPES = {"encoders.sound.3": (5, 6), "head.2": (16,)}


def masks(rng: np.random.Generator, step: int, encoders: int) -> np.ndarray:
    mask = rng.integers(0, 2, (BATCH, encoders)).astype(np.uint8)
    mask[0], mask[1] = 1, 0
    if step == 7:
        mask[:, 1] = 0
    return mask


def samples(rng: np.random.Generator, encoder: dict[str, Any]) -> np.ndarray:
    """Values, or token ids of which the last are padding."""
    shape = (BATCH, *encoder["shape"])
    if "vocabulary" not in encoder:
        return rng.standard_normal(shape)
    ids = rng.integers(1, encoder["vocabulary"], shape)
    return ids * (np.arange(shape[1]) < rng.integers(0, shape[1] + 1, (BATCH, 1)))


def mini_batches(
    rng: np.random.Generator, model: dict[str, Any]
) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {}
    for s in range(STEPS):
        mask = masks(rng, s, len(model["encoders"]))
        for m, encoder in enumerate(model["encoders"]):
            x = samples(rng, encoder)
            x = x * mask[:, m].reshape(-1, *[1] * (x.ndim - 1))
            arrays[f"step{s}/x/{encoder['modality']}"] = x.astype(np.float32)
        for name, shape in DROPOUT_SHAPES.items():
            kept = rng.random((BATCH, *shape)) >= RATE
            arrays[f"step{s}/dropout/{name}"] = (kept / (1 - RATE)).astype(np.float32)
        arrays[f"step{s}/mask"] = mask
        arrays[f"step{s}/label"] = rng.integers(0, 5, BATCH).astype(np.int32)
    return arrays


def save(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    np.savez(path, **arrays)  # type: ignore[arg-type]  # NumPy's stub forgets names


def results(s: int, loss: Arrays, grad: Arrays, params: Arrays) -> Arrays:
    """What a trace holds of a step's outcome."""
    arrays = {f"step{s}/loss": loss["loss"].astype(np.float64)}
    for kind, tensors in (("grad", grad), ("params", params)):
        for name, tensor in tensors.items():
            arrays[f"step{s}/{kind}/{name}"] = tensor.astype(np.float32)
    return arrays


def method_arrays(rng: np.random.Generator, steps: int) -> dict[str, np.ndarray]:
    """Prototypes, of which some do not exist, and pseudo samples."""
    seen = rng.integers(1, 3, (2, 5)).astype(np.int32)
    seen[0, 1] = 0
    mean = rng.standard_normal((5, 10 + 9)).astype(np.float32)
    arrays = {"prototypes/mean": mean, "prototypes/seen": seen}
    for s in range(steps):
        label = rng.integers(0, 5, BATCH).astype(np.int32)
        arrays[f"step{s}/replay/label"] = label
        arrays[f"step{s}/replay/lost"] = rng.integers(-1, 2, BATCH).astype(np.int32)
        arrays[f"step{s}/replay/weight"] = (seen[:, label] > 0).all(axis=0).astype("f4")
    return arrays


def write_trace(
    path: Path,
    dtype: torch.dtype,
    method: dict[str, Any] = METHOD_OPTIONS[0],
    steps: int = STEPS,
    model: dict[str, Any] = MODEL,
) -> None:
    """A trace trained in dtype and stored, as any trace, in float32."""
    torch.manual_seed(1)
    state = MultimodalModel(model).state_dict()
    arrays = mini_batches(np.random.default_rng(2), model)
    arrays.update({f"before/{name}": t.numpy() for name, t in state.items()})
    if len(method) > 1:
        arrays.update(method_arrays(np.random.default_rng(3), steps))
    meta = {"model": model, "train": TRAIN, "device": 3, "round": 4, "seed": 5}
    meta.update({"steps": steps, "parameters": list(state), "method": method})
    arrays["meta"] = np.frombuffer(json.dumps(meta).encode("utf-8"), dtype=np.uint8)
    save(path, arrays)

    run = replay.Replay(replay.Trace(str(path)), dtype)
    for s in range(steps):
        loss, grad = run.gradient(s)
        arrays.update(results(s, loss, grad, run.update(grad)))
    for name in state:
        arrays[f"after/{name}"] = arrays[f"step{steps - 1}/params/{name}"]
    save(path, arrays)


class OracleTest(unittest.TestCase):
    folder: tempfile.TemporaryDirectory[str]
    good: Path

    @classmethod
    def setUpClass(cls) -> None:
        torch.set_num_threads(1)
        cls.folder = tempfile.TemporaryDirectory()
        cls.good = Path(cls.folder.name) / "good.npz"
        write_trace(cls.good, torch.float32)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()

    def replayed(self, path: Path) -> int:
        self.text = io.StringIO()
        with (
            contextlib.redirect_stdout(self.text),
            contextlib.redirect_stderr(self.text),
        ):
            return replay.main([str(path)])

    def altered(self, **changes: np.ndarray) -> Path:
        path = Path(self.folder.name) / "altered.npz"
        save(path, {**replay.read_arrays(self.good), **changes})
        return path

    def nudged(self, key: str, amount: float) -> Path:
        tensor = replay.read_arrays(self.good)[key].copy()
        tensor.flat[0] += amount * np.abs(tensor).max()
        return self.altered(**{key: tensor})

    def test_the_models_have_every_layer_kind(self) -> None:
        kinds = {
            layer["kind"]
            for model in MODELS
            for chain in [e["layers"] for e in model["encoders"]] + [model["head"]]
            for layer in chain
        }
        self.assertEqual(kinds, set(LAYERS))

    def test_a_float32_trace_agrees(self) -> None:
        self.assertEqual(self.replayed(self.good), 0, "\n" + self.text.getvalue())
        print(self.text.getvalue(), file=sys.stderr)

    def test_a_trace_with_stacked_features_agrees(self) -> None:
        path = Path(self.folder.name) / "stacked.npz"
        write_trace(path, torch.float32, model=STACKED)
        self.assertEqual(self.replayed(path), 0, "\n" + self.text.getvalue())

    def test_a_trace_with_recurrent_layers_agrees(self) -> None:
        path = Path(self.folder.name) / "recurrent.npz"
        write_trace(path, torch.float32, model=RECURRENT)
        self.assertEqual(self.replayed(path), 0, "\n" + self.text.getvalue())

    def test_a_trace_of_images_agrees(self) -> None:
        path = Path(self.folder.name) / "images.npz"
        write_trace(path, torch.float32, model=IMAGES)
        self.assertEqual(self.replayed(path), 0, "\n" + self.text.getvalue())

    def test_recurrent_layers_end_at_the_last_row(self) -> None:
        """As if the zeros behind it were cut off; zeros where there is no row."""
        for kind in ("gru", "lstm"):
            for returned in ("last", "sequence"):
                options = {"out": 3, "bidirectional": True, "return": returned}
                layer = LAYERS[kind]({**options, "masked": True}, 4)
                cut = LAYERS[kind]({**options, "masked": False}, 4)
                cut.load_state_dict(layer.state_dict())
                x = torch.randn(3, 6, 4)
                x[0, 1], x[0, 4:], x[2] = 0, 0, 0
                y, whole = layer(x), cut(x)
                end = cut(x[:1, :4])
                got = y[:1] if returned == "last" else y[:1, :4]
                torch.testing.assert_close(got, end)
                torch.testing.assert_close(y[1], whole[1])
                self.assertEqual(float(y[2].abs().max()), 0)

    def test_attention_leaves_absent_rows_out(self) -> None:
        """As if they were not there; and zeros where there is none."""
        pool = AttentionPool(4, 5, 2, masked=True)
        x = torch.randn(3, 6, 4)
        x[:, 1::2], x[2] = 0, 0
        whole = AttentionPool(4, 5, 2, masked=False)
        whole.load_state_dict(pool.state_dict())
        torch.testing.assert_close(pool(x)[:2], whole(x[:2, ::2]))
        self.assertEqual(float(pool(x)[2].abs().max()), 0)

    def test_a_float64_trace_is_within_tolerance_of_float32(self) -> None:
        path = Path(self.folder.name) / "double.npz"
        write_trace(path, torch.float64)
        comparer = replay.Comparer(replay.Trace(str(path)), 1e-5)
        comparer.run()
        self.assertLessEqual(max(row.to_f32 for row in comparer.rows), 1e-5)
        self.assertEqual(comparer.kinks, [])

    def test_one_wrong_gradient_disagrees(self) -> None:
        path = self.nudged("step41/grad/encoders.sound.5.weight", 1e-4)
        self.assertEqual(self.replayed(path), 1)
        self.assertIn("step 41, grad of encoders.sound.5.weight", self.text.getvalue())

    def test_one_wrong_parameter_disagrees(self) -> None:
        self.assertEqual(
            self.replayed(self.nudged("step9/params/head.0.bias", 1e-4)), 1
        )

    def test_after_that_is_not_the_last_step_disagrees(self) -> None:
        self.assertEqual(self.replayed(self.nudged("after/head.0.bias", 1e-4)), 1)

    def test_a_wrong_loss_and_a_nan_disagree(self) -> None:
        self.assertEqual(self.replayed(self.nudged("step0/loss", 1e-4)), 1)
        self.assertEqual(self.replayed(self.nudged("step0/loss", float("nan"))), 1)

    def test_another_order_of_steps_disagrees(self) -> None:
        label = replay.read_arrays(self.good)["step3/label"]
        self.assertEqual(self.replayed(self.altered(**{"step3/label": label[::-1]})), 1)

    def test_the_other_branch_of_a_kink_is_no_disagreement(self) -> None:
        """0.5 * 1 - 0.5 * 1 is zero before a leaky ReLU; an ulp more is not."""
        meta = json.loads(bytes(replay.read_arrays(self.good)["meta"]))
        arrays = replay.read_arrays(self.good)
        meta["steps"] = 1
        arrays["meta"] = np.frombuffer(json.dumps(meta).encode("utf-8"), dtype=np.uint8)
        arrays["step0/x/sound"][0, 0] = (1, -1, 0, 0)
        arrays["step0/dropout/encoders.sound.3"][0] = 1
        arrays["before/encoders.sound.0.bias"][0] = 0
        weight = arrays["before/encoders.sound.0.weight"]
        weight[0, :2] = 0.5
        path = self.altered(**arrays)
        level = replay.Replay(replay.Trace(str(path)), torch.float64)
        weight[0, 0] = np.nextafter(np.float32(0.5), np.float32(1))
        nudged = replay.Replay(replay.Trace(str(self.altered(**arrays))), torch.float64)
        weight[0, 0] = 0.5
        loss, grad = nudged.gradient(0)
        arrays.update(results(0, loss, grad, level.update(grad)))
        for name in meta["parameters"]:
            arrays[f"after/{name}"] = arrays[f"step0/params/{name}"]
        self.assertEqual(self.replayed(self.altered(**arrays)), 0, self.text.getvalue())
        self.assertIn("1 steps (1 on a kink)", self.text.getvalue())

    def written(self, method: dict[str, Any]) -> Path:
        path = Path(self.folder.name) / "method.npz"
        write_trace(path, torch.float32, method, steps=4)
        return path

    def test_traces_of_every_method_agree(self) -> None:
        for method in METHOD_OPTIONS:
            with self.subTest(method=method):
                path = self.written(method)
                self.assertEqual(self.replayed(path), 0, self.text.getvalue())
        self.assertEqual({m["kind"] for m in METHOD_OPTIONS}, set(METHODS))

    def test_a_trace_is_not_that_of_another_method(self) -> None:
        for method in METHOD_OPTIONS:
            if method["kind"] in ("pm", "full", "fedamm", "dropout"):
                continue  # the same step, from other masks
            arrays = replay.read_arrays(self.written(method))
            meta = json.loads(bytes(arrays["meta"]))
            meta["method"] = {"kind": "pm"}
            arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8)
            path = Path(self.folder.name) / "altered.npz"
            save(path, arrays)
            with self.subTest(method=method):
                self.assertEqual(self.replayed(path), 1)

    def test_a_wrong_prototype_and_a_wrong_pseudo_sample_disagree(self) -> None:
        arrays = replay.read_arrays(self.written(METHOD_OPTIONS[-2]))
        for key in ("prototypes/mean", "step1/replay/label", "step1/replay/lost"):
            path = Path(self.folder.name) / "altered.npz"
            save(path, {**arrays, key: arrays[key][::-1]})
            with self.subTest(key=key):
                self.assertEqual(self.replayed(path), 1)

    def test_noise_that_nobody_can_replay_is_refused(self) -> None:
        arrays = replay.read_arrays(self.good)
        meta = json.loads(bytes(arrays["meta"]))
        meta["method"] = {"kind": "ogm-ge", "a": 0.3, "noise": True}
        text = np.frombuffer(json.dumps(meta).encode("utf-8"), dtype=np.uint8)
        self.assertEqual(self.replayed(self.altered(meta=text)), 2)
        self.assertIn("noise", self.text.getvalue())

    def test_the_cosine_term_has_the_gradient_of_the_formula(self) -> None:
        """dPCE/dz = sum_c (pi_c - [c = y]) (phat_c - cos_c zhat) / (kappa |z|)"""
        run = replay.Replay(
            replay.Trace(str(self.written(METHOD_OPTIONS[-2]))), torch.float64
        )
        method = run.method
        assert isinstance(method, Qqr)
        mean, seen = method.prototypes(0)
        z = torch.randn(1, 10, dtype=torch.float64, requires_grad=True)
        label = int(seen.nonzero()[0])
        batch = Batch(torch.tensor([[True, False]]), torch.tensor([label]), {})
        pce = method.pce([z, torch.zeros(1, 9, dtype=torch.float64)], batch)
        assert isinstance(pce, torch.Tensor)
        pce.backward()
        assert z.grad is not None
        unit = functional.normalize(mean[seen], dim=1)
        length = z.detach().norm()
        cosine = unit @ z.detach()[0] / length
        pi = functional.softmax(cosine / 0.2, dim=0)
        pi[0] -= 1
        along = unit - cosine[:, None] * z.detach() / length
        wanted = (pi[:, None] * along).sum(dim=0) / (0.2 * length)
        self.assertLess(float((z.grad[0] - wanted).abs().max()), 1e-12)

    def test_a_trace_that_does_not_fit_itself_is_refused(self) -> None:
        wrong = np.zeros(7, dtype=np.float32)
        path = self.altered(**{"before/head.0.bias": wrong})
        self.assertEqual(self.replayed(path), 2)
        path.write_bytes(self.good.read_bytes()[:1000])
        self.assertEqual(self.replayed(path), 2)

    def test_a_missing_modality_counts_as_a_zero_feature(self) -> None:
        """The same loss and gradients as running all samples and masking features."""
        run = replay.Replay(replay.Trace(str(self.good)), torch.float64)
        trace, model = run.trace, run.model
        x = run.floats(trace.input(0, "x"))
        dropout = run.floats(trace.input(0, "dropout"))
        label = torch.from_numpy(trace.arrays["step0/label"]).long()
        mask = torch.from_numpy(trace.arrays["step0/mask"])
        model(x, torch.ones_like(mask), dropout)  # gives every sample its multipliers
        features = [
            encoder(x[name]) * mask[:, m, None]
            for m, (name, encoder) in enumerate(model.encoders.items())
        ]
        logits = model.head(torch.cat(features, dim=1))
        functional.cross_entropy(logits, label).backward()
        want = {n: p.grad.numpy().copy() for n, p in model.named_parameters()}
        _, got = run.gradient(0)
        for name, gradient in want.items():
            np.testing.assert_allclose(got[name], gradient, rtol=1e-9, atol=1e-12)


if __name__ == "__main__":
    unittest.main()
