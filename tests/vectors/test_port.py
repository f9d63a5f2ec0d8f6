"""Names, lightness, errors, and the choice of the engine."""

import pickle
import re
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.vectors import errors
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.open import open_index
from resources.vectors.points import check_version_name
from resources.vectors.port import Hit, version_name
from resources.vectors.ranking import nearest
from resources.vectors.server import ServerIndex

ERRORS = [
    errors.IndexInUse(Path("index"), 60.0, "123"),
    errors.IndexUnreachable("http://qdrant:6333", "refused"),
    errors.IndexUnauthorized("http://qdrant:6333", 401),
    errors.DiskFull("http://qdrant:6333", "no space left"),
    errors.IndexRejected("http://qdrant:6333", 400, "bad"),
    errors.EngineFailure(Path("index"), "no space left"),
    errors.DamagedSnapshot(Path("a.tar.gz"), "cut off"),
    errors.SnapshotDiffers("a", ["id"]),
    errors.ChangedMeanwhile("a"),
    errors.PushRefused("a", "more points"),
    errors.UnknownVersion("a", ("b",)),
    errors.InvalidVersionName("A"),
    errors.ActiveVersion("a"),
    errors.DimensionMismatch("a", 512, 768),
    errors.InvalidPoint("id", "NaN"),
]


@given(st.text(), st.text(), st.text(), st.integers(1, 4096))
def test_every_version_name_is_safe_and_repeatable(model: str, revision: str, how: str, dimensions: int) -> None:
    name = version_name(model, revision, how, dimensions)
    check_version_name(name)
    assert name == version_name(model, revision, how, dimensions)


def test_version_name_is_readable_and_its_value_is_pinned() -> None:
    name = version_name("openai/clip-vit-base-patch32", "3d74acf9", "bicubic-224", 512)
    assert re.fullmatch(r"openai-clip-vit-base-patch32-512-[0-9a-f]{12}", name)
    assert name in (version_name.__doc__ or "")


def test_any_part_of_the_embedding_space_changes_the_version_name() -> None:
    spaces = [
        ("a/b", "1", "p", 8),
        ("a-b", "1", "p", 8),
        ("a/b", "2", "p", 8),
        ("a/b", "1", "q", 8),
        ("a/b", "1", "p", 9),
    ]
    assert len({version_name(*space) for space in spaces}) == len(spaces)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.uuids().map(str)), unique_by=lambda pair: pair[1], max_size=60),
    st.integers(1, 20),
    st.randoms(use_true_random=False),
)
def test_ranking_never_depends_on_how_the_engine_orders_ties(
    pairs: list[tuple[int, str]], limit: int, random: Random
) -> None:
    hits = [Hit(point_id, score / 3, {}) for score, point_id in pairs]

    def fetch(wanted: int) -> list[Hit]:
        random.shuffle(hits)
        return sorted(hits, key=lambda hit: -hit.score)[:wanted]

    expected = sorted(hits, key=lambda hit: (-hit.score, hit.point_id))[:limit]
    assert nearest(fetch, limit) == expected


def test_the_port_imports_neither_engine_nor_numpy() -> None:
    script = (
        "import sys, resources.vectors.port, resources.vectors.errors, resources.vectors.open\n"
        "print([m for m in ('numpy', 'qdrant_edge', 'qdrant_client', 'httpx', 'dagster') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_a_url_chooses_the_server_and_opening_touches_nothing(tmp_path: Path) -> None:
    with open_index(tmp_path / "none", None, None) as embedded, open_index(tmp_path / "none", "", None) as empty:
        assert isinstance(embedded, EmbeddedIndex)
        assert isinstance(empty, EmbeddedIndex)
    with open_index(tmp_path / "none", "http://127.0.0.1:1", None) as server:
        assert isinstance(server, ServerIndex)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_every_error_survives_pickling_and_says_what_to_do(error: errors.VectorIndexError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)
    assert type(error).__name__ in errors.__doc__
    of_the_moment = errors.IndexInUse | errors.IndexUnreachable | errors.SnapshotDiffers | errors.ChangedMeanwhile
    assert error.retryable == isinstance(error, of_the_moment)
    assert re.search(r"\. [A-Z].*\.$|; .*\.$", str(error)), "a message ends with the remedy"


def test_all_errors_are_covered_here() -> None:
    assert {type(error) for error in ERRORS} == set(errors.VectorIndexError.__subclasses__())
