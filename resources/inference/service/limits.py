"""The service's limits, each with its reason. Who enforces one is the gate, app.py or merging.py."""

from dataclasses import dataclass

from resources.web.limits import MB, RequestLimits


@dataclass(frozen=True)
class Limits(RequestLimits):
    """What one request, and all requests together, may cost; counts are of pictures or texts."""

    queue: int = 1024
    """Waiting pictures. More wait longer than anybody likes, and a refused client knows to come back."""
    wait_s: float = 0.005
    """How long the first of a batch waits for company: little beside the batch itself."""
    files: int = 256
    """One request's files; the queue takes a request whole or not at all."""
    file_bytes: int = 32 * MB
    """One picture: a phone's largest JPEG has half of it."""
    texts: int = 256
    """One request's texts, and the texts that wait."""
    answer_s: float = 600.0
    """An answer comes within this time or not at all: a full queue on a CPU takes minutes."""
    shutdown_s: int = 60
    """How long accepted work may take to be answered after the service is told to stop."""
