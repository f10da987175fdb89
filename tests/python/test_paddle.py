"""The package beside Paddle, onnx and ONNX Runtime in one process, with both Paddles."""
import itertools
import os
import pathlib
import subprocess

import pytest

SCENARIOS = pathlib.Path(__file__).with_name("scenarios.py")
PADDLES = {"2.6.2": "PADDLE2ONNX_PYTHON_PACKAGE2", "3.3.1": "PADDLE2ONNX_PYTHON_PACKAGE3"}
LIBRARIES = ("paddle", "onnx", "onnxruntime", "paddle2onnx")


@pytest.fixture(params=PADDLES)
def run(request, tmp_path):
    """Runs a scenario in an environment with this Paddle."""
    python = os.environ.get(PADDLES[request.param])
    package = os.environ.get("PADDLE2ONNX_PACKAGE")
    assert python and package, "run these tests with tools/test.sh"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST") and k != "P2O_KEEP_TEMP_MODEL"}

    def run(*arguments):
        result = subprocess.run(
            [python, SCENARIOS, *arguments], cwd=tmp_path, env={**environment, "PYTHONPATH": package},
            capture_output=True, text=True, timeout=300,
        )
        assert result.returncode == 0, result.stdout + result.stderr

    return run


@pytest.mark.parametrize(
    "scenario",
    [
        "paddle_onnx_export",
        "no_paddle_until_it_is_needed",
        "saved_model",
        "options_of_dygraph2onnx",
        "failure_is_raised",
        "reservation_is_a_warning",
        "detector_without_nms",
        "kept_folder",
        "batch_norm_and_dropout",
        "parameters_in_every_form",
    ],
)
def test_scenario(run, scenario):
    run(scenario)


@pytest.mark.parametrize("order", list(itertools.permutations(LIBRARIES)), ids="-".join)
def test_any_order_of_import(run, order):
    run("any_order", *order)
