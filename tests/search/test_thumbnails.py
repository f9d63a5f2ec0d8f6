"""Thumbnails in the terminal: where they are shown, and what a terminal is told."""

import base64
import io
import re
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from photo_assets.search.searching import Found
from photo_assets.thumbnails import COLUMNS, ROWS, Way, blocks, drawn, print_hits, way_of

from ..decoding.samples import encode

TRUE_COLOUR = {"COLORTERM": "truecolor"}


@pytest.mark.parametrize(
    ("variables", "asked", "way"),
    [
        ({"TERM": "xterm-kitty"}, None, Way.KITTY),
        ({"KITTY_WINDOW_ID": "1"}, None, Way.KITTY),
        ({"TERM_PROGRAM": "ghostty"}, None, Way.KITTY),
        ({"TERM_PROGRAM": "iTerm.app"} | TRUE_COLOUR, None, Way.ITERM2),
        ({"TERM_PROGRAM": "WezTerm"}, None, Way.ITERM2),
        ({"TERM": "xterm-256color"} | TRUE_COLOUR, None, Way.BLOCKS),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux-0"} | TRUE_COLOUR, None, Way.BLOCKS),
        ({"TERM": "xterm-kitty", "STY": "1.pts"}, None, None),
        (TRUE_COLOUR | {"NO_COLOR": "1"}, None, None),
        ({"TERM": "linux"}, None, None),
        ({"TERM": "linux"}, True, Way.BLOCKS),
        ({"TERM": "xterm-kitty"} | TRUE_COLOUR, False, None),
    ],
)
def test_a_terminal_gets_pictures_in_the_best_way_it_knows(
    variables: dict[str, str], asked: bool | None, way: Way | None
) -> None:
    assert way_of(variables, is_terminal=True, asked=asked) is way


@pytest.mark.parametrize("asked", [None, True, False])
def test_a_pipe_gets_no_pictures_even_where_they_are_asked_for(asked: bool | None) -> None:
    assert way_of({"TERM": "xterm-kitty"} | TRUE_COLOUR, is_terminal=False, asked=asked) is None


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Red above, blue below, and not so wide as high."""
    image = Image.new("RGB", (90, 120), "red")
    image.paste("blue", (0, 60, 90, 120))
    path = tmp_path / "thumbnail.jpg"
    path.write_bytes(encode(image, "JPEG", quality=95))
    return path


def test_blocks_are_the_picture_in_two_pixels_a_character(picture: Path) -> None:
    lines = blocks(picture).split("\n")
    assert [len(line.plain) for line in lines] == [12] * ROWS
    colours = [line.get_style_at_offset(Console(), 4) for line in (lines[0], lines[-1])]
    (top, _), (_, bottom) = ((style.color.triplet, style.bgcolor.triplet) for style in colours)
    assert top.red > 240 > 20 > top.blue and bottom.blue > 240 > 20 > bottom.red


def test_kitty_gets_a_png_in_chunks_and_the_cells_it_fills(picture: Path) -> None:
    noise = Image.effect_noise((250, 200), 90).convert("RGB")
    noise.save(picture)
    chunks = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", drawn(picture, Way.KITTY))
    assert len(chunks) > 2 and all(len(content) <= 4_096 for _, content in chunks)
    assert chunks[0][0] == f"a=T,f=100,c={COLUMNS},r={ROWS},C=1,q=2,m=1"
    assert [keys for keys, _ in chunks[1:]] == ["m=1"] * (len(chunks) - 2) + ["m=0"]
    with Image.open(io.BytesIO(base64.b64decode("".join(content for _, content in chunks)))) as sent:
        assert (sent.format, sent.size) == ("PNG", (250, 200))


def test_iterm2_gets_the_file_and_its_cursor_back(picture: Path) -> None:
    (keys, content) = re.fullmatch(r"\x1b7\x1b]1337;File=(.*):(.*)\x07\x1b8", drawn(picture, Way.ITERM2)).groups()
    assert base64.b64decode(content) == picture.read_bytes()
    assert keys == f"inline=1;size={len(picture.read_bytes())};width=12;height={ROWS}"


def printed(way: Way, *hits: Found) -> str:
    console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", width=80)
    print_hits(console, "a [red] boat", list(hits), way)
    return console.file.getvalue()


def found(thumbnail: Path, caption: str = "a boat") -> Found:
    return Found("id", 0.5, caption, ["/p/a.jpg"], "2020-01-01T10:00:00", "Canon", "jpeg", None, 4, 3, thumbnail, False)


@pytest.mark.parametrize("way", list(Way))
def test_each_hit_is_told_beside_its_picture_and_nothing_outside_becomes_a_command(picture: Path, way: Way) -> None:
    told = printed(way, found(picture, "a boat\x1b]0;title\x07 [bold]"), found(picture.parent / "gone.jpg"))
    assert (
        told.startswith("\x1b[3ma [red] boat\x1b[0m\n")
        and told.count("/p/a.jpg") == 2
        and told.count("2020-01-01 10:00") == 2
    )
    assert "\x1b]0;" not in told and "[bold]" in told


@pytest.mark.parametrize("way", [Way.KITTY, Way.ITERM2])
def test_a_picture_is_drawn_into_the_room_left_for_it(picture: Path, way: Way) -> None:
    told = printed(way, found(picture))
    before, after = told.split(drawn(picture, way))
    (up,), (down,) = re.findall(r"\x1b\[(\d+)A$", before), re.findall(r"^\x1b\[(\d+)B$", after)
    assert up == down and int(up) == before.count("\n") - 1 >= ROWS
