"""The choice between the two engines, in one function. Importing this module imports neither."""

from pathlib import Path

from resources.vectors.cluster import Cluster
from resources.vectors.port import Quantization, VectorIndex

_AS_IT_SAYS = Cluster()


def open_index(
    directory: Path,
    url: str | None,
    api_key: str | None,
    quantization: Quantization = "none",
    grpc_port: int = 0,
    cluster: Cluster = _AS_IT_SAYS,
) -> VectorIndex:
    """The server at `url` when one is given, by gRPC where it has a port for that; else the engine in `directory`.

    Opening touches neither the disk nor the network: that happens at the first call.
    """
    if url:
        from resources.vectors.server import ServerIndex

        return ServerIndex(url, api_key, grpc_port=grpc_port, quantization=quantization, cluster=cluster)
    from resources.vectors.embedded import EmbeddedIndex

    return EmbeddedIndex(directory, quantization=quantization)
