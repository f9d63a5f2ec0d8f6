"""What somebody looks for, as data: words, a picture, a photo of the collection, and what the hits must satisfy.

What belongs here: the question. How it is answered is `searching.py`; how it is typed or sent is the command's and the
service's.
"""

from dataclasses import dataclass, field

from resources.vectors.port import Filters


@dataclass(frozen=True)
class Query:
    """One question: `text`, a `picture` (a JPEG, as a preview is), a photo `like` this one (its id), or several.

    Each part becomes a unit vector. Where there are words and a picture, what is searched is their weighted sum:
    `text_weight`, from 0 to 1, times the text's vector, and the rest times that of the picture (or of the photo). The
    photo `like` is not among its own hits. `hybrid` also ranks by the words of the captions. Hits from `offset` on, at
    most `limit`.
    """

    text: str = ""
    picture: bytes | None = None
    like: str = ""
    text_weight: float = 0.5
    hybrid: bool = False
    filters: Filters = field(default_factory=Filters)
    limit: int = 10
    offset: int = 0

    def is_empty(self) -> bool:
        """Whether it asks for nothing."""
        return not (self.asks_model() or self.like)

    def asks_model(self) -> bool:
        """Whether a part of it must become a vector yet; a photo of the collection has one."""
        return bool(self.text.strip() or self.picture)
