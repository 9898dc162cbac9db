"""From a clinic's label sheet and OpenPose folders to batches of clips.

Read in this order, which is the order of the method: skeletons, labels, patients, openpose,
recordings, store, quality, intake, splits, bouts, sampling, dataset, augment, drawing, datamodules.
"""
