"""The command `paddle2onnx`: a native program that the package carries."""
from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

from paddle2onnx.convert import export as c_paddle_to_onnx  # its name in Paddle2ONNX

__all__ = ["c_paddle_to_onnx", "main"]

PROGRAM = Path(__file__).parent / "bin" / "paddle2onnx"


def main() -> NoReturn:
    """Becomes the native program, with this process's arguments."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(PROGRAM, ["paddle2onnx", *sys.argv[1:]])
