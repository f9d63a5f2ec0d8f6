"""What the search service cannot answer beyond what a search itself cannot."""

from photo_assets.search.searching import SearchError


class NoSuchPhoto(SearchError):
    """Neither the collection nor the disk has it."""

    def __init__(self, photo_id: str) -> None:
        super().__init__(f"there is no photo {photo_id} here; take an id from a search")
