"""What a photographer may do to a library, as rules of a state machine.

Nothing here knows of the platform that watches.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from .doubles import CORRUPT, GOOD, MUTE, SLOW
from .shelves import FOLDERS, Shelves

# A root, a folder and a name; few of each, so that things meet.
Place = tuple[int, str, int]

which = st.integers(0, 11)
places = st.tuples(st.integers(0, 1), st.sampled_from(FOLDERS), st.integers(0, 3))
kinds = st.sampled_from((GOOD, GOOD, GOOD, MUTE, SLOW, CORRUPT))
contents = st.builds(lambda kind, number: b"%s:%02d" % (kind, number), kinds, which)

done: Counter[str] = Counter()
"""What all examples did, for the line at the end."""


class Photographer(RuleBasedStateMachine):
    """Changes files of two roots; `ever` are the contents that ever were."""

    def __init__(self, home: Path) -> None:
        super().__init__()
        self.shelves = Shelves.below(home)
        self.ever: set[bytes] = set()

    @initialize(contents=st.lists(contents, min_size=4, max_size=10))
    def begin_with(self, contents: list[bytes]) -> None:
        for number, content in enumerate(contents):
            self._write(self.shelves.roots[number % 2] / FOLDERS[number % 4] / f"{number % 5}.jpg", content)

    @rule(place=places, content=contents)
    def write(self, place: Place, content: bytes) -> None:
        self._write(self._path(place), content)

    @rule(which=which, number=which)
    def write_over_in_the_same_size(self, which: int, number: int) -> None:
        if path := self._file(which):
            self._write(path, path.read_bytes()[:-2] + b"%02d" % number)

    @rule(which=which)
    def grow(self, which: int) -> None:
        if path := self._file(which):
            self._do(path, lambda: self.shelves.grow(path))
            self.ever.add(path.read_bytes())

    @rule(which=which)
    def touch(self, which: int) -> None:
        if path := self._file(which):
            self._do(path, lambda: self.shelves.touch(path))

    @rule(which=which, place=places, with_times=st.booleans())
    def copy(self, which: int, place: Place, with_times: bool) -> None:
        if path := self._file(which):
            target = self._path(place)
            self._do(target, lambda: self.shelves.copy(path, target, with_times=with_times))

    @rule(which=which, place=places)
    def move(self, which: int, place: Place) -> None:
        if path := self._file(which):
            target = self._path(place)
            self._do(target, lambda: self.shelves.move(path, target))

    @rule(source=places, onto=places)
    def move_a_folder(self, source: Place, onto: Place) -> None:
        folder, place = self._path(source).parent, self._path(onto).parent / f"moved-{onto[2]}"
        if folder not in self.shelves.roots and not any(gone.is_relative_to(folder) for gone in self.shelves.away):
            self._do(place, lambda: self.shelves.move_folder(folder, place))

    @rule(which=which)
    def delete(self, which: int) -> None:
        if path := self._file(which):
            self._do(path, lambda: self.shelves.delete(path))

    @rule(place=places, whole_root=st.booleans(), leaves_folder=st.booleans())
    def unmount(self, place: Place, whole_root: bool, leaves_folder: bool) -> None:
        folder = self.shelves.roots[place[0]] if whole_root else self._path(place).parent
        self.shelves.unmount(folder, leaves_folder=leaves_folder)

    @precondition(lambda self: self.shelves.away)
    @rule(which=which)
    def remount(self, which: int) -> None:
        places = sorted(self.shelves.away)
        self.shelves.remount(places[which % len(places)])

    def _path(self, place: Place) -> Path:
        root, folder, name = place
        return self.shelves.roots[root] / folder / f"{name}.jpg"

    def _file(self, which: int) -> Path | None:
        files = self.shelves.files()
        return files[which % len(files)] if files else None

    def _write(self, path: Path, content: bytes) -> None:
        self._do(path, lambda: self.shelves.write(path, content))
        self.ever.add(content)

    def _do(self, target: Path, act: Callable[[], None]) -> None:
        """Change the files, unless the change would be made where a disk is away."""
        if not self.shelves.is_away(target):
            done["changes"] += 1
            act()
