"""What the terminal shows: the bar's rate, and words from outside made harmless."""

import os
from collections.abc import Iterator

import pytest

from photo_assets.terminal import plain, progress_bar


@pytest.fixture
def redirected_stderr() -> Iterator[None]:
    """Descriptor 2 can be sent elsewhere inside the test, as Dagster does while a step runs."""
    kept = os.dup(2)
    yield
    os.dup2(kept, 2)
    os.close(kept)


def test_the_bar_goes_on_while_the_error_output_is_redirected(
    redirected_stderr: None, capfd: pytest.CaptureFixture[str]
) -> None:
    with progress_bar() as bar:
        task = bar.add_task("photos", total=4)
        elsewhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(elsewhere, 2)
        os.close(elsewhere)
        bar.advance(task, 4)
        bar.console.print("still here")
    assert "still here" in capfd.readouterr().err


def test_markup_and_control_characters_from_outside_are_harmless() -> None:
    assert plain("[red]x[/red]\x1b[2J\n") == "\\[red]x\\[/red]�[2J�"
