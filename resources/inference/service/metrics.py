"""What the service counts, in Prometheus' form. When something is counted is decided where it happens."""

from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from resources.inference.port import Inferred, ItemError

_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_SECONDS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600)


class Metrics:
    """The counters of one service; its registry is its own, so that two services in a process do not mix."""

    def __init__(self, waiting: Callable[[], float]) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        new: dict[str, Any] = {"namespace": "photo_inference", "registry": self._registry}
        self._requests = Counter("requests", "Requests answered", ["route", "status"], **new)
        self._seconds = Histogram("request_seconds", "From request to answer", ["route"], buckets=_SECONDS, **new)
        self._pictures = Counter("pictures", "Pictures answered, failures included", **new)
        self._failures = Counter("failures", "Answers that are failures", ["kind"], **new)
        self._batches = Histogram("batch_size", "Items computed at once", ["of"], buckets=_SIZES, **new)
        self._computing = Histogram("batch_seconds", "Computing them", ["of"], buckets=_SECONDS, **new)
        Gauge("queue_length", "Pictures that wait", **new).set_function(waiting)

    def request(self, route: str, status: int, seconds: float) -> None:
        """One request was answered."""
        self._requests.labels(route, status).inc()
        self._seconds.labels(route).observe(seconds)

    def answers(self, answers: Iterable[Inferred]) -> None:
        """These pictures were answered."""
        for answer in answers:
            self._pictures.inc()
            failure = next((each for each in (answer.vector, answer.caption) if isinstance(each, ItemError)), None)
            if failure:
                self._failures.labels(failure.kind).inc()

    def batch(self, of: str, size: int, seconds: float) -> None:
        """So many items were computed at once."""
        self._batches.labels(of).observe(size)
        self._computing.labels(of).observe(seconds)

    def text(self) -> bytes:
        """All of it, as a scrape wants it."""
        return generate_latest(self._registry)
