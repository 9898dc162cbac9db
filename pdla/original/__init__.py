"""The system of 2023, whole: its pictures, networks and protocol, beside an honest one. LEAKY.

Reading order: `settings` (the recipe), `pictures` (keypoints -> PNG -> mp4 -> class folders),
`clips` (pytorchvideo), `r3d` and `resnet_lstm` (the networks), `protocol` (who is trained and
tested), `parts` (one network and leg after the other), `figures`, `table`.
"""
