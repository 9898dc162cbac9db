"""Operations of our networks and heads that torch's exporter to ONNX does not know."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import torch
from onnxscript import opset18

op: Any = opset18  # its own types do not know of results that feed the next operation
INT64: Final = 7  # TensorProto.DataType of the ONNX specification


def nanmedian(values: Any, dim: int, keepdim: bool = False) -> tuple[Any, Any]:
    """torch.nanmedian along a dimension as ONNX operations.

    The values are put in order with what is missing at the end; the lower of two middle ones is
    taken, as torch does, and NaN where all are missing.

    Args:
        values: Any shape.
        dim: Dimension that goes.
        keepdim: Whether it stays with the length 1.

    Returns:
        Medians, and the places that they have in order (not among `values`: nothing asks for it).
    """
    axis = op.Constant(value_ints=[dim])
    is_missing = op.IsNaN(values)
    last = op.CastLike(op.Constant(value_float=float("inf")), values)
    length = op.Gather(op.Shape(values), axis)
    ordered, _ = op.TopK(op.Where(is_missing, last, values), length, axis=dim, largest=0, sorted=1)
    count = op.ReduceSum(op.Cast(op.Not(is_missing), to=INT64), axis, keepdims=1)
    one, two = op.Constant(value_ints=[1]), op.Constant(value_ints=[2])
    place = op.Max(op.Div(op.Sub(count, one), two), op.Constant(value_ints=[0]))
    none = op.CastLike(op.Constant(value_float=float("nan")), values)
    median = op.Where(op.Less(count, one), none, op.GatherElements(ordered, place, axis=dim))
    if keepdim:
        return median, place
    return op.Squeeze(median, axis), op.Squeeze(place, axis)


def product(values: Any, dims: Sequence[int]) -> Any:
    """Torch's primitive product over dimensions (of which cumprod is made) as an ONNX operation."""
    return op.ReduceProd(values, op.Constant(value_ints=list(dims)), keepdims=0)


TRANSLATIONS: Final[dict[Callable[..., Any], Callable[..., Any]]] = {
    torch.ops.aten.nanmedian.dim: nanmedian,
    torch.ops.prims.prod.default: product,
}
