"""A training step whose network is replayed as CUDA graphs, so that a GPU never waits for Python.

A small network spends its step on the CPU, which launches several hundred kernels; a graph launches
them all at once. The numbers are those of the network itself.
"""

import warnings
from collections.abc import Callable
from typing import Any

import lightning
import torch
from torch import Tensor, nn

from pdla.data.files import first_line
from pdla.models.scorer import LegScorer


class GraphedSteps(lightning.Callback):
    """Replays forward and backward pass of networks on keypoints, on one GPU.

    Networks on pictures keep a GPU busy as they are, and would hold their activations twice.
    """

    def on_fit_start(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        """Put the graphs before the network."""
        is_one_gpu = trainer.strategy.root_device.type == "cuda" and trainer.world_size == 1
        # A graph writes the gradients of every step to the same place: none can be added up there.
        is_alone = is_one_gpu and trainer.accumulate_grad_batches == 1
        if is_alone and isinstance(module, LegScorer) and module.input_kind == "keypoint_clips":
            module.network.forward = GraphedForward(module.network)

    def on_fit_end(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        """Leave the network as it was, and its memory."""
        vars(getattr(module, "network", self)).pop("forward", None)


class GraphedForward:
    """The `forward` of a network in training: one graph for each shape of its input.

    Args:
        network: On a GPU; it has no hooks of its own in training, and takes one tensor.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self._eager = _Eager(network)
        self._graphs: dict[torch.Size, Callable[[Tensor], Any]] = {}

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Outputs of the network; a shape that is seen for the first time is captured."""
        is_step = self.network.training and torch.is_grad_enabled()
        if not is_step or options or len(inputs) != 1 or not isinstance(inputs[0], Tensor):
            return self._eager(*inputs, **options)
        shape = inputs[0].shape
        if shape not in self._graphs:
            self._graphs[shape] = capture(self._eager, inputs[0])
        return self._graphs[shape](inputs[0])


class _Eager(nn.Module):
    """A network as its class computes it, whatever stands before it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self._compute = type(network).forward

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """Outputs of the network."""
        return self._compute(self.network, *inputs, **options)


def capture(network: nn.Module, example: Tensor) -> Callable[[Tensor], Any]:
    """Forward and backward pass for inputs of one shape; the network is left as it was.

    Args:
        network: In training, on the device of `example`.
        example: An input; it is copied.

    Returns:
        A function in place of the network. What it returns is overwritten by the next call.

    Raises:
        ValueError: If the network asks the GPU for a value in between, or is not the same each
            time; one line with the option that leaves it alone.
    """
    # Gradients come from the stream of the graph; torch waits for it, and says so at every start.
    warnings.filterwarnings("ignore", message="The AccumulateGrad node's stream does not match")
    statistics = [buffer.clone() for buffer in network.buffers()]
    random_state = torch.cuda.get_rng_state(example.device)
    kind = example.device.type
    precision = torch.autocast(
        kind,
        dtype=torch.get_autocast_dtype(kind),
        enabled=torch.is_autocast_enabled(kind),
        cache_enabled=False,  # a graph casts the weights of its own step
    )
    try:
        with precision:
            torch.cuda.make_graphed_callables(network, (example.clone(),), allow_unused_input=True)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise ValueError(
            f"this network cannot be replayed as CUDA graphs ({first_line(error)}); say "
            "cuda_graphs=false"
        ) from error
    with torch.no_grad():
        for buffer, before in zip(network.buffers(), statistics, strict=True):
            buffer.copy_(before)
    torch.cuda.set_rng_state(random_state, example.device)
    graphed: Callable[[Tensor], Any] = vars(network).pop("forward")
    return graphed
