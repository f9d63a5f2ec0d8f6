"""The gallery page in a real browser: seen, typed in, walked through by keys, and fed hostile words."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote_plus, urlencode

import pytest

from photo_assets.search.service.library import Library
from photo_assets.search.service.running import SearchServer

from .browser import CHROMIUM, Tab, browser
from .conftest import HOSTILE, PHOTOS, photo_id

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian's package chromium)")

ALL_SHOWN = f"document.querySelectorAll('#tiles .tile').length === {PHOTOS}"
STATUS = "document.getElementById('status').textContent"
FOCUSED = "document.activeElement.getAttribute('href') ?? document.activeElement.id"
SIMILAR = "document.querySelectorAll('#similar .tile').length > 5"


@contextmanager
def serving(photos: Library, token: str = "") -> Iterator[str]:
    """The address of the service, in a thread of this process."""
    server, ready = SearchServer(photos, "127.0.0.1", 0, token), threading.Event()
    thread = threading.Thread(target=server.run, args=(ready.set,))
    thread.start()
    assert ready.wait(30)
    yield f"http://127.0.0.1:{server.port}"
    server.stop()
    thread.join(30)


@pytest.fixture(scope="module")
def service(photos: Library) -> Iterator[str]:
    with serving(photos) as url:
        yield url


@pytest.fixture(scope="module")
def shared_tab() -> Iterator[Tab]:
    with browser() as tab:
        yield tab


@pytest.fixture
def tab(shared_tab: Tab) -> Iterator[Tab]:
    """A tab; whatever the test was, the browser had nothing to complain of."""
    shared_tab.problems.clear()
    yield shared_tab
    assert shared_tab.problems == []


def test_the_photos_are_shown_with_caption_and_score(tab: Tab, service: str) -> None:
    tab.open(f"{service}/?text=photo+5")
    tab.wait(ALL_SHOWN)
    first = tab.ask("document.querySelector('.tile').innerText")
    assert first.split("\n") == ["photo number 5", "1.00"]
    assert tab.ask("document.querySelector('.tile img').alt") == "photo number 5"
    tab.wait("document.querySelector('.tile img').naturalWidth > 0")
    assert tab.ask("document.getElementById('status').textContent") == f"{PHOTOS} photos, the best first"
    assert tab.ask("document.title") == "photo 5 · Photos"


def test_the_rows_are_filled_and_no_photo_is_distorted(tab: Tab, service: str) -> None:
    tab.open(f"{service}/", 1280, 800)
    tab.wait(ALL_SHOWN)
    boxes = tab.ask("[...document.querySelectorAll('.tile')].map(t => t.getBoundingClientRect().toJSON())")
    rows = {round(box["top"]) for box in boxes}
    right = {row: max(box["right"] for box in boxes if round(box["top"]) == row) for row in rows}
    assert len(rows) > 1 and all(right[row] == pytest.approx(right[min(rows)], abs=2) for row in rows - {max(rows)})
    shapes = tab.ask(
        "[...document.querySelectorAll('#tiles li')].map(t => Number(t.style.getPropertyValue('--shape')))"
    )
    assert [box["width"] / box["height"] for box in boxes] == pytest.approx(shapes, rel=0.02)


def test_words_from_a_photo_are_never_markup(tab: Tab, service: str) -> None:
    tab.open(f"{service}/#{photo_id(0)}")
    tab.wait(f"{SIMILAR} && {ALL_SHOWN}")
    assert tab.ask("document.getElementById('detail-caption').textContent") == HOSTILE
    assert tab.ask("document.getElementById('detail-paths').textContent") == f"/photos/0/{HOSTILE}.jpg"
    assert HOSTILE in tab.ask("document.getElementById('detail-facts').textContent")
    assert HOSTILE in tab.ask("[...document.images].map(image => image.alt)")
    assert tab.ask("document.title") == "Photos"
    assert tab.ask("document.querySelectorAll('main script, dialog script, img[src=x]').length") == 0


def test_a_hostile_search_is_a_search(tab: Tab, service: str) -> None:
    tab.open(f"{service}/?text=%3Cscript%3Ealert(1)%3C/script%3E&camera=%22%3E%3Cimg%20src%3Dx%3E")
    tab.wait("document.getElementById('status').textContent.startsWith('Nothing found')")
    assert tab.ask("document.getElementById('text').value") == "<script>alert(1)</script>"
    assert tab.ask("document.querySelectorAll('img[src=x]').length") == 0


def test_the_keys_lead_through_the_whole_page(tab: Tab, service: str) -> None:
    tab.open(f"{service}/")
    tab.wait(ALL_SHOWN)
    tab.press("/")
    assert tab.ask(FOCUSED) == "text"
    tab.type("photo 5")
    tab.press("Enter")
    tab.wait(
        "location.search === '?text=photo+5' && document.querySelector('.tile b')?.textContent === 'photo number 5'"
    )
    tab.press("ArrowDown")
    order = tab.ask("[...document.querySelectorAll('#tiles .tile')].map(tile => tile.getAttribute('href'))")
    assert tab.ask(FOCUSED) == order[0] == f"#{photo_id(5)}"
    tab.press("ArrowRight")
    assert tab.ask(FOCUSED) == order[1]
    tab.press("ArrowDown")
    below = tab.ask(FOCUSED)
    assert below not in order[:2]
    tab.press("ArrowUp")
    assert tab.ask(FOCUSED) == order[1]
    tab.press("Enter")
    tab.wait(f"document.getElementById('detail').open && {SIMILAR}")
    tab.press("ArrowRight")
    tab.wait(f"location.hash === '{order[2]}'")
    tab.press("ArrowLeft")
    tab.press("ArrowLeft")
    tab.wait(f"location.hash === '{order[0]}'")
    assert tab.ask("document.getElementById('previous').disabled")
    tab.press("Escape")
    tab.wait("!document.getElementById('detail').open && !location.hash")
    assert tab.ask(FOCUSED) == order[0]


def test_one_photo_shows_its_metadata_its_place_and_photos_like_it(tab: Tab, service: str) -> None:
    tab.open(f"{service}/#{photo_id(4)}")
    tab.wait(SIMILAR)
    facts = tab.ask("document.getElementById('detail-facts').innerText").split("\n")
    assert {"2014-06-01 23:30", "Camera 1", "1/250 s", "★★★★", "JPEG", "560 \N{MULTIPLICATION SIGN} 400"} <= set(facts)
    links = tab.ask("[...document.querySelectorAll('#detail-links a')].map(a => [a.textContent, a.href, a.rel])")
    assert links[0] == [
        "Map",
        "https://www.openstreetmap.org/?mlat=14&mlon=20#map=15/14.00000/20.00000",
        "noopener noreferrer",
    ]
    tab.ask("document.querySelectorAll('#detail-links a')[1].click()")
    tab.wait("location.search.includes('lat=14') && document.querySelectorAll('#tiles .tile').length === 1")
    assert tab.ask("document.getElementById('filter-count').textContent") == "1"


def test_camera_lens_and_keywords_of_a_photo_lead_to_the_photos_that_share_them(tab: Tab, service: str) -> None:
    tab.open(f"{service}/#{photo_id(4)}")
    tab.wait(SIMILAR)
    links = tab.ask("[...document.querySelectorAll('#detail-facts a')].map(a => [a.textContent, a.search])")
    assert links == [
        ["Camera 1", "?camera=Camera+1"],
        ["Lens 0", "?lens=Lens+0"],
        ["word0", "?keyword=word0"],
        [HOSTILE, f"?{urlencode({'keyword': HOSTILE}, quote_via=quote_plus, safe='*')}"],
    ]
    tab.ask("document.querySelectorAll('#detail-facts a')[1].click()")
    tab.wait("location.search === '?lens=Lens+0' && document.querySelectorAll('#tiles .tile').length === 6")
    assert tab.ask("document.querySelector('[name=lens]').value") == "Lens 0"


def test_duplicates_are_shown_group_by_group_with_the_one_to_keep_first(tab: Tab, service: str) -> None:
    tab.open(f"{service}/")
    tab.wait(ALL_SHOWN)
    tab.ask("document.querySelector('a[href=\"/copies\"]').click()")
    tab.wait("document.querySelectorAll('.copies li').length === 2")
    assert tab.ask("document.querySelector('#groups h2').textContent") == "The same file 2 files"
    assert tab.ask("[...document.querySelectorAll('.copies .path')].map(p => p.textContent)") == [
        "/copies/5.jpg",
        "/photos/1/5.jpg",
    ]
    assert tab.ask("[...document.querySelectorAll('.copies li')].map(li => li.innerText.startsWith('Keep'))") == [
        True,
        False,
    ]
    assert "Nothing is deleted" in tab.ask("document.getElementById('status').textContent")
    assert tab.ask("document.querySelectorAll('button').length") == 2, "to look again, and for more"
    tab.ask("document.querySelector('[value=exact]').click(); document.querySelector('#kinds button').click()")
    tab.wait("document.getElementById('status')?.textContent.startsWith('No duplicates')")
    assert tab.ask("location.search") == "?kind=perceptual&kind=semantic"
    tab.open(f"{service}/copies", 360, 740)
    tab.wait("document.querySelectorAll('.copies li').length === 2")
    assert tab.ask("document.documentElement.scrollWidth") <= 360
    tab.ask("document.querySelector('.copies a').click()")
    tab.wait(SIMILAR)
    assert tab.ask("location.hash") == f"#{photo_id(5)}"


def test_a_score_is_shown_only_where_something_was_searched(tab: Tab, service: str) -> None:
    scores = "[...document.querySelectorAll('.tile i')].filter(score => score.checkVisibility()).length"
    for address, shown in (("/", 0), ("/?text=photo+5", PHOTOS)):
        tab.open(f"{service}{address}")
        tab.wait(ALL_SHOWN)
        assert tab.ask(scores) == shown


def test_all_words_stand_out_from_what_is_behind_them() -> None:
    css = files("photo_assets.search.service").joinpath("page/gallery.css").read_text()
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w+);", scheme)) for scheme in css.split("@media", 2)[:2])
    for colours in (light, light | dark):
        for words, behind in (
            *((words, behind) for words in ("ink", "soft", "accent", "bad") for behind in ("paper", "card")),
            ("on-accent", "accent"),
        ):
            assert contrast(colours[words], colours[behind]) >= 4.5, (words, behind)


def contrast(one: str, other: str) -> float:
    """The ratio that WCAG 2 asks 4.5 of."""
    brighter, darker = sorted((luminance(colour) for colour in (one, other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    linear = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_filters_are_part_of_the_address_and_one_goes_back(tab: Tab, service: str) -> None:
    tab.open(f"{service}/")
    tab.wait(ALL_SHOWN)
    tab.ask("document.getElementById('filters-switch').click()")
    tab.ask("document.querySelector('[name=format]').value = 'dng'")
    tab.ask("document.querySelector('#filters .primary').click()")
    tab.wait("location.search === '?format=dng' && document.querySelectorAll('#tiles .tile').length === 3")
    assert tab.ask("document.getElementById('filters').hidden")
    tab.ask("history.back()")
    tab.wait(f"!location.search && {ALL_SHOWN}")
    assert tab.ask("document.querySelector('[name=format]').value") == ""


def test_a_picture_is_searched_by(tab: Tab, service: str, picture: bytes, tmp_path: Path) -> None:
    (tmp_path / "mine.jpg").write_bytes(picture)
    tab.open(f"{service}/")
    tab.wait(ALL_SHOWN)
    tab.choose("#picture", tmp_path / "mine.jpg")
    tab.wait("document.getElementById('status').textContent.includes('like mine.jpg')")
    scores = "[...document.querySelectorAll('.tile i')].map(score => score.textContent)"
    alone = tab.ask(scores)
    tab.ask("document.getElementById('text').value = 'photo 5'; document.querySelector('form .primary').click()")
    tab.wait(f"location.search === '?text=photo+5' && {scores}.join() !== {alone}.join()")
    assert "like mine.jpg and “photo 5”" in tab.ask(STATUS), "words and picture together"
    tab.ask("document.getElementById('without-picture').click()")
    tab.wait(f"{STATUS} === '{PHOTOS} photos, the best first'")
    assert tab.ask("document.getElementById('without-picture').hidden")
    tab.choose("#picture", tmp_path / "mine.jpg")
    tab.wait(f"{STATUS}.includes('like mine.jpg')")
    tab.ask("history.back()")
    tab.wait(f"!location.search && {STATUS} === '{PHOTOS} photos'")


def test_a_mistake_is_told_in_words(tab: Tab, service: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    tab.open(f"{service}/")
    tab.wait(ALL_SHOWN)
    tab.choose("#picture", tmp_path / "notes.txt")
    tab.wait("document.getElementById('status').classList.contains('problem')")
    assert "cannot be searched by" in tab.ask(STATUS)
    assert tab.ask("document.querySelectorAll('#tiles .tile').length") == 0, "nothing of the search before"
    tab.problems.clear()  # the browser notes the refusal too
    tab.ask("document.querySelector('form .primary').click()")
    tab.wait(f"{ALL_SHOWN} && {STATUS} === '{PHOTOS} photos'")


def test_what_is_no_part_of_a_search_leaves_the_address(tab: Tab, service: str) -> None:
    tab.open(f"{service}/?token=secret&text=photo+5&utm_source=mail#{photo_id(4)}")
    tab.wait(f"{ALL_SHOWN} && {SIMILAR}")
    assert tab.ask("location.search + location.hash") == f"?text=photo+5#{photo_id(4)}"


def test_a_page_that_cannot_be_had_is_told_beside_its_button(tab: Tab, service: str) -> None:
    tab.open(f"{service}/")
    tab.wait(ALL_SHOWN)
    tab.ask('window.fetch = async () => new Response(\'{"detail": "come again"}\', { status: 503 })')
    tab.ask("document.getElementById('more').hidden = false; document.getElementById('more').click()")
    tab.wait("document.getElementById('trouble').textContent === 'come again'")
    assert tab.ask(ALL_SHOWN) and tab.ask(STATUS) == f"{PHOTOS} photos"


def test_a_photo_that_is_slow_to_come_shows_nothing_of_the_one_before(tab: Tab, service: str) -> None:
    tab.open(f"{service}/#{photo_id(4)}")
    tab.wait(f"{ALL_SHOWN} && {SIMILAR}")
    tab.ask("window.fetch = () => new Promise((_, refuse) => { window.refuse = refuse })")
    tab.ask(f"location.hash = '{photo_id(5)}'")
    tab.wait("window.refuse && document.getElementById('detail-caption').textContent === 'photo number 5'")
    parts = ["detail-links", "detail-paths", "detail-facts", "detail-provenance", "similar"]
    assert tab.ask(f"{parts}.map(id => document.getElementById(id).childElementCount).join()") == "0,0,0,0,0"


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_shows_all_of_it_without_scrolling_sideways(tab: Tab, service: str, dark: bool) -> None:
    tab.open(f"{service}/", 360, 740, dark=dark)
    tab.wait(ALL_SHOWN)
    tab.ask("document.getElementById('filters-switch').click()")
    assert tab.ask("document.documentElement.scrollWidth") <= 360
    tab.ask("document.querySelector('.tile').click()")
    tab.wait(SIMILAR)
    assert tab.ask("document.getElementById('detail').scrollWidth") <= 360
    paper = tab.ask("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, paper[4:-1].split(","))) < 200) is dark


def test_everything_that_can_be_used_has_a_name(tab: Tab, service: str) -> None:
    tab.open(f"{service}/#{photo_id(4)}")
    tab.wait(SIMILAR)
    tab.ask("document.getElementById('filters').hidden = false")
    nodes = tab.send("Accessibility.getFullAXTree")["nodes"]
    roles = ("button", "link", "textbox", "searchbox", "combobox", "image")
    used = [node for node in nodes if node.get("role", {}).get("value") in roles]
    assert len(used) > 10 and [node for node in used if not node["name"]["value"]] == []


def test_a_token_is_asked_for_once(tab: Tab, photos: Library) -> None:
    with serving(photos, token="secret") as url:
        tab.open(f"{url}/")
        for token, then in (("wrong", "document.querySelector('[role=alert]')"), ("secret", ALL_SHOWN)):
            tab.wait("document.activeElement?.id === 'token'")
            tab.type(token)
            tab.press("Enter")
            tab.wait(f"Boolean({then})")
        assert tab.ask("document.cookie") == ""
        tab.problems.clear()  # the browser notes the refusal too
