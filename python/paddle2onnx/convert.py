"""export and dygraph2onnx, with the arguments of Paddle2ONNX 1.x and 2.x."""
from __future__ import annotations

import ast
import contextlib
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Union, overload

from paddle2onnx import _native, errors

__all__ = ["dygraph2onnx", "export"]

StrPath = Union[str, "os.PathLike[str]"]

DEFAULT_OPSET = 17
DEFAULT_THRESHOLD = 1024  # bytes
BACKENDS = ("onnxruntime", "tensorrt", "rknn", "others")

# Tools that Paddle2ONNX 2.x runs over its result unless told otherwise, to fold constants and drop what is unused: that is part of the
# conversion here, so asking for one of them is asking for nothing more.
_NEEDLESS_TOOLS = ("polygraphy", "onnxoptimizer")

# The options of `paddle.jit.save` that go through `dygraph2onnx`.
_SAVE_OPTIONS = ("output_spec", "with_hook", "combine_params", "clip_extra", "skip_forward", "input_names_after_prune")

# Names of the command's flags that Paddle2ONNX takes in `dygraph2onnx`, and what they are called in `export`.
_FLAGS = {
    "enable_auto_update_opset": "auto_upgrade_opset",
    "enable_dist_prim_all": "dist_prim_all",
    "enable_optimization": "enable_optimize",
    "enable_verbose": "verbose",
}


@overload
def export(
    model_filename: StrPath | None = ...,
    params_filename: StrPath | None = ...,
    save_file: None = ...,
    opset_version: int = ...,
    auto_upgrade_opset: bool = ...,
    verbose: bool = ...,
    enable_onnx_checker: bool = ...,
    enable_experimental_op: bool = ...,
    enable_optimize: bool = ...,
    custom_op_info: Mapping[str, str] | str | None = ...,
    deploy_backend: str = ...,
    calibration_file: str = ...,
    external_file: StrPath | None = ...,
    export_fp16_model: bool = ...,
    optimize_tool: str | None = ...,
    dist_prim_all: bool = ...,
    *,
    strict: bool = ...,
    remove_nms: bool = ...,
    external_data: bool = ...,
    external_threshold: int = ...,
    reference_params: bool = ...,
    model_file: StrPath | None = ...,
    params_file: StrPath | None = ...,
) -> bytes: ...
@overload
def export(
    model_filename: StrPath | None = ...,
    params_filename: StrPath | None = ...,
    save_file: StrPath = ...,
    opset_version: int = ...,
    auto_upgrade_opset: bool = ...,
    verbose: bool = ...,
    enable_onnx_checker: bool = ...,
    enable_experimental_op: bool = ...,
    enable_optimize: bool = ...,
    custom_op_info: Mapping[str, str] | str | None = ...,
    deploy_backend: str = ...,
    calibration_file: str = ...,
    external_file: StrPath | None = ...,
    export_fp16_model: bool = ...,
    optimize_tool: str | None = ...,
    dist_prim_all: bool = ...,
    *,
    strict: bool = ...,
    remove_nms: bool = ...,
    external_data: bool = ...,
    external_threshold: int = ...,
    reference_params: bool = ...,
    model_file: StrPath | None = ...,
    params_file: StrPath | None = ...,
) -> None: ...
def export(
    model_filename: StrPath | None = None,
    params_filename: StrPath | None = "",
    save_file: StrPath | None = None,
    opset_version: int = DEFAULT_OPSET,
    auto_upgrade_opset: bool = True,
    verbose: bool = False,
    enable_onnx_checker: bool = True,
    enable_experimental_op: bool = True,
    enable_optimize: bool = True,
    custom_op_info: Mapping[str, str] | str | None = None,
    deploy_backend: str = "onnxruntime",
    calibration_file: str = "",
    external_file: StrPath | None = "",
    export_fp16_model: bool = False,
    optimize_tool: str | None = "polygraphy",
    dist_prim_all: bool = False,
    *,
    strict: bool = False,
    remove_nms: bool = False,
    external_data: bool = False,
    external_threshold: int = DEFAULT_THRESHOLD,
    reference_params: bool = False,
    model_file: StrPath | None = None,
    params_file: StrPath | None = None,
) -> bytes | None:
    """Converts a model; the result goes to `save_file`, or is returned as bytes if no file is named.

    Other threads run meanwhile.

    Args:
        model_filename: the program (`inference.pdmodel`, `inference.json`), or the folder of a model.
        params_filename: its parameters; found beside the program if empty or None.
        save_file: the ONNX file; missing folders are made. It appears whole or not at all.
        opset_version: opset of the result, `min_opset_version()` to `max_opset_version()`.
        auto_upgrade_opset: raise the opset to the lowest that the model's operators need.
        verbose: tell on standard error what is read and written.
        enable_onnx_checker: check the result with onnx's checker and strict shape inference.
        enable_experimental_op: no longer has a meaning; both values are accepted.
        enable_optimize: simplify the graph.
        custom_op_info: operators that are written as they are, for a runtime that knows them: {"paddle_op": "domain::OnnxOp"},
            without a domain it is Paddle. Or this as text, in JSON or as a Python literal.
        deploy_backend: onnxruntime, tensorrt, rknn or others; concerns quantised models only.
        calibration_file: not available yet; concerns quantised models for tensorrt only.
        external_file: store the weights in this file, which lies in the model's folder, instead of in the model. A model over 2 GiB needs no
            name: its weights go to the model's name with .data behind it.
        export_fp16_model: not available yet.
        optimize_tool: polygraphy, onnxoptimizer or None, which are all the same: what the tools do is part of the conversion.
        dist_prim_all: not available, and not needed.
        strict: refuse operators whose results cannot be Paddle's (random, approximated).
        remove_nms: end a detector before its suppression of overlapping boxes: the outputs are the boxes and scores that go into it.
        external_data: store the weights beside the model, under its name with .data behind it, as if external_file named that.
        external_threshold: bytes; smaller tensors stay in the model.
        reference_params: leave weights that did not change in the parameter file, which has to lie in the model's folder.
        model_file, params_file: the first two arguments by their names in Paddle2ONNX 1.0 to 1.2.

    Raises:
        ConversionError: one of its subclasses, which tell the kinds of failure apart.

    Warns:
        ConversionWarning: where the conversion has a reservation.
    """
    model = _one_of("model_filename", model_filename, "model_file", model_file)
    params = _one_of("params_filename", params_filename or None, "params_file", params_file) or ""
    if model is None:
        raise TypeError("export() needs model_filename, the program or its folder")
    _refuse_unavailable(
        custom_op_info, deploy_backend, calibration_file, export_fp16_model, optimize_tool, dist_prim_all
    )
    is_folder = os.path.isdir(model)
    status, diagnostics, summary, result = _native.convert(
        model_dir=os.fsencode(model) if is_folder else b"",
        model_filename=b"" if is_folder else os.fsencode(model),
        params_filename=os.fsencode(params),
        save_file=None if save_file is None else os.fsencode(save_file),
        opset_version=opset_version,
        auto_upgrade_opset=auto_upgrade_opset,
        check=enable_onnx_checker,
        optimize=enable_optimize,
        strict=strict,
        remove_nms=remove_nms,
        custom_ops=_custom_operators(custom_op_info),
        external_data=external_data,
        external_filename=_in_folder_of(save_file, external_file),
        external_threshold=external_threshold,
        reference_params=reference_params,
    )
    if status != _native.Status.OK:
        raise errors.error(status, diagnostics)
    for diagnostic in diagnostics:
        if diagnostic.severity == _native.Severity.WARNING:
            warnings.warn(str(diagnostic), errors.ConversionWarning, stacklevel=2)
        elif verbose:
            print(diagnostic, file=sys.stderr)
    if verbose:
        external = f" and {summary.external_bytes} in {summary.external_file}" if summary.external_file else ""
        print(
            f"info: wrote {'a model' if save_file is None else os.fspath(save_file)}: opset {summary.opset_version}, "
            f"IR version {summary.ir_version}, {summary.nodes} nodes, {summary.parameters} parameters, "
            f"{summary.bytes} bytes{external}, in {summary.seconds:.3f} s, from {summary.model_file}",
            file=sys.stderr,
        )
    return result


def dygraph2onnx(
    layer: Any, save_file: StrPath, input_spec: Sequence[Any] | None = None, opset_version: int = 9, **configs: Any
) -> None:
    """Saves a network with `paddle.jit.save` into a temporary folder and converts it. What `paddle.onnx.export` calls.

    The folder is kept if the environment variable P2O_KEEP_TEMP_MODEL is 1, true or on.

    Args:
        layer: a paddle.nn.Layer, or what else `paddle.jit.save` takes.
        save_file: the ONNX file; missing folders are made.
        input_spec: the inputs, as `paddle.jit.save` takes them.
        opset_version: opset of the result.
        **configs: options of `paddle.jit.save`, arguments of `export`, and the flags of the command for these
            (enable_auto_update_opset, enable_onnx_checker, enable_optimization, enable_verbose, enable_dist_prim_all).

    Raises:
        ConversionError: as `export`. What `paddle.jit.save` raises goes through.
    """
    import paddle  # type: ignore[import-not-found, unused-ignore]

    save_options = {name: configs.pop(name) for name in _SAVE_OPTIONS if name in configs}
    options = {_FLAGS.get(name, name): value for name, value in configs.items()}
    options.pop("enable_dev_version", None)  # there is one converter
    with _folder() as folder:
        paddle.jit.save(layer, os.path.join(folder, "model"), input_spec=input_spec, **save_options)
        export(folder, save_file=save_file, opset_version=opset_version, **options)


@contextlib.contextmanager
def _folder() -> Iterator[str]:
    """A temporary folder for the model that Paddle saves."""
    if os.environ.get("P2O_KEEP_TEMP_MODEL", "").lower() in ("1", "true", "on"):
        folder = tempfile.mkdtemp(prefix="paddle2onnx-")
        yield folder
        print(f"the static model is kept in {folder}", file=sys.stderr)
    else:
        with tempfile.TemporaryDirectory(prefix="paddle2onnx-") as folder:
            yield folder


def _one_of(name: str, value: StrPath | None, alias: str, alias_value: StrPath | None) -> StrPath | None:
    if value is not None and alias_value is not None:
        raise TypeError(f"export() got both {name} and {alias}, which are the same")
    return alias_value if value is None else value


def _custom_operators(info: Mapping[str, str] | str | None) -> dict[str, str]:
    if not isinstance(info, str):
        return dict(info or {})
    try:
        found = ast.literal_eval(info) if info.strip() else {}
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"custom_op_info is no dictionary: {info}") from error
    if not isinstance(found, dict):
        raise TypeError(f"custom_op_info is no dictionary: {info}")
    return found


def _in_folder_of(save_file: StrPath | None, external_file: StrPath | None) -> bytes:
    """The file as the model names it: as it is if it is a bare name, else by its path from the model's folder."""
    name = os.fsencode(external_file or "")
    if save_file is None or not os.path.dirname(name):
        return name
    return os.path.relpath(name, os.path.dirname(os.fsencode(save_file)) or b".")


def _refuse_unavailable(
    custom_op_info: object,
    deploy_backend: str,
    calibration_file: str,
    export_fp16_model: bool,
    optimize_tool: str | None,
    dist_prim_all: bool,
) -> None:
    """Raises UsageError for arguments that ask for something that is not there: nothing is ignored silently."""
    if isinstance(custom_op_info, bool):
        # The order of Paddle2ONNX 2.x is another one from the sixth argument on.
        raise TypeError("custom_op_info is a bool: name the arguments after auto_upgrade_opset")
    found = []
    backend = deploy_backend.lower()
    if backend not in BACKENDS:
        found.append(
            errors.not_available(f"deploy_backend={deploy_backend!r}", "that backend", "it is one of " + ", ".join(BACKENDS))
        )
    if calibration_file and backend == "tensorrt":
        found.append(errors.not_available("calibration_file", "the calibration cache for TensorRT"))
    if export_fp16_model:
        found.append(errors.not_available("export_fp16_model", "the conversion to float16"))
    if optimize_tool not in (None, "None", "", *_NEEDLESS_TOOLS):
        found.append(
            errors.not_available(f"optimize_tool={optimize_tool!r}", "that tool", "run it on the result, and pass None here")
        )
    if dist_prim_all:
        found.append(
            errors.not_available("dist_prim_all", "decomposing operators with Paddle", "it is not needed: leave it out")
        )
    if found:
        raise errors.UsageError(_native.Status.USAGE, found)
