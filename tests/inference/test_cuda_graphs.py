"""Replayed on rows that stay where they are, the loop writes the same tokens; a graph that does not is not used.

No GPU: a stand-in for a graph calls the function again, on the very rows that it was made with.
"""

from collections.abc import Callable

import pytest
import torch

from resources.inference.caption_loop import CaptionRows, CaptionTokens, Eager, Runner, write_captions
from resources.inference.cuda_graphs import MOST_ROWS, CapturedRunner
from resources.inference.graphs import CaptionImage, CaptionMemory, CaptionStep
from tests.inference.conftest import LONGEST, blocks, preprocessing_of, random_blip

Replay = Callable[[], None]

COUNTS = (9, 40, 1, 33, MOST_ROWS, MOST_ROWS + 40, 9, 2)


class Capture:
    """Stands in for CUDA's capture, and counts."""

    def __init__(self, graph: Callable[[Replay], Replay] = lambda function: function) -> None:
        self._graph = graph
        self.made = self.replayed = 0

    def __call__(self, function: Replay) -> Replay:
        self.made += 1
        replay = self._graph(function)

        def counted() -> None:
            self.replayed += 1
            replay()

        return counted


class Captions:
    """A model that captions pictures by a runner, as `blip.Blip` does."""

    def __init__(self) -> None:
        model = random_blip()
        self._step, self._words = CaptionStep(model.text_decoder), CaptionTokens(1, 2, 0, LONGEST)
        with torch.inference_mode():
            states = CaptionImage(model, preprocessing_of(model))(blocks(model, max(COUNTS)))
            self._memory = CaptionMemory(model.text_decoder)(states)

    def of(self, count: int, runner: Runner) -> torch.Tensor:
        """Of the last `count` pictures, so that rows of an earlier batch would be other pictures'."""
        keys, values = (cache[:, -count:] for cache in self._memory)
        return write_captions(keys, values, self._step, self._words, runner)


@pytest.fixture(scope="module")
def captions() -> Captions:
    return Captions()


def test_replayed_graphs_write_the_tokens_of_the_eager_loop_for_batches_of_any_size_in_turn(captions: Captions) -> None:
    capture = Capture()
    runner = CapturedRunner(capture)
    for count in COUNTS:
        assert torch.equal(captions.of(count, runner), captions.of(count, Eager())), count
    assert not runner.refused and capture.replayed > 5 * capture.made


def test_graphs_are_few_and_kept(captions: Captions) -> None:
    capture = Capture()
    runner = CapturedRunner(capture)
    counts = [MOST_ROWS, *range(1, MOST_ROWS, 7)]
    for count in counts:
        captions.of(count, runner)
    made = capture.made
    for count in counts:
        captions.of(count, runner)
    assert made == capture.made <= 7


def fails(_: Replay) -> Replay:
    raise RuntimeError("operation not permitted when stream is capturing")


def does_nothing(_: Replay) -> Replay:
    return lambda: None


def runs_twice(function: Replay) -> Replay:
    return lambda: (function(), function())


@pytest.mark.parametrize(
    ("graph", "reason"),
    [(fails, "not permitted"), (does_nothing, "other tokens"), (runs_twice, "other tokens")],
)
def test_a_graph_that_cannot_be_made_or_is_wrong_costs_no_caption_and_is_not_tried_again(
    graph: Callable[[Replay], Replay], reason: str, captions: Captions, caplog: pytest.LogCaptureFixture
) -> None:
    capture = Capture(graph)
    runner = CapturedRunner(capture)
    for count in (9, 40, 3):
        assert torch.equal(captions.of(count, runner), captions.of(count, Eager()))
    assert capture.made == 1 and reason in runner.refused
    (told,) = caplog.messages
    assert "without CUDA graphs" in told and reason in told


def test_rows_that_only_fill_up_have_ended_and_belong_nowhere() -> None:
    cache = torch.ones(1, 3, 1, 2, 4)
    count, place = torch.zeros(3, dtype=torch.long), torch.zeros(1, dtype=torch.long)
    by_row = {"places": torch.arange(3), "tokens": count, "ended": count > 0, "written": count.unsqueeze(1)}
    rows = CaptionRows(**by_row, position=place, keys=cache, values=cache, image_keys=cache, image_values=cache)
    placed = CapturedRunner(Capture()).placed(rows)
    assert placed.places.tolist() == [0, 1, 2, -1] and placed.ended.tolist() == [False, False, False, True]


def test_the_host_is_asked_every_fourth_token_only(captions: Captions, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    nonzero = torch.Tensor.nonzero

    def counted(tensor: torch.Tensor) -> torch.Tensor:
        asked.append(1)
        return nonzero(tensor)

    monkeypatch.setattr(torch.Tensor, "nonzero", counted)
    captions.of(9, CapturedRunner(Capture()))
    assert 1 <= len(asked) <= LONGEST // 4
