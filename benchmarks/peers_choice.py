"""Which peers are measured, on which photos, and what they are called. No heavy import here.

What belongs here: what there is to measure. What does not: doing it, which each way has a module for.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.inference_choice import FULL, SMALL

MIXED, JPEG, RAW = "mixed", "JPEG, 24 MP", "RAW, 24 MP"
CAPTIONS, VECTORS = "vectors and captions", "vectors alone"
# The folders of the environments that the peers are installed in.
SENTENCE_TRANSFORMERS, CLIP_RETRIEVAL, RCLIP = "sentence-transformers", "clip-retrieval", "rclip"


@dataclass(frozen=True)
class Course:
    """So many photos of a kind, models of a family, and what is asked for."""

    kind: str
    photos: int
    family: str
    tasks: tuple[str, ...]


# Of full size a caption takes seconds on two cores, and is the same work for all: only vectors are asked for.
COURSES = [
    Course(MIXED, 400, SMALL, (CAPTIONS, VECTORS)),
    Course(JPEG, 100, SMALL, (CAPTIONS, VECTORS)),
    Course(RAW, 25, SMALL, (CAPTIONS, VECTORS)),
    Course(MIXED, 40, FULL, (VECTORS,)),
]
QUICK = [Course(MIXED, 8, SMALL, (CAPTIONS, VECTORS))]


@dataclass(frozen=True)
class Way:
    """One way to do a task: the module that does it, in this environment or in that of a `peer`.

    `half`: in the number format that the device does best, where that is another than FP32. `reads` are the only kinds
    of photos of which it reads some, where it does not read all.
    """

    title: str
    task: str
    module: str
    peer: str = ""
    half: bool = False
    reads: tuple[str, ...] = (MIXED, JPEG, RAW)


REFERENCE = Way("reference", CAPTIONS, "benchmarks.peers_reference")
OURS = {
    CAPTIONS: Way("ours: photos ingest", CAPTIONS, "benchmarks.peers_ours"),
    VECTORS: Way("ours: up to image_embeddings", VECTORS, "benchmarks.peers_ours"),
}
_PLAIN, _PLAIN_IN_HALF = "plain transformers", "plain transformers, half precision"
WAYS = [
    Way(_PLAIN, CAPTIONS, "benchmarks.peers_plain"),
    Way(_PLAIN_IN_HALF, CAPTIONS, "benchmarks.peers_plain", half=True),
    OURS[CAPTIONS],
    Way(_PLAIN, VECTORS, "benchmarks.peers_plain"),
    Way(_PLAIN_IN_HALF, VECTORS, "benchmarks.peers_plain", half=True),
    Way("sentence-transformers", VECTORS, "benchmarks.peers_sentence", SENTENCE_TRANSFORMERS),
    Way("clip-retrieval", VECTORS, "benchmarks.peers_clip_retrieval", CLIP_RETRIEVAL, reads=(MIXED, JPEG)),
    Way("rclip", VECTORS, "benchmarks.peers_rclip", RCLIP),
    OURS[VECTORS],
]


def ways(course: Course, has_half: bool) -> Iterator[Way]:
    """The ways of a course in the order of a run; those in half precision only where the device has one."""
    for way in WAYS:
        if way.task in course.tasks and course.kind in way.reads and (has_half or not way.half):
            yield way
