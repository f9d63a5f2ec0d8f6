"""What Dagster's code server imports of this room costs next to nothing."""

import subprocess
import sys

import pytest

HEAVY = {"PIL", "rawpy", "pillow_heif", "numpy", "pebble", "dagster"}


@pytest.mark.parametrize("module", ["formats", "errors", "limits", "previews", "requests", "metadata", "worker", "xmp"])
def test_light_modules_import_no_library(module):
    program = f"import sys, resources.decoding.{module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert HEAVY.isdisjoint(loaded.stdout.split())


def test_the_pool_imports_no_decoder_into_the_parent_nor_does_the_name_of_what_decodes():
    program = (
        "import sys; from resources.decoding.resource import DecodingResource;"
        "DecodingResource(previews_directory='x').decoder(); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"PIL", "rawpy", "pillow_heif", "numpy"}.isdisjoint(loaded.stdout.split())
