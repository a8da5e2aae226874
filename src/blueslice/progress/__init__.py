"""How far a protocol is: trials done, the rest until the next, the time that is left."""

from blueslice.progress.display import ProgressDisplay
from blueslice.progress.state import ProgressState, describe, time_text
from blueslice.progress.watch import ProgressWatch

__all__ = ["ProgressDisplay", "ProgressState", "ProgressWatch", "describe", "time_text"]
