"""Pictures of the system of 2023: losses by epoch, and how its accuracy depends on the split."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pdla.data.files import replacing
from pdla.data.skeletons import LEG_NAMES, Leg
from pdla.original.settings import STAMP


def loss_figure(leg: Leg, train_loss: Sequence[float], val_loss: Sequence[float]) -> Figure:
    """Training and validation loss of R3D-18 by epoch, as 2023 drew it."""
    figure = Figure(figsize=(7, 4.2), dpi=120, layout="constrained")
    axes = figure.subplots()
    epochs = range(1, len(train_loss) + 1)
    axes.plot(epochs, train_loss, label="training")
    axes.plot(epochs, val_loss, label="validation (also the test)")
    best = min(range(len(val_loss)), key=val_loss.__getitem__)
    axes.plot(best + 1, val_loss[best], "o", color="black", label="weights kept")
    axes.set(xlabel="epoch", ylabel="cross entropy", ylim=(0, None))
    axes.set_title(f"R3D-18 of 2023, {LEG_NAMES[leg]} leg: {STAMP}")
    axes.legend(frameon=False)
    return figure


def splits_figure(
    by_video: Mapping[Leg, Sequence[float]],
    by_patient: Mapping[Leg, Sequence[float]],
    majority: Mapping[Leg, float],
    n_tested: int,
) -> Figure:
    """Accuracy on each random split, a dot each, beside always saying the commonest score.

    Args:
        by_video: On splits of 2023, whose tested videos choose the weights; some are trained on.
        by_patient: On patients who were not trained on.
        majority: Accuracy of the commonest score, mean over the splits of 2023.
        n_tested: Videos tested in a split of 2023.
    """
    figure = Figure(figsize=(7, 3.6), dpi=120, layout="constrained")
    axes = figure.subplots()
    for row, leg in enumerate(by_video):
        is_first = row == 0
        _dots(axes, by_video[leg], row, True, f"by video: {STAMP}" if is_first else None)
        _dots(axes, by_patient[leg], row - 0.42, False, "by patient" if is_first else None)
        axes.plot([majority[leg]] * 2, [row - 0.45, row + 0.4], color="black", linewidth=1,
                  label="majority" if is_first else None)  # fmt: skip
    axes.set_yticks(range(len(by_video)), [f"{LEG_NAMES[leg]} leg" for leg in by_video])
    axes.set(xlim=(0, 1), ylim=(-0.6, len(by_video) - 0.3), xlabel="accuracy")
    n_splits = " and ".join(str(n) for n in sorted({len(values) for values in by_video.values()}))
    axes.set_title(
        f"{n_splits} random splits, small clips, about {n_tested} videos tested in each by video",
        fontsize=10,
    )
    axes.legend(frameon=False, loc="upper right")
    return figure


def _dots(
    axes: Axes, values: Sequence[float], height: float, is_filled: bool, label: str | None
) -> None:
    """A dot a value; equal ones are piled up, as many as a row has room for."""
    counts: dict[float, int] = {}
    x, y = [], []
    for value in sorted(values):
        place = round(value, 2)
        x.append(value)
        y.append(height + 0.045 * counts.get(place, 0))
        counts[place] = counts.get(place, 0) + 1
    face = "C0" if is_filled else "white"
    axes.plot(x, y, "o", color="C0" if is_filled else "C1", markerfacecolor=face, markersize=4,
              label=label)  # fmt: skip


def save_figure(figure: Figure, path: Path) -> None:
    """Write a PNG, complete or not at all."""
    with replacing(path) as temporary, mpl.rc_context({"savefig.dpi": "figure"}):
        figure.savefig(temporary)
