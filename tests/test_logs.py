"""What the commands tell: words for a person, or one line of JSON for each record, whoever makes it."""

import json
import logging
from collections.abc import Iterator

import pytest

from photo_assets import cli
from photo_assets.logs import TOLD, begin_logging
from photo_assets.settings import Settings

HOSTILE = "a\nb [red]c[/red] \x1b[31m ü"


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root, told = logging.getLogger(), (TOLD.handlers[:], TOLD.propagate, TOLD.level)
    handlers = root.handlers[:]
    yield
    root.handlers[:] = handlers
    TOLD.handlers[:], TOLD.propagate = told[:2]
    TOLD.setLevel(told[2])


def test_as_json_every_record_is_one_line_whoever_makes_it(capsys: pytest.CaptureFixture[str]) -> None:
    begin_logging("json")
    TOLD.warning("%s", HOSTILE)
    try:
        raise ValueError("why")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("it broke")

    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["level"], first["logger"], first["message"]) == ("warning", "photos", HOSTILE)
    assert first["time"].endswith("+00:00")
    assert (second["message"], second["level"]) == ("it broke", "error") and "ValueError: why" in second["exception"]


def test_as_text_a_person_reads_it_and_nothing_of_it_is_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    begin_logging("text")
    for level in (logging.INFO, logging.WARNING, logging.ERROR):
        TOLD.log(level, "%s", HOSTILE)
    shown = "a�b [red]c[/red] �[31m ü"
    assert capsys.readouterr().err.splitlines() == [shown, f"warning: {shown}", f"error: {shown}"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_command_that_fails_says_so_in_the_form_that_is_set(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    monkeypatch.setenv("PHOTO_LOG_FORMAT", form)
    monkeypatch.setattr("sys.argv", ["photos", "restore", "/nowhere"])
    with pytest.raises(SystemExit, match="1"):
        cli.main()
    told = capsys.readouterr().err.strip()
    told = json.loads(told)["message"] if form == "json" else told.removeprefix("error: ")
    assert told.startswith("/nowhere holds no complete backup.")


def test_each_wrong_setting_is_a_line(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("PHOTO_MODELS", "PHOTO_BATCH_SIZE"):
        monkeypatch.setenv(name, "wrong")
    monkeypatch.setattr("sys.argv", ["photos", "status"])
    with pytest.raises(SystemExit, match="1"):
        cli.main()
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("error: PHOTO_MODELS: ") and second.startswith("error: PHOTO_BATCH_SIZE: ")
