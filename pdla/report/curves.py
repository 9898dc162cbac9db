"""Training curves of a run, read back from its TensorBoard events."""

from pathlib import Path
from typing import Final

from tensorboard.backend.event_processing.event_file_loader import (  # type: ignore[import-untyped]
    RawEventFileLoader,
)
from tensorboard.compat.proto.event_pb2 import Event  # type: ignore[import-untyped]

CURVES: Final = ("train/loss", "val/loss", "val/rps")
MAX_EVENT_BYTES: Final = 4096  # a point of a curve is small; pictures are passed over unread

Curve = list[tuple[int, float]]


def read_curves(run_dir: Path) -> dict[str, Curve]:
    """Points (step, value) of each of CURVES that a run has logged, in order of the steps.

    A run that was resumed has several files of events; the later point of a step counts.
    """
    points: dict[str, dict[int, float]] = {}
    for path in sorted(run_dir.glob("events.out.tfevents.*")):
        for raw in RawEventFileLoader(str(path)).Load():
            if len(raw) > MAX_EVENT_BYTES or not any(name.encode() in raw for name in CURVES):
                continue
            event = Event.FromString(raw)
            for value in event.summary.value:
                if value.tag in CURVES:
                    points.setdefault(value.tag, {})[event.step] = _number(value)
    return {tag: sorted(points[tag].items()) for tag in CURVES if tag in points}


def _number(value: object) -> float:
    simple = getattr(value, "simple_value", 0.0)
    tensor = getattr(value, "tensor", None)
    return float(tensor.float_val[0]) if tensor is not None and tensor.float_val else float(simple)
