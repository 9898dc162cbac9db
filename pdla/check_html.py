"""The page of `pdla check --html`: one file, no script, nothing loaded from elsewhere."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, StrictUndefined

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
    names = {"L": "left", "R": "right"}
    path.write_text(page.render(s=summary, names=names), encoding="utf-8")
