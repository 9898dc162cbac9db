"""How well predicted scores agree with the rater's, one value a leg and video, never a clip.

torchmetrics and scipy.stats are imported where they compute: torchmetrics brings torchvision, which
costs a report of finished runs six seconds and is not needed there (`weighted` computes it).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pdla.data.intake.agreement import intraclass_correlation
from pdla.data.recordings import N_SCORES, SCORES

# "Score 4 or more" occurs in no cohort of this size: there is nothing to tell apart.
THRESHOLDS: Final = (1, 2, 3)
# Few bins: with 60 legs the error of ten nearly empty bins is mostly noise.
CALIBRATION_BINS: Final = 5

Scores = NDArray[np.int64]
Probabilities = NDArray[np.float64]


@dataclass(frozen=True)
class Metric:
    """A metric.

    Attributes:
        key: Short name.
        title: Name in words.
        higher_is_better: Which way is better; None if a value in between is best.
        ideal: That value.
    """

    key: str
    title: str
    higher_is_better: bool | None
    ideal: float | None = None

    @property
    def direction(self) -> str:
        """Which values are better, in words."""
        if self.higher_is_better is None:
            return f"{self.ideal:g} is ideal"
        return f"{'higher' if self.higher_is_better else 'lower'} is better"


METRICS: Final = (
    Metric("qwk", "Quadratic weighted kappa", True),
    Metric("macro_mae", "Macro-MAE (points)", False),
    Metric("mae", "MAE (points)", False),
    Metric("accuracy", "Exact agreement", True),
    Metric("within_1", "Within 1 point", True),
    Metric("balanced_accuracy", "Balanced accuracy", True),
    Metric("macro_f1", "Macro-F1", True),
    Metric("spearman", "Spearman correlation", True),
    Metric("rps", "Ranked probability score", False),
    Metric("pearson", "Pearson correlation", True),
    Metric("icc", "Intraclass correlation, ICC(2,1)", True),
    *(Metric(f"auroc_{k}", f"AUROC, score {k} or more", True) for k in THRESHOLDS),
    Metric("slope", "Calibration slope", None, 1.0),
    Metric("intercept", "Calibration intercept (points)", None, 0.0),
    Metric("bias", "Mean error (points)", None, 0.0),
    *(Metric(f"ece_{k}", f"Calibration error, score {k} or more", False) for k in THRESHOLDS),
    *(Metric(f"recall_{score}", f"Recall of score {score}", True) for score in SCORES),
)
METRIC_OF: Final = {metric.key: metric for metric in METRICS}
# The rows of short tables; the rest stands in summary.csv and in the report.
HEADLINE: Final = tuple(metric.key for metric in METRICS[:9])


def check_primary(keys: Sequence[str]) -> tuple[str, ...]:
    """The primary metrics of a config, if they exist.

    Raises:
        ValueError: If there is none, or one is unknown.
    """
    if isinstance(keys, str) or not keys:
        raise ValueError(f"evaluation.primary={keys!r}: expected a list, as in [qwk,macro_mae]")
    for key in keys:
        if key not in METRIC_OF:
            raise ValueError(f"evaluation.primary: no metric {key!r}; choose of {list(METRIC_OF)}")
        if METRIC_OF[key].higher_is_better is None:
            raise ValueError(
                f"evaluation.primary: {key} has no better or worse; choose of {list(HEADLINE)}"
            )
    return tuple(keys)


def check_contrast(names: str | Sequence[str] | None) -> tuple[str, ...]:
    """The primary contrast of a config: one or two rows of the report.

    Raises:
        ValueError: If it is something else.
    """
    rows = (names,) if isinstance(names, str) else tuple(names or ())
    if len(rows) > 2 or not all(isinstance(row, str) and row.strip() for row in rows):
        raise ValueError(
            f"evaluation.contrast={names!r}: expected a row of the report, as in "
            "ordinal_logistic, or two, as in [tcn,ordinal_logistic]"
        )
    return rows


def leg_metrics(
    score: Scores,
    predicted: Scores,
    probabilities: Probabilities,
    rating: Probabilities | None = None,
) -> dict[str, float]:
    """All metrics of METRICS for n legs.

    Args:
        score: (n,) the rater's 0-4.
        predicted: (n,) 0-4.
        probabilities: (n, 5), rows sum to 1.
        rating: (n,) mean of the raters, 0 to 4, fractions and all; by default the score.

    Returns:
        Metric key to value; NaN where it is undefined, see `undefined_reasons`. Macro-averages are
        over the scores that occur in `score`: Baccianella et al. 2009 for macro-MAE; recall for
        balanced accuracy. Macro-F1 is over the scores that occur in either, as in scikit-learn.
        Spearman's correlation is that of the expected score, ties at their mean rank. Pearson's and
        the intraclass correlation (Shrout and Fleiss 1979; model and rater as two raters, absolute
        agreement) are of the expected score with the rating, fractions and all. Slope and
        intercept are of the regression of the rater's score on the expected score (Steyerberg 2019,
        ch. 15); the mean error is expected minus rater's score. Calibration errors are root mean
        squared over bins, without what chance adds (Kumar et al. 2019), and at least 0.

    Raises:
        ValueError: If there are no legs.
    """
    if len(score) == 0:
        raise ValueError("no leg to evaluate")
    values = {
        **agreement_metrics(score, predicted),
        "spearman": _spearman(score, probabilities),
        "rps": ranked_probability_score(score, probabilities),
        **_correlations(score if rating is None else rating, probabilities),
    }
    for k in THRESHOLDS:
        values[f"auroc_{k}"] = _auroc(score, probabilities, k)
    values |= _calibration(score, probabilities)
    for k in THRESHOLDS:
        values[f"ece_{k}"] = _calibration_error(score, probabilities, k)
    recall, present = _recall(score, predicted), np.unique(score)
    for value in SCORES:
        values[f"recall_{value}"] = float(recall[value]) if value in present else np.nan
    return values


def agreement_metrics(score: Scores, predicted: Scores) -> dict[str, float]:
    """The metrics that ask for predicted scores alone; shapes and rules as in `leg_metrics`."""
    import torch
    from torchmetrics.functional.classification import multiclass_f1_score

    true, guess = torch.tensor(score), torch.tensor(predicted)
    error = np.abs(score - predicted)
    found = curve_metrics(score, predicted)
    balanced_accuracy = found.pop("balanced_accuracy")
    return {
        **found,
        "accuracy": float((error == 0).mean()),
        "within_1": float((error <= 1).mean()),
        "balanced_accuracy": balanced_accuracy,
        "macro_f1": float(multiclass_f1_score(guess, true, N_SCORES, average="macro")),
    }


def curve_metrics(score: Scores, predicted: Scores) -> dict[str, float]:
    """The four that are worth a curve of the training legs; as in `leg_metrics`, and quick."""
    import torch
    from torchmetrics.functional import mean_absolute_error
    from torchmetrics.functional.classification import multiclass_cohen_kappa

    true, guess = torch.tensor(score), torch.tensor(predicted)
    error = np.abs(score - predicted)
    present = np.unique(score)
    return {
        "qwk": float(multiclass_cohen_kappa(guess, true, N_SCORES, weights="quadratic")),
        "macro_mae": float(np.mean([error[score == value].mean() for value in present])),
        "mae": float(mean_absolute_error(guess.double(), true.double())),
        "balanced_accuracy": float(_recall(score, predicted)[present].mean()),
    }


def _recall(score: Scores, predicted: Scores) -> Probabilities:
    import torch
    from torchmetrics.functional.classification import multiclass_recall

    guess, true = torch.tensor(predicted), torch.tensor(score)
    recall = multiclass_recall(guess, true, num_classes=N_SCORES, average="none")
    shares: Probabilities = recall.double().numpy()
    return shares


def undefined_reasons(
    score: Scores, predicted: Scores, probabilities: Probabilities
) -> dict[str, str]:
    """Why metrics are undefined, in words, for those that are; shapes as in `leg_metrics`."""
    reasons = {}
    if len(np.unique(np.concatenate([score, predicted]))) == 1:
        reasons["qwk"] = f"rater and prediction are {score[0]} for every leg"
    if np.ptp(score) == 0:
        reasons["spearman"] = f"the rater gave every leg a {score[0]}"
    elif np.ptp(rounded_expected(probabilities)) == 0:
        reasons["spearman"] = "the same prediction for every leg"
    if "spearman" in reasons:
        reasons["pearson"] = reasons["spearman"]
    if np.isnan(_correlations(score, probabilities)["icc"]):
        reasons["icc"] = _why_no_icc(score, probabilities)
    if np.ptp(rounded_expected(probabilities)) == 0:
        reasons["slope"] = reasons["intercept"] = "the same prediction for every leg"
    for k in THRESHOLDS:
        if (score < k).all():
            reasons[f"auroc_{k}"] = f"no leg has score {k} or more"
        elif (score >= k).all():
            reasons[f"auroc_{k}"] = f"every leg has score {k} or more"
    for value in SCORES:
        if not (score == value).any():
            reasons[f"recall_{value}"] = f"no leg has score {value}"
    return reasons


def _why_no_icc(score: Scores, probabilities: Probabilities) -> str:
    if len(score) == 1:
        return "one leg only"
    if np.ptp(np.concatenate([score, rounded_expected(probabilities)])) == 0:
        return f"rater and prediction are {score[0]} for every leg"
    return "the mean of rater and prediction is the same for every leg"


def _spearman(score: Scores, probabilities: Probabilities) -> float:
    from scipy.stats import spearmanr

    expected = rounded_expected(probabilities)
    if np.ptp(score) == 0 or np.ptp(expected) == 0:
        return np.nan
    # scipy's: torchmetrics 1.9 gives 0.49 for 0.58 on 200,000 legs with ties (float32 ranks).
    return float(spearmanr(expected, score).statistic)


def _correlations(rating: Scores | Probabilities, probabilities: Probabilities) -> dict[str, float]:
    """Pearson's and the intraclass correlation; NaN where nothing varies."""
    from scipy.stats import pearsonr

    expected, given = rounded_expected(probabilities), np.asarray(rating, dtype=np.float64)
    varies = np.ptp(given) > 0 and np.ptp(expected) > 0
    pearson = float(pearsonr(expected, given).statistic) if varies else np.nan
    icc = None
    if len(given) > 1:
        icc = intraclass_correlation(np.stack([given, expected], axis=1))
    return {"pearson": pearson, "icc": np.nan if icc is None else icc}


def _auroc(score: Scores, probabilities: Probabilities, k: int) -> float:
    import torch
    from torchmetrics.functional.classification import binary_auroc

    is_reached = score >= k
    if is_reached.all() or not is_reached.any():
        return np.nan
    reached = torch.tensor(reach_probability(probabilities, k))
    return float(binary_auroc(reached, torch.tensor(is_reached).long()))


def _calibration(score: Scores, probabilities: Probabilities) -> dict[str, float]:
    from scipy.stats import linregress

    expected = rounded_expected(probabilities)
    slope = intercept = np.nan
    if np.ptp(expected) > 0:
        slope, intercept = linregress(expected, score)[:2]
    bias = float((expected - score).mean())
    return {"slope": float(slope), "intercept": float(intercept), "bias": bias}


def _calibration_error(score: Scores, probabilities: Probabilities, k: int) -> float:
    """Root mean squared distance of probability and frequency over bins, debiased.

    Kumar, Liang and Ma 2019 (NeurIPS, eq. 4): from the squared gap of each bin the variance of its
    frequency is taken, which is what a perfectly calibrated scorer would show.
    """
    reached = reach_probability(probabilities, k)
    bins = calibration_bins(reached)
    total = 0.0
    for place in np.unique(bins):
        own = bins == place
        n, frequency = int(own.sum()), float((score[own] >= k).mean())
        by_chance = frequency * (1 - frequency) / (n - 1) if n > 1 else 0.0
        total += n * ((float(reached[own].mean()) - frequency) ** 2 - by_chance)
    return float(np.sqrt(max(0.0, total / len(score))))


def calibration_bins(reached: Probabilities) -> NDArray[np.intp]:
    """Number of the bin of each probability; 1 has a bin of its own, as in torchmetrics."""
    return np.digitize(reached, np.arange(CALIBRATION_BINS + 1) / CALIBRATION_BINS) - 1


def ranked_probability_score(score: Scores, probabilities: Probabilities) -> float:
    """Mean squared distance of the cumulative probabilities from the truth, summed over thresholds.

    0 is perfect, 4 the worst on a scale of 5 scores (Epstein 1969). It rewards honest probabilities
    and counts far misses more, so it chooses the checkpoint.
    """
    return float(ranked_probability_losses(score, probabilities).mean())


def ranked_probability_losses(score: Scores, probabilities: Probabilities) -> Probabilities:
    """The ranked probability score of each leg, (n,)."""
    reached = np.arange(N_SCORES - 1)[None, :] >= score[:, None]
    difference = probabilities.cumsum(axis=1)[:, :-1] - reached
    losses: Probabilities = (difference**2).sum(axis=1)
    return losses


def reach_probability(probabilities: Probabilities, k: int) -> Probabilities:
    """Probability of a score of k or more, (n,), within 0 to 1 whatever rounding did."""
    reached: Probabilities = np.clip(np.round(probabilities[:, k:].sum(axis=1), 9), 0.0, 1.0)
    return reached


def expected_score(probabilities: Probabilities) -> Probabilities:
    """Mean of the scores under (n, 5) probabilities, (n,)."""
    expected: Probabilities = probabilities @ np.arange(N_SCORES, dtype=np.float64)
    return expected


def rounded_expected(probabilities: Probabilities) -> Probabilities:
    """Expected scores with equal ones made equal: rounding errors must not break ties."""
    rounded: Probabilities = np.round(expected_score(probabilities), 9)
    return rounded


def predicted_score(probabilities: Probabilities) -> Scores:
    """Expected score rounded to a point of the scale, (n,).

    It minimises the expected squared error, which is what quadratic weighted kappa counts; halves
    go up.
    """
    rounded: Scores = np.floor(expected_score(probabilities) + 0.5).astype(np.int64)
    return rounded
