"""Converts PaddlePaddle inference models to ONNX. No Paddle is needed, but by `dygraph2onnx`, which saves a network with it."""
from paddle2onnx import command
from paddle2onnx._native import Diagnostic, Severity, Status, max_opset_version, min_opset_version
from paddle2onnx.convert import dygraph2onnx, export
from paddle2onnx.errors import (
    CheckFailedError,
    ConversionError,
    ConversionWarning,
    InputError,
    InternalError,
    OutputError,
    UnsupportedOperatorError,
    UsageError,
)
from paddle2onnx.version import version as __version__

__all__ = [
    "CheckFailedError",
    "ConversionError",
    "ConversionWarning",
    "Diagnostic",
    "InputError",
    "InternalError",
    "OutputError",
    "Severity",
    "Status",
    "UnsupportedOperatorError",
    "UsageError",
    "__version__",
    "command",
    "dygraph2onnx",
    "export",
    "max_opset_version",
    "min_opset_version",
]
