"""What the commands and services tell beside their results, on stderr: for a person, or as a line of JSON each.

`PHOTO_LOG_FORMAT=json` makes one object of every record, whichever library it comes from. Dagster's own logs of runs
are Dagster's. No record has a secret in it, because no message has: what is told of a URL or a setting leaves it out.
"""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal

import typer

from photo_assets.terminal import err, plain

TOLD = logging.getLogger("photos")
_MARKS = {logging.WARNING: "[yellow]warning:[/yellow] ", logging.ERROR: "[red]error:[/red] "}


def begin_logging(form: Literal["text", "json"]) -> None:
    """Say how this process logs; as text, only what it tells of its own accord."""
    TOLD.setLevel(logging.INFO)
    TOLD.propagate = form == "json"
    TOLD.handlers[:] = [] if form == "json" else [_ForAPerson()]
    if form == "json":
        handler = logging.StreamHandler()
        handler.setFormatter(_JsonLines())
        logging.getLogger().handlers[:] = [handler]


def tell_what_failed(failed: Mapping[str, str], differs: str, command: str) -> None:
    """Say why batches failed, what is wrong with the collection, and what to do; and end the command."""
    for batch, reason in failed.items():
        TOLD.error("batch %s failed: %s", batch, reason)
    if failed:
        TOLD.info("%d batches stay due; run `%s` again", len(failed), command)
    if differs:
        TOLD.error(differs)
    if failed or differs:
        raise typer.Exit(1)


class _ForAPerson(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        told = _MARKS.get(record.levelno, "") + plain(record.getMessage())
        err.print(told, highlight=False, soft_wrap=True)


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told)
