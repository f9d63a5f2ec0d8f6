"""What the service counts, in Prometheus' form. When something is counted is decided where it happens."""

from collections.abc import Callable, Iterable

from prometheus_client import Counter, Gauge, Histogram

from resources.inference.port import Inferred, ItemError
from resources.web.metrics import SECONDS, RequestMetrics

_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Metrics(RequestMetrics):
    """The counters of one inference service."""

    def __init__(self, waiting: Callable[[], float]) -> None:
        super().__init__("photo_inference")
        new = self.new
        self._pictures = Counter("pictures", "Pictures answered, failures included", **new)
        self._failures = Counter("failures", "Answers that are failures", ["kind"], **new)
        self._batches = Histogram("batch_size", "Items computed at once", ["of"], buckets=_SIZES, **new)
        self._computing = Histogram("batch_seconds", "Computing them", ["of"], buckets=SECONDS, **new)
        Gauge("queue_length", "Pictures that wait", **new).set_function(waiting)

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
