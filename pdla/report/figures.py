"""Figures of a report: drawn by matplotlib, put into the page as SVG, into TensorBoard as they are.

All of them are small, with large letters: a phone shows them one below the other.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import Final

import numpy as np
import pandas as pd
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pdla.data.recordings import N_SCORES
from pdla.evaluation.intervals import Estimate, estimate_metrics
from pdla.evaluation.metrics import (
    CALIBRATION_BINS,
    METRIC_OF,
    THRESHOLDS,
    Metric,
    reach_probability,
)
from pdla.evaluation.predictions import predicted_of, probabilities_of, scores_of
from pdla.report.curves import Curve

# Okabe and Ito 2008: told apart also by readers who do not see red and green.
COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MAX_NUMBERED_FOLDS: Final = 20
MUTED: Final = "#8a8f98"


def as_data_url(figure: Figure) -> str:
    """A figure as an address that an img element can show without any other file.

    Drawn once: `savefig` would lay it out in a drawing before.
    """
    buffer = io.BytesIO()
    with rc_context({"svg.hashsalt": "pdla"}):
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})  # type: ignore[no-untyped-call]
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()


def _wrap(text: str, width: int) -> str:
    """The lines of a text, none longer than `width` letters."""
    return "\n".join(part for line in text.splitlines() for part in wrap(line, width))


def _new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


@dataclass(frozen=True)
class ForestRow:
    """A line of a forest plot.

    Attributes:
        name: At its left.
        estimate: Value and interval.
        is_good: Blue if true, orange if false, grey if None.
    """

    name: str
    estimate: Estimate
    is_good: bool | None = None


def scorers_figure(rows: Sequence[ForestRow], metric: Metric, title: str) -> Figure:
    """A metric of every scorer with its interval, one line each; models are `is_good`.

    The figures stand below the names, so that a phone shows them in letters of a readable size.

    Args:
        rows: From the top down.
        metric: What is shown.
        title: Above the figure.
    """
    named = [replace(row, name=f"{row.name}\n{_estimate_text(row.estimate)}") for row in rows]
    figure, axes = _forest_axes(named, title, 5.6)
    axes.set_xlabel(f"{metric.title} ({metric.direction})", fontsize=9)
    return figure


def _estimate_text(estimate: Estimate) -> str:
    text = f"{estimate.value:z.2f}" if np.isfinite(estimate.value) else "n/a"
    if np.isfinite(estimate.low):
        text += f" ({estimate.low:z.2f} to {estimate.high:z.2f})"
    return text


def _forest_axes(rows: Sequence[ForestRow], title: str, width: float) -> tuple[Figure, Axes]:
    names = [_wrap(row.name, 44) for row in rows]
    n_lines = sum(max(2, name.count("\n") + 1) for name in names)
    figure, axes = _new_figure(width, 1.3 + 0.18 * n_lines)
    colours = {True: COLOURS[0], False: COLOURS[1], None: MUTED}
    for place, row in enumerate(rows):
        colour, estimate = colours[row.is_good], row.estimate
        axes.plot([estimate.low, estimate.high], [place, place], color=colour, linewidth=2.2)
        axes.plot(estimate.value, place, "o", color=colour, markersize=6)
    axes.set_yticks(range(len(rows)), names, fontsize=9)
    axes.set_ylim(max(1, len(rows)) - 0.5, -0.5)
    axes.set_title(title, fontsize=11, loc="left")
    return figure, axes


def differences_figure(rows: Sequence[ForestRow], metric: Metric, title: str) -> Figure:
    """Paired differences with their intervals, one line each; blue where the model is better.

    Args:
        rows: From the top down.
        metric: What differs.
        title: Above the figure.
    """
    figure, axes = _forest_axes(rows, title, 5.4)
    axes.axvline(0, color="black", linewidth=0.8)
    better = "right" if metric.higher_is_better else "left"
    axes.set_xlabel(f"difference in {metric.title}\n(better: {better} of 0)", fontsize=9)
    return figure


def confusion_figure(passes: Sequence[pd.DataFrame], title: str) -> Figure:
    """Legs by the rater's score and the prediction, mean over the passes."""
    counts = np.zeros((N_SCORES, N_SCORES))
    for table in passes:
        np.add.at(counts, (scores_of(table), predicted_of(table)), 1)
    counts /= len(passes)
    figure, axes = _new_figure(3.4, 3.5)
    axes.imshow(counts, cmap="Blues", vmin=0)
    for (score, predicted), count in np.ndenumerate(counts):
        shade = "white" if count > counts.max() / 2 else "black"
        text = f"{count:.1f}".removesuffix(".0")
        axes.text(predicted, score, text, ha="center", va="center", color=shade)
    axes.set(xlabel="predicted score", ylabel="rater's score")
    axes.set(xticks=range(N_SCORES), yticks=range(N_SCORES))
    axes.set_title(_wrap(title, 40), fontsize=10, loc="left")
    return figure


def reliability_figure(passes: Sequence[pd.DataFrame], title: str) -> Figure:
    """How often a score was reached against how likely the model said it was, by threshold.

    Below it the calibration of the expected score with its intervals: by eye, few legs mislead.
    """
    table = pd.concat(passes)
    probabilities = probabilities_of(table)
    figure, axes = _new_figure(3.4, 4.0)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8)
    for k, colour, marker in zip(THRESHOLDS, COLOURS, "os^", strict=False):
        reached = reach_probability(probabilities, k)
        said, happened, share = _bins(reached, scores_of(table) >= k)
        axes.plot(said, happened, color=colour, linewidth=1)
        axes.scatter(said, happened, 20 + 150 * share, color=colour, marker=marker, label=f"{k}+")
    axes.set(xlim=(-0.05, 1.05), ylim=(-0.05, 1.05), aspect="equal")
    axes.set(xlabel=f"said: probability\n{_calibration_text(passes)}", ylabel="seen: share of legs")
    axes.legend(title="score", fontsize=8, title_fontsize=8, frameon=False, markerscale=0.6)
    axes.set_title(_wrap(title, 40), fontsize=10, loc="left")
    return figure


def _calibration_text(passes: Sequence[pd.DataFrame]) -> str:
    estimates = estimate_metrics(passes, ("slope", "intercept", "bias"))
    lines = [f"{METRIC_OF[key].title} {_estimate_text(one)}" for key, one in estimates.items()]
    return "\n".join(lines)


def _bins(
    reached: NDArray[np.float64], is_reached: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Mean probability, frequency and share of the legs, for each bin that holds any."""
    places = np.minimum((reached * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    counts = np.bincount(places, minlength=CALIBRATION_BINS)
    held = counts > 0
    sums = [np.bincount(places, values, CALIBRATION_BINS)[held] for values in (reached, is_reached)]
    return sums[0] / counts[held], sums[1] / counts[held], counts[held] / len(reached)


def risk_coverage_figure(scorers: Mapping[str, Sequence[pd.DataFrame]], title: str) -> Figure:
    """MAE of the legs that are left when a model may decline those it is least sure of.

    The legs are put in order of the variance of the predicted score (El-Yaniv and Wiener 2010).
    """
    figure, axes = _new_figure(5.0, 3.4)
    for (name, passes), colour in zip(scorers.items(), COLOURS * 9, strict=False):
        n_legs = max(map(len, passes))
        shares = np.arange(1, n_legs + 1) / n_legs
        lines = [_risk(table, shares) for table in passes]
        axes.plot(shares, np.mean(lines, axis=0), color=colour, label=_wrap(name, 36))
    axes.set(xlabel="share of legs that are scored", ylabel="MAE of these, points")
    axes.set_xlim(0, 1.02)
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=8, frameon=False)
    axes.set_title(_wrap(title, 40), fontsize=10, loc="left")
    return figure


def _risk(table: pd.DataFrame, shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """MAE of the surest legs, for (n,) shares of all of them."""
    probabilities = probabilities_of(table)
    points = np.arange(N_SCORES)
    variance = probabilities @ points**2 - (probabilities @ points) ** 2
    error = np.abs(scores_of(table) - predicted_of(table))
    ordered = error[np.argsort(variance, kind="stable")]
    places = np.arange(1, len(error) + 1)
    return np.interp(shares, places / len(error), np.cumsum(ordered) / places)


def curves_figure(curves: Mapping[str, Mapping[str, Curve]], title: str) -> Figure:
    """Training and validation loss of the runs of a model.

    Args:
        curves: Name of the run to its curves.
        title: Above the figure.
    """
    figure, axes = _new_figure(5.0, 3.2)
    for tag, colour in (("train/loss", COLOURS[0]), ("val/loss", COLOURS[1])):
        for number, lines in enumerate(curves.values()):
            values = [value for _, value in lines.get(tag, [])]
            marker = "o" if len(values) == 1 else ""
            label = {"train/loss": "training", "val/loss": "validation"}[tag]
            axes.plot(range(1, len(values) + 1), values, color=colour, alpha=0.6, linewidth=1,
                      marker=marker, label="" if number else label)  # fmt: skip
    axes.set(xlabel="epoch", ylabel="loss")
    axes.legend(fontsize=8, frameon=False)
    axes.set_title(_wrap(title, 40), fontsize=10, loc="left")
    return figure


def fold_scores_figure(folds: Mapping[int, Sequence[int]], title: str, this: int = -1) -> Figure:
    """How many legs of each score every fold tests.

    Args:
        folds: Number of the fold to the counts of score 0 to 4.
        title: Above the figure.
        this: The fold that is marked.
    """
    is_roomy = len(folds) <= MAX_NUMBERED_FOLDS
    figure, axes = _new_figure(min(10.0, 1.8 + 0.5 * max(4, len(folds))), 3.4)
    places = np.arange(len(folds))
    below = np.zeros(len(folds))
    shades = colormaps["YlOrRd"](np.linspace(0.15, 0.95, N_SCORES))
    for score in range(N_SCORES):
        counts = np.array([counts[score] for counts in folds.values()], dtype=np.float64)
        axes.bar(places, counts, bottom=below, color=shades[score], edgecolor="white",
                 label=str(score))  # fmt: skip
        for place, count in enumerate(counts.tolist()):
            if count and is_roomy:
                shade = "white" if score >= 3 else "black"
                axes.text(place, below[place] + count / 2, f"{count:.0f}", ha="center",
                          va="center", fontsize=8, color=shade)  # fmt: skip
        below += counts
    names = [f"{fold}\nthis run" if fold == this else str(fold) for fold in folds]
    if is_roomy:
        axes.set_xticks(places, names, fontsize=8)
    axes.set(xlabel="fold", ylabel="tested legs")
    axes.legend(title="score", fontsize=8, title_fontsize=8, frameon=False,
                loc="upper left", bbox_to_anchor=(1, 1))  # fmt: skip
    axes.set_title(title, fontsize=10, loc="left")
    return figure
