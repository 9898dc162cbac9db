"""Every random draw of a training is a function of (seed, epoch, place), whoever makes it and when.

A run that was killed and goes on therefore draws what the straight run would have drawn, with any
number of loader workers.
"""

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Generator
from torch.utils.data import Sampler

# First number of the key. A new kind of draw gets a new number, so that old draws stay as they are.
STREAMS: Final = {"order": 0, "clip": 1, "augment": 2, "step": 3, "turn": 4}


def seed_of(seed: int, kind: str, *key: int) -> int:
    """Seed of one draw: a 63-bit number that depends on the arguments only.

    Args:
        seed: Seed of the run.
        kind: What is drawn, one of STREAMS.
        key: Whole numbers from 0 that tell draws of this kind apart: epoch, place, process.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(STREAMS[kind], *key))
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))


class ClipDraw(NamedTuple):
    """One clip of an epoch, as a data set is asked for it.

    Attributes:
        item: Which clip of the data set.
        epoch: Epoch of the training, from 0.
        place: Place in the order of that epoch, from 0; an item may be drawn twice.
    """

    item: int
    epoch: int
    place: int


class EpochOrder(Sampler[ClipDraw]):
    """The order of training clips, another one in every epoch.

    Args:
        n_clips: Clips of the data set, and draws in an epoch.
        seed: Seed of the run.
        weights: How likely each clip is, drawn with replacement; None takes each clip once.
        epoch: The epoch to begin with: Lightning calls `set_epoch` only after the first batches of
            a training were asked for.
        process: Which process of a distributed run this is, and how many there are. They take turns
            in one common order, so that a step shows the clips that one device would have seen in
            a batch of that size; a few clips come twice where they cannot be shared out evenly.
    """

    def __init__(
        self,
        n_clips: int,
        seed: int,
        weights: Sequence[float] | None = None,
        epoch: int = 0,
        process: tuple[int, int] = (0, 1),
    ) -> None:
        self.n_clips = n_clips
        self.seed = seed
        self.weights = weights
        self.epoch = epoch
        self.rank, self.world = process

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order is given next."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Draws of this process in an epoch."""
        return ceil(self.n_clips / self.world)

    def __iter__(self) -> Iterator[ClipDraw]:
        """The draws of the epoch in order."""
        epoch = self.epoch
        generator = Generator().manual_seed(seed_of(self.seed, "order", epoch))
        if self.weights is None:
            items = torch.randperm(self.n_clips, generator=generator)
        else:
            chances = torch.tensor(self.weights, dtype=torch.float64)
            items = torch.multinomial(chances, self.n_clips, replacement=True, generator=generator)
        order = items.tolist()
        for place in range(self.rank, len(self) * self.world, self.world):
            yield ClipDraw(order[place % self.n_clips], epoch, place)


def shared_batches(n_clips: int, batch_size: int, process: tuple[int, int]) -> list[list[int]]:
    """Batches of one process of a distributed evaluation: every clip once, in as many batches each.

    Args:
        n_clips: Of the data set, in order.
        batch_size: Most clips in a batch.
        process: Which process, and how many.

    Raises:
        ValueError: If there are fewer clips than processes.
    """
    rank, world = process
    if n_clips < world:
        raise ValueError(f"trainer.devices={world}: {n_clips} clips to evaluate; use fewer devices")
    n_batches = ceil(n_clips / (world * batch_size))
    parts = np.array_split(np.arange(n_clips), min(n_clips, n_batches * world))
    return [part.tolist() for part in parts[rank::world]]
