"""The pose files of a video, of any estimator, become the keypoints of the patient.

Reading order: `formats` (what is read), `frame_files` and `frames` (a JSON file a frame),
`pose_file` with `pose_tables` and `pose_json` (one file a video), `landmark_names`, `clock`,
`layouts` (other skeletons to BODY_25), `tracking` (who is the patient), `cuts` (a stale tail),
`leg_swaps`, `gaps`, `quality_facts` (what was measured on the way), `reading` (all, in order).
"""

from pdla.data.openpose.reading import OpenPoseOptions, ParsedVideo, read_recording

__all__ = ["OpenPoseOptions", "ParsedVideo", "read_recording"]
