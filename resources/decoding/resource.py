"""Decoding as a Dagster resource: where previews lie and how many processes decode."""

from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from resources.decoding.previews import PreviewStore
from resources.decoding.raw_policy import RawPolicy

if TYPE_CHECKING:
    from resources.decoding.limits import DecodingLimits
    from resources.decoding.pool import DecodingPool


class DecodingResource(dg.ConfigurableResource):
    """`workers` 0 means one per CPU core; `deadline_s` is the time one photo may take."""

    previews_directory: str
    workers: int = 0
    deadline_s: float = 60.0
    raw_policy: RawPolicy = RawPolicy.AUTO

    def previews(self) -> PreviewStore:
        """Where previews and thumbnails are kept."""
        return PreviewStore(Path(self.previews_directory))

    def pool(self) -> "DecodingPool":
        """Worker processes for one batch; use it in a `with`."""
        from resources.decoding.pool import DecodingPool

        return DecodingPool(self.previews(), self._limits(), self.workers or None)

    def decoder(self) -> str:
        """The name of what photos fail under now; imports no decoding library."""
        from resources.decoding.pool import decoder_of

        return decoder_of(self._limits())

    def policy(self, *, has_raw: bool = True) -> str:
        """The name of the policy that previews are made under now, RAW photos' or not; imports no decoding library."""
        from resources.decoding.pool import provenance_of

        return provenance_of(self._limits(), has_raw=has_raw)

    def _limits(self) -> "DecodingLimits":
        from resources.decoding.limits import DecodingLimits

        return DecodingLimits(deadline_s=self.deadline_s, raw_policy=self.raw_policy)
