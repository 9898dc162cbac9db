"""What `pdla check` tells: what is usable for which leg, what is not and why, and what to do."""

import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson
from jinja2 import Environment, StrictUndefined
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pdla.data.files import write_bytes, write_text
from pdla.data.intake import IntakeOptions, read_intake
from pdla.data.intake.agreement import agreement_by_leg
from pdla.data.intake.result import Intake, IntakeVideo
from pdla.data.recordings import SCORES, Exclusion
from pdla.data.skeletons import LEG_NAMES, LEGS, Leg, as_leg

# What to do about a reason, by the words it begins with.
ADVICE: Final = {
    "no folder with keypoints": "Copy the folder there, or correct the id in the sheet.",
    "several folders": "Keep one of them.",
    "the joints are not those of": "If only some videos are such, move them to another folder.",
    "the files do not hold": "Set the layout that the pose estimator wrote.",
    "only the upper body": "Film again with both feet in the picture.",
    "the leg is hidden": "Film again from the front with both legs in the picture.",
    "the video is too short": "Film ten taps of each leg, or lower recordings.quality.min_seconds.",
    "the patient is missing in most": "Look at the video: was the patient in the picture?",
    "the folder holds no OpenPose": "Run OpenPose with --write_json for this video.",
    "no frame could be read": "Run OpenPose again: its files are broken.",
    "no person": "Look at the video, and run OpenPose again.",
    "the score is": "Correct the cell in the sheet.",
    "two rows give": "Ask the rater which row is right, and delete the other.",
    "two people could be": "Look at the video; other people should leave the picture.",
    "joints lie outside": "Set the height and width of the videos.",
    "the row has no video id": "Write the id of the video, or delete the row.",
    "the joints shake": "Look at the video: dim light, loose clothes or a moving camera?",
    "the foot is hidden": "Usable; heights are taken from the knee.",
    "the end was cut off": "Delete the last files if they are left over from another video.",
}


def check_cohort(
    videos: Path, labels: Path | None, store: Path, options: IntakeOptions
) -> dict[str, Any]:
    """Read a cohort and say what is in it, in plain values.

    Nothing in the result names a patient: videos are found by row or by position of the folder.

    Raises:
        FileNotFoundError: If the folder or the sheet is missing.
        ValueError: If nothing can be read at all.
    """
    return summarise(read_intake(videos, labels, store, options))


def summarise(intake: Intake) -> dict[str, Any]:
    """Everything that the screen, the JSON and the HTML show."""
    cohort = intake.cohort
    excluded = {(exclusion.video_id, exclusion.leg): exclusion for exclusion in cohort.exclusions}
    opened = [video.stored.facts for video in intake.videos if video.stored and video.stored.facts]
    return {
        "rows": cohort.n_rows,
        "rated_rows": sum(row.is_rated for row in intake.sheet.rows) if intake.sheet else 0,
        "folders": cohort.n_videos,
        "folders_without_row": sum(video.row is None for video in intake.videos),
        "places_without_row": [video.place for video in intake.videos if video.row is None],
        "other_entries": intake.n_others,
        "patients": intake.n_patients,
        "frames": sum(facts.n_frames for facts in opened),
        "minutes": round(sum(facts.seconds for facts in opened) / 60, 1),
        "legs": {leg: _count_legs(intake, leg) for leg in LEGS},
        "unusable": _unusable(intake),
        "warnings": _warnings(intake),
        "files": _file_problems(intake.videos),
        "sheet": _sheet_problems(intake),
        "agreement": agreement_by_leg(intake.sheet) if intake.sheet else {},
        "merged_patients": [
            {
                "patient": merged.patient,
                "places": merged.places,
                "codes": merged.n_codes,
                "numbers": merged.n_numbers,
            }
            for merged in intake.merged
        ],
        "videos": [_describe_video(video, excluded) for video in intake.videos],
        "data_hash": cohort.data_hash,
    }


def write_json(summary: Mapping[str, Any], path: Path) -> None:
    """Write a summary as JSON."""
    write_bytes(path, orjson.dumps(summary, option=orjson.OPT_INDENT_2))


def _count_legs(intake: Intake, leg: Leg) -> dict[str, Any]:
    samples = [sample for sample in intake.cohort.samples if sample.leg == leg]
    scores = Counter(sample.score for sample in samples)
    n_warned = sum(bool(sample.warnings) for sample in samples)
    return {
        "usable": len(samples) - n_warned,
        "warning": n_warned,
        "unusable": len(intake.videos) - len(samples),
        "scores": {str(score): scores[score] for score in SCORES},
        "unrated": scores[None],
    }


def _unusable(intake: Intake) -> list[dict[str, Any]]:
    """Reasons why legs were left out, the most frequent first."""
    found = [
        (exclusion.reason, exclusion.leg, exclusion.detail or exclusion.video_id)
        for exclusion in intake.cohort.exclusions
    ]
    return _by_reason(found)


def _warnings(intake: Intake) -> list[dict[str, Any]]:
    """Reasons to look at legs that are usable."""
    found: list[tuple[str, Leg | None, str]] = []
    for video in intake.videos:
        for leg, verdict in video.verdicts.items():
            if verdict.level == "warning" and not video.reason:
                found += [
                    (reason, leg, f"{video.place}: {detail}")
                    for reason, detail in zip(verdict.reasons, verdict.details, strict=True)
                ]
    return _by_reason(found)


def _by_reason(found: Sequence[tuple[str, Leg | None, str]]) -> list[dict[str, Any]]:
    """Group by reason; a place that stands there for both legs stands there once."""
    groups: dict[str, dict[str, set[Leg]]] = defaultdict(dict)
    for reason, leg, place in found:
        groups[reason].setdefault(place, set()).update((leg,) if leg else LEGS)
    rows = [
        {
            "reason": reason,
            "advice": _advice(reason),
            "legs": {leg: sum(leg in legs for legs in places.values()) for leg in LEGS},
            "places": [_with_leg(place, legs) for place, legs in places.items()],
        }
        for reason, places in groups.items()
    ]
    return sorted(rows, key=lambda row: -len(row["places"]))


def _with_leg(place: str, legs: set[Leg]) -> str:
    if len(legs) == len(LEGS):
        return place
    where, colon, detail = place.partition(":")
    return f"{where} {' '.join(LEG_NAMES[leg] for leg in legs)}{colon}{detail}"


def _advice(reason: str) -> str:
    return next((advice for words, advice in ADVICE.items() if reason.startswith(words)), "")


def _file_problems(videos: Iterable[IntakeVideo]) -> list[dict[str, Any]]:
    """What was odd about files and was read around: how often, in how many videos."""
    times: Counter[str] = Counter()
    places: dict[str, list[str]] = defaultdict(list)
    for video in videos:
        facts = video.stored.facts if video.stored else None
        for problem, n in (facts.problems if facts else {}).items():
            times[problem] += n
            places[problem].append(video.place)
    return [
        {"problem": problem, "times": n, "places": places[problem]}
        for problem, n in times.most_common()
    ]


def _sheet_problems(intake: Intake) -> list[dict[str, Any]]:
    rows: dict[str, list[str]] = defaultdict(list)
    for problem in intake.problems:
        where = f" ({LEG_NAMES[problem.leg]})" if problem.leg else ""
        detail = f": {problem.detail}" if problem.detail else ""
        rows[problem.reason].append(f"row {problem.row}{where}{detail}")
    return [
        {"problem": reason, "advice": _advice(reason), "places": places}
        for reason, places in rows.items()
    ]


def _describe_video(
    video: IntakeVideo, excluded: Mapping[tuple[str, Leg | None], Exclusion]
) -> dict[str, Any]:
    facts = video.stored.facts if video.stored else None
    return {
        "place": video.place,
        "video": video.video_id,
        "patient": video.patient,
        "group": video.group,
        "legs": {leg: _describe_leg(video, leg, excluded) for leg in LEGS},
        "seconds": round(facts.seconds, 1) if facts else None,
        "facts": facts.to_json() if facts else None,
    }


def _describe_leg(
    video: IntakeVideo, leg: Leg, excluded: Mapping[tuple[str, Leg | None], Exclusion]
) -> dict[str, Any]:
    exclusion = excluded.get((video.video_id, None)) or excluded.get((video.video_id, leg))
    level = "unusable" if exclusion else video.verdicts[leg].level
    reasons = (exclusion.reason,) if exclusion else video.verdicts[leg].reasons
    return {"score": video.scores[leg], "verdict": level, "reasons": reasons}


MAX_PLACES: Final = 5  # the rest is in --json and --html


def print_check(
    summary: Mapping[str, Any],
    videos: Path,
    labels: Path | None,
    overrides: Sequence[str] = (),
) -> bool:
    """Print a summary on one screen; text of users is never read as markup.

    Args:
        summary: What `check_cohort` found.
        videos: Folder that was checked.
        labels: Its sheet.
        overrides: Options it was read with, for the command that trains on it.

    Returns:
        Whether anything can be scored.
    """
    console = Console(highlight=False, soft_wrap=False)
    _print_totals(console, summary, videos, labels)
    console.print(_legs_table(summary))
    _print_reasons(console, "Cannot be scored", summary["unusable"], "red")
    _print_reasons(console, "Usable, but look at it", summary["warnings"], "yellow")
    _print_notes(console, "Odd rows of the sheet", summary["sheet"])
    _print_notes(console, "Odd files, read around", summary["files"])
    if labels and summary["folders_without_row"]:
        console.print(Text("Folders without a row: unrated", style="bold"))
        _print_indented(console, _places(summary["places_without_row"]), 2)
    _print_merged(console, summary["merged_patients"])
    _print_agreement(console, summary["agreement"])
    return _print_next(console, summary, videos, labels, overrides)


def _print_totals(
    console: Console, summary: Mapping[str, Any], videos: Path, labels: Path | None
) -> None:
    sheet = f" with {labels.name}" if labels else ", no label sheet: nothing is rated"
    console.print(Text(f"{videos}{sheet}", style="bold"))
    rows = f"{summary['rows']} rows, {summary['rated_rows']} of them rated; " if labels else ""
    without = summary["folders_without_row"]
    extra = f" ({without} without a row)" if without and labels else ""
    others = f"; {summary['other_entries']} other things passed over"
    console.print(
        f"{rows}{summary['folders']} folders{extra}; {summary['patients']} patients; "
        f"{summary['frames']:,} frames, {summary['minutes']} minutes"
        f"{others if summary['other_entries'] else ''}"
    )


def _legs_table(summary: Mapping[str, Any]) -> Table:
    scores = list(summary["legs"]["L"]["scores"])
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title_justify="left")
    table.add_column("leg")
    for name, style in (("usable", "green"), ("look at it", "yellow"), ("cannot be scored", "red")):
        table.add_column(name, justify="right", style=style)
    for score in scores:
        table.add_column(f"score {score}" if score == scores[0] else score, justify="right")
    table.add_column("unrated", justify="right")
    for leg, count in summary["legs"].items():
        numbers = [count["usable"], count["warning"], count["unusable"]]
        numbers += [*count["scores"].values(), count["unrated"]]
        table.add_row(LEG_NAMES[leg], *map(str, numbers))
    return table


def _print_reasons(
    console: Console, title: str, reasons: Sequence[Mapping[str, Any]], style: str
) -> None:
    if not reasons:
        return
    console.print(Text(title, style=f"bold {style}"))
    for reason in reasons:
        legs = f"{reason['legs']['L']} left, {reason['legs']['R']} right"
        _print_indented(console, f"{legs}: {reason['reason']}", 2)
        _print_indented(console, _places(reason["places"]), 6, "dim")
        if reason["advice"]:
            _print_indented(console, f"-> {reason['advice']}", 6)


def _print_notes(console: Console, title: str, notes: Sequence[Mapping[str, Any]]) -> None:
    if not notes:
        return
    console.print(Text(title, style="bold"))
    for note in notes:
        times = f"{note['times']} " if "times" in note else ""
        where = f" in {_count(note['places'], 'video')}" if "times" in note else ""
        places = "" if where and len(note["places"]) > MAX_PLACES else _places(note["places"])
        line = f"{times}{note['problem']}{where}{': ' if places else ''}{places}"
        _print_indented(console, line, 2)


def _print_merged(console: Console, merged: Sequence[Mapping[str, Any]]) -> None:
    if not merged:
        return
    console.print(Text("Taken as one patient each: are they?", style="bold"))
    for patient in merged:
        counts = [
            f"{patient[name]} {name if patient[name] > 1 else name[:-1]}"
            for name in ("codes", "numbers")
        ]
        line = f"{_places(patient['places'], 20)}: {', '.join(counts)}, now {patient['patient']}"
        _print_indented(console, line, 2)


def _print_agreement(console: Console, agreement: Mapping[str, Any]) -> None:
    for leg, values in agreement.items():
        kappa, icc = (
            "-" if values[name] is None else f"{values[name]:.2f}" for name in ("qwk", "icc")
        )
        raters = f"{values['raters']} raters, {values['legs']} {LEG_NAMES[as_leg(leg)]} legs"
        console.print(f"{raters}: weighted kappa {kappa}, ICC(2,1) {icc}")


def _print_next(
    console: Console,
    summary: Mapping[str, Any],
    videos: Path,
    labels: Path | None,
    overrides: Sequence[str],
) -> bool:
    """What to type next; returns whether anything can be scored."""
    n_usable = sum(count["usable"] + count["warning"] for count in summary["legs"].values())
    if not n_usable:
        console.print(Text("Nothing here can be scored yet.", style="bold red"))
    elif labels is not None:
        console.print(Text("Train on it", style="bold"))
        command = ["  python train.py recordings=clinic"]
        command += [_override("recordings.videos", videos), _override("recordings.labels", labels)]
        command += [
            shlex.quote(f"recordings.{override.removeprefix('recordings.')}")
            for override in overrides
        ]
        console.print(Text(" ".join(command)), soft_wrap=True)  # one line, to be copied
    return bool(n_usable)


def _override(key: str, path: Path) -> str:
    """`key=path` as a shell and Hydra's grammar read it, whatever is in the path."""
    if re.fullmatch(r"[A-Za-z0-9_./+-]+", str(path)):
        return f"{key}={path}"
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return shlex.quote(f'{key}="{escaped}"')


def _count(places: Sequence[str], noun: str) -> str:
    return f"{len(places)} {noun}{'' if len(places) == 1 else 's'}"


def _print_indented(console: Console, line: str, spaces: int, style: str = "") -> None:
    console.print(Padding(Text(line, style=style), (0, 0, 0, spaces), expand=False))


def _places(places: Sequence[str], most: int = MAX_PLACES) -> str:
    """Places in one line; rows without details are joined as `rows 8, 19, 20`."""
    bare = [place for place in places if place.startswith("row ") and place[4:].isdigit()]
    others = [place for place in places if place not in bare]
    shown = [place[4:] for place in bare[:most]]
    if bare:
        others = [f"row{'s' if len(shown) > 1 else ''} {', '.join(shown)}", *others]
    left_out = max(len(bare) - most, 0) + max(len(others) - most, 0)
    more = f" and {left_out} more (see --html)" if left_out else ""
    return "; ".join(others[:most]) + more


_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>pdla check</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75em; margin: 2em auto; padding: 0 1em }
table { border-collapse: collapse; margin: 0.5em 0 1.5em }
th, td { padding: 0.25em 0.7em; border-bottom: 1px solid #ddd; text-align: left }
td { vertical-align: top }
th { position: sticky; top: 0; background: #fff }
.n { text-align: right }
.usable { background: #e3f4e3 } .warning { background: #fdf3d0 } .unusable { background: #fbdede }
.places, small { color: #666 }
.wide { overflow-x: auto }
</style></head><body>
<h1>What can be scored</h1>
<p>{% if s.rows %}{{ s.rows }} rows, {{ s.rated_rows }} of them rated; {% endif -%}
{{ s.folders }} folders ({{ s.folders_without_row }} without a row); {{ s.patients }} patients;
{{ "{:,}".format(s.frames) }} frames, {{ s.minutes }} minutes.</p>
<table><tr><th>leg<th>usable<th>look at it<th>cannot be scored
{%- for score in s.legs.L.scores %}<th>score {{ score }}{% endfor %}<th>unrated</tr>
{% for leg, count in s.legs.items() %}<tr><td>{{ names[leg] }}
<td class="n usable">{{ count.usable }}
<td class="n warning">{{ count.warning }}<td class="n unusable">{{ count.unusable }}
{%- for n in count.scores.values() %}<td class="n">{{ n }}{% endfor %}
<td class="n">{{ count.unrated }}</tr>
{% endfor %}</table>
{% for title, reasons in (("Cannot be scored", s.unusable),
                          ("Usable, but look at it", s.warnings)) if reasons %}
<h2>{{ title }}</h2><table><tr><th>left<th>right<th>why<th>what to do<th>where</tr>
{% for r in reasons %}<tr><td class="n">{{ r.legs.L }}<td class="n">{{ r.legs.R }}
<td>{{ r.reason }}<td>{{ r.advice }}<td class="places">{{ r.places | join("; ") }}</tr>
{% endfor %}</table>{% endfor %}
{% for title, notes in (("Odd rows of the sheet", s.sheet),
                        ("Odd files, read around", s.files)) if notes %}
<h2>{{ title }}</h2><table><tr><th>what<th>how often<th>where</tr>
{% for note in notes %}<tr><td>{{ note.problem }}
<td class="n">{{ note.times if note.times is defined else note.places | length }}
<td class="places">{{ note.places | join("; ") }}</tr>{% endfor %}</table>{% endfor %}
{% if s.merged_patients %}<h2>Taken as one patient each: are they?</h2>
<table><tr><th>patient<th>codes<th>numbers<th>videos</tr>
{% for m in s.merged_patients %}<tr><td>{{ m.patient }}<td class="n">{{ m.codes }}
<td class="n">{{ m.numbers }}<td>{{ m.places | join(", ") }}</tr>{% endfor %}</table>{% endif %}
{% if s.agreement %}<h2>Agreement of the raters</h2>
<table><tr><th>leg<th>raters<th>legs<th>weighted kappa<th>ICC(2,1)</tr>
{% for leg, a in s.agreement.items() %}<tr><td>{{ names[leg] }}<td class="n">{{ a.raters }}
<td class="n">{{ a.legs }}<td class="n">{{ a.qwk | number }}
<td class="n">{{ a.icc | number }}</tr>{% endfor %}</table>{% endif %}
{% if s.rows and s.folders_without_row %}<h2>Folders without a row: unrated</h2>
<p>{{ s.places_without_row | join("; ") }}</p>{% endif %}
<h2>All videos</h2>
<div class="wide"><table><tr><th>where<th>video<th>patient<th>group<th>seconds<th>patient seen
{%- for name in names.values() %}<th>{{ name }}: score<th>verdict<th>knee<th>foot{% endfor %}
<th>swapped<th>others</tr>
{% for v in s.videos %}<tr><td>{{ v.place }}<td>{{ v.video }}<td>{{ v.patient }}<td>{{ v.group }}
<td class="n">{{ v.seconds if v.seconds is not none else "-" }}
<td class="n">{{ v.facts.patient | percent if v.facts else "-" }}
{%- for leg in names %}{% set l = v.legs[leg] %}
<td class="n">{{ "-" if l.score is none else l.score }}
<td class="{{ l.verdict }}">{{ l.verdict }}
{%- if l.reasons %}<br><small>{{ l.reasons | join("; ") }}</small>{% endif %}
<td class="n">{{ v.facts.knee[leg] | percent if v.facts else "-" }}
<td class="n">{{ v.facts.foot[leg] | percent if v.facts else "-" }}{% endfor %}
<td class="n">{{ v.facts.swapped if v.facts else "-" }}
<td class="n">{{ v.facts.others | percent if v.facts else "-" }}</tr>
{% endfor %}</table></div>
<p><small>Research only, not a medical device. Data {{ s.data_hash[:12] }}.</small></p>
</body></html>
"""


def write_html(summary: Mapping[str, Any], path: Path) -> None:
    """Write a summary as a page; all text is escaped."""
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    environment.filters["percent"] = lambda share: f"{share:.0%}"
    environment.filters["number"] = lambda value: "-" if value is None else f"{value:.2f}"
    page = environment.from_string(_PAGE)
    write_text(path, page.render(s=summary, names=LEG_NAMES))
