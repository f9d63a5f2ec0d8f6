"""What a scrape of the search service sees: counts by route and status, seconds, points; nothing a client chose."""

import re

from fastapi.testclient import TestClient

from .conftest import PHOTOS, photo_id


def sample(http: TestClient, name: str) -> str | None:
    found = re.search(rf"^{re.escape(name)} (\S+)$", http.get("/metrics").text, re.MULTILINE)
    return found and found[1]


def test_a_scrape_tells_of_requests_their_seconds_and_the_collection(http: TestClient) -> None:
    http.get("/search")
    http.get("/search", params={"limit": -1})
    assert sample(http, 'photo_search_requests_total{route="/search",status="200"}') == "1.0"
    assert sample(http, 'photo_search_requests_total{route="/search",status="422"}') == "1.0"
    assert sample(http, 'photo_search_request_seconds_count{route="/search"}') == "2.0"
    assert sample(http, "photo_search_collection_points") == f"{PHOTOS}.0"


def test_no_label_is_what_a_client_sent(http: TestClient) -> None:
    for path in (
        "/hostile-path",
        f"/photos/{photo_id(1)}",
        "/photos/hostile-id",
        "/search?q=hostile-query",
        "/%0ahostile",
    ):
        http.get(path, headers={"User-Agent": "hostile-agent", "X-Forwarded-For": "hostile-address"})
    http.request("HOSTILE-METHOD", "/search")
    told = http.get("/metrics").text
    assert "hostile" not in told.lower() and photo_id(1) not in told
    assert 'route="none"' in told
