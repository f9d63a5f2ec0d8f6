"""The words of the demo world: objects, colours, places, times of day, and the sentences they make.

Here belongs everything that can be said about a demo scene, and which combinations exist. How a word looks is
painted elsewhere (objects, places, light), and nothing here is random.
"""

from collections.abc import Iterator
from dataclasses import dataclass

COLOURS: tuple[str, ...] = ("red", "yellow", "green", "blue", "purple", "white")

PLACES_OF_OBJECT: dict[str, tuple[str, ...]] = {
    "boat": ("lake", "sea"),
    "balloon": ("lake", "mountains", "desert", "meadow", "city"),
    "cottage": ("meadow", "snow", "mountains"),
    "car": ("desert", "city", "beach", "snow"),
    "tent": ("mountains", "meadow", "desert"),
    "kite": ("beach", "meadow"),
    "umbrella": ("beach", "meadow"),
    "windmill": ("meadow", "snow"),
    "lighthouse": ("sea", "beach"),
}
OBJECTS: tuple[str, ...] = tuple(PLACES_OF_OBJECT)
FLYING: frozenset[str] = frozenset({"balloon", "kite"})

PLACE_NOUNS: dict[str, str] = {
    "lake": "a lake",
    "sea": "the sea",
    "beach": "the beach",
    "mountains": "the mountains",
    "desert": "the desert",
    "meadow": "a meadow",
    "snow": "the snow",
    "city": "the city",
}
PLACES: tuple[str, ...] = tuple(PLACE_NOUNS)
ON_PLACES: frozenset[str] = frozenset({"lake", "sea", "beach"})

TIME_PHRASES: dict[str, str] = {
    "day": "on a sunny day",
    "sunset": "at sunset",
    "night": "at night",
    "mist": "on a misty morning",
}
TIMES: tuple[str, ...] = tuple(TIME_PHRASES)


@dataclass(frozen=True)
class Subject:
    """What a scene shows, in the four words that its caption states: keys of the tables above."""

    object: str
    colour: str
    place: str
    time: str


def place_phrase(object_: str, place: str) -> str:
    """Where the object is, with the preposition that English wants: "over the city", "on a lake"."""
    if object_ in FLYING:
        preposition = "over"
    elif object_ == "lighthouse" and place == "sea":
        preposition = "by"
    else:
        preposition = "on" if place in ON_PLACES else "in"
    return f"{preposition} {PLACE_NOUNS[place]}"


def caption(subject: Subject) -> str:
    """The one true caption, e.g. "a red boat on a lake at sunset"."""
    where = place_phrase(subject.object, subject.place)
    return f"a {subject.colour} {subject.object} {where} {TIME_PHRASES[subject.time]}"


def all_subjects() -> list[Subject]:
    """Every combination that exists, in a fixed order."""
    return list(_combinations())


def all_captions() -> list[str]:
    """Every caption that exists, in the order of `all_subjects`; no two are equal."""
    return [caption(subject) for subject in all_subjects()]


def _combinations() -> Iterator[Subject]:
    for object_, places in PLACES_OF_OBJECT.items():
        for place in places:
            for colour in COLOURS:
                for time in TIMES:
                    yield Subject(object_, colour, place, time)
