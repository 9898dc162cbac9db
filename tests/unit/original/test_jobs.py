"""Which GPU a part gets: R3D-18 one for itself, two other parts share one."""

import torch

from pdla.original.jobs import least_busy

FIRST, SECOND = torch.device("cuda", 0), torch.device("cuda", 1)


def test_parts_go_to_the_device_with_the_most_room_and_wait_if_there_is_none():
    devices = (FIRST, SECOND)
    assert least_busy(devices, [], 1.0) == FIRST
    assert least_busy(devices, [(FIRST, 1.0)], 0.5) == SECOND
    assert least_busy(devices, [(FIRST, 0.5), (SECOND, 1.0)], 0.5) == FIRST
    assert least_busy(devices, [(FIRST, 0.5), (SECOND, 1.0)], 1.0) is None
    assert least_busy(devices, [(FIRST, 1.0), (SECOND, 1.0)], 0.5) is None
