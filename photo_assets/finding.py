"""The commands that find photos: `photos search` and `photos duplicates`.

What belongs here: options in, a Query out; hits in, a table or JSON out. What a query means, and how it is answered, is
search/.
"""

import os
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from photo_assets.logs import TOLD
from photo_assets.search.compared import read_compared
from photo_assets.search.duplicates import MAX_BITS, MIN_COSINE, Kind, find_duplicates
from photo_assets.search.hashes import MAX_BITS as LARGEST_BITS
from photo_assets.search.query import Query
from photo_assets.settings import Settings, load_settings
from photo_assets.terminal import duplicates_table, hits_table, out, print_json
from photo_assets.thumbnails import print_hits, way_of
from resources.vectors.port import Filters, Place

if TYPE_CHECKING:
    from photo_assets.search.searching import Searcher

_DAY = ["%Y-%m-%d"]


def search(
    text: Annotated[str, typer.Argument(help="What the photo shows.")] = "",
    image: Annotated[Path | None, typer.Option(help="Search by this picture, alone or with words.")] = None,
    like: Annotated[str, typer.Option(help="Photos like this one: its id, or one of its files.")] = "",
    text_weight: Annotated[
        float, typer.Option(min=0, max=1, help="How much the words count beside a picture; the picture has the rest.")
    ] = 0.5,
    hybrid: Annotated[bool, typer.Option("--hybrid", help="Rank by the words of the captions too.")] = False,
    taken_from: Annotated[datetime | None, typer.Option("--from", formats=_DAY, help="On this day or later.")] = None,
    taken_to: Annotated[datetime | None, typer.Option("--to", formats=_DAY, help="On this day or earlier.")] = None,
    near: Annotated[str, typer.Option(metavar="LAT,LON,KM", help="Taken less than KM from this place.")] = "",
    camera: Annotated[str | None, typer.Option(help="Maker and model, as the hits say them.")] = None,
    lens: Annotated[str | None, typer.Option(help="The lens, to the letter.")] = None,
    photo_format: Annotated[str | None, typer.Option("--format", help="jpeg, png, heic or dng.")] = None,
    min_rating: Annotated[int | None, typer.Option(min=-1, max=5, help="At least so many stars.")] = None,
    keyword: Annotated[list[str] | None, typer.Option(help="With this keyword; give several for any of them.")] = None,
    folder: Annotated[Path | None, typer.Option(help="A file in or below this folder.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many photos.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")] = False,
    thumbnails: Annotated[
        bool | None,
        typer.Option("--thumbnails/--no-thumbnails", help="Show pictures in the terminal; unless told, where it can."),
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Also write the hits as a page.")] = None,
) -> None:
    """Find photos by meaning: by words, by a picture, by a photo, or by words and a picture together."""
    if not (text.strip() or image or like):
        raise typer.BadParameter("give a TEXT, --image FILE, --like PHOTO, or words and a picture together")
    from photo_assets.search.gallery import write_gallery
    from photo_assets.search.pictures import preview_of

    filters = Filters(
        taken_from=taken_from,
        taken_before=taken_to and taken_to + timedelta(days=1),
        place=_place(near),
        camera=camera,
        lens=lens,
        format=photo_format,
        min_rating=min_rating,
        keywords=tuple(keyword or ()),
        folder=str(folder.resolve()) if folder else None,
    )
    picture = preview_of(image) if image else None
    query = Query(text, picture, _photo_of(like), text_weight, hybrid, filters, limit)
    with open_searcher(load_settings()) as searcher:
        found = searcher.find(query)
    title = " + ".join(part for part in (text, str(image or ""), like) if part)
    if html:
        write_gallery(html, "Search", {title: found})
    if as_json:
        print_json([vars(hit) | {"thumbnail": str(hit.thumbnail)} for hit in found])
    elif found and (way := way_of(os.environ, is_terminal=out.file.isatty(), asked=thumbnails)):
        print_hits(out, title, found, way)
    else:
        out.print(hits_table(title, found))


def duplicates(
    kind: Annotated[list[Kind] | None, typer.Option(help="Of this kind; give several. All by default.")] = None,
    bits: Annotated[
        int, typer.Option(min=0, max=LARGEST_BITS, help="Perceptual: bits of 64 in which two hashes may differ.")
    ] = MAX_BITS,
    cosine: Annotated[
        float, typer.Option(min=0, max=1, help="Semantic: how near two image vectors are at least.")
    ] = MIN_COSINE,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")] = False,
) -> None:
    """Find photos that are there more than once, and suggest which to keep. Nothing is deleted."""
    from photo_assets.definitions import open_resource

    values = load_settings()
    kinds, show_missing = kind or tuple(Kind), values.photo_search_missing == "show"
    with open_resource(values, "vectors").index() as index:
        photos = read_compared(index, with_vectors=Kind.SEMANTIC in kinds, show_missing=show_missing)
    found = find_duplicates(photos, kinds, max_bits=bits, min_cosine=cosine)
    if as_json:
        print_json(asdict(found))
        return
    out.print(duplicates_table(found.groups) if found.groups else "no duplicates")
    if found.without_hash:
        TOLD.warning(
            "%d photos have no perceptual hash in the collection; "
            "materialize photo_metadata and collection_points of their batches",
            found.without_hash,
        )


def open_searcher(values: Settings) -> "Searcher":
    """A Searcher over this library's collection."""
    from photo_assets.definitions import open_resource
    from photo_assets.search.models import VersionModels
    from photo_assets.search.searching import Searcher

    vectors, decoding = (open_resource(values, name) for name in ("vectors", "decoding"))
    models = VersionModels(open_resource(values, "inference"), open_resource(values, "library").ledger)
    return Searcher(vectors.index(), models, decoding.previews(), show_missing=values.photo_search_missing == "show")


def _place(near: str) -> Place | None:
    """The place that "48.1,11.5,10" means."""
    if not near:
        return None
    try:
        lat_deg, lon_deg, km = map(float, near.split(","))
        return Place(lat_deg, lon_deg, km)
    except ValueError as error:
        raise typer.BadParameter(f"--near {near}: write it as LAT,LON,KM, like 48.14,11.58,10 ({error})") from None


def _photo_of(like: str) -> str:
    """The id of a photo that is named by its id or by one of its files, whose content is its identity."""
    if not like:
        return ""
    try:
        return str(UUID(like))
    except ValueError:
        from photo_assets.search.searching import photo_in

        return photo_in(Path(like))
