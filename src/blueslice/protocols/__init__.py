"""Protocol files: which plans to run, one after the other, on which cell.

A file is checked as a whole, and each of its plans rehearsed to its end, before any light.
"""

from blueslice.protocols.plan_arguments import check_arguments, protocol_plans
from blueslice.protocols.protocol_file import (
    Protocol,
    ProtocolMetadata,
    ProtocolStep,
    load_protocol,
)
from blueslice.protocols.protocol_plan import check_protocol, protocol, step_plan
from blueslice.protocols.rehearsal import (
    Rehearsal,
    RehearsedSolution,
    RehearsedTrial,
    RehearsedWait,
    rehearse,
)

__all__ = [
    "Protocol",
    "ProtocolMetadata",
    "ProtocolStep",
    "Rehearsal",
    "RehearsedSolution",
    "RehearsedTrial",
    "RehearsedWait",
    "check_arguments",
    "check_protocol",
    "load_protocol",
    "protocol",
    "protocol_plans",
    "rehearse",
    "step_plan",
]
