"""Light and camera of the simulated rig: from concentrations to counts.

Small frozen data and pure functions; whatever is random is drawn from a generator that the
caller gives. In the order in which light passes through it: `scene` (what lies there),
`point_spread`, `dyes`, `leds`, `bleaching`, `damage`, `movement`, `render`, `camera`.
"""

from blueslice.sim.optics.background import background_ratios
from blueslice.sim.optics.bleaching import LOSS_PER_S, light_dose_s, remaining_dye
from blueslice.sim.optics.camera import (
    CameraParameters,
    FixedPattern,
    draw_counts,
    draw_fixed_pattern,
)
from blueslice.sim.optics.damage import Damage, Photodamage, damage_from_light
from blueslice.sim.optics.dyes import (
    ASSUMED_DYNAMIC_RANGES,
    EXCITATION,
    SIMULATED_DYES,
    bound_dye_fluorescence,
    bound_fraction,
    crosstalk,
    fluorescence,
    mix_channels,
    simulated_dye,
)
from blueslice.sim.optics.leds import (
    LED_LIGHT,
    LedLight,
    draw_led_intensity,
    led_drift,
    led_light,
)
from blueslice.sim.optics.light_maps import LightMaps
from blueslice.sim.optics.movement import Movement, draw_next_position, draw_trial_shifts
from blueslice.sim.optics.photons import draw_electrons
from blueslice.sim.optics.point_spread import PointSpread, Window, spread_points
from blueslice.sim.optics.render import largest_shift_px, render
from blueslice.sim.optics.scene import Scene, SceneParameters, draw_scene
from blueslice.sim.optics.sub_pixel import shift_image

__all__ = [
    "ASSUMED_DYNAMIC_RANGES",
    "EXCITATION",
    "LED_LIGHT",
    "LOSS_PER_S",
    "SIMULATED_DYES",
    "CameraParameters",
    "Damage",
    "FixedPattern",
    "LedLight",
    "LightMaps",
    "Movement",
    "Photodamage",
    "PointSpread",
    "Scene",
    "SceneParameters",
    "Window",
    "background_ratios",
    "bound_dye_fluorescence",
    "bound_fraction",
    "crosstalk",
    "damage_from_light",
    "draw_counts",
    "draw_electrons",
    "draw_fixed_pattern",
    "draw_led_intensity",
    "draw_next_position",
    "draw_scene",
    "draw_trial_shifts",
    "fluorescence",
    "largest_shift_px",
    "led_drift",
    "led_light",
    "light_dose_s",
    "mix_channels",
    "remaining_dye",
    "render",
    "shift_image",
    "simulated_dye",
    "spread_points",
]
