"""TorchScript: traced and frozen, run by torch without the models' Python code.

A trace holds the number format and the device that it was made on.
"""

import warnings
from io import BytesIO
from pathlib import Path

import torch

from resources.inference.devices import Device, best_device
from resources.inference.exported.parts import Graph, GraphFormat, Part


def write_torchscript(part: Part, path: Path) -> None:
    """Trace and freeze a part into a file."""
    with warnings.catch_warnings(), torch.no_grad():
        # Of each branch in Python that a trace fixes, and of the format's age. Whether it fixed too much is measured.
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(part.module.eval(), part.example, check_trace=False)
        torch.jit.save(torch.jit.freeze(traced), str(path))


def load_torchscript(content: bytes, device: Device) -> Graph:
    """The graph on the device that it was traced on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        graph: Graph = torch.jit.load(BytesIO(content), map_location=device.name)
    return graph


def graph_device() -> Device:
    """The best device, but a CPU in FP32 whichever it is, so that a file is as fast on another."""
    device = best_device()
    return device if device.name != "cpu" else best_device("float32")


TORCHSCRIPT = GraphFormat(
    "torchscript",
    ".pt",
    portable=False,
    traced_on=graph_device,
    runs_on=graph_device,
    write=write_torchscript,
    load=load_torchscript,
)
