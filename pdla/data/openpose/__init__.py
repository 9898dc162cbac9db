"""One folder of OpenPose output becomes the keypoints of the patient.

Reading order: `frame_files` and `frames` (JSON files of a folder), `landmarks` (MediaPipe),
`layouts` (other skeletons to BODY_25), `tracking` (who is the patient), `cuts` (a stale tail),
`leg_swaps`, `gaps`, `quality_facts` (what was measured on the way), `reading` (all, in order).
"""

from pdla.data.openpose.reading import OpenPoseOptions, ParsedVideo, read_recording

__all__ = ["OpenPoseOptions", "ParsedVideo", "read_recording"]
