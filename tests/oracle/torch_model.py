"""The multimodal model of a trace, built from PyTorch's own layers.

Samples are channels last, (N, T, C) or (N, H, W, C), as mmofl keeps them; PyTorch's
layers want channels first, so the subclasses here only turn the axes around the layer they inherit.
The names in the state dict are those of the trace: encoders.<modality>.<i>.weight and
head.<i>.weight.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

Spec = dict[str, Any]


def channels_first(layer: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """PyTorch's layer on samples that are channels last."""
    return layer(x.movedim(-1, 1)).movedim(1, -1)


class Conv1d(nn.Conv1d):
    def forward(self, x: Tensor) -> Tensor:
        return channels_first(super().forward, x)


class Conv2d(nn.Conv2d):
    def forward(self, x: Tensor) -> Tensor:
        return channels_first(super().forward, x)


class MaxPool1d(nn.MaxPool1d):
    def forward(self, x: Tensor) -> Tensor:
        return channels_first(super().forward, x)


class MaxPool2d(nn.MaxPool2d):
    def forward(self, x: Tensor) -> Tensor:
        return channels_first(super().forward, x)


class AvgPool1d(nn.AvgPool1d):
    def forward(self, x: Tensor) -> Tensor:
        return channels_first(super().forward, x)


class AvgPool2d(nn.AvgPool2d):
    def forward(self, x: Tensor) -> Tensor:
        return channels_first(super().forward, x)


class GroupNorm(nn.GroupNorm):
    """Over (C, T) or (C, H, W) of each sample; one without rows is (C,)."""

    def forward(self, x: Tensor) -> Tensor:
        return channels_first(super().forward, x)


def pool(series: type[nn.Module], image: type[nn.Module], o: Spec) -> nn.Module:
    """The pool of a series (T, C), or that of an image (H, W, C)."""
    kind = image if len(o["shape"]) == 3 else series
    return kind(o["kernel"], o["stride"] or None, o["pad"])


class Embedding(nn.Embedding):
    """Of ids that come as whole floats."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.long())


def absent(x: Tensor) -> Tensor:
    """(N, T, 1) which rows of x (N, T, C) are zeros, and so not there."""
    return (x == 0).all(dim=-1, keepdim=True)


class GlobalAvgPool(nn.Module):
    def __init__(self, masked: bool) -> None:
        super().__init__()
        self.masked = masked

    def forward(self, x: Tensor) -> Tensor:
        if not self.masked:
            return x.flatten(1, -2).mean(dim=1)
        return x.sum(dim=1) / (~absent(x)).sum(dim=1).clamp(min=1)


class SumPool(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.sum(dim=1)


class AttentionPool(nn.Module):
    """Additive attention: each head's softmax over the rows, and what they then sum to."""

    def __init__(self, channels: int, hidden: int, heads: int, masked: bool) -> None:
        super().__init__()
        self.hidden = nn.Linear(channels, hidden)
        self.heads = nn.Linear(hidden, heads)
        self.masked = masked

    def forward(self, x: Tensor) -> Tensor:
        score = self.heads(torch.tanh(self.hidden(x)))
        gone = absent(x) & self.masked
        score = score.masked_fill(gone, torch.finfo(score.dtype).min)
        weight = functional.softmax(score, dim=1) * ~gone
        return (weight.transpose(1, 2) @ x).flatten(1)


class GatedSum(nn.Linear):
    """Rows times gates that see all of them, added up."""

    def forward(self, x: Tensor) -> Tensor:
        gates = torch.sigmoid(super().forward(x.flatten(1)))
        return (gates.view_as(x) * x).sum(dim=1)


def run_over_time(
    run: Callable[[Any], Any], x: Tensor, options: Spec, directions: int
) -> Tensor:
    """Last state or all states; masked samples are packed to their own lengths."""
    there = ~absent(x).squeeze(-1) if options["masked"] else x.new_ones(x.shape[:2]) > 0
    length = (there * torch.arange(1, x.shape[1] + 1)).amax(dim=1)
    rows = length.nonzero().squeeze(1)
    width = directions * options["out"]
    shape = (width,) if options["return"] == "last" else (x.shape[1], width)
    y = x.new_zeros(len(x), *shape)
    if not len(rows):
        return y
    packed = nn.utils.rnn.pack_padded_sequence(
        x[rows], length[rows], batch_first=True, enforce_sorted=False
    )
    states, last = run(packed)
    if options["return"] == "last":
        h = last[0] if isinstance(last, tuple) else last  # an LSTM has c beside h
        return y.index_copy(0, rows, h.transpose(0, 1).flatten(1))
    states, _ = nn.utils.rnn.pad_packed_sequence(
        states, batch_first=True, total_length=x.shape[1]
    )
    return y.index_copy(0, rows, states)


class Gru(nn.GRU):
    def __init__(self, channels: int, o: Spec) -> None:
        super().__init__(
            channels, o["out"], batch_first=True, bidirectional=o["bidirectional"]
        )
        self.options = o

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]  # one result
        return run_over_time(super().forward, x, self.options, 1 + self.bidirectional)


class Lstm(nn.LSTM):
    def __init__(self, channels: int, o: Spec) -> None:
        super().__init__(
            channels, o["out"], batch_first=True, bidirectional=o["bidirectional"]
        )
        self.options = o

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]  # one result
        return run_over_time(super().forward, x, self.options, 1 + self.bidirectional)


class GivenDropout(nn.Module):
    """Multiplies by what the engine drew: two generators never draw the same mask."""

    multiplier: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        if self.multiplier is None:
            raise ValueError("the trace lacks the multipliers of a dropout layer")
        return x * self.multiplier


# Kind -> layer for the given options and number of channels.  Beside the options there
# are "shape", the shape of a whole sample, and "vocabulary".
LAYERS: dict[str, Callable[[Spec, int], nn.Module]] = {
    "embedding": lambda o, c: Embedding(o["vocabulary"], o["out"], padding_idx=0),
    "linear": lambda o, c: nn.Linear(c, o["out"]),
    "conv1d": lambda o, c: Conv1d(c, o["out"], o["kernel"], o["stride"], o["pad"]),
    "conv2d": lambda o, c: Conv2d(c, o["out"], o["kernel"], o["stride"], o["pad"]),
    "relu": lambda o, c: nn.ReLU(),
    "leaky_relu": lambda o, c: nn.LeakyReLU(o["slope"]),
    "tanh": lambda o, c: nn.Tanh(),
    "gelu": lambda o, c: nn.GELU(),
    "max_pool": lambda o, c: pool(MaxPool1d, MaxPool2d, o),
    "avg_pool": lambda o, c: pool(AvgPool1d, AvgPool2d, o),
    "global_avg_pool": lambda o, c: GlobalAvgPool(o["masked"]),
    "sum_pool": lambda o, c: SumPool(),
    "attention_pool": lambda o, c: AttentionPool(
        c, o["hidden"], o["heads"], o["masked"]
    ),
    "gated_sum": lambda o, c: GatedSum(math.prod(o["shape"]), math.prod(o["shape"])),
    "gru": lambda o, c: Gru(c, o),
    "lstm": lambda o, c: Lstm(c, o),
    "flatten": lambda o, c: nn.Flatten(),
    "group_norm": lambda o, c: GroupNorm(o["groups"], c, o["eps"]),
    "layer_norm": lambda o, c: nn.LayerNorm(c, o["eps"]),
    "dropout": lambda o, c: GivenDropout(),
}

Shape = tuple[int, ...]


def build_chain(
    specs: list[Spec], shape: Shape, vocabulary: int = 0
) -> tuple[nn.Sequential, Shape]:
    """Layers for samples of `shape`, and the shape they end with."""
    chain = nn.Sequential()
    for index, spec in enumerate(specs):
        more = {"shape": shape, "vocabulary": vocabulary}
        layer = LAYERS[spec["kind"]]({**spec, **more}, shape[-1])
        chain.add_module(str(index), layer)
        if not isinstance(layer, GivenDropout):
            with torch.no_grad():
                shape = tuple(layer(torch.zeros(1, *shape)).shape[1:])
    return chain, shape


class MultimodalModel(nn.Module):
    """One encoder per modality, features one after the other, a head.

    With fusion "stack" the head sees the features as rows (sum of P_m, d).
    """

    def __init__(self, spec: Spec) -> None:
        super().__init__()
        self.encoders = nn.ModuleDict()
        self.width: dict[str, int] = {}
        for encoder in spec["encoders"]:
            name = encoder["modality"]
            chain, shape = build_chain(
                encoder["layers"], tuple(encoder["shape"]), encoder.get("vocabulary", 0)
            )
            self.encoders[name] = chain
            self.width[name] = torch.Size(shape).numel()
        features = sum(self.width.values())
        self.fused = {"concat": (features,), "stack": (features // shape[-1], shape[-1])}[
            spec["fusion"]
        ]
        self.head, logits = build_chain(spec["head"], self.fused)
        if logits != (spec["classes"],):
            raise ValueError(f"the head gives {logits}, not {spec['classes']} classes")

    def features(
        self, x: dict[str, Tensor], mask: Tensor, dropout: dict[str, Tensor]
    ) -> list[Tensor]:
        """(N, d) features of x[modality] (N, T, C), for each encoder.

        mask is (N, M); an encoder sees only the samples that have its modality, the
        others get zeros in its place.  dropout holds the multipliers of each dropout
        layer for all N samples, by the layer's name.
        """
        features = []
        for m, (name, encoder) in enumerate(self.encoders.items()):
            rows = mask[:, m].nonzero().squeeze(1)
            give_dropout(encoder, f"encoders.{name}", dropout, rows)
            feature = x[name].new_zeros(len(mask), self.width[name])
            if len(rows):
                feature = feature.index_copy(0, rows, encoder(x[name][rows]).flatten(1))
            features.append(feature)
        return features

    def logits(self, features: list[Tensor], dropout: dict[str, Tensor]) -> Tensor:
        """(N, K) logits of the features, side by side."""
        give_dropout(self.head, "head", dropout, None)
        return self.head(torch.cat(features, dim=1).unflatten(1, self.fused))

    def bare_head(self, z: Tensor) -> Tensor:
        """The head without dropout, on features (N, D)."""
        z = z.unflatten(1, self.fused)
        for layer in self.head:
            z = z if isinstance(layer, GivenDropout) else layer(z)
        return z

    def forward(
        self, x: dict[str, Tensor], mask: Tensor, dropout: dict[str, Tensor]
    ) -> Tensor:
        return self.logits(self.features(x, mask, dropout), dropout)


def give_dropout(
    chain: nn.Sequential, prefix: str, dropout: dict[str, Tensor], rows: Tensor | None
) -> None:
    for index, layer in chain.named_children():
        if isinstance(layer, GivenDropout):
            given = dropout.get(f"{prefix}.{index}")
            if given is not None and rows is not None:
                given = given[rows]
            layer.multiplier = given
