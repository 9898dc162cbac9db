"""The user's own settings in the working folder, as `pdla init` writes them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from omegaconf import OmegaConf
from yaml import YAMLError

OWN_CONF: Final = Path("conf")
LOCAL_RECORDINGS: Final = OWN_CONF / "local" / "recordings.yaml"  # how the videos are read
LOCAL_CHOICE: Final = OWN_CONF / "local" / "default.yaml"  # what train.py takes them from


def has_own_conf() -> bool:
    """Whether the working folder holds settings of `pdla init` or winners of `pdla search`."""
    return LOCAL_CHOICE.exists() or any((OWN_CONF / "experiment").glob("*.yaml"))


@dataclass(frozen=True)
class OwnPlaces:
    """What a command reads where it is given no folder.

    Attributes:
        videos: Folder of the videos.
        labels: Label sheet, or None.
        store: Where keypoints are kept, or None for the usual place.
        config: File with all options.
    """

    videos: Path
    labels: Path | None
    store: Path | None
    config: Path = LOCAL_RECORDINGS


def is_local(videos: Path, labels: Path | None) -> bool:
    """Whether `train.py` reads these videos without any option."""
    try:
        own = local_places()
    except ValueError:
        return False
    return LOCAL_CHOICE.exists() and (own.videos, own.labels) == (videos, labels)


def local_places() -> OwnPlaces:
    """Videos, label sheet and store of the user's own settings, where they name them.

    Raises:
        ValueError: If there are no settings, or they name no videos; says what to do.
    """
    if not LOCAL_RECORDINGS.exists():
        raise ValueError("name a folder of videos, or run `pdla init VIDEOS` once")
    try:
        content: Any = OmegaConf.to_container(OmegaConf.load(LOCAL_RECORDINGS))
        videos = Path(content["videos"])
    except (YAMLError, KeyError, TypeError, ValueError):
        raise ValueError(f"{LOCAL_RECORDINGS}: names no videos; run `pdla init VIDEOS`") from None
    places = (content.get(key) for key in ("labels", "store"))
    labels, store = (Path(place) if place else None for place in places)
    return OwnPlaces(videos, labels, store)
