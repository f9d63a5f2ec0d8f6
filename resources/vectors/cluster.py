"""What a Qdrant cluster is told of a version that is made: nothing else about clusters is the platform's to say."""

from typing import NamedTuple


class Cluster(NamedTuple):
    """Over how many shards a version is spread, on how many nodes each is kept, and how many must have written.

    0 leaves it to the cluster. A version that is there keeps what it was made with.
    """

    shards: int = 0
    replicas: int = 0
    write_consistency: int = 0

    def asked(self) -> dict[str, int]:
        """The arguments of the request that makes a collection."""
        told = {
            "shard_number": self.shards,
            "replication_factor": self.replicas,
            "write_consistency_factor": self.write_consistency,
        }
        return {name: number for name, number in told.items() if number}
