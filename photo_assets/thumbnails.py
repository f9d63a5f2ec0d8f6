"""Thumbnails in the terminal: by its own way of showing pictures, or as half blocks in true colour.

What belongs here: what a terminal can show, told by its variables, and the bytes that make it do so. Terminals are
never asked, because the answer of one that does not understand the question ends up in the shell. Which photos are
shown is the commands'; their table without pictures is terminal.py's.
"""

import io
from base64 import standard_b64encode
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING

from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.table import Column, Table
from rich.text import Text

from photo_assets.terminal import plain

if TYPE_CHECKING:
    from PIL.Image import Image

    from photo_assets.search.searching import Found

COLUMNS, ROWS = 20, 8
"""Characters that a thumbnail takes; a character is about twice as high as wide, so a picture of 4 to 3 just fits."""

_KITTY_CHUNK = 4_096  # bytes in one command of kitty's protocol, by its specification
_PIXELS = (320, 240)  # enough for those characters on a screen of any density
_SPEAK_KITTY = {"ghostty", "kitty"}
_SPEAK_ITERM2 = {"iTerm.app", "WezTerm", "mintty"}


class Way(Enum):
    """How a terminal shows pictures."""

    KITTY = auto()
    ITERM2 = auto()
    BLOCKS = auto()


def way_of(variables: Mapping[str, str], *, is_terminal: bool, asked: bool | None) -> Way | None:
    """How thumbnails are shown: None in a pipe or a file, where they are not `asked` for, or cannot be shown.

    `asked` is None where nobody said: then blocks are for terminals only that say they have true colour.
    """
    if asked is False or not is_terminal:
        return None
    # tmux and screen pass no pictures on.
    if not (variables.get("TMUX") or variables.get("STY")):
        program = variables.get("TERM_PROGRAM", "")
        if program in _SPEAK_KITTY or "KITTY_WINDOW_ID" in variables or variables.get("TERM") == "xterm-kitty":
            return Way.KITTY
        if program in _SPEAK_ITERM2:
            return Way.ITERM2
    has_colour = variables.get("COLORTERM") in ("truecolor", "24bit") and not variables.get("NO_COLOR")
    return Way.BLOCKS if asked or has_colour else None


def print_hits(console: Console, query: str, found: "list[Found]", way: Way) -> None:
    """Each hit's picture, and beside it what is told of it."""
    console.print(f"[italic]{plain(query)}[/italic]", highlight=False)
    for hit in found:
        empty = Text("\n" * (ROWS - 1))
        words = Table.grid(Column(width=COLUMNS), Column(overflow="fold"), padding=(0, 2))
        words.add_row(blocks(hit.thumbnail) if way is Way.BLOCKS else empty, _told(hit))
        console.print(words)
        if way is not Way.BLOCKS:
            # Into the room that was left for it: by now the screen has scrolled as far as it will.
            lines = len(console.render_lines(words))
            console.file.write(f"\x1b[{lines}A{drawn(hit.thumbnail, way)}\x1b[{lines}B")
        console.print()


def _told(hit: "Found") -> str:
    taken = (hit.taken_at or "")[:16].replace("T", " ")
    details = " · ".join(part for part in (taken, hit.camera, hit.format, "offline" if hit.offline else "") if part)
    caption = f"[bold]{hit.score:.3f}[/bold]  {plain(hit.caption or '')}"
    return "\n".join([caption, f"[dim]{plain(details)}[/dim]", *map(plain, hit.places())])


def blocks(path: Path) -> Text:
    """The JPEG at `path` as lines of half blocks, two pixels each; one empty line where there is none."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            columns, rows = _cells(picture)
            pixels = picture.convert("RGB").resize((columns, 2 * rows), Image.Resampling.LANCZOS).tobytes()
    except OSError:
        return Text()
    text = Text()
    for row in range(rows):
        for column in range(columns):
            upper, lower = (pixels[3 * (columns * (2 * row + half) + column) :][:3] for half in (0, 1))
            text.append("▀", Style.from_color(Color.from_rgb(*upper), Color.from_rgb(*lower)))
        text.append("\n" if row < rows - 1 else "")
    return text


def drawn(path: Path, way: Way) -> str:
    """What makes the terminal draw the JPEG at `path` from the cursor on, which stays; empty where there is none."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            columns, rows = _cells(picture)
            if way is Way.KITTY:
                return "".join(_kitty(picture, columns, rows))
            return _iterm2(path.read_bytes(), columns, rows)
    except OSError:
        return ""


def _cells(picture: "Image") -> tuple[int, int]:
    """The columns and rows of a picture, as large as it fits."""
    scale = min(COLUMNS / picture.width, 2 * ROWS / picture.height)
    return max(1, round(picture.width * scale)), max(1, round(picture.height * scale / 2))


def _kitty(picture: "Image", columns: int, rows: int) -> Iterator[str]:
    """Commands that show the picture at once (a=T) as a PNG (f=100), without an answer (q=2) or moving the cursor."""
    picture.thumbnail(_PIXELS)
    picture.save(png := io.BytesIO(), "PNG")
    content = standard_b64encode(png.getvalue()).decode()
    keys = f"a=T,f=100,c={columns},r={rows},C=1,q=2,"
    for start in range(0, len(content), _KITTY_CHUNK):
        is_last = start + _KITTY_CHUNK >= len(content)
        yield f"\x1b_G{keys}m={0 if is_last else 1};{content[start : start + _KITTY_CHUNK]}\x1b\\"
        keys = ""


def _iterm2(jpeg: bytes, columns: int, rows: int) -> str:
    """The picture between keeping the cursor's place and going back to it."""
    keys = f"inline=1;size={len(jpeg)};width={columns};height={rows}"
    return f"\x1b7\x1b]1337;File={keys}:{standard_b64encode(jpeg).decode()}\x07\x1b8"
