"""The vector index as a Dagster resource: the embedded engine's folder or the server's address."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import dagster as dg
from pydantic import Field

if TYPE_CHECKING:
    from resources.vectors.port import VectorIndex


class VectorIndexResource(dg.ConfigurableResource):
    """Embedded below `directory` unless `url` names a server.

    A new model's version is searched as soon as it is whole where `auto_switch` says so; one that is not used is kept
    for `version_grace_s` seconds. The search graph is built again once `graph_points` points came in, and vectors are
    ranked as `quantization` says. `comparison_queries` is the file of texts that two are compared by, "" for the usual.
    `shards`, `replicas` and `write_consistency` are those of `cluster.Cluster`.
    """

    directory: str
    url: str = ""
    api_key: str = Field("", repr=False)
    grpc_port: int = 0
    shards: int = 0
    replicas: int = 0
    write_consistency: int = 0
    quantization: Literal["none", "int8"] = "none"
    graph_points: int = 20_000
    auto_switch: bool = True
    version_grace_s: float = 14 * 86_400.0
    comparison_queries: str = ""
    snapshots_directory: str = ""
    snapshots_kept: int = 4

    def snapshots_folder(self) -> Path:
        """Where the collection's snapshots lie."""
        return Path(self.snapshots_directory)

    def index(self) -> "VectorIndex":
        """The open index; use it in a `with`, so that the embedded engine is free for the next process."""
        from resources.vectors.cluster import Cluster
        from resources.vectors.open import open_index

        url, key = self.url or None, self.api_key or None
        cluster = Cluster(self.shards, self.replicas, self.write_consistency)
        return open_index(Path(self.directory), url, key, self.quantization, self.grpc_port, cluster)
