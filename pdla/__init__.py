"""pdla: score the MDS-UPDRS leg agility test from OpenPose keypoints. Research only."""
