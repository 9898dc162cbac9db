"""Pictures of the system of 2023: losses by epoch, and how its accuracy depends on the split."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
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
    accuracies: Mapping[Leg, Sequence[float]], majority: Mapping[Leg, float], n_tested: int
) -> Figure:
    """Accuracy on each random split, a dot each, beside always saying the commonest score."""
    figure = Figure(figsize=(7, 3.2), dpi=120, layout="constrained")
    axes = figure.subplots()
    for row, (leg, values) in enumerate(accuracies.items()):
        counts: dict[float, int] = {}
        for value in sorted(values):
            level = counts.get(value, 0)
            counts[value] = level + 1
            axes.plot(value, row + 0.06 * level, "o", color=f"C{row}", markersize=5)
        axes.plot([majority[leg]] * 2, [row - 0.15, row + 0.5], color="black", linewidth=1,
                  label="majority" if row == 0 else None)  # fmt: skip
    axes.set_yticks(range(len(accuracies)), [f"{LEG_NAMES[leg]} leg" for leg in accuracies])
    axes.set(xlim=(0, 1), ylim=(-0.4, len(accuracies) - 0.2), xlabel="accuracy by video")
    n_splits = max((len(values) for values in accuracies.values()), default=0)
    axes.set_title(
        f"{n_splits} random splits by video, about {n_tested} videos tested in each: {STAMP}",
        fontsize=10,
    )
    axes.legend(frameon=False, loc="upper left")
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write a PNG, complete or not at all."""
    with replacing(path) as temporary, mpl.rc_context({"savefig.dpi": "figure"}):
        figure.savefig(temporary)
