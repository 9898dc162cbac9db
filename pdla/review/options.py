"""What of a run is shown: section `review` of the config."""

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class ReviewOptions:
    """What a run leaves for people to look at; none of it changes what is learnt.

    Attributes:
        curves: Metrics of the training legs, learning rate, gradient norm, speed, once an epoch.
        pictures: Filmstrips, confusion, reliability, what the network looked at, features.
        legs: How many of the worst and of the most typical test legs are drawn.
    """

    curves: bool = True
    pictures: bool = True
    legs: int = 10

    def __post_init__(self) -> None:
        """Refuse a number of legs that is none."""
        if isinstance(self.legs, bool) or not isinstance(self.legs, int) or self.legs < 0:
            raise ValueError(f"review.legs={self.legs!r}: expected a whole number from 0")
        for key in ("curves", "pictures"):
            if not isinstance(getattr(self, key), bool):
                raise ValueError(f"review.{key}={getattr(self, key)!r}: expected true or false")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "ReviewOptions":
        """Read section `review`; a config from before there was one shows all.

        Raises:
            ValueError: If an option is unknown or cannot be.
        """
        section = config.get("review") or {}
        known = [field.name for field in fields(cls)]
        if unknown := sorted(set(section) - set(known)):
            raise ValueError(f"review.{unknown[0]}: no such option; choose {', '.join(known)}")
        return cls(**section)
