"""An export is in place whole and proven, or not at all; a folder that is not what was exported is refused."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from photo_assets.cli import app
from photo_assets.settings import Settings
from resources.inference.backends import backend_named
from resources.inference.checkpoints import checkpoints
from resources.inference.engine import InProcessEngine
from resources.inference.errors import ExportFailed, GraphsUnusable
from resources.inference.exported import model_export
from resources.inference.exported.exporting import export_graphs
from resources.inference.exported.formats import FORMATS
from resources.inference.exported.manifest import MANIFEST
from resources.inference.exported.parity import Samples, shortfall
from resources.inference.exported.placing import unfinished_folder

TORCHSCRIPT = FORMATS["torchscript"]
BLOCKS = np.random.default_rng(1).integers(0, 256, (4, 6, 6, 3), dtype=np.uint8)
SAMPLES = Samples([Image.fromarray(block).resize((120, 90)) for block in BLOCKS], ["a boat", "a tent at night"])


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports") / "graphs"
    export_graphs(checkpoints("small"), TORCHSCRIPT, folder, SAMPLES)
    return folder


@pytest.fixture
def graphs(exported: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(exported, tmp_path / "graphs"))


def use(folder: Path, name: str = "torchscript", clip: str = "") -> None:
    InProcessEngine(*checkpoints("small", clip=clip), backend=backend_named(name, folder)).embed_texts(["a boat"])


def test_an_export_says_what_it_was_made_from_and_how_well_it_agrees(exported: Path) -> None:
    manifest = json.loads((exported / MANIFEST).read_text())
    clip, blip = checkpoints("small")
    models = manifest["models"]
    assert {name: model["revision"] for name, model in models.items()} == {"clip": clip.revision, "blip": blip.revision}
    assert models["clip"]["parity"]["picture_cosine"] > 0.99999 and models["blip"]["parity"]["captions_equal"] == 1
    assert manifest["versions"]["torch"].startswith("2.")
    assert sorted(path.name for path in exported.iterdir()) == sorted(
        [MANIFEST, *(f"{graph}.pt" for model in models.values() for graph in model["graphs"])]
    )


def without_manifest(folder: Path) -> None:
    (folder / MANIFEST).unlink()


def with_a_torn_file(folder: Path) -> None:
    whole = (folder / "clip-text.pt").read_bytes()
    (folder / "clip-text.pt").write_bytes(whole[: len(whole) // 2])


def with_a_changed_file(folder: Path) -> None:
    shutil.copy(folder / "clip-image.pt", folder / "clip-text.pt")


def without_a_file(folder: Path) -> None:
    (folder / "clip-image.pt").unlink()


def with_a_broken_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_bytes(b"\xff{")


def with_an_unknown_layout(folder: Path) -> None:
    changed(folder, lambda manifest: manifest | {"layout": 3})


def of_another_device(folder: Path) -> None:
    changed(folder, lambda manifest: manifest | {"device": "cuda"})


def of_other_preprocessing(folder: Path) -> None:
    changed(folder, lambda manifest: manifest["models"]["clip"].update(preprocessing="another") or manifest)


def changed(folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(change(manifest)))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (without_manifest, "no readable manifest"),
        (with_a_torn_file, "changed or torn: clip-text.pt"),
        (with_a_changed_file, "changed or torn: clip-text.pt"),
        (without_a_file, "lacks a file"),
        (with_a_broken_manifest, "cannot read"),
        (with_an_unknown_layout, "cannot read"),
        (of_another_device, "was made for cuda"),
        (of_other_preprocessing, "was made from small-clip .* another"),
    ],
)
def test_a_spoilt_folder_is_refused_with_the_command_that_makes_it_good(
    graphs: Path, spoil: Callable[[Path], None], reason: str
) -> None:
    use(graphs)
    spoil(graphs)
    with pytest.raises(GraphsUnusable, match=f"{reason}.*photos models export --format torchscript --to {graphs}"):
        use(graphs)


def test_graphs_of_other_weights_are_refused(graphs: Path, tmp_path: Path) -> None:
    other = tmp_path / "small-clip"
    shutil.copytree(checkpoints("small")[0].location, other)
    weights = other / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-2] + b"\x01\x02")
    with pytest.raises(GraphsUnusable, match="is configured"):
        use(graphs, clip=str(other))


def test_graphs_of_another_format_are_refused(graphs: Path) -> None:
    with pytest.raises(GraphsUnusable, match=r"holds torchscript graphs.*--format onnx"):
        use(graphs, "onnx")


def test_an_export_that_differs_from_torch_names_the_figure_and_leaves_nothing(tmp_path: Path) -> None:
    def load_wrongly(content: bytes, device: Any) -> Callable[..., torch.Tensor]:
        graph = TORCHSCRIPT.load(content, device)
        return lambda *tensors: torch.roll(graph(*tensors), 1, dims=-1)

    with pytest.raises(ExportFailed, match=r"picture_cosine is .* where 0.999 is needed"):
        export_graphs(checkpoints("small"), replace(TORCHSCRIPT, load=load_wrongly), tmp_path / "graphs", SAMPLES)
    assert list(tmp_path.iterdir()) == []


def test_a_graph_that_int8_spoils_stays_exact_and_the_figure_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_export, "INT8", {"picture_cosine": 0.9, "text_cosine": 0.9, "captions_equal": 1.1})
    manifest = export_graphs(checkpoints("small"), FORMATS["onnx"], tmp_path / "graphs", SAMPLES, int8=True)
    clip, blip = manifest.models["clip"], manifest.models["blip"]
    assert (clip.precision, blip.precision) == ("int8", "float32")
    assert set(blip.not_int8) == set(blip.graphs) and blip.parity == {"captions_equal": 1.0}
    use(tmp_path / "graphs", "onnx")


def test_what_is_not_a_number_never_passes_a_gate() -> None:
    assert shortfall({"picture_cosine": float("nan")}, {"picture_cosine": 0.99})


def fill(target: Path, content: str) -> None:
    with unfinished_folder(target) as folder:
        (folder / MANIFEST).write_text(content)


def test_an_earlier_export_is_replaced_whole(tmp_path: Path) -> None:
    fill(tmp_path / "graphs", "earlier")
    (tmp_path / "graphs" / "left.pt").touch()
    fill(tmp_path / "graphs", "later")
    assert [path.name for path in (tmp_path / "graphs").iterdir()] == [MANIFEST]
    assert (tmp_path / "graphs" / MANIFEST).read_text() == "later"
    assert [path.name for path in tmp_path.iterdir()] == ["graphs"]


def test_a_failed_export_leaves_the_earlier_one(tmp_path: Path) -> None:
    fill(tmp_path / "graphs", "earlier")
    with (
        pytest.raises(ExportFailed, match=r"No space left.*name another folder"),
        unfinished_folder(tmp_path / "graphs"),
    ):
        raise OSError(28, "No space left on device")
    assert (tmp_path / "graphs" / MANIFEST).read_text() == "earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["graphs"]


def test_a_folder_with_something_else_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine.jpg").write_bytes(b"mine")
    with pytest.raises(ExportFailed, match="name a new folder"):
        fill(tmp_path, "graphs")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.jpg"]


def test_what_a_killed_export_left_is_swept_a_day_later(tmp_path: Path) -> None:
    ages = {tmp_path / ".graphs.old.part": 2 * 24 * 3600, tmp_path / ".graphs.new.part": 60}
    for folder, age in ages.items():
        folder.mkdir()
        os.utime(folder, (folder.stat().st_mtime - age,) * 2)
    fill(tmp_path / "graphs", "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".graphs.new.part", "graphs"]


def test_the_command_exports_to_where_the_backend_looks(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    exported = CliRunner().invoke(app, ["models", "export", "--format", "onnx"], catch_exceptions=False)
    assert exported.exit_code == 0 and "captions_equal 1.0" in exported.output
    monkeypatch.setenv("PHOTO_INFERENCE_BACKEND", "onnx")
    use(settings.graphs_folder("onnx"), "onnx")


def test_int8_is_for_onnx_only(settings: Settings) -> None:
    refused = CliRunner().invoke(app, ["models", "export", "--format", "torchscript", "--int8"])
    assert refused.exit_code == 2 and "--format onnx" in refused.output
