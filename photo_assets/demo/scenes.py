"""One demo scene as plain numbers: what it shows, how it is composed, how it was exposed.

A scene is drawn once from a seeded generator and then fixes the picture at every resolution. No pixels here, and no
files.
"""

from dataclasses import dataclass

import numpy as np

from photo_assets.demo.vocabulary import FLYING, Subject, all_subjects, caption

LANDSCAPE_SHARE = 0.8  # the other photos are portrait


@dataclass(frozen=True)
class Scene:
    """Lengths are in units of the picture's short side; the central square spans 0 to 1 in x and y, y downwards."""

    subject: Subject
    portrait: bool
    x: float  # centre of the object
    y: float  # where the object stands, or the centre of one that flies
    size: float  # height of the object
    facing: int  # 1 or -1: which way the object looks
    horizon: float
    light_x: float  # where sun or moon stands
    cloudiness: float  # 0 to 1
    exposure: float  # a factor on the developed values, about 1
    warmth: float  # white balance: red up and blue down by this share
    grain: float  # standard deviation of the noise, in 8-bit levels
    seed: int  # decides every background detail

    @property
    def caption(self) -> str:
        """The one true caption of the scene."""
        return caption(self.subject)


def sample_scene(generator: np.random.Generator, subject: Subject | None = None) -> Scene:
    """A scene of the given subject, or of any subject, all being equally likely."""
    if subject is None:
        subjects = all_subjects()
        subject = subjects[int(generator.integers(len(subjects)))]
    flies = subject.object in FLYING
    return Scene(
        subject=subject,
        portrait=bool(generator.random() > LANDSCAPE_SHARE),
        x=float(generator.uniform(0.36, 0.64)),
        y=float(generator.uniform(0.34, 0.46) if flies else generator.uniform(0.76, 0.88)),
        size=float(generator.uniform(0.42, 0.58)),
        facing=int(generator.choice((-1, 1))),
        horizon=float(generator.uniform(0.52, 0.64)),
        light_x=float(generator.choice((-1, 1)) * generator.uniform(0.22, 0.42) + 0.5),
        cloudiness=float(generator.random()),
        exposure=float(generator.uniform(0.9, 1.1)),
        warmth=float(generator.uniform(-0.03, 0.03)),
        grain=float(generator.uniform(1.0, 4.0)),
        seed=int(generator.integers(2**32)),
    )
