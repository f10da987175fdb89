"""The coverage gate: what the converter registers is tested, in both formats, from the first opset on that it claims."""
import json
import re
import subprocess

import pytest
from conftest import manifests
from harness import exports, judge


@pytest.fixture(scope="session")
def listed():
    """{our name: {format: names in its files}, "first": opset} of all operators with a mapper."""
    done = subprocess.run([judge.BINARY, "list-ops", "--json"], capture_output=True, text=True, check=True)
    found = {}
    for op in json.loads(done.stdout)["operators"]:
        if op["opsets"]:
            entry = found.setdefault(op["name"], {"pdmodel": set(), "pir": set(), "first": op["opsets"][0]})
            entry["pdmodel"] |= set(op["pdmodel"])
            entry["pir"] |= {name.rstrip("_") for name in op["pir"]}
    return found


@pytest.fixture(scope="session")
def tested(request):
    """{format: {operator in the file: the lowest opset of its rows}} over all rows that are converted and compared."""
    config = request.config
    if config.getoption("--family") or config.getoption("--format") or config.getoption("--paddle"):
        pytest.skip("only some of the tables were asked for")
    found = {"pdmodel": {}, "pir": {}}
    for (paddle, _), manifest in manifests(config, "operators").items():
        for record in manifest["cases"]:
            for name in () if "paddle_error" in record else record.get("operators", ()):
                lowest = found[paddle.format].setdefault(name.rstrip("_"), 99)
                found[paddle.format][name.rstrip("_")] = min(lowest, record["options"]["opset"])
    return found


def lowest(names, rows):
    return min((rows[name.rstrip("_")] for name in names if name.rstrip("_") in rows), default=None)


def test_every_operator_has_a_row(listed, tested):
    missing = [
        name for name, op in listed.items()
        if all(lowest(op[f], tested[f]) is None for f in ("pdmodel", "pir"))
    ]  # fmt: skip
    assert not missing, f"registered, but without a row in tests/operators/cases: {', '.join(missing)}"


def test_every_first_opset_is_shown(listed, tested):
    """A registration for an opset that no row reaches promises too much (or lacks a row)."""
    wrong = []
    for name, op in listed.items():
        shown = [o for o in (lowest(op[f], tested[f]) for f in ("pdmodel", "pir")) if o is not None]
        if shown and min(shown) > op["first"]:
            wrong.append(f"{name} (registered from {op['first']}, rows from {min(shown)})")
    assert not wrong, f"the first opset is not reached: {', '.join(wrong)}"


# Operators that only training has, by their names.
BACKWARD = re.compile(r"_grad(_|$|2)")


@pytest.mark.parametrize("paddle", exports.PADDLES.values(), ids=list(exports.PADDLES))
def test_every_operator_of_paddle_is_listed(paddle):
    """With a mapper or with the reason why there is none."""
    names = "import paddle, json; print(json.dumps(paddle.base.core.get_all_op_names()))"
    done = subprocess.run([paddle.python(), "-c", names], capture_output=True, text=True, check=True)
    listed = subprocess.run([judge.BINARY, "list-ops", "--json"], capture_output=True, text=True, check=True)
    known = {name.rstrip("_") for op in json.loads(listed.stdout)["operators"] for name in op["pdmodel"] + op["pir"]}
    missing = [n for n in json.loads(done.stdout.splitlines()[-1]) if not BACKWARD.search(n) and n.rstrip("_") not in known]
    assert not missing, f"{len(missing)} operators of Paddle that `list-ops` does not know: {', '.join(sorted(missing))}"
