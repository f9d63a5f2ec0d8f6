"""The search service's API: what is found, what is refused and how, and that nothing of it does harm."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from itertools import count
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from photo_assets.search.compared import read_compared
from photo_assets.search.duplicates import Kind
from photo_assets.search.query import Query
from photo_assets.search.service import library as served
from photo_assets.search.service.answers import hits_of
from photo_assets.search.service.asked import FURTHEST, Page
from photo_assets.search.service.headers import POLICY
from photo_assets.search.service.library import Library
from photo_assets.search.service.originals import Originals
from photo_assets.search.service.page import COOKIE, OPEN_PATHS
from resources.decoding.previews import PreviewStore
from resources.library.scan import signature
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.lending import Lending
from resources.vectors.port import Point

from ..decoding.bombs import bombs
from ..inference.services import DIMENSIONS, FakeEngine
from .conftest import HOSTILE, PHOTOS, VERSION, Open, only, payload, photo_id, vector

EVERY_PAGE = sorted(
    {"/search", "/photos/x", "/thumbnails/x", "/previews/x", "/similar/x", "/health", "/metrics", "/", "/nowhere"}
)
WAITING = 5
STRANGERS = "00000000-0000-0000-0000-000000000000"


def found(http: TestClient, path: str = "/search", **asked: Any) -> list[str]:
    answer = http.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    return [hit["photo_id"] for hit in answer.json()["hits"]]


def upload(http: TestClient, content: bytes, **asked: Any) -> Any:
    return http.post("/search/image", files={"file": ("picture", content)}, params=asked)


def is_problem(answer: Any, *statuses: int) -> bool:
    """Whether this is a refusal of the one shape, with words in it."""
    return answer.status_code in statuses and list(answer.json()) == ["detail"] and len(answer.json()["detail"]) > 8


def test_a_text_finds_every_photo_once_the_best_first_page_by_page(http: TestClient) -> None:
    whole = http.get("/search", params={"text": "photo 7", "limit": PHOTOS}).json()
    ids, scores = ([hit[name] for hit in whole["hits"]] for name in ("photo_id", "score"))
    assert ids[0] == photo_id(7) and scores[0] == pytest.approx(1) and scores == sorted(scores, reverse=True)
    assert set(ids) == set(map(photo_id, range(PHOTOS))) and whole["more"] is False
    pages = [http.get("/search", params={"text": "photo 7", "limit": 5, "offset": at}).json() for at in (0, 5, 10)]
    assert [hit["photo_id"] for page in pages for hit in page["hits"]] == ids
    assert [page["more"] for page in pages] == [True, True, False]


@pytest.mark.parametrize(
    ("asked", "admits"),
    [
        ({"camera": "Camera 1"}, lambda each: each["camera"] == "Camera 1"),
        ({"lens": "Lens 0"}, lambda each: each["lens_model"] == "Lens 0"),
        ({"format": "dng"}, lambda each: each["format"] == "dng"),
        ({"min_rating": 4}, lambda each: each["rating"] >= 4),
        ({"keyword": ["word1", "word2"]}, lambda each: each["keywords"][0] in ("word1", "word2")),
        ({"folder": "/photos/1"}, lambda each: each["paths"][0].startswith("/photos/1/")),
        ({"lat": 12, "lon": 20, "km": 120}, lambda each: 11 <= each["location"]["lat"] <= 13),
        ({"taken_to": "2013-06-01"}, lambda each: each["taken_at"] < "2013-06-02"),
        ({"taken_from": "2013-06-01"}, lambda each: each["taken_at"] >= "2013-06-01"),
        (
            {"taken_from": "2012-01-01", "format": "jpeg"},
            lambda each: each["taken_at"] > "2012" and each["format"] == "jpeg",
        ),
    ],
)
def test_a_filter_admits_the_photos_that_satisfy_it_and_no_other(http: TestClient, asked: Any, admits: Any) -> None:
    wanted = {photo_id(number) for number in range(PHOTOS) if admits(payload(number))}
    assert wanted and len(wanted) < PHOTOS
    assert set(found(http, **asked)) == wanted, "without a text"
    assert set(found(http, text="anything", **asked)) == wanted


@pytest.mark.parametrize(
    "asked",
    [
        {"limit": 0},
        {"limit": 201},
        {"limit": "many"},
        {"offset": -1},
        {"offset": 1_000},
        {"text": "x" * 1_001},
        {"taken_from": "yesterday"},
        {"taken_to": str(date.max)},
        {"lat": 10},
        {"lat": 91, "lon": 0},
        {"lat": "nan", "lon": 0},
        {"lat": 1, "lon": 1, "km": 0},
        {"lat": 1, "lon": 1, "km": "inf"},
        {"min_rating": 6},
        {"keyword": ["x"] * 21},
        {"no_such": "filter"},
    ],
)
def test_a_question_out_of_bounds_is_refused_with_its_reason(http: TestClient, asked: Any) -> None:
    assert is_problem(http.get("/search", params=asked), 422)


@pytest.mark.parametrize(
    "text", ["\x00", "\udc80".encode("utf-8", "surrogatepass"), "%", "' OR 1=1 --", HOSTILE, "☃" * 200]
)
def test_any_text_at_all_is_only_a_text(http: TestClient, text: Any) -> None:
    assert http.get("/search", params={"text": text}).status_code == 200
    assert http.get("/search", params={"camera": text}).json()["hits"] == []


def test_similar_photos_are_those_of_the_nearest_vectors_without_the_photo_itself(http: TestClient) -> None:
    by_likeness = sorted(range(PHOTOS), key=lambda number: -float(vector(3) @ vector(number)))
    assert found(http, f"/similar/{photo_id(3)}", limit=4) == [photo_id(number) for number in by_likeness[1:5]]


def test_a_photo_tells_what_the_collection_holds_of_it(http: TestClient) -> None:
    told = http.get(f"/photos/{photo_id(0)}").json()
    assert (told["caption"], told["paths"], told["original"]) == (HOSTILE, payload(0)["paths"], None)
    assert told["metadata"]["keywords"] == ["word0", HOSTILE] and told["metadata"]["exposure_s"] == 0.004
    assert told["provenance"] == {"decoder": "pillow", "clip_model": "clip"}


def test_duplicates_are_told_with_the_one_to_keep(http: TestClient) -> None:
    (group,) = http.get("/duplicates").json()["groups"]
    kept, other = group["keep"], *group["others"]
    assert (group["kind"], kept["photo_id"], kept["paths"]) == ("exact", photo_id(5), ["/copies/5.jpg"])
    assert other["paths"] == ["/photos/1/5.jpg"]
    assert http.get("/duplicates", params={"kind": ["semantic"]}).json()["groups"] == []


def test_the_pages_of_duplicates_follow_each_other_though_photos_come_in(
    opened: Open, photos: Library, tmp_path: Path
) -> None:
    def twice(number: int) -> Point:
        return Point(photo_id(number), vector(number), {"paths": [f"/a/{number}.jpg", f"/b/{number}.jpg"]})

    def page(offset: int) -> tuple[int, list[str]]:
        told = http.get("/duplicates", params={"kind": "exact", "limit": 2, "offset": offset}).json()
        return told["total"], [group["keep"]["photo_id"] for group in told["groups"]]

    index = EmbeddedIndex(tmp_path)
    index.create_version(VERSION, DIMENSIONS)
    index.switch_alias(VERSION)
    index.upsert(VERSION, [twice(number) for number in range(5)])
    with closing(Lending(index)) as lent:
        http = opened(library=Library(lent, only(FakeEngine()), PreviewStore(tmp_path), photos.pictures))
        first = page(0)
        index.upsert(VERSION, [twice(5)])
        pages = [first, page(2), page(4), page(6)]
        assert [total for total, _ in pages] == [5] * 4
        assert [photo for _, ids in pages for photo in ids] == sorted(map(photo_id, range(5)))
        assert page(0)[0] == 6


def test_a_look_for_duplicates_serves_all_who_asked_before_it_began(
    photos: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[None] = []
    asked, all_have_asked = count(1), Event()

    def monotonic() -> float:
        now = next(asked)
        if now == 1 + WAITING + 1:  # who looks has asked and begun, the others have asked
            all_have_asked.set()
        return float(now)

    def read(*arguments: Any, **options: Any) -> Any:
        looks.append(None)
        assert all_have_asked.wait(30)
        return read_compared(*arguments, **options)

    library = Library(photos.collection, photos.engine_of, photos.previews, photos.pictures)
    monkeypatch.setattr(served, "time", SimpleNamespace(monotonic=monotonic))
    monkeypatch.setattr(served, "read_compared", read)
    with ThreadPoolExecutor(1 + WAITING) as clients:
        answers = [clients.submit(library.duplicates, [Kind.EXACT], anew=True) for _ in range(1 + WAITING)]
        assert [len(answer.result(30).groups) for answer in answers] == [1] * (1 + WAITING)
    assert len(looks) == 2, "one for the first, one for all who came meanwhile"


def test_the_collection_is_not_kept_while_a_model_works(opened: Open, photos: Library, picture: bytes) -> None:
    class Watching(FakeEngine):
        def embed_texts(self, texts: Any) -> Any:
            borrowers.append(photos.collection._borrowers)
            return super().embed_texts(texts)

        def infer(self, *arguments: Any, **options: Any) -> Any:
            borrowers.append(photos.collection._borrowers)
            return super().infer(*arguments, **options)

    borrowers: list[int] = []
    http = opened(library=Library(photos.collection, only(Watching()), photos.previews, photos.pictures))
    assert found(http, text="photo 5")[0] == photo_id(5)
    assert upload(http, picture, text="photo 5").status_code == 200
    assert borrowers == [0, 0, 0]


def test_the_last_page_says_that_there_are_others_and_that_no_page_reaches_them(photos: Library) -> None:
    (hit,) = photos.find(Query("photo 5", limit=1))
    for offset, told in ((0, (True, False)), (FURTHEST - 1, (False, True))):
        page = hits_of([hit, hit], Page(limit=1, offset=offset))
        assert (page.more, page.beyond) == told
    whole = hits_of([hit], Page(limit=1, offset=FURTHEST - 1))
    assert (whole.more, whole.beyond) == (False, False)


@pytest.mark.parametrize(
    "asked", [{"kind": "all"}, {"kind": ["exact"] * 4}, {"limit": 0}, {"limit": 201}, {"offset": -1}]
)
def test_duplicates_out_of_bounds_are_refused(http: TestClient, asked: Any) -> None:
    assert is_problem(http.get("/duplicates", params=asked), 422)


def test_a_hybrid_search_ranks_by_the_words_of_captions_too(http: TestClient) -> None:
    asked = [(f"number {number}", photo_id(number)) for number in range(1, PHOTOS)]
    plain, hybrid = (sum(found(http, text=text, hybrid=h).index(id) for text, id in asked) for h in (False, True))
    assert hybrid < plain
    assert found(http, text="number 9", hybrid=True) != found(http, text="number 9")


@pytest.mark.parametrize("kind", ["photos", "thumbnails", "previews", "similar"])
def test_what_is_no_photo_is_refused_whatever_it_looks_like(http: TestClient, kind: str) -> None:
    assert is_problem(http.get(f"/{kind}/{STRANGERS}"), 404)
    for name in ("x", "..%2f..%2fetc%2fpasswd", "../../etc/passwd", "%00", photo_id(1) + "%00.jpg", "{}", "a" * 9_000):
        assert is_problem(http.get(f"/{kind}/{name}"), 404, 422)


def test_a_thumbnail_is_kept_for_good_under_its_version_and_asked_for_again_without(http: TestClient) -> None:
    hit = http.get("/search", params={"limit": 1}).json()["hits"][0]
    for address in (hit["thumbnail"], hit["preview"]):
        first = http.get(address)
        assert first.content.startswith(b"\xff\xd8") and first.headers["content-type"] == "image/jpeg"
        assert first.headers["cache-control"] == "private, max-age=31536000, immutable"
        known = {"if-none-match": first.headers["etag"]}
        again = http.get(address, headers=known)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        assert http.get(address.partition("?")[0]).headers["cache-control"] == "private, no-cache"
        assert http.get(address, headers={"if-none-match": '"another"'}).status_code == 200


def test_a_picture_finds_photos_and_leaves_no_file_behind(http: TestClient, photos: Library, picture: bytes) -> None:
    answer = upload(http, picture, limit=3)
    assert len(answer.json()["hits"]) == 3 and answer.json()["more"]
    assert upload(http, picture, limit=3).json() == answer.json()
    assert {hit["format"] for hit in upload(http, picture, format="png", text="a boat").json()["hits"]} == {"png"}
    folder = Path(photos.pictures._folder.name)
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_what_is_no_picture_is_refused_with_the_reason(http: TestClient, picture: bytes) -> None:
    for content in (b"", b"no picture", picture[:200], b"\xff\xd8\xff" + bytes(5_000)):
        assert is_problem(upload(http, content), 422)
    assert is_problem(http.post("/search/image"), 422)
    assert is_problem(http.post("/search/image", content=b"x" * 100, headers={"content-type": "image/jpeg"}), 422)
    assert upload(http, picture).status_code == 200


def test_bombs_are_refused_and_the_service_goes_on(http: TestClient, picture: bytes) -> None:
    asks_too_much = [content for content, right in bombs().values() if right == {"too_large"}][::4]
    assert len(asks_too_much) > 3
    for content in asks_too_much:
        assert is_problem(upload(http, content), 422)
    assert upload(http, picture).status_code == 200


def test_an_upload_beyond_the_limit_is_refused_before_it_is_read(opened: Open, picture: bytes) -> None:
    http = opened(body_bytes=20_000, held_bytes=30_000)
    assert is_problem(upload(http, picture + bytes(20_000)), 413)
    assert upload(http, picture).status_code == 200


def test_every_answer_forbids_what_a_page_of_ours_does_not_do(http: TestClient, opened: Open) -> None:
    for client in (http, opened(token="secret")):
        for path in EVERY_PAGE:
            headers = client.get(path).headers
            assert headers["content-security-policy"] == POLICY and "unsafe" not in POLICY
            assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
    assert http.get("/search").headers["cache-control"] == "no-store"


def test_other_names_and_other_sites_are_refused_on_loopback(http: TestClient) -> None:
    for name in ("evil.example", "localhost.evil.example", "", "127.0.0.1:80@evil.example", "[::1"):
        assert is_problem(http.get("/search", headers={"Host": name}), 400)
    assert http.get("/search", headers={"Host": "LOCALHOST:8766"}).status_code == 200
    cross = {"sec-fetch-site": "cross-site"}
    assert is_problem(http.get("/search", headers=cross | {"sec-fetch-mode": "no-cors"}), 403)
    assert http.get("/", headers=cross | {"sec-fetch-mode": "navigate"}).status_code == 200


def test_with_a_token_every_page_that_tells_something_asks_for_it(opened: Open) -> None:
    http = opened(token="secret")
    for path in EVERY_PAGE:
        for headers in (
            {},
            {"Authorization": "Bearer wrong"},
            {"Cookie": f"{COOKIE}=secret"},
            {"Cookie": f'{COOKIE}="'},
        ):
            answer = http.get(path, headers=headers)
            assert answer.status_code == (303 if path == "/" else 401), path
    for path in OPEN_PATHS:
        assert http.get(path).status_code == 200
    assert http.get("/search", headers={"Authorization": "Bearer secret"}).status_code == 200
    assert http.get("/search", headers={"Authorization": "Bearer secret", "Host": "photos.example"}).status_code == 200


def test_a_person_signs_in_by_the_form_or_once_by_the_address(opened: Open) -> None:
    for sign_in in (
        lambda http: http.post("/login", data={"token": "secret"}),
        lambda http: http.get(http.get("/?token=secret").headers["location"]),
    ):
        http = opened(token="secret")
        answer = sign_in(http)
        cookie = answer.headers["set-cookie"].lower()
        assert answer.status_code == 200 and "httponly" in cookie and "samesite=strict" in cookie
        assert "secret" not in cookie and "secret" not in answer.text
        assert http.get("/").status_code == http.get("/search").status_code == 200


def test_a_neighbours_odd_cookie_signs_nobody_out(opened: Open) -> None:
    http = opened(token="secret")
    http.post("/login", data={"token": "secret"})
    session = http.cookies[COOKIE]
    http.cookies.clear()
    for odd in ('prefs={"a": 1}', "name=caf\xe9", "a b=c", "="):
        cookies = f"{odd}; {COOKIE}={session}".encode("latin-1")
        assert http.get("/search", headers={"Cookie": cookies}).status_code == 200, odd


def test_a_wrong_token_signs_nobody_in(opened: Open) -> None:
    http = opened(token="secret")
    for answer in (
        http.post("/login", data={"token": "wrong"}),
        http.post("/login", data={}),
        http.post("/login", data={"token": "ö" * 2_000}),
        http.get("/login", params={"token": HOSTILE}),
    ):
        assert answer.status_code in (401, 422) and "set-cookie" not in answer.headers and HOSTILE not in answer.text
    assert http.get("/search").status_code == 401


class Shelf:
    """A ledger that knows files for one photo."""

    def __init__(self, *files: tuple[Path, str]) -> None:
        self.files = [(os.fsencode(path), seen) for path, seen in files]

    def files_holding(self, wanted: str) -> list[tuple[bytes, str]]:
        return self.files if wanted == photo_id(1) else []


def seen(path: Path) -> str:
    return signature(path.stat())


def test_an_original_is_given_out_only_where_that_is_allowed(opened: Open, tmp_path: Path) -> None:
    path = tmp_path / 'a "photo"\n ☃.jpg'
    path.write_bytes(b"the original")
    http = opened(originals=Originals(Shelf((tmp_path / "gone.jpg", "1"), (path, seen(path))), [tmp_path]))  # type: ignore[arg-type]
    address = http.get(f"/photos/{photo_id(1)}").json()["original"]
    answer = http.get(address)
    assert (answer.status_code, answer.content) == (200, b"the original")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''a%20%22photo%22%0A%20%E2%98%83.jpg"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert is_problem(http.get(f"/originals/{STRANGERS}"), 404)
    assert opened().get(address).status_code == 404


def test_no_original_leads_out_of_the_library(opened: Open, tmp_path: Path) -> None:
    root, secret = tmp_path / "library", tmp_path / "secret"
    root.mkdir()
    (tmp_path / "library-too").mkdir()
    secret.write_bytes(b"secret")
    (root / "link.jpg").symlink_to(secret)
    (root / "folder").symlink_to(tmp_path)
    (root / "changed.jpg").write_bytes(b"another photo by now")
    os.mkfifo(root / "pipe.jpg")
    (beside := tmp_path / "library-too" / "a.jpg").write_bytes(b"secret")
    paths = [
        secret,
        root / "link.jpg",
        root / "folder" / "secret",
        root / ".." / "secret",
        beside,
        root / "pipe.jpg",
        root,
    ]
    files = [(path, seen(path)) for path in paths] + [(root / "changed.jpg", "0:0:0:0")]
    for file in files:
        http = opened(originals=Originals(Shelf(file), [root]))  # type: ignore[arg-type]
        assert is_problem(http.get(f"/originals/{photo_id(1)}"), 404), file


def test_an_empty_collection_says_how_to_fill_it(opened: Open, photos: Library, tmp_path: Path) -> None:
    lent = Lending(EmbeddedIndex(tmp_path))
    empty = Library(lent, only(FakeEngine()), PreviewStore(tmp_path), photos.pictures)
    http = opened(library=empty)
    assert "photos ingest" in http.get("/search").json()["detail"]
    assert is_problem(http.get(f"/photos/{photo_id(1)}"), 404)
    told = http.get("/health")
    assert (told.status_code, told.json()["status"], told.json()["searched"]) == (503, "loading", None)
    lent.close()


def test_a_collection_that_is_kept_too_long_says_when_to_come_again(
    http: TestClient, photos: Library, stock: Path
) -> None:
    with EmbeddedIndex(stock / "collection", wait_s=10) as another:
        another.count(another.active_version() or "")
        refused = http.get("/search")
        assert is_problem(refused, 503) and int(refused.headers["retry-after"]) > 0
        assert http.get("/health").json()["status"] == "ready"
    assert http.get("/search").status_code == 200


def test_what_breaks_the_service_is_told_in_the_same_shape(opened: Open, photos: Library) -> None:
    class Broken(FakeEngine):
        def embed_texts(self, texts: Any) -> Any:
            raise RuntimeError("the secret of the inside")

    http = opened(library=Library(photos.collection, only(Broken()), photos.previews, photos.pictures))
    broken = http.get("/search")
    assert is_problem(broken, 500) and "secret" not in broken.text
    assert broken.headers["content-security-policy"] == POLICY


def test_requests_are_counted_by_their_route(http: TestClient) -> None:
    http.get("/search")
    http.get(f"/photos/{STRANGERS}")
    told = http.get("/metrics").text.splitlines()
    assert 'photo_search_requests_total{route="/search",status="200"} 1.0' in told
    assert 'photo_search_requests_total{route="/photos/{photo_id}",status="404"} 1.0' in told


def test_the_interface_is_described_without_anybody_elses_script(http: TestClient) -> None:
    described = http.get("/openapi.json").json()["paths"]
    assert {"/search", "/search/image", "/similar/{photo_id}", "/photos/{photo_id}", "/health"} <= set(described)
    for page in ("/", "/docs", *OPEN_PATHS - {"/login", "/openapi.json"}):
        text = http.get(page).text
        assert "https://" not in text.replace("https://www.openstreetmap.org", "") and "style=" not in text
