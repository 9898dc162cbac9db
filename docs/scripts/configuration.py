"""Write docs/configuration.md from conf/: python docs/scripts/configuration.py."""

from pathlib import Path

from pdla.commands.train_help import read_groups

ROOT = Path(__file__).parents[2]
CONF = ROOT / "conf"
OUT = ROOT / "docs" / "configuration.md"
START = """# Configuration reference

Made from `conf/` by `python docs/scripts/configuration.py`.

An option of a group is chosen with `group=option`, a single value with `key=value`, for example
`python train.py model=tcn data.batch_size=32`. `python train.py ... --cfg job` prints the composed configuration.
Any two options of different groups either work together or are refused in one line.

## train.yaml

```yaml
{train}```
"""


def reference() -> str:
    """The page."""
    parts = [START.format(train=(CONF / "train.yaml").read_text(encoding="utf-8"))]
    for group, options in read_groups(CONF).items():
        parts += [f"\n## {group}\n\n| option | choose it |\n|---|---|\n"]
        for option in options:
            when = option.summary.removeprefix("Choose this ").replace("|", "\\|")
            parts.append(f"| [`{option.name}`](#{group}{option.name}) | {when} |\n")
        for option in options:
            parts.append(
                f"\n### {group}={option.name} {{ #{group}{option.name} }}\n\n"
                f"```yaml\n{option.text}```\n"
            )
    return "".join(parts)


if __name__ == "__main__":
    OUT.write_text(reference(), encoding="utf-8")
    print(OUT.relative_to(ROOT))
