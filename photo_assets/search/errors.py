"""Why a question about photos has no answer; what happens to the collection itself is resources/vectors/errors.py's."""

from resources.errors import PhotoPlatformError


class SearchError(PhotoPlatformError):
    """The query cannot be answered; the message says what to do."""


class NoSuchPhoto(SearchError):
    """Neither the collection nor the disk has it."""

    def __init__(self, photo_id: str) -> None:
        super().__init__(f"there is no photo {photo_id} here; take an id from a search")
