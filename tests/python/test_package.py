"""The wheel, and the package without Paddle: this process has onnx and ONNX Runtime only."""
import email
import importlib.util
import inspect
import json
import os
import pathlib
import pickle
import shutil
import subprocess
import sys
import threading
import time
import warnings
import zipfile

import numpy as np
import onnx
import onnxruntime
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LENET = ROOT / "models/lenet_digits"
PROGRAM, PARAMETERS = LENET / "inference.pdmodel", LENET / "inference.pdiparams"
PACKAGE = pathlib.Path(os.environ.get("PADDLE2ONNX_PACKAGE", "run these tests with tools/test.sh"))

sys.path.insert(0, str(PACKAGE))
import paddle2onnx  # noqa: E402


@pytest.fixture
def model(tmp_path):
    """A copy of the model, so that tests may break it."""
    folder = tmp_path / "model"
    folder.mkdir()
    for file in (PROGRAM, PARAMETERS):
        shutil.copyfile(file, folder / file.name)
    return folder


# --- the wheel


@pytest.fixture(scope="module")
def wheel():
    (file,) = PACKAGE.glob("*.whl")
    return zipfile.ZipFile(file)


def test_one_wheel_with_module_program_and_types(wheel):
    names = [n for n in wheel.namelist() if not n.startswith("paddle2onnx-")]
    (module,) = (n for n in names if n.endswith(".so"))
    assert module.startswith("paddle2onnx/_native.")
    sources = {f"paddle2onnx/{p.name}" for p in (ROOT / "python/paddle2onnx").iterdir() if p.is_file()}
    assert set(names) == sources | {module, "paddle2onnx/bin/paddle2onnx"}
    assert {"paddle2onnx/py.typed", "paddle2onnx/_native.pyi"} <= sources
    assert wheel.getinfo("paddle2onnx/bin/paddle2onnx").external_attr >> 16 & 0o111 == 0o111


def test_needs_no_other_package(wheel):
    (name,) = (n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
    metadata = email.message_from_bytes(wheel.read(name))
    assert metadata["Name"] == "paddle2onnx" and metadata["Version"] == paddle2onnx.__version__
    assert metadata.get_all("Requires-Dist") is None


def test_stable_abi_where_python_has_it(wheel):
    (name,) = (n for n in wheel.namelist() if n.endswith(".dist-info/WHEEL"))
    tag = email.message_from_bytes(wheel.read(name))["Tag"]
    version = f"cp{sys.version_info.major}{sys.version_info.minor}"
    assert tag.startswith("cp312-abi3-" if sys.version_info >= (3, 12) else f"{version}-{version}-")


@pytest.mark.parametrize("file", ["_native.*.so", "bin/paddle2onnx"])
def test_needs_no_library_but_the_c_library(file):
    (path,) = (PACKAGE / "paddle2onnx").glob(file)
    dynamic = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True).stdout
    needed = {line.split("[")[1].split("]")[0].split(".so")[0] for line in dynamic.splitlines() if "(NEEDED)" in line}
    assert needed <= {"libc", "libm", "libpthread", "libdl", "librt", "ld-linux-x86-64", "ld-linux-aarch64"}


def test_module_shows_one_symbol():
    """So neither protobuf nor onnx can meet those of paddle, onnx or onnxruntime in the same process."""
    (path,) = (PACKAGE / "paddle2onnx").glob("_native.*.so")
    symbols = subprocess.run(["nm", "-D", "--defined-only", path], capture_output=True, text=True, check=True).stdout
    assert [line.split()[-1] for line in symbols.splitlines()] == ["PyInit__native"]


# --- the command


def command(*arguments, **options):
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    return subprocess.run(list(map(str, arguments)), capture_output=True, text=True, timeout=60, env=environment, **options)


def test_command(tmp_path):
    done = command(PACKAGE / "bin/paddle2onnx", "--model_dir", LENET, "--save_file", tmp_path / "a.onnx")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.onnx").read_bytes() == paddle2onnx.export(LENET)


def test_command_has_the_exit_codes_of_the_program(tmp_path):
    failed = command(PACKAGE / "bin/paddle2onnx", "--model_dir", tmp_path / "none", "--save_file", tmp_path / "a.onnx")
    assert failed.returncode == paddle2onnx.Status.BAD_INPUT and "error[P2O0301]" in failed.stderr
    assert command(PACKAGE / "bin/paddle2onnx", "--no_such_flag").returncode == paddle2onnx.Status.USAGE


def test_python_m():
    shown = command(sys.executable, "-m", "paddle2onnx", "--version")
    assert (shown.returncode, shown.stdout) == (0, f"paddle2onnx {paddle2onnx.__version__}\n")


# --- export


def check_lenet(model, opset):
    """The model's results on the shipped inputs are Paddle's."""
    loaded = onnx.load_from_string(model) if isinstance(model, bytes) else onnx.load(model)
    assert loaded.opset_import[0].version == opset
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    inputs, outputs = np.load(LENET / "inputs.npz"), np.load(LENET / "outputs.npz")
    names = [i.name for i in session.get_inputs()]
    found = session.run(None, {name: inputs[key] for name, key in zip(names, inputs.files)})
    for value, key in zip(found, outputs.files):
        np.testing.assert_allclose(value, outputs[key], rtol=1e-4, atol=1e-5)


def test_no_paddle_here():
    assert importlib.util.find_spec("paddle") is None
    with pytest.raises(ModuleNotFoundError, match="paddle"):
        paddle2onnx.dygraph2onnx(None, "a.onnx")


def test_bytes_are_returned(capfd):
    model = paddle2onnx.export(str(PROGRAM), str(PARAMETERS))
    assert type(model) is bytes
    check_lenet(model, 17)
    assert capfd.readouterr() == ("", "")


def test_file_is_written(tmp_path):
    assert paddle2onnx.export(str(PROGRAM), str(PARAMETERS), str(tmp_path / "new/a.onnx")) is None
    assert (tmp_path / "new/a.onnx").read_bytes() == paddle2onnx.export(PROGRAM, PARAMETERS)


@pytest.mark.parametrize("params", ["", None, PARAMETERS])
def test_parameters_are_found(params):
    assert paddle2onnx.export(PROGRAM, params) == paddle2onnx.export(LENET)


def test_names_of_the_arguments_in_1_0():
    assert paddle2onnx.export(model_file=PROGRAM, params_file=PARAMETERS) == paddle2onnx.export(LENET)
    assert paddle2onnx.command.c_paddle_to_onnx(model_file=str(PROGRAM)) == paddle2onnx.export(LENET)
    with pytest.raises(TypeError, match="both model_filename and model_file"):
        paddle2onnx.export(PROGRAM, model_file=PROGRAM)
    with pytest.raises(TypeError, match="model_filename"):
        paddle2onnx.export()


def test_opset():
    for opset in (paddle2onnx.min_opset_version(), 11, paddle2onnx.max_opset_version()):
        check_lenet(paddle2onnx.export(LENET, opset_version=opset), opset)


def test_arguments_of_paddle2onnx():
    """Names and order of 1.x, then what 2.x added, with 2.1's defaults but for the opset."""
    found = [(p.name, p.default) for p in inspect.signature(paddle2onnx.export).parameters.values()]
    assert found == [
        ("model_filename", None), ("params_filename", ""), ("save_file", None), ("opset_version", 17),
        ("auto_upgrade_opset", True), ("verbose", False), ("enable_onnx_checker", True), ("enable_experimental_op", True),
        ("enable_optimize", True), ("custom_op_info", None), ("deploy_backend", "onnxruntime"), ("calibration_file", ""),
        ("external_file", ""), ("export_fp16_model", False), ("optimize_tool", "polygraphy"), ("dist_prim_all", False),
        ("strict", False), ("remove_nms", False), ("external_data", False), ("external_threshold", 1024), ("reference_params", False),
        ("model_file", None), ("params_file", None),
    ]  # fmt: skip
    found = [(p.name, p.default) for p in inspect.signature(paddle2onnx.dygraph2onnx).parameters.values()]
    empty = inspect.Parameter.empty
    assert found == [("layer", empty), ("save_file", empty), ("input_spec", None), ("opset_version", 9), ("configs", empty)]
    assert paddle2onnx.convert.dygraph2onnx is paddle2onnx.dygraph2onnx and paddle2onnx.convert.export is paddle2onnx.export


def test_all_arguments_by_position():
    model = paddle2onnx.export(
        str(PROGRAM), str(PARAMETERS), None, 13, True, False, True, True, True, {}, "ONNXRuntime", "", "", False, None, False
    )
    check_lenet(model, 13)


def test_positions_of_paddle2onnx_2_are_noticed():
    with pytest.raises(TypeError, match="name the arguments"):
        paddle2onnx.export(str(PROGRAM), str(PARAMETERS), None, 13, True, False, False, True, True, True, None)


@pytest.mark.parametrize(
    "arguments",
    [
        {"enable_experimental_op": False},
        {"custom_op_info": {}},
        {"calibration_file": "calibration.cache"},  # for tensorrt only
        {"deploy_backend": "tensorrt"},
        {"deploy_backend": "others"},
        {"optimize_tool": "onnxoptimizer"},
        {"optimize_tool": "None"},
    ],
    ids=str,
)
def test_asks_for_nothing_more(arguments):
    assert paddle2onnx.export(LENET, **arguments) == paddle2onnx.export(LENET)


@pytest.mark.parametrize(
    "arguments",
    [
        {"calibration_file": "calibration.cache", "deploy_backend": "TensorRT"},
        {"deploy_backend": "abacus"},
        {"export_fp16_model": True},
        {"optimize_tool": "onnxsim"},
        {"dist_prim_all": True},
    ],
    ids=str,
)
def test_asks_for_what_is_not_there(arguments, tmp_path):
    with pytest.raises(paddle2onnx.UsageError, match=rf"error\[P2O0202\]: {list(arguments)[0]}.*not available") as refused:
        paddle2onnx.export(LENET, save_file=tmp_path / "a.onnx", **arguments)
    assert refused.value.status == paddle2onnx.Status.USAGE and isinstance(refused.value, ValueError)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("named", ["weights.bin", "out/weights.bin", "{}/out/weights.bin"])
def test_external_data(named, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paddle2onnx.export(LENET, save_file="out/a.onnx", external_file=named.format(tmp_path))
    assert sorted(os.listdir("out")) == ["a.onnx", "weights.bin"]
    weights = (tmp_path / "out/weights.bin").stat().st_size
    assert weights > (tmp_path / "out/a.onnx").stat().st_size
    check_lenet("out/a.onnx", 17)


def test_external_data_stays_beside_a_model_that_is_a_file(tmp_path):
    raises(paddle2onnx.UsageError, 201, LENET, save_file=tmp_path / "out/a.onnx", external_file=tmp_path / "weights.bin")
    raises(paddle2onnx.UsageError, 201, LENET, external_file="weights.bin")
    assert not list(tmp_path.rglob("*.onnx"))


def test_external_data_and_its_threshold(tmp_path):
    def outside(name, **arguments):
        paddle2onnx.export(LENET, save_file=tmp_path / name, **arguments)
        model = onnx.load(tmp_path / name, load_external_data=False)
        return {t.name: t.external_data[0].value for t in model.graph.initializer if t.external_data}

    some, all_of_them = outside("a.onnx", external_data=True), outside("b.onnx", external_data=True, external_threshold=0)
    assert set(some.values()) == {"a.onnx.data"} and set(all_of_them.values()) == {"b.onnx.data"}
    assert set(some) < set(all_of_them)


def test_parameters_that_stay_where_they_are(model):
    paddle2onnx.export(model, save_file=model / "a.onnx", reference_params=True)
    written = onnx.load(model / "a.onnx", load_external_data=False)
    assert {t.external_data[0].value for t in written.graph.initializer if t.external_data} == {PARAMETERS.name}
    check_lenet(str(model / "a.onnx"), 17)


def test_no_detector():
    raises(paddle2onnx.UsageError, 201, LENET, remove_nms=True)


CUSTOM = {"relu": "my.domain::Relu", "softmax": "MySoftmax"}


@pytest.mark.parametrize("custom", [CUSTOM, str(CUSTOM), json.dumps(CUSTOM)], ids=["dict", "literal", "json"])
def test_custom_operators(custom):
    model = onnx.load_from_string(paddle2onnx.export(LENET, custom_op_info=custom))
    kinds = {(n.domain, n.op_type) for n in model.graph.node}
    assert ("my.domain", "Relu") in kinds and ("", "Relu") not in kinds
    assert ("Paddle", "MySoftmax") in kinds and ("", "Softmax") not in kinds


def test_custom_operators_that_are_no_dictionary():
    for custom, kind in (("{'relu'", ValueError), ("__import__('os')", ValueError), ("[1]", TypeError), ("{1: 2}", TypeError)):
        with pytest.raises(kind):
            paddle2onnx.export(LENET, custom_op_info=custom)


def test_wrong_types():
    for arguments in ({"opset_version": "11"}, {"enable_onnx_checker": "yes"}, {"save_file": 3}, {"custom_op_info": {"relu": 1}}):
        with pytest.raises(TypeError):
            paddle2onnx.export(LENET, **arguments)


def test_verbose_tells_on_standard_error(tmp_path, capfd):
    paddle2onnx.export(LENET, save_file=tmp_path / "a.onnx", opset_version=11, verbose=True)
    out, err = capfd.readouterr()
    assert out == "" and f"wrote {tmp_path}/a.onnx: opset 11" in err and str(PROGRAM) in err


def test_paths_that_are_no_text(model, tmp_path):
    folder = tmp_path / os.fsdecode("модель \udcff".encode("utf-8", "surrogateescape"))
    model.rename(folder)
    paddle2onnx.export(folder, save_file=folder / "a.onnx")
    check_lenet((folder / "a.onnx").read_bytes(), 17)
    with pytest.raises(paddle2onnx.InputError, match=r"модель \\xff/none"):
        paddle2onnx.export(folder / "none")


# --- failures


def raises(error, code, *arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(error) as raised:
            paddle2onnx.export(*arguments, **options)
    raised = raised.value
    assert isinstance(raised, paddle2onnx.ConversionError) and isinstance(raised, RuntimeError)
    assert [d.code for d in raised.diagnostics if d.severity == paddle2onnx.Severity.ERROR] == [code]
    assert raised.status == (70 if code == 7001 else code // 100)
    assert str(raised).startswith(f"error[P2O{code:04}]: ")
    return raised


def test_no_such_file(tmp_path):
    raises(paddle2onnx.InputError, 301, tmp_path / "none.pdmodel")


def test_damaged_parameters(model):
    (model / PARAMETERS.name).write_bytes(PARAMETERS.read_bytes()[:-4])
    raises(paddle2onnx.InputError, 310, model)


def test_swapped_files(model):
    raises(paddle2onnx.InputError, 306, model / PARAMETERS.name, model / PROGRAM.name)


def test_opset_that_does_not_exist(tmp_path):
    raises(paddle2onnx.UsageError, 201, LENET, save_file=tmp_path / "a.onnx", opset_version=6)
    assert not list(tmp_path.iterdir())


def test_unsupported_operator(model):
    """An operator that no Paddle has, with a name that is no UTF-8 either."""
    program = PROGRAM.read_bytes()
    assert program.count(b"\x1a\x06pool2d") > 0
    (model / PROGRAM.name).write_bytes(program.replace(b"\x1a\x06pool2d", b"\x1a\x06poo\xff2d"))
    with pytest.raises(paddle2onnx.UnsupportedOperatorError) as raised:
        paddle2onnx.export(model)
    raised = raised.value
    assert raised.operators == [r"poo\xff2d"] and raised.status == paddle2onnx.Status.UNSUPPORTED
    diagnostics = [d for d in raised.diagnostics if d.code == 401]
    assert diagnostics and all(d.op == r"poo\xff2d" and d.outputs and d.place for d in diagnostics)


def test_output_that_cannot_be_written(tmp_path):
    (tmp_path / "folder").mkdir()
    raises(paddle2onnx.OutputError, 701, LENET, save_file=tmp_path / "folder")


def test_exceptions_pass_between_processes(tmp_path):
    raised = raises(paddle2onnx.InputError, 301, tmp_path / "none.pdmodel")
    copy = pickle.loads(pickle.dumps(raised))
    assert type(copy) is type(raised) and str(copy) == str(raised)
    assert copy.diagnostics == raised.diagnostics and copy.status is raised.status
    assert hash(copy.diagnostics) == hash(raised.diagnostics)
    assert eval(repr(copy.diagnostics[0]), vars(paddle2onnx)) == raised.diagnostics[0]


# --- threads


def test_other_threads_run_meanwhile():
    """The interpreter takes the lock from no thread here: another one can run within a conversion only if that lets go of it."""
    noted, done = [], threading.Event()

    def note():
        while not done.is_set():
            noted.append(time.perf_counter())
            time.sleep(0.0001)

    native = paddle2onnx._native.convert
    arguments = {"model_dir": os.fsencode(LENET), "model_filename": b"", "params_filename": b"", "save_file": None}
    options = {"opset_version": 17, "auto_upgrade_opset": True, "check": True, "optimize": True, "strict": False, "remove_nms": False}
    arguments.update(custom_ops={}, external_data=False, external_filename=b"", external_threshold=1024, reference_params=False)
    interval = sys.getswitchinterval()
    thread = threading.Thread(target=note)
    thread.start()
    try:
        sys.setswitchinterval(1000)
        for _ in range(200):
            start = time.perf_counter()
            native(**arguments, **options)
            end = time.perf_counter()
            if any(start < t < end for t in noted):
                return
    finally:
        sys.setswitchinterval(interval)
        done.set()
        thread.join()
    pytest.fail("no other thread ran during 200 conversions")


def test_conversions_side_by_side():
    expected = paddle2onnx.export(LENET)
    found = []
    threads = [threading.Thread(target=lambda: found.extend(paddle2onnx.export(LENET) for _ in range(10))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 80 and set(found) == {expected}


# --- types


def types(*arguments, **options):
    python = os.environ.get("PADDLE2ONNX_PYTHON_TYPES")
    assert python, "run these tests with tools/test.sh"
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE), "MYPYPATH": str(PACKAGE)}
    checked = subprocess.run([python, *arguments], capture_output=True, text=True, env=environment, timeout=300, **options)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_typed(tmp_path):
    types("-m", "mypy", "--strict", "--cache-dir", tmp_path, "python/paddle2onnx", cwd=ROOT)


def test_stubs_are_those_of_the_module(tmp_path):
    # nanobind's functions and classes are not those of Python; their names, attributes and methods are compared.
    native = r"paddle2onnx\._native\."
    kinds = [r"(Diagnostic|Summary|convert|version|m.._opset_version)", r"Summary\.__init__", r".*\.__nb_enum__"]
    (tmp_path / "allowed.txt").write_text("".join(f"{native}{kind}\n" for kind in kinds))
    types("-m", "mypy.stubtest", "paddle2onnx", "--allowlist", "allowed.txt", cwd=tmp_path)


def test_typed_for_its_users(tmp_path):
    (tmp_path / "user.py").write_text(
        """import pathlib
import paddle2onnx

data: bytes = paddle2onnx.export("a.pdmodel", "a.pdiparams", opset_version=11)
paddle2onnx.export("a.pdmodel", "a.pdiparams", pathlib.Path("a.onnx"))
paddle2onnx.export("a.pdmodel", save_file="a.onnx")
try:
    paddle2onnx.dygraph2onnx(object(), "a.onnx", None, 11, enable_onnx_checker=True)
except paddle2onnx.UnsupportedOperatorError as error:
    names: list[str] = error.operators
    places: list[str] = [d.place for d in error.diagnostics]
"""
    )
    types("-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache", "user.py", cwd=tmp_path)
