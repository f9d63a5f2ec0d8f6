"""The choice between the two engines, in one function. Importing this module imports neither."""

from pathlib import Path

from resources.vectors.port import VectorIndex


def open_index(directory: Path, url: str | None, api_key: str | None) -> VectorIndex:
    """The server at `url` when one is given, else the embedded engine in `directory`.

    Opening touches neither the disk nor the network: that happens at the first call.
    """
    if url:
        from resources.vectors.server import ServerIndex

        return ServerIndex(url, api_key)
    from resources.vectors.embedded import EmbeddedIndex

    return EmbeddedIndex(directory)
