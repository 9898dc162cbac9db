"""Values of every clip, collected on the device and, if wanted, from all processes."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from pdla.data.recordings import N_SCORES

ByLeg = dict[int, NDArray[np.float64]]  # leg -> (n clips, F)


class ClipCollector(Metric):
    """Collects F values of each clip, by default the probabilities of the scores.

    A step only keeps tensors where they are, and they are gathered there: NCCL wants them on the
    GPU. `take` brings them to the CPU once.

    Args:
        n_values: F.
    """

    full_state_update = False
    sample: list[Tensor]
    values: list[Tensor]

    def __init__(self, n_values: int = N_SCORES) -> None:
        super().__init__(sync_on_compute=False)
        self.n_values = n_values
        self.add_state("sample", [], dist_reduce_fx="cat")
        self.add_state("values", [], dist_reduce_fx="cat")

    def update(self, sample: Tensor, values: Tensor) -> None:
        """Keep a batch.

        Args:
            sample: (B,) int64, the leg that each clip shows.
            values: (B, F).
        """
        self.sample.append(sample.detach())
        self.values.append(values.detach())

    def compute(self) -> ByLeg:
        """Values (n, F) of the clips of each leg, clips in the order in which they came."""
        sample = dim_zero_cat(self.sample).cpu().numpy()
        values = dim_zero_cat(self.values).double().cpu().numpy()
        order = np.argsort(sample, kind="stable")
        legs, first = np.unique(sample[order], return_index=True)
        parts = np.split(values[order], first[1:])
        return {int(leg): part for leg, part in zip(legs, parts, strict=True)}

    def take(self, n_processes: int = 1) -> ByLeg:
        """Compute over the clips of all processes, then forget them.

        Args:
            n_processes: Of the distributed run; 1 where this process saw every clip.
        """
        if n_processes == 1 and not self.update_called:
            return {}
        with self.sync_context(should_sync=n_processes > 1):
            values = self.compute()
        self.reset()
        return values

    def sync(self, *args: Any, **options: Any) -> None:
        """Gather from all processes; one without clips joins with an empty batch."""
        if options.get("should_sync", True) and not self.update_called:
            self.update(
                torch.zeros(0, dtype=torch.int64, device=self.device),
                torch.zeros(0, self.n_values, device=self.device),
            )
        super().sync(*args, **options)
