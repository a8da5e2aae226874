"""What the axis of the amplifier's potential is called: by what the amplifier held."""

__all__ = ["soma_label"]

_LABELS = {"current": "soma (mV)", "voltage": "command (mV)"}


def soma_label(clamp: str) -> str:
    """Return the label of the amplifier's potential.

    Parameters
    ----------
    clamp : str
        ``current``, ``voltage`` or ``unknown``. In voltage clamp the potential is the command;
        where the clamp is not known, neither is said.
    """
    return _LABELS.get(clamp, "amplifier (mV)")
