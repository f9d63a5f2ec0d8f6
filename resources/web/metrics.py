"""What every service counts of its requests, in Prometheus' form."""

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest

SECONDS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class RequestMetrics:
    """The counters of one service; its registry is its own, so that two services in a process do not mix.

    `new` is what a further counter of the service is made with.
    """

    def __init__(self, namespace: str) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self.new: dict[str, Any] = {"namespace": namespace, "registry": self._registry}
        self._requests = Counter("requests", "Requests answered", ["route", "status"], **self.new)
        self._seconds = Histogram("request_seconds", "From request to answer", ["route"], buckets=SECONDS, **self.new)

    def request(self, route: str, status: int, seconds: float) -> None:
        """One request was answered."""
        self._requests.labels(route, status).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """All of it, as a scrape wants it."""
        return generate_latest(self._registry)
