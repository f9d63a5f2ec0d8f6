"""The tags that every run of a batch carries, so that a person finds runs by them: which batch, and what started it."""

STARTED_BY = "photos/started_by"
BATCH = "photos/batch"
FILES = "photos/files"


def run_tags(batch: str, files: int, started_by: str) -> dict[str, str]:
    """The tags of a run of this batch of so many files; `started_by` names a sensor, a schedule or a command."""
    return {BATCH: batch, FILES: str(files), STARTED_BY: started_by}
