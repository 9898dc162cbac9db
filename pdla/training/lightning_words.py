"""Lightning talks less: what a user needs to know of a run, pdla says itself."""

import logging
import warnings


def quiet_lightning() -> None:
    """Silence what Lightning says of itself; call it after Lightning was imported.

    Lightning sets its logger to INFO on import. Version 2.6 still asks torch for LeafSpec, which
    torch 2.15 announces to leave one day.
    """
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message=".*LeafSpec.*", category=FutureWarning)
