"""The command from outside: exit codes, messages, files."""
import ast
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import onnx
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools/bench"))
import synthetic
from measure import measure
BINARY = ROOT / "build/release/paddle2onnx"
LENET = ROOT / "models/lenet_digits"


def run(*arguments, **options):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=60, **options)


@pytest.fixture
def model(tmp_path):
    """A copy of the model, so that tests may break it."""
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("inference.pdmodel", "inference.pdiparams"):
        shutil.copyfile(LENET / name, folder / name)
    return folder


def failed(result, status, code, output):
    """The status, its code on standard error, nothing on standard output, and no file."""
    assert result.returncode == status, result.stderr
    assert f"error[{code}]: " in result.stderr
    assert result.stdout == ""
    assert not output.exists()
    assert not list(output.parent.glob(output.name + "*")) if output.parent.exists() else True
    return result


# --- list-ops


def test_list_ops():
    result = run("list-ops")
    assert result.returncode == 0 and result.stderr == ""
    assert any(line.split()[:3] == ["relu", "opset", "7"] for line in result.stdout.splitlines())


def test_list_ops_as_json():
    listed = json.loads(run("list-ops", "--json").stdout)
    operators = {op["name"]: op for op in listed["operators"]}
    assert operators["relu"]["supported"] and operators["relu"]["pdmodel"] == ["relu"]
    assert operators["auc"]["reason"] == "training only: a metric"
    assert listed["supported"] == sum(op["supported"] and not op["rare"] for op in listed["operators"])
    assert listed["known"] == sum(not op["rare"] for op in listed["operators"])


def test_list_ops_tells_the_opsets_of_the_suite():
    """tested_opsets stands in the C++ code; the suite decides what is true."""
    suite = (ROOT / "tests/operators/test_operators.py").read_text()
    opsets = ast.literal_eval(re.search(r"^OPSETS = (.*)$", suite, re.M)[1])["pdmodel"]
    relu = next(op for op in json.loads(run("list-ops", "--json").stdout)["operators"] if op["name"] == "relu")
    assert relu["tested_opsets"][:-1] == opsets


def test_list_ops_refuses_other_flags():
    result = run("list-ops", "--xml")
    assert result.returncode == 2 and "error[P2O0201]: " in result.stderr and result.stdout == ""


# --- what works


def test_done(model, tmp_path):
    result = run("--model_dir", model, "--save_file", tmp_path / "out.onnx")
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    onnx.checker.check_model(str(tmp_path / "out.onnx"), full_check=True)


def test_summary(model, tmp_path):
    out = tmp_path / "out.onnx"
    summary = run("-m", model, "-s", out).stderr
    for part in (f"wrote {out}: ", "opset 17", "IR version 8", " nodes", " parameters", " s\n"):
        assert part in summary


def test_seed_line_of_the_readme(model, tmp_path):
    out = tmp_path / "out.onnx"
    result = run(
        "--model_dir", model, "--model_filename", "inference.pdmodel", "--params_filename", "inference.pdiparams",
        "--save_file", out, "--enable_dev_version", "True", "--opset_version", "13", "--enable_onnx_checker", "True",
    )
    assert result.returncode == 0, result.stderr
    assert onnx.load(out).opset_import[0].version == 13


def test_bytes_are_the_same_each_time(model, tmp_path):
    for name in ("a.onnx", "b.onnx"):
        assert run("-m", model, "-s", tmp_path / name).returncode == 0
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_relative_paths(model, tmp_path):
    assert run("-m", "model", "-s", "out.onnx", cwd=tmp_path).returncode == 0
    assert (tmp_path / "out.onnx").exists()


def test_current_folder(model):
    assert run("-m", ".", "-s", "out.onnx", cwd=model).returncode == 0


def test_file_in_the_current_folder(model):
    assert run("-mf", "inference.pdmodel", "-s", "out.onnx", cwd=model).returncode == 0


def test_spaces_and_other_scripts_in_paths(model, tmp_path):
    folder = tmp_path / "модель 模型 é"
    model.rename(folder)
    out = tmp_path / "новая папка" / "выход 1.onnx"
    result = run("-m", folder, "-s", out)
    assert result.returncode == 0, result.stderr
    assert out.exists()


def test_parent_folders_are_made(model, tmp_path):
    assert run("-m", model, "-s", tmp_path / "a/b/out.onnx").returncode == 0
    assert (tmp_path / "a/b/out.onnx").exists()



# --- messages


def test_quiet(model, tmp_path):
    result = run("-m", model, "-s", tmp_path / "out.onnx", "--quiet")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_quiet_tells_errors(tmp_path):
    failed(run("-m", tmp_path / "no", "-s", tmp_path / "out.onnx", "--quiet"), 3, "P2O0301", tmp_path / "out.onnx")


def test_verbose_tells_the_files_that_were_read(model, tmp_path):
    result = run("-m", model, "-s", tmp_path / "out.onnx", "--enable_verbose")
    assert str(model / "inference.pdmodel") in result.stderr
    assert str(model / "inference.pdiparams") in result.stderr


def test_no_colour_where_there_is_no_terminal(model, tmp_path):
    assert "\x1b" not in run("-m", model, "-s", tmp_path / "out.onnx").stderr
    assert "\x1b" not in run("-m", tmp_path / "no", "-s", tmp_path / "out.onnx").stderr


def on_terminal(*arguments, **environment):
    """Standard error of a run whose standard error is a terminal."""
    import pty

    try:
        reader, writer = pty.openpty()
    except OSError as error:
        pytest.skip(f"this machine has no pseudo-terminals: {error}")
    env = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm-256color"} | environment
    try:
        subprocess.run([BINARY, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=writer, env=env, timeout=60)
    finally:
        os.close(writer)
    text = b""
    while True:
        try:
            piece = os.read(reader, 4096)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        text += piece
    os.close(reader)
    return text.decode()


def test_colour_on_a_terminal(tmp_path):
    assert "\x1b[" in on_terminal("-m", tmp_path / "no", "-s", tmp_path / "out.onnx")


def test_no_color_is_respected_on_a_terminal(tmp_path):
    text = on_terminal("-m", tmp_path / "no", "-s", tmp_path / "out.onnx", NO_COLOR="1")
    assert "error[P2O0301]" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help(flag):
    result = run(flag)
    assert (result.returncode, result.stderr) == (0, "")
    assert "Examples:" in result.stdout


@pytest.mark.parametrize("flag", ["--version", "-v"])
def test_version(flag):
    result = run(flag)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("paddle2onnx ")


# --- failures


@pytest.mark.parametrize(
    "arguments, code",
    [
        (["--no_such_flag"], "P2O0201"),
        (["--opset_version", "6"], "P2O0201"),
        (["--opset_version", "1000"], "P2O0201"),
        (["--opset_version", "new"], "P2O0201"),
        (["--enable_onnx_checker", "maybe"], "P2O0201"),
        (["--export_fp16_model", "True"], "P2O0202"),
        (["--input_shape_dict", "{'x':[1,1,8,8]}"], "P2O0202"),
    ],
)
def test_usage(model, tmp_path, arguments, code):
    failed(run("-m", model, "-s", tmp_path / "out.onnx", *arguments), 2, code, tmp_path / "out.onnx")


def test_usage_without_arguments():
    result = run()
    assert (result.returncode, result.stdout) == (2, "")
    assert "error[P2O0201]" in result.stderr


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


def lfs_pointer(path):
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")


def swap(path):
    program, params = path.parent / "inference.pdmodel", path.parent / "inference.pdiparams"
    content = program.read_bytes()
    program.write_bytes(params.read_bytes())
    params.write_bytes(content)


def as_folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "name, change, code",
    [
        ("inference.pdmodel", pathlib.Path.unlink, "P2O0301"),
        ("inference.pdmodel", lambda p: p.write_bytes(b""), "P2O0303"),
        ("inference.pdmodel", lfs_pointer, "P2O0304"),
        ("inference.pdmodel", lambda p: p.write_text("<!DOCTYPE html>"), "P2O0305"),
        ("inference.pdmodel", swap, "P2O0306"),
        ("inference.pdmodel", lambda p: p.write_bytes(p.read_bytes()[:500]), "P2O0307"),
        ("inference.pdiparams", lambda p: p.write_bytes(b"\x80\x04pickle"), "P2O0308"),
        ("inference.pdiparams", truncate, "P2O0310"),
        ("inference.pdiparams", lambda p: p.write_bytes(p.read_bytes() + b"x"), "P2O0311"),
        ("inference.pdiparams", pathlib.Path.unlink, "P2O0312"),
        ("inference.pdiparams", lambda p: shutil.copy(ROOT / "models/lstm_reviews" / p.name, p), "P2O0309"),
        ("inference.pdiparams", lambda p: p.write_bytes(b""), "P2O0303"),
        ("inference.pdmodel", lambda p: p.write_text('{"base_code":{"magic":"pir"},"program":{}}'), "P2O0307"),
    ],
)
def test_bad_input(model, tmp_path, name, change, code):
    change(model / name)
    failed(run("-m", model, "-s", tmp_path / "out.onnx"), 3, code, tmp_path / "out.onnx")


def test_folder_in_place_of_a_file(model, tmp_path):
    as_folder(model / "inference.pdiparams")
    failed(run("-m", model, "-pf", "inference.pdiparams", "-s", tmp_path / "out.onnx"), 3, "P2O0302", tmp_path / "out.onnx")


def test_several_models(model, tmp_path):
    (model / "inference.pdmodel").rename(model / "a.pdmodel")
    shutil.copyfile(model / "a.pdmodel", model / "b.pdmodel")
    failed(run("-m", model, "-s", tmp_path / "out.onnx"), 3, "P2O0313", tmp_path / "out.onnx")


def test_unsupported_operator(model, tmp_path):
    # Another name of the same length keeps the message whole.
    program = model / "inference.pdmodel"
    program.write_bytes(program.read_bytes().replace(b"pool2d", b"poolXd"))
    result = failed(run("-m", model, "-s", tmp_path / "out.onnx"), 4, "P2O0401", tmp_path / "out.onnx")
    assert "'poolXd'" in result.stderr
    assert "block 0, operator " in result.stderr


def test_failure_keeps_existing_output(model, tmp_path):
    out = tmp_path / "out.onnx"
    out.write_text("old")
    truncate(model / "inference.pdiparams")
    assert run("-m", model, "-s", out).returncode == 3
    assert out.read_text() == "old"


def test_output_is_a_folder(model, tmp_path):
    (tmp_path / "out").mkdir()
    result = run("-m", model, "-s", tmp_path / "out")
    assert result.returncode == 7
    assert "error[P2O0701]" in result.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_output_in_a_folder_that_cannot_be_written(model):
    # /proc refuses new files to root, too.
    failed(run("-m", model, "-s", "/proc/out.onnx"), 7, "P2O0701", pathlib.Path("/proc/out.onnx"))


def test_device_as_output_is_left_alone(model, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    result = run("-m", model, "-s", pipe)
    assert result.returncode == 7
    assert pipe.is_fifo()


def test_full_disk_leaves_nothing(model, tmp_path):
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    failed(run("-m", model, "-s", tmp_path / "out.onnx", preexec_fn=limit), 7, "P2O0701", tmp_path / "out.onnx")


# --- external data


def tensors(path):
    return {t.name: t for t in onnx.load(path, load_external_data=False).graph.initializer}


def location(tensor):
    return {entry.key: entry.value for entry in tensor.external_data}.get("location", "")


def results(path, seed=0):
    """What ONNX Runtime computes with the model on random input."""
    ort = pytest.importorskip("onnxruntime")
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    image = np.random.default_rng(seed).random((2, *session.get_inputs()[0].shape[1:]), dtype=np.float32)
    return session.run(None, {session.get_inputs()[0].name: image})


def assert_equal_results(path, reference):
    onnx.checker.check_model(str(path), full_check=True)
    for mine, wanted in zip(results(path), results(reference), strict=True):
        np.testing.assert_array_equal(mine, wanted)


@pytest.fixture
def plain(model, tmp_path):
    """The model in one file."""
    assert run("-m", model, "-s", tmp_path / "plain.onnx").returncode == 0
    return tmp_path / "plain.onnx"


@pytest.mark.parametrize(
    "flags, name",
    [
        (["--external_data"], "out.onnx.data"),
        (["--external_data", "True"], "out.onnx.data"),
        (["--external_filename", "weights.bin"], "weights.bin"),
        (["--external_filename", "sub/weights.bin"], "sub/weights.bin"),
        (["--external_filename", "weights.bin", "--external_threshold", "0"], "weights.bin"),
    ],
)
@pytest.mark.parametrize("relative", [False, True])
def test_external_data(model, tmp_path, plain, flags, name, relative):
    folder = tmp_path / "new"
    out = pathlib.Path("new/out.onnx") if relative else folder / "out.onnx"
    result = run("-m", model, "-s", out, *flags, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert name in result.stderr
    weights = [t for t in tensors(folder / "out.onnx").values() if t.data_type == onnx.TensorProto.FLOAT]
    assert {location(t) for t in weights} == ({name} if "0" in flags else {name, ""})
    assert {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} == {"out.onnx", name}
    assert_equal_results(folder / "out.onnx", plain)


def test_external_threshold(model, tmp_path):
    out = tmp_path / "out.onnx"
    assert run("-m", model, "-s", out, "--external_data", "--external_threshold", "40000").returncode == 0
    for tensor in tensors(out).values():
        size = int(np.prod(tensor.dims)) * 4
        assert (location(tensor) != "") == (size >= 40000), tensor.name


def test_external_data_moves_with_its_model(model, tmp_path, plain):
    assert run("-m", model, "-s", tmp_path / "a/out.onnx", "--external_data").returncode == 0
    (tmp_path / "a").rename(tmp_path / "b")
    assert_equal_results(tmp_path / "b/out.onnx", plain)


def test_reference_params(model, plain):
    out = model / "out.onnx"
    before = (model / "inference.pdiparams").read_bytes()
    result = run("-m", model, "-s", out, "--reference_params")
    assert result.returncode == 0, result.stderr
    assert {location(t) for t in tensors(out).values()} == {"inference.pdiparams", ""}
    assert sorted(p.name for p in model.iterdir()) == ["inference.pdiparams", "inference.pdmodel", "out.onnx"]
    assert (model / "inference.pdiparams").read_bytes() == before
    assert_equal_results(out, plain)


@pytest.mark.parametrize(
    "flags",
    [
        ["--external_filename", "../weights.bin"],
        ["--external_filename", "/tmp/weights.bin"],
        ["--external_filename", "out.onnx"],
        ["--reference_params"],  # the parameters do not lie in the model's folder
        ["--external_threshold", "many"],
    ],
)
def test_impossible_external_data(model, tmp_path, flags):
    failed(run("-m", model, "-s", tmp_path / "new/out.onnx", *flags), 2, "P2O0201", tmp_path / "new/out.onnx")
    assert not pathlib.Path("/tmp/weights.bin").exists()
    assert not (tmp_path / "weights.bin").exists()


@pytest.mark.parametrize("flags", [["-s", "inference.pdiparams"], ["-s", "inference.pdmodel"], ["-s", "out.onnx", "--external_filename", "inference.pdiparams"]])
def test_input_is_not_replaced(model, flags):
    before = {p.name: p.read_bytes() for p in model.iterdir()}
    result = run("-m", ".", *flags, cwd=model)
    assert (result.returncode, "P2O0201" in result.stderr) == (2, True)
    assert {p.name: p.read_bytes() for p in model.iterdir()} == before


def test_model_beside_parameters_in_files_of_their_own(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    program = synthetic.Program()
    x = program.feed("x", [-1, 4])
    program.fetch(program.call("matmul_v2", "y", [-1, 4], {"trans_x": False, "trans_y": False}, X=x, Y=program.weight("w", [4, 4])))
    program.save(folder)
    (folder / "inference.pdmodel").rename(folder / "__model__")
    (folder / "inference.pdiparams").rename(folder / "w")
    result = run("-m", folder, "-s", folder / "out.onnx", "--reference_params", "--external_threshold", "1")
    assert result.returncode == 0, result.stderr
    assert location(tensors(folder / "out.onnx")["w"]) == "w"
    onnx.checker.check_model(str(folder / "out.onnx"), full_check=True)


def test_external_data_that_cannot_be_written_leaves_the_old_model(model, tmp_path):
    out = tmp_path / "out.onnx"
    out.write_text("old")
    (tmp_path / "weights").mkdir()
    assert run("-m", model, "-s", out, "--external_filename", "weights").returncode == 7
    assert out.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model", "out.onnx", "weights"]


# --- size


@pytest.fixture(scope="module")
def gigabytes(tmp_path_factory):
    """3 GiB of weights, nearly all of them holes."""
    folder = tmp_path_factory.mktemp("gigabytes")
    synthetic.weights(folder, 3)
    yield folder
    shutil.rmtree(folder)


def peak_memory(*arguments):
    result = measure([BINARY, *arguments])
    assert result, "the conversion failed"
    return result[2]


def test_over_two_gigabytes(gigabytes, tmp_path):
    out = tmp_path / "out.onnx"
    assert peak_memory("-m", gigabytes, "-s", out) < 64 * 2**20
    data = tmp_path / "out.onnx.data"
    assert data.stat().st_size == 3 * 2**30
    assert data.stat().st_blocks * 512 < 2**24, "holes became bytes"
    onnx.checker.check_model(str(out))
    with open(gigabytes / "inference.pdiparams", "rb") as weights, open(data, "rb") as written:
        for tensor in tensors(out).values():
            entries = {entry.key: entry.value for entry in tensor.external_data}
            assert int(entries["offset"]) % 65536 == 0
            index = int(tensor.name[2:])
            # Each record: a head of 20 bytes and its description, then the weight.
            head = (gigabytes / "inference.pdiparams").stat().st_size // 48 - 2**26
            weights.seek(index * (head + 2**26) + head)
            written.seek(int(entries["offset"]))
            assert written.read(1000) == weights.read(1000), tensor.name


def test_reference_to_gigabytes(gigabytes):
    out = gigabytes / "out.onnx"
    assert peak_memory("-m", gigabytes, "-s", out, "--reference_params") < 64 * 2**20
    onnx.checker.check_model(str(out))
    out.unlink()


def test_transposed_weights_take_no_memory(tmp_path):
    folder, out = tmp_path / "transposed", tmp_path / "out.onnx"
    synthetic.transposed(folder, 0.5)
    assert peak_memory("-m", folder, "-s", out) < 64 * 2**20
    model = onnx.load(out)
    assert {n.op_type for n in model.graph.node} == {"MatMul"}
    raw = np.fromfile(folder / "inference.pdiparams", dtype=np.uint8)
    records = np.split(raw, len(model.graph.initializer))
    for tensor in model.graph.initializer:
        weight = records[int(tensor.name[2:7])][-(2**26) :].view(np.float32).reshape(4096, 4096)
        np.testing.assert_array_equal(onnx.numpy_helper.to_array(tensor), weight.T)


def test_many_operators(tmp_path):
    synthetic.operators(tmp_path / "model", 20_000)
    assert run("-m", tmp_path / "model", "-s", tmp_path / "out.onnx").returncode == 0
    assert len(onnx.load(tmp_path / "out.onnx").graph.node) >= 20_000


# --- signals


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_signal_while_writing_leaves_nothing(tmp_path, ending):
    folder = tmp_path / "model"
    synthetic.transposed(folder, 2)  # some seconds of work
    (tmp_path / "new").mkdir()
    command = [BINARY, "-m", folder, "-s", tmp_path / "new/out.onnx", "--external_data"]
    # A test run in the background of a shell has SIGINT ignored, and would hand that on.
    heeded = lambda: signal.signal(ending, signal.SIG_DFL) if ending != signal.SIGKILL else None
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, preexec_fn=heeded)
    try:
        written = f"/proc/{process.pid}/io"
        deadline = time.monotonic() + 60
        while int(dict(line.split(": ") for line in open(written).read().splitlines())["wchar"]) < 2**24:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(ending)
        assert process.wait(30) == -ending
    finally:
        process.kill()
    assert list((tmp_path / "new").iterdir()) == []
