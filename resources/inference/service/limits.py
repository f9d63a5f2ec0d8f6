"""The service's limits, each with its reason. Who enforces one is gate.py, app.py or merging.py."""

from dataclasses import dataclass

MB = 1_000_000


@dataclass(frozen=True)
class Limits:
    """What one request, and all requests together, may cost; counts are of pictures or texts."""

    queue: int = 1024
    """Waiting pictures. More wait longer than anybody likes, and a refused client knows to come back."""
    body_bytes: int = 64 * MB
    """One request's body: far above what our client sends at once."""
    wait_s: float = 0.005
    """How long the first of a batch waits for company: little beside the batch itself."""
    files: int = 256
    """One request's files; the queue takes a request whole or not at all."""
    file_bytes: int = 32 * MB
    """One picture: a phone's largest JPEG has half of it."""
    held_bytes: int = 512 * MB
    """All bodies that are being read or answered: what bounds the process's memory under load."""
    texts: int = 256
    """One request's texts, and the texts that wait."""
    read_s: float = 60.0
    """A body must have come within this time, so that slow senders cannot hold the service."""
    answer_s: float = 600.0
    """An answer comes within this time or not at all: a full queue on a CPU takes minutes."""
    shutdown_s: int = 60
    """How long accepted work may take to be answered after the service is told to stop."""
