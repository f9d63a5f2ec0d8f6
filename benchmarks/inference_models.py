"""The models that inference is measured on: the small trained ones, and full-size ones of random weights.

What belongs here: making checkpoints and exported graphs, once, in folders that the product's own loading code reads.
What does not: how they are asked (inference_ways.py). Random weights are as fast as trained ones; what they say is
noise, so agreement on them is the harder test for captions and the easier one for vectors.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    BlipConfig,
    BlipForConditionalGeneration,
    CLIPConfig,
    CLIPModel,
    PreTrainedTokenizerFast,
)

from benchmarks.inference_choice import FULL, GRAPHS, SMALL, UNPROVED
from photo_assets.demo.library import library_scenes
from photo_assets.demo.painting import paint
from resources.inference.checkpoints import SMALL_MODELS, Checkpoint, checkpoints
from resources.inference.errors import ExportFailed
from resources.inference.exported.exporting import export_graphs
from resources.inference.exported.formats import FORMATS
from resources.inference.exported.manifest import MANIFEST, GraphRecord, Manifest, file_name, sha256
from resources.inference.exported.onnx import ONNX, write_int8
from resources.inference.exported.parity import Samples

_SEED, _STD = 8, 0.02
_CLIP_CONFIG = {"crop_size": {"height": 224, "width": 224}, "do_center_crop": True, "size": {"shortest_edge": 224}}
_BLIP_CONFIG = {"size": {"height": 384, "width": 384}}
# As many pictures as the export's proof is given: at full size one costs a CPU a second for each of its graphs.
_PROVED_ON = {SMALL: 100, FULL: 2}


def checkpoints_of(family: str, folder: Path) -> tuple[Checkpoint, Checkpoint]:
    """The CLIP and the BLIP checkpoint of a family; those of full size lie in `folder`."""
    if family == SMALL:
        return checkpoints("small")
    return checkpoints("small", str(folder / "clip-full-size"), str(folder / "blip-full-size"))


def graphs_of(family: str, graphs: str, folder: Path) -> Path:
    """Where a family's graphs lie."""
    return folder / f"{graphs} of {family}"


def make_checkpoints(folder: Path) -> None:
    """Write the full-size checkpoints that are not there yet."""
    make_once(folder / "clip-full-size", _write_clip)
    make_once(folder / "blip-full-size", _write_blip)


def make_graphs(family: str, graphs: str, folder: Path) -> None:
    """Export a family's graphs unless that is done; those that fail their proof are absent."""
    target = graphs_of(family, graphs, folder)
    if (target / MANIFEST).is_file():
        return
    form, int8 = GRAPHS[graphs]
    scenes = library_scenes(_PROVED_ON[family], seed=3)
    samples = Samples([Image.fromarray(paint(scene, 256)) for scene in scenes], ["a boat", "two tents at night"])
    try:
        export_graphs(checkpoints_of(family, folder), FORMATS[form], target, samples, int8=int8, tell=print)
    except ExportFailed as error:
        print(error)


def make_unproved(folder: Path) -> None:
    """Make int8 of every graph of the full size, and of none of it a proof."""
    source, target = (graphs_of(FULL, graphs, folder) for graphs in ("onnx", UNPROVED))
    make_once(target, lambda unfinished: _write_unproved(source, unfinished))


def _write_unproved(source: Path, folder: Path) -> None:
    folder.mkdir()
    manifest = Manifest.model_validate_json((source / MANIFEST).read_text())
    for model in manifest.models.values():
        for name in model.graphs:
            path = folder / file_name(name, ONNX)
            write_int8(source / path.name, path)
            model.graphs[name] = GraphRecord(sha256=sha256(path.read_bytes()), precision="int8")
        model.parity.clear()
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n")


def make_once(target: Path, write: Callable[[Path], None]) -> None:
    """Let a folder be written where there is none, whole or not at all."""
    if target.is_dir():
        return
    unfinished = target.with_name(f".{target.name}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    write(unfinished)
    unfinished.rename(target)


def _write_clip(folder: Path) -> None:
    torch.manual_seed(_SEED)
    _with_noise(CLIPModel(CLIPConfig())).save_pretrained(folder)
    for path in (SMALL_MODELS / "clip").glob("tokenizer*"):
        shutil.copy(path, folder)
    _write_preprocessing(folder, "clip", _CLIP_CONFIG)


def _write_blip(folder: Path) -> None:
    torch.manual_seed(_SEED)
    config = BlipConfig()
    _with_noise(BlipForConditionalGeneration(config)).save_pretrained(folder)
    _words(config.text_config).save_pretrained(folder)
    _write_preprocessing(folder, "blip", _BLIP_CONFIG)


def _with_noise(model: Any) -> Any:
    """Every matrix anew: the library's own start leaves BLIP's image tower at about nothing."""
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=_STD)
    return model.eval()


def _words(text: Any) -> PreTrainedTokenizerFast:
    """A word for each of the decoder's tokens, so that captions differ when tokens do."""
    vocabulary = {f"w{token}": token for token in range(text.vocab_size)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="w100"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    special = {"pad_token": text.pad_token_id, "sep_token": text.sep_token_id, "bos_token": text.bos_token_id}
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="w100", **{name: f"w{token}" for name, token in special.items()}
    )


def _write_preprocessing(folder: Path, small: str, sizes: dict[str, Any]) -> None:
    """The small model's preprocessing at another size."""
    config = json.loads((SMALL_MODELS / small / "preprocessor_config.json").read_text())
    (folder / "preprocessor_config.json").write_text(json.dumps(config | sizes, indent=1) + "\n")
