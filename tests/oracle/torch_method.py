"""What a method adds to a training step, written from the formulas with autograd.

docs/method.md has the formulas.  A method here may change which samples an encoder
sees (zf), fill slots of missing modalities before the head, add terms to the loss, and
scale the gradient of an encoder.  Prototypes, weights and scores are constants.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch_model import MultimodalModel

Options = dict[str, Any]


@dataclass
class Batch:
    """A mini-batch on its way through the model."""

    mask: Tensor  # (N, M) bool, as trained with
    label: Tensor  # (N,)
    replay: dict[str, Tensor]  # label, lost, weight (N,); empty without replay


@dataclass
class Round:
    """What the method knows before the first step of the round."""

    number: int
    mean: Tensor | None  # (K, D) prototypes
    seen: Tensor | None  # (M, K) bool
    rarity: Tensor  # (M,) samples held / those of them that have the modality


class Method:
    """Partial modality, and the base of the others."""

    def __init__(self, options: Options, now: Round, model: MultimodalModel) -> None:
        self.options, self.now, self.model = options, now, model

    def prototypes(self, m: int) -> tuple[Tensor, Tensor]:
        """(K, d) prototypes of modality m, and which of them exist."""
        if self.now.mean is None or self.now.seen is None:
            raise ValueError(f"{self.options['kind']} without prototypes")
        widths = list(self.model.width.values())
        return self.now.mean.split(widths, dim=1)[m], self.now.seen[m]

    def takes_part(self, m: int, batch: Batch) -> Tensor:
        """(N,) samples that have modality m and whose class has a prototype."""
        return batch.mask[:, m] & self.prototypes(m)[1][batch.label]

    def encoder_mask(self, mask: Tensor) -> Tensor:
        return mask

    def slot(self, m: int, batch: Batch) -> Tensor | None:
        """(N, d) or (d,): what stands in for modality m where it is missing."""
        return None

    def fuse(self, features: list[Tensor], batch: Batch) -> list[Tensor]:
        fused = []
        for m, z in enumerate(features):
            slot = self.slot(m, batch)
            fused.append(z if slot is None else z.where(batch.mask[:, m, None], slot))
        return fused

    def terms(self, features: list[Tensor], batch: Batch) -> Tensor | float:
        """Further terms of the loss."""
        return 0.0

    def factors(self, features: list[Tensor], batch: Batch) -> list[float]:
        """What the gradient of each encoder is multiplied with."""
        return [1.0] * len(features)


class ZeroFilling(Method):
    def encoder_mask(self, mask: Tensor) -> Tensor:
        return torch.ones_like(mask)


class MeanFilling(Method):
    def slot(self, m: int, batch: Batch) -> Tensor | None:
        mean, seen = self.prototypes(m)
        return mean[seen].mean(dim=0) if seen.any() else None


class ClassFilling(Method):
    """PMM: the prototype of the sample's own class."""

    def slot(self, m: int, batch: Batch) -> Tensor | None:
        mean, seen = self.prototypes(m)
        return (mean * seen[:, None])[batch.label]


class FedProto(Method):
    def terms(self, features: list[Tensor], batch: Batch) -> Tensor | float:
        return self.options["lambda"] * self.pull(features, batch)

    def pull(self, features: list[Tensor], batch: Batch) -> Tensor | float:
        total: Tensor | float = 0.0
        for m, z in enumerate(features):
            mean, _ = self.prototypes(m)
            squares = ((z - mean[batch.label]) ** 2).mean(dim=1)
            total = total + squares[self.takes_part(m, batch)].sum()
        return total / len(batch.label)


class Qqr(FedProto):
    def slot(self, m: int, batch: Batch) -> Tensor | None:
        if not self.options["substitute"]:
            return None
        return ClassFilling.slot(self, m, batch)  # type: ignore[arg-type]

    def terms(self, features: list[Tensor], batch: Batch) -> Tensor | float:
        total = self.options["alpha"] * self.pce(features, batch)
        total = total + super().terms(features, batch)
        if batch.replay:
            total = total + self.options["gamma"] * self.replayed(batch)
        return total

    def pce(self, features: list[Tensor], batch: Batch) -> Tensor | float:
        total: Tensor | float = 0.0
        for m, z in enumerate(features):
            mean, seen = self.prototypes(m)
            if seen.sum() < 2:
                continue
            rows = self.takes_part(m, batch)
            unit = functional.normalize(mean, dim=1, eps=1e-12)
            cosine = functional.normalize(z[rows], dim=1, eps=1e-12) @ unit.T
            score = (cosine / self.options["kappa"]).masked_fill(~seen, -torch.inf)
            total = total + functional.cross_entropy(
                score, batch.label[rows], reduction="sum"
            )
        return total / len(batch.label)

    def replayed(self, batch: Batch) -> Tensor:
        if self.now.mean is None:
            raise ValueError("replay without prototypes")
        label = batch.replay["label"].long()
        slots = list(self.now.mean[label].split(list(self.model.width.values()), dim=1))
        for m, z in enumerate(slots):
            slots[m] = z * (batch.replay["lost"] != m)[:, None]
        logits = self.model.bare_head(torch.cat(slots, dim=1))
        loss = functional.cross_entropy(logits, label, reduction="none")
        return (batch.replay["weight"] * loss).sum() / len(batch.label)

    def factors(self, features: list[Tensor], batch: Batch) -> list[float]:
        return [min(float(r), self.options["r_cap"]) for r in self.now.rarity]


class Pmr(Method):
    def log_posterior(self, m: int, z: Tensor) -> Tensor:
        """(N, K) log softmax of -distance / kappa over the classes that exist."""
        mean, seen = self.prototypes(m)
        squares = ((z[:, None, :] - mean) ** 2).sum(dim=2)
        squared = self.options["distance"] == "squared"
        distance = squares if squared else squares.sqrt()
        score = (-distance / self.options["kappa"]).masked_fill(~seen, -torch.inf)
        return functional.log_softmax(score, dim=1)

    def weights(self, score: Tensor) -> tuple[Tensor, Tensor]:
        """How far each modality is behind the best, and ahead of the worst."""
        most, least = score.max(), score.min()
        if most == least:
            return torch.zeros_like(score), torch.zeros_like(score)
        if self.options["weights"] == "hard":
            return (score == least).to(score), (score == most).to(score)
        return (most / score - 1).clamp(0, 1), (score / least - 1).clamp(0, 1)

    def terms(self, features: list[Tensor], batch: Batch) -> Tensor | float:
        parts = []
        for m, z in enumerate(features):
            rows = self.takes_part(m, batch)
            if rows.any():
                parts.append((self.log_posterior(m, z[rows]), batch.label[rows]))
        if not parts:
            return 0.0
        own = [log.gather(1, label[:, None]).squeeze(1) for log, label in parts]
        score = torch.stack([log.detach().exp().mean() for log in own])
        behind, ahead = self.weights(score)
        total: Tensor | float = 0.0
        for (log, _), log_own, b, g in zip(parts, own, behind, ahead, strict=True):
            total = total - self.options["alpha"] * b * log_own.sum()
            if self.now.number <= self.options["early"]:
                pi = log.exp()
                entropy = -(pi * log.masked_fill(pi == 0, 0)).sum()
                total = total - self.options["mu"] * g * entropy
        return total / len(batch.label)


class OgmGe(Method):
    def __init__(self, options: Options, now: Round, model: MultimodalModel) -> None:
        super().__init__(options, now, model)
        if options["noise"]:
            raise ValueError("ogm-ge: a trace without noise is wanted (noise: false)")

    @torch.no_grad()
    def factors(self, features: list[Tensor], batch: Batch) -> list[float]:
        score: dict[int, float] = {}
        for m in range(len(features)):
            rows = batch.mask[:, m]
            if not rows.any():
                continue
            alone = [z * (j == m) for j, z in enumerate(features)]
            pi = functional.softmax(self.model.bare_head(torch.cat(alone, 1)), dim=1)
            score[m] = float(pi.gather(1, batch.label[:, None])[rows].mean())
        result = [1.0] * len(features)
        for m, own in score.items():
            others = [s for j, s in score.items() if j != m]
            ratio = own * len(others) / sum(others) if others else 1.0
            if ratio > 1:
                result[m] = 1 - float(torch.tensor(self.options["a"] * ratio).tanh())
        return result


METHODS: dict[str, type[Method]] = {
    "pm": Method,
    "full": Method,
    "fedamm": Method,
    "dropout": Method,  # the masks of the trace are those after dropping
    "zf": ZeroFilling,
    "mean-fill": MeanFilling,
    "pmm": ClassFilling,
    "pmr": Pmr,
    "ogm-ge": OgmGe,
    "fedproto": FedProto,
    "qqr": Qqr,
}
