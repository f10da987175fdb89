"""A conversion that fails raises; nothing is written then."""
from __future__ import annotations

from collections.abc import Iterable

from paddle2onnx._native import Diagnostic, Severity, Status

NOT_AVAILABLE = 202  # P2O0202: the option's feature is not there yet


class ConversionError(RuntimeError):
    """Why a conversion failed: all findings of the run, errors and others, in `diagnostics`, and its `status`."""

    def __init__(self, status: Status, diagnostics: Iterable[Diagnostic]) -> None:
        self.status = status
        self.diagnostics = tuple(diagnostics)
        super().__init__(status, self.diagnostics)  # what it is pickled by

    def __str__(self) -> str:
        return "\n".join(str(d) for d in self.diagnostics if d.severity == Severity.ERROR)


class UsageError(ConversionError, ValueError):
    """Contradictory or impossible options, or one whose feature is not available."""


class InputError(ConversionError):
    """A file that cannot be read or is malformed."""


class UnsupportedOperatorError(ConversionError):
    """Operators, or uses of operators, that have no mapping; all of the model's."""

    @property
    def operators(self) -> list[str]:
        """Their names in the model file, sorted."""
        return sorted({d.op for d in self.diagnostics if d.severity == Severity.ERROR and d.op})


class CheckFailedError(ConversionError):
    """The result did not pass onnx's checker."""


class OutputError(ConversionError):
    """The output cannot be written."""


class InternalError(ConversionError):
    """An error of paddle2onnx itself."""


class ConversionWarning(UserWarning):
    """The conversion succeeded, with a reservation: an operator is converted inexactly, for example."""


_BY_STATUS = {
    Status.USAGE: UsageError,
    Status.BAD_INPUT: InputError,
    Status.UNSUPPORTED: UnsupportedOperatorError,
    Status.CHECK_FAILED: CheckFailedError,
    Status.CANNOT_WRITE: OutputError,
    Status.INTERNAL: InternalError,
}


def error(status: Status, diagnostics: Iterable[Diagnostic]) -> ConversionError:
    """The exception for a status."""
    return _BY_STATUS.get(status, ConversionError)(status, diagnostics)


def not_available(option: str, what: str, hint: str = "") -> Diagnostic:
    """The finding that an option asks for something that this version cannot do."""
    return Diagnostic(Severity.ERROR, NOT_AVAILABLE, f"{option}: {what} is not available in this version", hint=hint)
