"""What of a run is shown: section `review` of the config."""

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from pdla.data.checked_options import CHECKED, read_options
from pdla.runs.config import RunConfig


@dataclass(frozen=True, config=CHECKED)
class ReviewOptions:
    """What a run leaves for people to look at; none of it changes what is learnt.

    Attributes:
        curves: Metrics of the training legs, learning rate, gradient norm, speed, once an epoch.
        pictures: Filmstrips, confusion, reliability, what the network looked at, features.
        legs: How many of the worst and of the most typical test legs are drawn.
    """

    curves: bool = True
    pictures: bool = True
    legs: Annotated[int, Field(ge=0)] = 10

    @classmethod
    def from_config(cls, config: RunConfig) -> "ReviewOptions":
        """Read section `review`; a config from before there was one shows all.

        Raises:
            ValueError: If an option is unknown or cannot be.
        """
        return read_options(cls, config.get("review") or {}, "review")
