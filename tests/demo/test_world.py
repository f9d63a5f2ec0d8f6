"""The demo's world: what can be said, what is sampled, and that the paintings show it."""

from dataclasses import replace

import numpy as np
import pytest

from photo_assets.demo.light import PAINTS
from photo_assets.demo.painting import paint
from photo_assets.demo.scenes import Scene, sample_scene
from photo_assets.demo.vocabulary import COLOURS, OBJECTS, PLACES, TIMES, Subject, all_captions, all_subjects, caption


def a_scene(seed: int = 5, subject: Subject | None = None) -> Scene:
    return sample_scene(np.random.default_rng(seed), subject)


def test_every_combination_has_a_caption_of_its_own():
    assert 300 <= len(all_captions()) <= 600
    assert len(set(all_captions())) == len(all_captions())


@pytest.mark.parametrize(
    ("subject", "sentence"),
    [
        (Subject("boat", "red", "lake", "sunset"), "a red boat on a lake at sunset"),
        (Subject("balloon", "yellow", "city", "night"), "a yellow balloon over the city at night"),
        (Subject("cottage", "white", "snow", "mist"), "a white cottage in the snow on a misty morning"),
        (Subject("lighthouse", "blue", "sea", "day"), "a blue lighthouse by the sea on a sunny day"),
    ],
)
def test_captions_are_english_sentences(subject, sentence):
    assert caption(subject) == sentence


def test_every_word_of_the_vocabulary_is_used():
    subjects = all_subjects()
    assert {s.object for s in subjects} == set(OBJECTS)
    assert {s.colour for s in subjects} == set(COLOURS)
    assert {s.place for s in subjects} == set(PLACES)
    assert {s.time for s in subjects} == set(TIMES)


def test_the_same_seed_gives_the_same_scene_and_the_same_pixels():
    assert a_scene() == a_scene()
    assert np.array_equal(paint(a_scene(), 96), paint(a_scene(), 96))


def test_another_seed_gives_another_picture_of_the_same_subject():
    subject = all_subjects()[17]
    one, other = a_scene(1, subject), a_scene(2, subject)
    assert one.caption == other.caption
    assert not np.array_equal(paint(replace(one, portrait=False), 96), paint(replace(other, portrait=False), 96))


def test_a_picture_is_rgb_and_four_to_three_either_way():
    landscape, portrait = (paint(replace(a_scene(), portrait=portrait), 96) for portrait in (False, True))
    assert (landscape.shape, portrait.shape) == ((96, 128, 3), (128, 96, 3))
    assert landscape.dtype == portrait.dtype == np.uint8


@pytest.mark.parametrize("seed", range(4))
def test_a_scene_looks_the_same_at_every_resolution(seed):
    scene = replace(a_scene(seed), grain=0.0, portrait=False)
    small, large = paint(scene, 96), paint(scene, 384)
    reduced = large.reshape(96, 4, 128, 4, 3).mean(axis=(1, 3))
    assert np.abs(reduced - small).mean() < 3.0


@pytest.mark.parametrize("object_", OBJECTS)
@pytest.mark.parametrize("colour", COLOURS)
def test_the_object_shows_its_colour_by_day(object_, colour):
    subject = next(s for s in all_subjects() if (s.object, s.colour, s.time) == (object_, colour, "day"))
    picture = paint(replace(a_scene(3, subject), grain=0.0, exposure=1.0, warmth=0.0, portrait=False), 96)
    distance = np.abs(picture.astype(float) - np.array(PAINTS[colour])).max(axis=2)
    assert (distance < 20).mean() > 0.01


@pytest.mark.parametrize("place", PLACES)
def test_times_of_day_are_told_apart_by_brightness_and_warmth(place):
    subjects = {s.time: s for s in all_subjects() if s.place == place and s.colour == "white"}
    pictures = {time: paint(a_scene(4, subject), 96).astype(float) for time, subject in subjects.items()}
    brightness = {time: picture.mean() for time, picture in pictures.items()}
    warmth = {time: (picture[..., 0] - picture[..., 2]).mean() for time, picture in pictures.items()}
    assert min(brightness, key=lambda time: brightness[time]) == "night"
    assert max(warmth, key=lambda time: warmth[time]) == "sunset"


@pytest.mark.parametrize("subject", all_subjects()[::24], ids=caption)
def test_the_object_stays_within_the_central_square(subject):
    """Painted with and without its object's colour, a scene differs only where the object is."""
    scene = replace(a_scene(6, subject), grain=0.0, portrait=False)
    other = "blue" if subject.colour == "red" else "red"
    changed = paint(scene, 96) != paint(replace(scene, subject=replace(subject, colour=other)), 96)
    columns = np.flatnonzero(changed.any(axis=(0, 2)))
    assert 16 <= columns.min() <= columns.max() < 112
