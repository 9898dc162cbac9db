"""pdla: score the MDS-UPDRS leg agility test from OpenPose keypoints. Research only."""

# Stands wherever a score is shown.
RESEARCH_ONLY = "Research only, not a medical device."
