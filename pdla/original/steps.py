"""Training steps that are queued on the device, so that it never waits for the host.

The order of an epoch, the angles and the sum of losses are on the device; a step only says how many
clips it takes. On a GPU a step of many small kernels is recorded once as a CUDA graph and replayed,
which takes a fraction of launching them one by one.
"""

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from pdla.original.settings import Precision

WARM_UP: Final = 4  # steps before one is recorded: cuDNN has chosen its algorithms by then

log = logging.getLogger(__name__)


@contextlib.contextmanager
def computing(device: torch.device, precision: Precision) -> Iterator[None]:
    """Networks compute in this precision on a GPU, and in fp32 on a CPU."""
    torch.backends.cudnn.allow_tf32 = precision != "fp32"
    torch.backends.cuda.matmul.allow_tf32 = False  # as PyTorch had it by default
    is_bf16 = precision == "bf16" and device.type == "cuda"
    with torch.autocast(device.type, torch.bfloat16, enabled=is_bf16):
        yield


@contextlib.contextmanager
def own_stream(device: torch.device) -> Iterator[None]:
    """Queue on a stream of its own, as recording a CUDA graph needs; nothing on a CPU."""
    if device.type != "cuda":
        yield
        return
    torch.cuda.set_device(device)
    torch.cuda.synchronize()
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    with torch.cuda.stream(stream):
        yield
    torch.cuda.synchronize()


def sgd(network: nn.Module, lr: float, device: torch.device) -> torch.optim.SGD:
    """SGD with momentum 0.9; on a GPU its rate is a tensor, so that a recorded step follows it."""
    if device.type != "cuda":
        return torch.optim.SGD(network.parameters(), lr=lr, momentum=0.9)
    rate = torch.tensor(lr, device=device)
    return torch.optim.SGD(network.parameters(), lr=rate, momentum=0.9, fused=True)


class QueuedEpochs:
    """Epochs of a network over clips that are on its device.

    Args:
        network: What is trained.
        optimizer: Its optimizer.
        pictures: Rows (B,) int64 and angles (B,) in degrees to what the network takes.
        target: (N,) score of each row.
        batch_size: Clips in a step; the last one of an epoch may have fewer.
        precision: How the network computes.
        is_recorded: Whether to replay steps as a CUDA graph; pays where a step is short.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: torch.optim.Optimizer,
        pictures: Callable[[Tensor, Tensor], Tensor],
        target: Tensor,
        batch_size: int,
        precision: Precision,
        *,
        is_recorded: bool = False,
    ) -> None:
        self.network, self.optimizer = network, optimizer
        self.pictures, self.target = pictures, target
        self.batch_size, self.precision = batch_size, precision
        self.device = target.device
        self.is_recorded = is_recorded and self.device.type == "cuda"
        self.places = torch.arange(batch_size, device=self.device)
        self.position = torch.zeros(1, dtype=torch.int64, device=self.device)
        self.loss_sum = torch.zeros((), device=self.device)
        self.rows = torch.empty(0, dtype=torch.int64, device=self.device)
        self.angles = torch.empty(0, device=self.device)
        self.graph: torch.cuda.CUDAGraph | None = None
        self.n_done = 0

    def run(
        self,
        rows: NDArray[np.int64],
        angles: NDArray[np.float64],
        after_step: Callable[[], None] | None = None,
    ) -> float:
        """Train on rows in this order.

        Args:
            rows: (n,) of the target; as many in every epoch.
            angles: (n,) by which each is turned, in degrees.
            after_step: Called after each step.

        Returns:
            Mean loss of the epoch.
        """
        self._load(rows, angles)
        self.network.train()
        for start in range(0, len(rows), self.batch_size):
            self._step(min(self.batch_size, len(rows) - start))
            if after_step is not None:
                after_step()
        return float(self.loss_sum) / len(rows)

    def _load(self, rows: NDArray[np.int64], angles: NDArray[np.float64]) -> None:
        """Hand over the order of an epoch; a recorded step reads it at the same address."""
        if len(self.rows) != len(rows):
            self.rows = torch.empty(len(rows), dtype=torch.int64, device=self.device)
            self.angles = torch.empty(len(rows), device=self.device)
            self.graph = None
        self.rows.copy_(torch.from_numpy(rows))
        self.angles.copy_(torch.from_numpy(angles))
        self.position.zero_()
        self.loss_sum.zero_()

    def _step(self, size: int) -> None:
        if not self.is_recorded or size < self.batch_size or self.n_done < WARM_UP:
            self._queue(size)
            self.n_done += size == self.batch_size
            return
        if self.graph is None:
            self._record()
        if self.graph is None:  # it could not be recorded
            self._queue(size)
        else:
            self.graph.replay()

    def _record(self) -> None:
        graph = torch.cuda.CUDAGraph()
        self.optimizer.zero_grad()
        try:
            with torch.cuda.graph(graph, stream=torch.cuda.current_stream()):
                self._queue(self.batch_size)
        except RuntimeError as error:
            log.warning("steps are launched one by one, as no CUDA graph was recorded: %s", error)
            self.is_recorded = False
            return
        self.graph = graph

    def _queue(self, size: int) -> None:
        """One step on the next `size` rows."""
        take = self.position + self.places[:size]
        rows = self.rows.index_select(0, take)
        pictures = self.pictures(rows, self.angles.index_select(0, take))
        with computing(self.device, self.precision):
            outputs = self.network(pictures)
        loss = cross_entropy(outputs.float(), self.target.index_select(0, rows))
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.loss_sum += loss.detach() * size
        self.position += size
