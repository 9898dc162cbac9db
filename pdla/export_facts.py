"""What must be known of an exported network, to feed it and to judge it."""

import json
from typing import Any, Final

from pdla import RESEARCH_ONLY
from pdla.data.batches import KINEMATICS
from pdla.data.skeletons import JOINT
from pdla.report.study import StudyRun
from pdla.models.scorer import LegScorer

MEANINGS: Final = {
    "keypoints": "frames x joints of BODY_25 x (x px, y px, confidence 0-1); NaN, NaN, 0 unseen",
    "clips": "channels x frames x height x width in 0-1, drawn as `drawing` says",
    "kinematics": "(scored leg, other leg) x quantities of the whole bout; NaN where not measured",
}


def describe_export(
    run: StudyRun, scorer: LegScorer, shapes: dict[str, list[int]]
) -> dict[str, Any]:
    """What a program must know to feed the file, and a person to judge it."""
    config, result = run.config, run.result
    sampling = config["sampling"]
    keys = ("model", "leg", "seed", "weights_source", "config_hash", "data_hash", "versions")
    return {
        "intended_use": RESEARCH_ONLY,
        "run": run.folder.resolve().name,
        **{key: result[key] for key in keys},
        "split": result["split"],
        "is_leaky": result["is_leaky"],
        "output": {
            "probabilities": ["batch", scorer.head.n_scores],
            "scores": list(range(scorer.head.n_scores)),
            "unsupported_scores": result["unsupported_scores"],
            "note": "of one clip; the clips of a leg become one score by "
            f"{config['evaluation']['clips']}",
        },
        "inputs": {
            name: {"shape": ["batch", *shape], "dtype": "float32", "meaning": MEANINGS[name]}
            for name, shape in shapes.items()
        },
        "preprocessing": {
            "representation": scorer.eats,
            "seconds": sampling["seconds"],
            "fps": sampling["fps"],
            "clips_from": sampling["within"],
            "canonical_view": "the scored leg stands at the right-leg joints: for a left leg x is "
            "mirrored and left and right joints change places",
            "joints": list(JOINT),
            "kinematics": list(KINEMATICS),
            "sampling": sampling,
            "drawing": json.loads(json.dumps(config["data"].get("drawing"))),
        },
    }
