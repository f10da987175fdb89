"""The version of the package, which is that of the library and the command."""
from paddle2onnx._native import version as _version

version: str = _version()
