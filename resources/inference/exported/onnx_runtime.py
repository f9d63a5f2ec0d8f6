"""ONNX Runtime: a graph that takes and gives torch tensors, on the GPU where this runtime has one.

Nothing is copied on the way: the runtime reads the tensors' memory and writes into tensors made for its answers.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from resources.inference.devices import Device
from resources.inference.exported.parts import Graph

_CUDA = "CUDAExecutionProvider"
_ERRORS_ONLY = 3
_ELEMENTS = {torch.float32: np.float32, torch.int64: np.int64, torch.uint8: np.uint8}
# What the runtime's error says in place of a type of its own.
_OUT_OF_MEMORY = ("Failed to allocate memory", "bad_alloc")


def runtime_device() -> Device:
    """The GPU if both torch and this ONNX Runtime can use it, else the CPU; in FP32, as the graphs are."""
    import onnxruntime

    if torch.cuda.is_available() and _CUDA in onnxruntime.get_available_providers():
        return Device("cuda", torch.float32, clip_batch=1024, caption_batch=512)
    return Device("cpu", torch.float32, clip_batch=32, caption_batch=32)


def load_onnx(content: bytes, device: Device) -> Graph:
    """The graph in a session of its own. From memory, so that what was hashed is what runs."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    # Threads that wait by spinning take the cores from those that decode; a step was a fifth slower beside other work.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = _ERRORS_ONLY
    providers = [_CUDA] if device.name == "cuda" else []
    return OnnxGraph(onnxruntime.InferenceSession(content, options, [*providers, "CPUExecutionProvider"]))


class OnnxGraph:
    """One graph; called with tensors, or sequences of them, in the order of its inputs."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._inputs = session.get_inputs()
        self._outputs = session.get_outputs()

    def __call__(self, *arguments: Tensor | Sequence[Tensor]) -> Tensor | tuple[Tensor, ...]:
        """Return the one answer, or a tuple of all. Raises torch.OutOfMemoryError."""
        inputs = [each.contiguous() for each in _flat(arguments)]
        outputs = self._empty_outputs(inputs)
        try:
            self._run(inputs, outputs)
        except Exception as error:
            if any(sign in str(error) for sign in _OUT_OF_MEMORY):
                raise torch.OutOfMemoryError(str(error)) from error
            raise
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    def _run(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        binding = self._session.io_binding()
        for node, tensor in zip(self._inputs, inputs, strict=True):
            binding.bind_input(node.name, *_memory(tensor))
        for node, tensor in zip(self._outputs, outputs, strict=True):
            binding.bind_output(node.name, *_memory(tensor))
        if inputs[0].is_cuda:
            torch.cuda.current_stream().synchronize()  # the runtime has a stream of its own
        self._session.run_with_iobinding(binding)
        binding.synchronize_outputs()

    def _empty_outputs(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        sizes = {
            axis: size
            for node, tensor in zip(self._inputs, inputs, strict=True)
            for axis, size in zip(node.shape, tensor.shape, strict=True)
        }
        shapes = ([sizes.get(axis, axis) for axis in node.shape] for node in self._outputs)
        return [torch.empty(shape, dtype=torch.float32, device=inputs[0].device) for shape in shapes]


def _flat(arguments: Iterable[Tensor | Sequence[Tensor]]) -> Iterable[Tensor]:
    for each in arguments:
        yield from [each] if isinstance(each, Tensor) else each


def _memory(tensor: Tensor) -> tuple[str, int, type, list[int], int]:
    place = tensor.device
    return place.type, place.index or 0, _ELEMENTS[tensor.dtype], list(tensor.shape), tensor.data_ptr()
