"""Writes docs/reference.md from the code: commands, settings, assets, tables. `make docs`; a test checks for drift."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from typer.main import get_command

from photo_assets.checks import CHECKS
from photo_assets.cli import app
from photo_assets.settings import Settings
from photo_assets.specs import SPECS
from photo_assets.tables import SCHEMAS
from resources.decoding.errors import DecodingError, leaves_of
from resources.library.retries import MAX_TRIES, PASSING_KINDS
from resources.tables.schema import Schema

# These stop the batch, which stays planned.
NEVER_A_ROW = {"pool_lost", "unsafe_decoder", "unwritable"}

PAGE = Path(__file__).parent / "reference.md"
HEAD = """# Reference

Made from the code by `make docs`; change the code, not this page.
"""


def reference() -> str:
    """The whole page."""
    return "\n".join([HEAD, _commands(), _settings(), _assets(), _tables(), _error_kinds()])


def _commands() -> str:
    group = get_command(app)
    context = typer.Context(group, info_name="photos")
    lines = ["## The `photos` command", "", "| command | what it does |", "|---|---|"]
    for name, command in sorted(_by_full_name(group)):
        usage = " ".join(command.collect_usage_pieces(context)[1:])
        options = ", ".join(f"`{option.opts[0]}`" for option in command.params if option.opts[0].startswith("--"))
        lines.append(f"| `{f'photos {name} {usage}'.strip()}` {options} | {command.help} |")
    return "\n".join([*lines, ""])


def _by_full_name(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Each command that does something, one of a group with the group's name before its own."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _by_full_name(command, f"{name} ")
        else:
            yield prefix + name, command


def _settings() -> str:
    lines = ["## Settings", "", "Environment variables, or lines of `.env`.", ""]
    lines += ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if name == "qdrant_api_key" else str(field.default)
        lines.append(f"| `{name.upper()}` | {f'`{default}`' if default else 'empty'} | {field.description} |")
    return "\n".join([*lines, ""])


def _assets() -> str:
    lines = ["## Assets", "", "| asset | group | what it is | checks |", "|---|---|---|---|"]
    for name, spec in SPECS.items():
        checks = ", ".join(f"`{check}`" + (" (blocking)" if blocking else "") for check, _, blocking in CHECKS[name])
        lines.append(f"| `{name}` | {spec.group} | {spec.description} | {checks} |")
    return "\n".join([*lines, ""])


def _tables() -> str:
    return "\n".join(["## Tables", "", *(_table(name, schema) for name, schema in SCHEMAS.items())])


def _table(name: str, schema: Schema) -> str:
    rows = [f"| `{column.name}` | {column.type} | {column.description} |" for column in schema]
    return "\n".join([f"### `{name}`", "", "| column | type | meaning |", "|---|---|---|", *rows, ""])


def _error_kinds() -> str:
    again = f"tried again after a while, up to {MAX_TRIES} times in all"
    lines = ["## Why a photo fails", "", f"| `error_kind` | {again} |", "|---|---|"]
    kinds = ({leaf.kind for leaf in leaves_of(DecodingError)} | PASSING_KINDS) - NEVER_A_ROW
    lines += [f"| `{kind}` | {'yes' if kind in PASSING_KINDS else 'no'} |" for kind in sorted(kinds)]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(reference())
