"""From a clinic's label sheet and OpenPose folders to batches of clips.

Read in this order, which is the order of the method: skeletons, openpose (a package), recordings,
intake (a package), splits, heights, taps, bouts, kinematics, sampling, dataset, augment, drawing,
datamodules. `simulation` writes what a clinic would bring.
"""
