"""Every trap by name, and in what share of the videos it stands (never in less than one)."""

from typing import Final

TRAP_RATES: Final = {
    "other_people": 0.40,  # 2-4 people, the order changes from frame to frame
    "empty_frames": 0.30,  # frames without anyone
    "empty_person": 0.10,  # a person with an empty keypoint list beside the patient
    "leg_swaps": 0.40,  # left and right leg change places for a few frames
    "missing_ankles": 0.15,  # ankles at 0, 0, 0 in up to 99% of the frames
    "upper_body_only": 0.03,  # hips and legs never in the picture; cannot be scored
    "normalised_coordinates": 0.04,  # 0-1 or -1-1 instead of px
    "body25b_layout": 0.03,  # 25 points of other meanings
    "coco_layout": 0.03,  # 18 points
    "stale_tail": 0.02,  # the last frames are those of another, longer video
    "frame_gaps": 0.10,  # frame numbers left out
    "truncated_json": 0.05,  # files cut off in the middle
    "empty_file": 0.05,  # files of 0 bytes
    "stray_files": 0.50,  # desktop.ini, a directory named like a frame
    "other_naming": 0.10,  # cam01.0000.json, a dot before the number, no prefix or suffix
    "unlabelled_video": 0.03,  # a folder without a row in the sheet
    "label_without_video": 0.03,  # a row without a folder
    "extra_points": 0.05,  # a few people of 26 points
    "rare_paths": 0.05,  # spaces and Chinese characters in the names of the files
}

# Rates in the `clinic` preset: what does not keep a video from being scored.
CLINIC_TRAPS: Final = {
    "other_people": 0.30,
    "empty_frames": 0.25,
    "empty_person": 0.05,
    "leg_swaps": 0.40,
    "missing_ankles": 0.12,
    "stray_files": 0.50,
    "frame_gaps": 0.05,
    "stale_tail": 0.016,
}
