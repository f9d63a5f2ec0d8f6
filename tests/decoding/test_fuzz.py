"""Damaged files come to pictures or to errors that say their kind; `make fuzz` tries for longer."""

from collections import Counter

import pytest

from resources.decoding.errors import CorruptError, CrashedError, PoolLostError
from resources.decoding.pool import DecodingPool
from resources.decoding.requests import DecodeResult, failed_result

from .fuzz import FUZZ_LIMITS, decode_mutants, finding
from .fuzz_mutations import mutant
from .fuzz_seeds import made_seeds
from .samples import request_for

MUTANTS_PER_FORMAT = 200


def test_every_seed_is_a_good_photo(store, tmp_path):
    files = [(name, data) for name, seeds in made_seeds().items() for data in seeds]
    requests = []
    for number, (_, data) in enumerate(files):
        path = tmp_path / str(number)
        path.write_bytes(data)
        requests.append(request_for(path))
    with DecodingPool(store, FUZZ_LIMITS, workers=2) as pool:
        results = pool.decode(requests)
    assert [(result.format, result.error_message) for result in results] == [(name, None) for name, _ in files]


def test_mutants_are_pictures_or_classified_errors_and_the_pool_lives_on(store, tmp_path):
    outcomes = Counter[tuple[str, str]]()
    wrong = {}
    with DecodingPool(store, FUZZ_LIMITS, workers=2) as pool:
        for path, name, result in decode_mutants(range(MUTANTS_PER_FORMAT), made_seeds(), pool, store, tmp_path):
            outcomes[name, result.error_kind or "ok"] += 1
            if fault := finding(result, store):
                wrong[path.name] = fault
    assert wrong == {}
    assert outcomes.total() == MUTANTS_PER_FORMAT * len(made_seeds())
    assert all(outcomes[name, kind] > 10 for name in made_seeds() for kind in ("ok", "corrupt")), outcomes


def test_a_mutant_is_the_same_for_the_same_number_and_another_for_another():
    for name, seeds in made_seeds().items():
        assert mutant(name, 7, seeds) == mutant(name, 7, seeds)
        assert len({mutant(name, number, seeds) for number in range(50)}) > 45


@pytest.mark.parametrize(
    ("error", "is_finding"),
    [
        (CorruptError("cut off"), False),
        (CrashedError("SIGSEGV"), False),
        (CrashedError("KeyError: 'a'"), True),
        (PoolLostError(3), True),
    ],
)
def test_our_own_mistakes_are_findings_and_a_librarys_faults_are_not(store, error, is_finding):
    assert bool(finding(failed_result("abcd", error), store)) is is_finding


def test_a_picture_that_is_not_what_its_row_says_is_a_finding(store, decode_bytes):
    result = decode_bytes(made_seeds()["jpeg"][0])
    lying = DecodeResult(result.photo_id, "ok", width_px=96, height_px=64, preview_width_px=95, preview_height_px=64)
    assert finding(result, store) is None
    assert "a preview of" in (finding(lying, store) or "")
