"""Which spines' synapses release in a trial, and what."""

from collections.abc import Sequence

import numpy as np

from blueslice.sim.physiology.release import Release, draw_releases
from blueslice.sim.physiology.surroundings import Surroundings
from blueslice.sim.physiology.traits import SpineTraits
from blueslice.trial import Pulse

__all__ = ["Releases", "releases_by_spine"]

Releases = dict[int, tuple[Release, ...]]


def releases_by_spine(
    spines: Sequence[SpineTraits],
    pulses: Sequence[Pulse],
    surroundings: Surroundings,
    rng: np.random.Generator,
) -> Releases:
    """Draw what each spine's synapse releases; without sodium channels no fibre conducts.

    Parameters
    ----------
    spines : sequence of SpineTraits
        The spines.
    pulses : sequence of Pulse
        Those of the stimulating electrode.
    surroundings : Surroundings
        What works.
    rng : numpy.random.Generator
        Decides; every spine draws from its own, so that one does not change the others.

    Returns
    -------
    mapping of spine to tuple of Release
        Only of spines that release.
    """
    found: Releases = {}
    for number, (spine, own) in enumerate(zip(spines, rng.spawn(len(spines)), strict=True)):
        arrivals_s = [p.onset_s for p in pulses if p.known_amplitude_uA >= spine.threshold_uA]
        releases = draw_releases(arrivals_s, spine.release, own)
        if releases and surroundings.fibres_conduct:
            found[number] = tuple(releases)
    return found
