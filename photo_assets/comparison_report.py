"""A comparison of two versions as a person sees it: Markdown for the asset's metadata, which the command prints too.

The numbers are search/comparing.py's. Everything stays far below 100 kB, because metadata is kept in the event log.
"""

from photo_assets.reporting import cell
from photo_assets.search.comparing import DEPTH, Answers, Comparison, Side

SHOWN_QUERIES = 40
_SHOWN_HITS = 3
_BAR = 10


def comparison_shown(found: Comparison) -> str:
    """What each version holds, how alike they answer, and each query's first hits in both, the least alike first."""
    shown = sorted(found.answers, key=lambda each: each.overlap)[:SHOWN_QUERIES]
    left_out = len(found.answers) - len(shown)
    lines = [
        "| | version | model | revision | dimensions | photos | missing | no photos |",
        "|---|---|---|---|--:|--:|--:|--:|",
        _side("old", found.old),
        _side("new", found.new),
        "",
        f"In both: {found.in_both:,} photos. Of the best {DEPTH} of a query, both versions have {found.overlap:.0%} on "
        f"average; rank correlation {found.rank_correlation:.2f}; of its nearest photos a photo keeps "
        f"{found.neighbours:.0%}.",
        "",
        f"| query | in both of the best {DEPTH} | rank correlation | best in the old | best in the new |",
        "|---|---|--:|---|---|",
        *(_answers(each, found) for each in shown),
        *([f"\n… and {left_out} more queries"] if left_out else []),
    ]
    return "\n".join(lines)


def _side(name: str, side: Side) -> str:
    made = side.version
    told = (name, made.name, made.model, made.revision[:12], made.dimensions)
    counted = (f"{count:,}" for count in (side.photos, side.missing, side.orphans))
    return "| " + " | ".join([*map(cell, told), *counted]) + " |"


def _answers(each: Answers, found: Comparison) -> str:
    full = round(each.overlap * _BAR)
    bar = f"{'█' * full}{'░' * (_BAR - full)} {each.overlap:.0%}"
    hits = (_hits(ids, found) for ids in (each.old, each.new))
    return "| " + " | ".join([cell(each.query), bar, f"{each.rank_correlation:.2f}", *hits]) + " |"


def _hits(photo_ids: list[str], found: Comparison) -> str:
    """The first captions, each once with its number where photos share one."""
    captions = [found.captions.get(photo_id) or photo_id[:8] for photo_id in photo_ids]
    counted = {caption: captions.count(caption) for caption in captions}
    told = [f"{cell(caption)} ({count})" if count > 1 else cell(caption) for caption, count in counted.items()]
    return "; ".join(told[:_SHOWN_HITS])
