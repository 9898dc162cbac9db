"""What a prediction hung on: gradient x input of the expected score, for every kind of model.

The gradient says how the expected score (0 to 4) would change if an input changed a little; times
the input it says how much what stands there raised (above 0) or lowered (below 0) the score.
Method: Shrikumar et al. 2016, "Not just a black box"; Ancona et al. 2018 compare it with others.
Unlike methods that explain only what looks plausible it depends on the weights that were learnt
(Adebayo et al. 2018, "Sanity checks for saliency maps"), yet it is a first-order view of one clip:
a hint where to look, no proof.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from pdla.data.batches import ClipBatch
from pdla.models.keypoint_features import N_SEEN_CHANNELS, SeesJoints
from pdla.models.kinematic_model import WithKinematics
from pdla.models.scorer import LegScorer


@dataclass(frozen=True)
class Attribution:
    """Gradient x input for B clips; None for what a model is not given.

    Attributes:
        expected: (B,) expected score.
        pixels: (B, C, T, H, W) of drawn clips or heat maps.
        joints: (B, T, 25) of keypoint features: places and movements of each joint.
        certainty: (B, T) of how surely all joints were seen (confidence, seen or not). Apart from
            `joints`, as a joint at rest is certain too; who hangs on it hangs on OpenPose.
        doubt: (B, T) of the same, but against joints that are all seen with confidence 1: gradient
            x (input - 1), so 0 where nothing is in doubt.
        quantities: (B, n legs, F) of standardised clinical quantities, the scored leg first.
        slopes: (B, n legs, F) change of the expected score by one SD of a quantity.
    """

    expected: Tensor
    pixels: Tensor | None = None
    joints: Tensor | None = None
    certainty: Tensor | None = None
    doubt: Tensor | None = None
    quantities: Tensor | None = None
    slopes: Tensor | None = None


def attribute(model: LegScorer, batch: ClipBatch) -> Attribution:
    """Attribute the expected score of each clip to what the model was given.

    Args:
        model: Any model; it is left as it was, without gradients.
        batch: On the device of the model, as `represent` of its data module gives it.

    Returns:
        Values on the same device. A clip's are its own: in evaluation no clip sees another.
    """
    was_training = model.training
    model.eval()
    # cuDNN has no backward pass for an LSTM in evaluation.
    is_recurrent = any(isinstance(part, nn.RNNBase) for part in model.modules())
    with ExitStack() as stack:
        stack.enter_context(torch.enable_grad())
        stack.enter_context(torch.backends.cudnn.flags(enabled=not is_recurrent))
        inputs: dict[str, list[Tensor]] = {}
        if isinstance(model, SeesJoints):
            inputs["joints"] = stack.enter_context(_watch_input(model.joint_network()))
        if isinstance(model, WithKinematics):
            inputs["quantities"] = stack.enter_context(_watch_output(model.features))
        if not inputs:
            batch = {**batch, "clips": batch["clips"].detach().clone().requires_grad_()}
            inputs["pixels"] = [batch["clips"]]
        probabilities = model.head.probabilities(model(batch))
        expected = probabilities @ torch.arange(float(probabilities.shape[1])).to(probabilities)
        given = [values[-1] for values in inputs.values()]
        gradients = torch.autograd.grad(expected.sum(), given, allow_unused=True)
    model.train(was_training)
    found: dict[str, Any] = {"expected": expected.detach()}
    for name, value, gradient in zip(inputs, given, gradients, strict=True):
        used = torch.zeros_like(value) if gradient is None else gradient
        found |= _by_place(model, name, value.detach(), used)
    return Attribution(**found)


def _by_place(model: Any, name: str, value: Tensor, gradient: Tensor) -> dict[str, Tensor]:
    product = (gradient * value).float()
    if name == "joints":
        by_joint = model.by_joint(product)  # (B, C, T, 25)
        certainty = by_joint[:, -N_SEEN_CHANNELS:].sum(dim=(1, 3))
        slope = model.by_joint(gradient.float())[:, -N_SEEN_CHANNELS:].sum(dim=(1, 3))
        return {
            "joints": by_joint[:, :-N_SEEN_CHANNELS].sum(dim=1),
            "certainty": certainty,
            "doubt": certainty - slope,
        }
    if name == "quantities":
        n_values = value.shape[1] // 2
        slopes = gradient[:, :n_values].reshape(len(value), model.features.n_legs, -1)
        return {"quantities": model.features.by_quantity(product), "slopes": slopes.float()}
    return {"pixels": product}


@contextmanager
def _watch_input(module: nn.Module) -> Iterator[list[Tensor]]:
    """Put a leaf in the place of what a module is given, to ask for its gradient."""
    seen: list[Tensor] = []

    def replace(_module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        seen.append(inputs[0].detach().clone().requires_grad_())
        return (seen[-1], *inputs[1:])

    handle = module.register_forward_pre_hook(replace)
    try:
        yield seen
    finally:
        handle.remove()


@contextmanager
def _watch_output(module: nn.Module) -> Iterator[list[Tensor]]:
    """The same for what a module gives."""
    seen: list[Tensor] = []

    def replace(_module: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
        seen.append(output.detach().clone().requires_grad_())
        return seen[-1]

    handle = module.register_forward_hook(replace)
    try:
        yield seen
    finally:
        handle.remove()
