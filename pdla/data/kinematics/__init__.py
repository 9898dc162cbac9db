"""When the scored leg moves, and the clinical quantities of each tap.

Reading order: `body_length` (the unit of every height), `heights`, `taps`, `bouts`, `quantities`,
`tables` (a row a leg).
"""

from typing import TYPE_CHECKING

from pdla.lazy import lazy_names

if TYPE_CHECKING:
    from pdla.data.kinematics.body_length import body_length_px
    from pdla.data.kinematics.bouts import Bout, bout_taps, find_bout
    from pdla.data.kinematics.heights import leg_height
    from pdla.data.kinematics.quantities import leg_kinematics, measure_bout
    from pdla.data.kinematics.tables import leg_table
    from pdla.data.kinematics.taps import Tap, find_taps

__all__ = [
    "Bout",
    "Tap",
    "body_length_px",
    "bout_taps",
    "find_bout",
    "find_taps",
    "leg_height",
    "leg_kinematics",
    "leg_table",
    "measure_bout",
]
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "pdla.data.kinematics.body_length": ("body_length_px",),
        "pdla.data.kinematics.bouts": ("Bout", "bout_taps", "find_bout"),
        "pdla.data.kinematics.heights": ("leg_height",),
        "pdla.data.kinematics.quantities": ("leg_kinematics", "measure_bout"),
        "pdla.data.kinematics.tables": ("leg_table",),
        "pdla.data.kinematics.taps": ("Tap", "find_taps"),
    },
)
