"""What people type: partial descriptions of a scene, each naming some of its four attributes.

The text tower learns from them, so that "red boat", "boats at sunset" or "snow at night" find what they name.
"""

from dataclasses import dataclass

import numpy as np

from photo_assets.demo.vocabulary import COLOURS, OBJECTS, PLACES, TIMES, Subject, caption, place_phrase

TIME_WORDS = {
    "day": ("on a sunny day", "sunny day", "in the sun"),
    "sunset": ("at sunset", "sunset", "in the evening"),
    "night": ("at night", "night", "under the moon"),
    "mist": ("on a misty morning", "in the mist", "misty morning"),
}
ANY = -1


@dataclass(frozen=True)
class Description:
    """A text and the four attribute indices that it names; ANY where it says nothing."""

    text: str
    attributes: tuple[int, int, int, int]


def whole(subject: Subject) -> Description:
    """The true caption, which names everything."""
    indices = (OBJECTS.index(subject.object), COLOURS.index(subject.colour), PLACES.index(subject.place))
    return Description(caption(subject), (*indices, TIMES.index(subject.time)))


def partial(subject: Subject, generator: np.random.Generator) -> Description:
    """Some of the subject's attributes in a short phrase; at least one is named."""
    says_object, says_place, says_time = generator.random(3) < (0.75, 0.5, 0.5)
    says_object = bool(says_object or not (says_place or says_time))
    says_colour = bool(says_object and generator.random() < 0.7)
    words = [
        _object_phrase(subject, says_colour, generator) if says_object else "",
        _place_words(subject, says_object, generator) if says_place else "",
        str(generator.choice(TIME_WORDS[subject.time])) if says_time else "",
    ]
    named = (says_object, says_colour, bool(says_place), bool(says_time))
    indices = whole(subject).attributes
    first, second, third, fourth = (index if said else ANY for index, said in zip(indices, named, strict=True))
    return Description(" ".join(word for word in words if word), (first, second, third, fourth))


def _object_phrase(subject: Subject, says_colour: bool, generator: np.random.Generator) -> str:
    noun = f"{subject.colour} {subject.object}" if says_colour else subject.object
    return str(generator.choice((noun, f"a {noun}", f"{noun}s")))


def _place_words(subject: Subject, after_object: bool, generator: np.random.Generator) -> str:
    if after_object and generator.random() < 0.7:
        return place_phrase(subject.object, subject.place)
    return str(generator.choice((subject.place, f"the {subject.place}", f"in the {subject.place}")))
