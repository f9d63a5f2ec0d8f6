"""Which models would make the rows, told from configuration alone: no weights are loaded, and no torch is imported.

For whoever asks before any work whether rows are behind the settings. The models themselves say the same of their rows
and, beside it, the number format of the computation, which is known only where they run.
"""

from resources.inference.checkpoints import Checkpoint, checkpoints
from resources.inference.errors import ModelUnavailable
from resources.inference.port import Provenance
from resources.inference.preprocessing import Preprocessing

# Long enough for a sentence; longer captions of these models repeat themselves.
MAX_NEW_TOKENS = 20


def configured(
    preset: str, clip: str = "", blip: str = "", caption_beams: int = 1, *, whole: bool = True
) -> tuple[Provenance, Provenance]:
    """What would make embeddings and captions, `dtype` left empty.

    How a model that cannot be had here prepares pictures is not known: it raises ModelUnavailable, or unless it is to
    be told as a `whole` leaves `preprocessing` empty.
    """
    embeds, captions = checkpoints(preset, clip, blip)
    return _provenance_of(embeds, whole), _provenance_of(captions, whole, decoding(caption_beams))


def decoding(beams: int) -> str:
    """How a caption is written, as its row says it."""
    return f"{'greedy' if beams == 1 else f'{beams} beams'}, {MAX_NEW_TOKENS} tokens"


def _provenance_of(checkpoint: Checkpoint, whole: bool, written: str = "") -> Provenance:
    try:
        preprocessing = Preprocessing.from_config(checkpoint.preprocessor_config()).label
    except ModelUnavailable:
        if whole:
            raise
        preprocessing = ""
    return Provenance(checkpoint.name, checkpoint.revision, preprocessing, dtype="", decoding=written)
