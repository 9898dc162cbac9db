"""Videos as people see them: drawn recordings, class folders, clips decoded from files."""

from typing import TYPE_CHECKING

from pdla.lazy import lazy_names

if TYPE_CHECKING:
    from pdla.data.video.class_folders import ClassFolders, read_class_folders
    from pdla.data.video.datamodule import VideoFileClips
    from pdla.data.video.writing import VideoFile

__all__ = [
    "ClassFolders",
    "VideoFile",
    "VideoFileClips",
    "read_class_folders",
]
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "pdla.data.video.class_folders": (
            "read_class_folders",
            "ClassFolders",
        ),
        "pdla.data.video.datamodule": ("VideoFileClips",),
        "pdla.data.video.writing": ("VideoFile",),
    },
)
