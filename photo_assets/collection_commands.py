"""`photos collection ...`: what a person does to the collection as a whole.

Arguments in, words out, as in cli.py, which adds this group. What the commands do stands elsewhere (steps/, the rooms).
"""

import typer

collection = typer.Typer(help="The collection that is searched, and its versions.", no_args_is_help=True)


@collection.callback()
def group() -> None:
    """Keep it a group while it has fewer than two commands."""
