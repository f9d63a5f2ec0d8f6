"""The formats that graphs can be exported to, by name."""

from resources.inference.exported.onnx import ONNX
from resources.inference.exported.torchscript import TORCHSCRIPT

FORMATS = {form.name: form for form in (TORCHSCRIPT, ONNX)}
