"""`pdla COMMAND`: thin typer commands; the work is done in the modules that they name."""

import sys

import typer

app = typer.Typer(
    help="Leg agility (MDS-UPDRS 3.8) from OpenPose keypoints. Research only, not a medical device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root() -> None:
    """Leg agility (MDS-UPDRS 3.8) from OpenPose keypoints. Research only, not a medical device."""


def main() -> None:
    """Run the command line; bad input ends with one line and exit code 1."""
    try:
        app()
    except (ValueError, OSError) as error:
        print(f"pdla: {error}", file=sys.stderr)
        raise SystemExit(1) from None
