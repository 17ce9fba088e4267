"""The model shapes that `mmofl bench` times, in PyTorch, with their parameter counts.

Inputs are in the layout PyTorch likes best, (N, C, T) and (N, C, H, W).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import torch
from torch import Tensor, nn


class Multimodal(nn.Module):
    def __init__(self, encoders: list[nn.Module], head: nn.Module) -> None:
        super().__init__()
        self.encoders, self.head = nn.ModuleList(encoders), head

    def forward(self, *x: Tensor) -> Tensor:
        features = [encoder(one) for encoder, one in zip(self.encoders, x, strict=True)]
        return self.head(torch.cat(features, dim=1))


class MeanOverTime(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=2)


class GruAttention(nn.Module):
    """(N, C, T) -> GRU -> additive attention over time -> (N, hidden).

    Attention of width 1 is the arrangement that gives the 187,084 parameters of the
    figures published with mmofl.
    """

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.gru = nn.GRU(channels, hidden, batch_first=True)
        self.score = nn.Sequential(nn.Linear(hidden, 1), nn.Tanh(), nn.Linear(1, 1))

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.gru(x.transpose(1, 2))
        weight = self.score(states).softmax(dim=1)
        return (weight * states).sum(dim=1)


def convolutions(*channels: int) -> list[nn.Module]:
    """Conv k5, ReLU and max pool 2 from each number of channels to the next."""
    layers: list[nn.Module] = []
    for c_in, c_out in pairwise(channels):
        layers += [nn.Conv1d(c_in, c_out, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2)]
    return layers


def perceptron(*widths: int) -> nn.Sequential:
    """Linear layers with a ReLU between each two."""
    layers: list[nn.Module] = []
    for w_in, w_out in pairwise(widths):
        layers += [nn.Linear(w_in, w_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def har() -> nn.Module:
    encoders: list[nn.Module] = [
        nn.Sequential(*convolutions(3, 32, 64), MeanOverTime(), nn.Linear(64, 64))
        for _ in range(2)
    ]
    return Multimodal(encoders, perceptron(128, 64, 6))


def har_flatten() -> nn.Module:
    encoders: list[nn.Module] = [
        nn.Sequential(*convolutions(3, 32, 64), nn.Flatten(), nn.Linear(2048, 64))
        for _ in range(2)
    ]
    return Multimodal(encoders, perceptron(128, 64, 6))


def convgru() -> nn.Module:
    encoders: list[nn.Module] = [
        nn.Sequential(*convolutions(3, 32, 64, 128), GruAttention(128, 64))
        for _ in range(2)
    ]
    return Multimodal(encoders, perceptron(128, 64, 6))


def mlp() -> nn.Module:
    encoders: list[nn.Module] = [
        nn.Sequential(nn.Linear(width, 128), nn.ReLU()) for width in (512, 300)
    ]
    return Multimodal(encoders, perceptron(256, 128, 10))


def lenet() -> nn.Module:
    encoder = nn.Sequential(
        nn.Conv2d(3, 6, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
    )
    return Multimodal([encoder], perceptron(400, 120, 84, 10))


def lr() -> nn.Module:
    return Multimodal([nn.Identity()], nn.Linear(784, 10))


@dataclass(frozen=True)
class Shape:
    """flat: of a linear layer after a flatten, by the name of its weight, the shape
    that is flattened, channels first.  mmofl flattens channels last."""

    build: Callable[[], nn.Module]
    inputs: list[tuple[int, ...]]
    classes: int
    parameters: int
    flat: dict[str, tuple[int, ...]] = field(default_factory=dict)


HAR_INPUTS: list[tuple[int, ...]] = [(3, 128), (3, 128)]
HAR_FLAT: dict[str, tuple[int, ...]] = {
    f"encoders.{m}.7.weight": (64, 32) for m in range(2)
}
SHAPES: dict[str, Shape] = {
    "har": Shape(har, HAR_INPUTS, 6, 38_598),
    "har-flatten": Shape(har_flatten, HAR_INPUTS, 6, 292_550, HAR_FLAT),
    "convgru": Shape(convgru, HAR_INPUTS, 6, 187_084),
    "mlp": Shape(mlp, [(512,), (300,)], 10, 138_378),
    "lenet": Shape(lenet, [(3, 32, 32)], 10, 62_006, {"head.0.weight": (16, 5, 5)}),
    "lr": Shape(lr, [(784,)], 10, 7_850),
}


def build(name: str) -> nn.Module:
    """The model with PyTorch's own initial values, the same at each call."""
    torch.manual_seed(0)
    model = SHAPES[name].build()
    count = sum(p.numel() for p in model.parameters())
    assert count == SHAPES[name].parameters, f"{name} has {count} parameters"
    return model


def channels_first(name: str, parameter: str, values: Tensor) -> Tensor:
    """A parameter of mmofl in the order of columns that this file's model wants."""
    flat = SHAPES[name].flat.get(parameter)
    if flat is None:
        return values
    last = values.view(len(values), *flat[1:], flat[0])
    return last.movedim(-1, 1).reshape(len(values), -1)
