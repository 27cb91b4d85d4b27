"""How fast two players take a turn, beside PyTorch: `python benchmarks/players.py [rounds]`.

A turn is what one step of the presets gan_ring and gan_digits is: the discriminator on real and made rows, its update,
then the generator through it, and its update. Each measurement is a process of its own, several rounds in turn.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peers import seconds_a_step
from results import machine, write_section
from rounds import Run, table

#: Seconds of each of the runs whose median counts: in a shorter one, what is left of finding out whether threads pay
#: would count more than in a training.
ABOUT = 0.5
RUNS = (("nnplay", 1), ("nnplay", 2), ("torch", 1), ("torch", 2))


@dataclass(frozen=True)
class Case:
    """A preset, and how many times as fast as PyTorch it is to be."""

    name: str
    goal: float


CASES = (Case("gan_ring", 20), Case("gan_digits", 1.5))


def nnplay(name: str, threads: int) -> float:
    """Seconds of a turn of the preset."""
    from nnplay.presets.catalogue import load_preset

    trainer = load_preset(name).changed(training={"threads": threads}).trainer()
    return seconds_a_step(lambda count: trainer.run(steps=count), about=ABOUT)


def torch(name: str, threads: int) -> float:
    """Seconds of a turn of the same networks in eager PyTorch, in the fastest of its usual forms.

    The optimizer is the fused one, batches are slices, pictures are in channels-last memory. Rows are made for the
    discriminator without a graph, and the generator's turn gives the discriminator's weights no gradients, as here.
    """
    import torch
    from torch import nn

    from nnplay.presets.catalogue import load_preset

    torch.set_num_threads(threads)
    trainer = load_preset(name).trainer()
    rows, classes = (torch.from_numpy(part.copy()) for part in (trainer.split.train.x, trainer.split.train.kinds))
    critic, maker = (networks_of_digits if (pictures := rows.ndim == 4) else networks_of_ring)(nn)
    if pictures:
        rows = rows.permute(0, 3, 1, 2)
        rows, critic, maker = (part.to(memory_format=torch.channels_last) for part in (rows, critic, maker))
    size = trainer.batch_rows
    noise = trainer.players.networks["generator"].noise
    loss_of = nn.BCEWithLogitsLoss()
    penalties = [item.factor for item in trainer.players.objectives if item.gradient_norm is not None]
    adam = [torch.optim.Adam(net.parameters(), lr=0.0005, betas=(0.5, 0.999), fused=True) for net in (critic, maker)]
    real, made = torch.ones(size, 1), torch.zeros(size, 1)
    batches = len(rows) // size

    def steps(count: int) -> None:
        for number in range(count):
            first = number % batches * size
            batch = rows[first:][:size]
            adam[0].zero_grad()
            critic.requires_grad_(True)
            with torch.no_grad():
                fake = maker(torch.randn(size, noise))
            batch = batch.clone().requires_grad_() if penalties else batch
            answer = critic(batch)
            score = score_of(answer)
            loss = loss_of(score, real) + loss_of(score_of(critic(fake)), made)
            if pictures:
                loss = loss + nn.functional.cross_entropy(answer, classes[first:][:size])
            for factor in penalties:
                (slope,) = torch.autograd.grad(score.sum(), batch, create_graph=True)
                loss = loss + factor * slope.square().sum(dim=1).mean()
            loss.backward()
            adam[0].step()
            adam[1].zero_grad()
            critic.requires_grad_(False)
            answer = critic(maker(torch.randn(size, noise)))
            loss = loss_of(score_of(answer), real)
            (loss + entropy(answer) if pictures else loss).backward()
            adam[1].step()

    return seconds_a_step(steps, about=ABOUT)


def score_of(answer: Any) -> Any:
    """How real a discriminator finds rows: of several classes, log Σ exp."""
    return answer.logsumexp(1, keepdim=True) if answer.shape[1] > 1 else answer


def entropy(answer: Any) -> Any:
    """The mean entropy of classes, as it counts in the generator's loss."""
    found = answer.log_softmax(1)
    return -2.0 * (found.exp() * found).sum(dim=1).mean()


def networks_of_ring(nn: Any) -> tuple[Any, Any]:
    """Discriminator and generator of points."""

    def layers(last: int) -> Any:
        hidden = (nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 32), nn.LeakyReLU(0.2))
        return nn.Sequential(*hidden, nn.Linear(32, last))

    class Moves(nn.Module):  # type: ignore[misc]
        """Points and how far each is moved."""

        def __init__(self) -> None:
            super().__init__()
            self.by = layers(2)

        def forward(self, x: Any) -> Any:
            return x + self.by(x)

    return layers(1), Moves()


def networks_of_digits(nn: Any) -> tuple[Any, Any]:
    """Discriminator and generator of pictures."""
    critic = nn.Sequential(
        nn.Conv2d(1, 32, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(32, 64, 4, 2, 1), nn.LeakyReLU(0.2),
        nn.Flatten(), nn.Linear(3136, 10),
    )  # fmt: skip
    maker = nn.Sequential(
        nn.Linear(32, 3136), nn.Unflatten(1, (64, 7, 7)), nn.BatchNorm2d(64), nn.ReLU(),
        nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.BatchNorm2d(32), nn.ReLU(),
        nn.ConvTranspose2d(32, 1, 4, 2, 1), nn.Sigmoid(),
    )  # fmt: skip
    return critic, maker


def row(case: Case, found: Mapping[Run, float]) -> str:
    """One line of the table."""

    def best(peer: str) -> float:
        return min((time for (name, _), time in found.items() if name == peer), default=float("nan"))

    def shown(peer: str) -> str:
        return " / ".join(f"{found[peer, threads]:,.0f}" if (peer, threads) in found else "–" for threads in (1, 2))

    ratio = best("torch") / best("nnplay")
    return f"| {case.name} | {shown('nnplay')} | {shown('torch')} | **{ratio:.1f}×** (≥ {case.goal:g}×) |"


def main(rounds: int) -> None:
    """Measures both and prints, and writes down, the table."""
    head = [
        "| a turn of both players | nnplay µs (1 / 2 threads) | PyTorch µs (1 / 2) | vs PyTorch (goal) |",
        "|---|---|---|---|",
    ]
    lines = table([str(Path(__file__))], CASES, RUNS, rounds, scale=1e6, row=row)
    command = "Command: `python benchmarks/players.py`"
    write_section("Two players beside PyTorch", [machine(), "", *head, *lines, "", command])


if __name__ == "__main__":
    if len(sys.argv) == 4:
        peer, preset, count = sys.argv[1:]
        print(json.dumps((nnplay if peer == "nnplay" else torch)(preset, int(count))))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
