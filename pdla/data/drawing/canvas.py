"""From the pixels of a video to those of a picture: which part is shown, and how bright."""

import torch
from torch import Tensor

from pdla.data.drawing.options import Crop, Drawing
from pdla.data.skeletons import LEG_JOINTS, N_JOINTS

CROP_MARGIN = 0.10  # of the box around the joints, on each side


def to_canvas(keypoints: Tensor, drawing: Drawing, frame_sizes: Tensor) -> Tensor:
    """Move keypoints from the video's pixels to the picture's; never waits for a GPU.

    The crops `legs` and `body` show the box around those joints over the whole clip, or the whole
    frame where none of them was ever seen.

    Args:
        keypoints: (B, T, 25, 3) of x px, y px, confidence; NaN, NaN, 0 where unseen.
        drawing: Size, crop and brightness.
        frame_sizes: (B, 2) of H, W of each video in px.

    Returns:
        (B, T, 25, 3) of x, y in picture px, NaN where unseen, and brightness in 0-1.

    Raises:
        ValueError: If a shape is not as above.
    """
    if keypoints.ndim != 4 or keypoints.shape[2:] != (N_JOINTS, 3):
        raise ValueError(f"keypoints {tuple(keypoints.shape)}, expected (B, T, {N_JOINTS}, 3)")
    if frame_sizes.shape != (len(keypoints), 2):
        raise ValueError(
            f"frame sizes {tuple(frame_sizes.shape)}, expected ({len(keypoints)}, 2) of H, W"
        )
    points = keypoints[..., :2]
    centre, extent = _crop_box(points, drawing.crop, frame_sizes.to(points))
    scale = torch.minimum(drawing.width / extent[:, 0], drawing.height / extent[:, 1])
    shown = (points - centre[:, None, None]) * scale[:, None, None, None]
    # Coordinates are of pixel centres: the middle of W pixels is at (W - 1) / 2.
    x = shown[..., 0] + (drawing.width - 1) / 2
    y = shown[..., 1] + (drawing.height - 1) / 2
    confidence = keypoints[..., 2].nan_to_num().clamp(0, 1)
    brightness = torch.ones_like(x) if drawing.brightness == "constant" else confidence
    return torch.stack([x, y, brightness], dim=-1)


def _crop_box(points: Tensor, crop: Crop, frame_sizes: Tensor) -> tuple[Tensor, Tensor]:
    """Centre (B, 2) and extent (B, 2) of the crop of each clip, as x, y in video px."""
    whole = frame_sizes.flip(1)
    if crop == "frame" or points.shape[1] == 0:
        return (whole - 1) / 2, whole.clamp(min=1)
    joints = LEG_JOINTS["L"] + LEG_JOINTS["R"] if crop == "legs" else range(N_JOINTS)
    # Slices, not a list of indices: that would be copied to a GPU, which waits.
    shown = torch.cat([points[:, :, joint] for joint in joints], dim=1)
    is_seen = shown.isfinite().all(dim=2, keepdim=True)
    low = torch.where(is_seen, shown, torch.inf).amin(dim=1)
    high = torch.where(is_seen, shown, -torch.inf).amax(dim=1)
    is_any_seen = is_seen.any(dim=1)
    centre = torch.where(is_any_seen, (low + high) / 2, (whole - 1) / 2)
    extent = (high - low).clamp(min=1.0) * (1 + 2 * CROP_MARGIN)
    return centre, torch.where(is_any_seen, extent, whole.clamp(min=1))
