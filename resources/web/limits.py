"""What requests may cost a service before it looks at them, each with its reason. gate.py enforces it."""

from dataclasses import dataclass

MB = 1_000_000


@dataclass(frozen=True)
class RequestLimits:
    """What one body, and all bodies together, may cost."""

    body_bytes: int = 64 * MB
    """One request's body: far above what is sent at once for good reasons."""
    held_bytes: int = 512 * MB
    """All bodies that are being read or answered: what bounds the process's memory under load."""
    read_s: float = 60.0
    """A body must have come within this time, so that slow senders cannot hold the service."""
