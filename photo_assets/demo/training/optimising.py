"""The training loop that both models share: batches, learning rate, averaged weights, progress.

What a step's loss is, each model says itself.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from photo_assets.demo.vocabulary import COLOURS, OBJECTS, PLACES, TIMES

ATTRIBUTE_SIZES = (len(OBJECTS), len(COLOURS), len(PLACES), len(TIMES))


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to learn; `batch` in pictures."""

    steps: int
    batch: int
    peak_rate: float = 1.5e-3
    warm_up_steps: int = 400
    weight_decay: float = 0.05
    averaging: float = 0.998


class AttributeHeads(nn.Module):
    """Four classifiers on the vision tower, in training only: they teach a small ViT what to look at."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = nn.ModuleList(nn.Linear(width, size) for size in ATTRIBUTE_SIZES)

    def forward(self, features: torch.Tensor, attributes: torch.Tensor) -> torch.Tensor:
        """Mean cross-entropy of (B, width) features against (B, 4) attribute indices."""
        losses = [
            nn.functional.cross_entropy(head(features), attributes[:, place]) for place, head in enumerate(self.heads)
        ]
        return torch.stack(losses).mean()


def train(
    model: nn.Module,
    schedule: Schedule,
    pictures: int,
    loss_of: Callable[[torch.Tensor], torch.Tensor],
    evaluate: Callable[[nn.Module], str],
) -> nn.Module:
    """Minimise `loss_of(picture indices)` over `pictures` pictures; the model with the averaged weights."""
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(schedule.averaging))
    optimiser = torch.optim.AdamW(_groups(model, schedule), lr=schedule.peak_rate, betas=(0.9, 0.98))
    rates = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, schedule))
    started = time.perf_counter()
    for step in range(1, schedule.steps + 1):
        loss = loss_of(torch.randint(pictures, (schedule.batch,)))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        rates.step()
        average.update_parameters(model)
        if step % 500 == 0 or step == schedule.steps:
            seconds = time.perf_counter() - started
            print(f"step {step} {seconds:.0f} s loss {loss.item():.4f} {evaluate(average.module)}", flush=True)
    return average.module


def _groups(model: nn.Module, schedule: Schedule) -> list[dict[str, object]]:
    """Biases, norms and embeddings of one dimension are not decayed."""
    wide = [parameter for parameter in model.parameters() if parameter.dim() > 1]
    flat = [parameter for parameter in model.parameters() if parameter.dim() <= 1]
    return [{"params": wide, "weight_decay": schedule.weight_decay}, {"params": flat, "weight_decay": 0.0}]


def _rate(step: int, schedule: Schedule) -> float:
    if step < schedule.warm_up_steps:
        return (step + 1) / schedule.warm_up_steps
    done = (step - schedule.warm_up_steps) / (schedule.steps - schedule.warm_up_steps)
    return 0.5 * (1 + math.cos(math.pi * done)) * 0.99 + 0.01
