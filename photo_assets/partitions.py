"""The one partitions definition: a partition is a batch of photos.

Keys are cut by the ledger: opaque, sortable by time, safe as file names.
"""

import dagster as dg

BATCHES = dg.DynamicPartitionsDefinition(name="photo_batches")
