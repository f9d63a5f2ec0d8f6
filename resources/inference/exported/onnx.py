"""ONNX files, as they are written and made int8; running them is onnx_runtime.py's.

Traced rather than written by the newer exporter, which needs a second package and fixes a batch of one.
"""

import warnings
from pathlib import Path

import torch
from torch import Tensor

from resources.inference.devices import Device
from resources.inference.exported.onnx_runtime import load_onnx, runtime_device
from resources.inference.exported.parts import GraphFormat, Part

_OPSET = 17


def cpu_in_float32() -> Device:
    """Where ONNX files are made, so that they run everywhere."""
    return Device("cpu", torch.float32, clip_batch=32, caption_batch=32)


def write_onnx(part: Part, path: Path) -> None:
    """Trace a part into a file, weights included."""
    with warnings.catch_warnings(), torch.no_grad():
        # Of each branch in Python that a trace fixes, and of the exporter's age. Whether it fixed too much is measured.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            part.module.eval(),
            part.example,
            str(path),
            dynamo=False,
            opset_version=_OPSET,
            input_names=list(part.inputs),
            output_names=list(part.outputs),
            dynamic_axes={name: dict(axes) for name, axes in {**part.inputs, **part.outputs}.items()},
        )
        _state_sizes(part, path)


def _state_sizes(part: Part, path: Path) -> None:
    """Write down the sizes of answers that the exporter did not work out, for memory is made ready for them."""
    import onnx

    answers = part.module(*part.example)
    model = onnx.load(path)
    for node, answer in zip(model.graph.output, [answers] if isinstance(answers, Tensor) else answers, strict=True):
        varying = part.outputs[node.name]
        for axis, size in enumerate(answer.shape):
            if axis not in varying:
                node.type.tensor_type.shape.dim[axis].dim_value = size
    onnx.save(model, path)


def write_int8(source: Path, path: Path) -> None:
    """Make a graph's matrix products int8: weights per channel, activations per batch as it comes.

    Weights have seven bits, because CPUs without VNNI add pairs of products in 16 bits and cut what does not fit: eight
    would be other answers there.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    prepared = path.with_suffix(".prepared")
    quant_pre_process(source, prepared, skip_optimization=True, skip_symbolic_shape=True)
    quantize_dynamic(
        prepared, path, ["MatMul", "Gemm"], per_channel=True, reduce_range=True, weight_type=QuantType.QInt8
    )
    prepared.unlink()


ONNX = GraphFormat(
    "onnx",
    ".onnx",
    portable=True,
    traced_on=cpu_in_float32,
    runs_on=runtime_device,
    write=write_onnx,
    load=load_onnx,
)
