"""The electrical resistance of a spine's neck, from how fast its sodium leaves."""

import math

from blueslice.errors import BadInputError

__all__ = ["neck_resistance_Mohm"]


def neck_resistance_Mohm(
    decay_time_constant_ms: float,
    head_volume_um3: float,
    *,
    resistivity_ohm_cm: float = 180.0,
    diffusion_cm2_per_s: float = 6.0e-6,
) -> float:
    """Compute ``RN = tau rho D / V`` (Svoboda et al. 1996; Miyazaki & Ross 2017).

    Ions that leave the head through its neck and charges that do are held up by the same length
    over area: ``tau = V l / (D A)`` and ``RN = rho l / A``.

    The paper gives 250 Mohm for 0.1 um3 and 92 Mohm for 0.25 um3, both with tau 23 ms. The
    formula gives 248 and 99: the second figure of the paper does not follow from its values.

    Parameters
    ----------
    decay_time_constant_ms : float
        Of the head's sodium, ``half-decay / ln 2`` of an exponential. Sodium that still enters
        while it falls makes it, and the resistance, look larger.
    head_volume_um3 : float
        Volume of the spine's head.
    resistivity_ohm_cm : float
        Of the axoplasm (Golding et al. 2005).
    diffusion_cm2_per_s : float
        Of the ion in the axoplasm (sodium: Kushmerick & Podolsky 1969).

    Raises
    ------
    BadInputError
        When a value is not above 0.
    """
    for name, value in (
        ("decay_time_constant_ms", decay_time_constant_ms),
        ("head_volume_um3", head_volume_um3),
        ("resistivity_ohm_cm", resistivity_ohm_cm),
        ("diffusion_cm2_per_s", diffusion_cm2_per_s),
    ):
        if not 0 < value < math.inf:
            raise BadInputError(f"{name} = {value!r} must be greater than 0 and finite")
    tau_s = decay_time_constant_ms * 1e-3
    volume_cm3 = head_volume_um3 * 1e-12
    return tau_s * resistivity_ohm_cm * diffusion_cm2_per_s / volume_cm3 * 1e-6
