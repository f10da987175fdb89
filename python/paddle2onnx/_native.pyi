"""The public C++ API (include/paddle2onnx/paddle2onnx.h). Paths are bytes, as the operating system has them."""
import enum
from collections.abc import Sequence
from typing import Any

class Status(enum.IntEnum):
    OK = 0
    USAGE = 2
    BAD_INPUT = 3
    UNSUPPORTED = 4
    CHECK_FAILED = 5
    MISMATCH = 6
    CANNOT_WRITE = 7
    INTERNAL = 70

class Severity(enum.IntEnum):
    NOTE = 0
    WARNING = 1
    ERROR = 2

class Diagnostic:
    def __init__(
        self,
        severity: Severity,
        code: int,
        message: str,
        op: str = "",
        outputs: Sequence[str] = (),
        place: str = "",
        source: str = "",
        hint: str = "",
    ) -> None: ...
    @property
    def severity(self) -> Severity: ...
    @property
    def code(self) -> int: ...
    @property
    def message(self) -> str: ...
    @property
    def op(self) -> str: ...
    @property
    def outputs(self) -> tuple[str, ...]: ...
    @property
    def place(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def hint(self) -> str: ...
    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

class Summary:
    @property
    def model_file(self) -> str: ...
    @property
    def params_file(self) -> str: ...
    @property
    def opset_version(self) -> int: ...
    @property
    def ir_version(self) -> int: ...
    @property
    def operators(self) -> int: ...
    @property
    def nodes(self) -> int: ...
    @property
    def parameters(self) -> int: ...
    @property
    def bytes(self) -> int: ...
    @property
    def external_file(self) -> str: ...
    @property
    def external_bytes(self) -> int: ...
    @property
    def seconds(self) -> float: ...

def convert(
    *,
    model_dir: bytes,
    model_filename: bytes,
    params_filename: bytes,
    save_file: bytes | None,
    opset_version: int,
    auto_upgrade_opset: bool,
    check: bool,
    optimize: bool,
    strict: bool,
    remove_nms: bool,
    custom_ops: dict[str, str],
    external_data: bool,
    external_filename: bytes,
    external_threshold: int,
    reference_params: bool,
) -> tuple[Status, list[Diagnostic], Summary, bytes | None]: ...
def version() -> str: ...
def min_opset_version() -> int: ...
def max_opset_version() -> int: ...
