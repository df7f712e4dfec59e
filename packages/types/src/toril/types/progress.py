"""What a running job says of how far it is."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is.

    Attributes:
        fraction: 0.0 to 1.0, or None where the job gave none that we understand.
        note: a word to people, or None.
        value: the progress as it stands on the wire (any JSON): Node jobs may put anything there.
    """

    fraction: float | None = None
    note: str | None = None
    value: Any = None
