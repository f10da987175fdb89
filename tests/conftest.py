"""What tests/operators and tests/models have in common: tables of cases, exported by Paddle before the tests are collected."""
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from harness import differences, exports, judge  # noqa: E402

SUITES = ["operators", "models"]
FORMATS = ["pdmodel"]
_manifests = pytest.StashKey()


def pytest_addoption(parser):
    group = parser.getgroup("paddle2onnx")
    group.addoption("--family", help="comma-separated tables, by the names of the files in cases/ (default: all)")
    group.addoption("--opsets", help="comma-separated opsets, or 'all' (default: the suite's own)")
    group.addoption("--export-only", action="store_true", help="only Paddle's side: does it export and run every case?")


def pytest_sessionstart(session):
    # Before xdist starts its workers, so that one process exports and its progress is seen.
    if hasattr(session.config, "workerinput") or session.config.option.help:
        return
    wanted = [pathlib.Path(arg.split("::")[0]).resolve() for arg in session.config.args]
    for suite in SUITES:
        if any(path in (HERE / suite, *(HERE / suite).parents) or HERE / suite in path.parents for path in wanted):
            manifests(session.config, suite)
    families = session.config.getoption("--family")
    unknown = set(families.split(",")) - {t.stem for t in HERE.glob("*/cases/*.py")} if families else ()
    if unknown:
        raise pytest.UsageError(f"no such table in tests/*/cases: {', '.join(sorted(unknown))}")


def pytest_sessionfinish(session):
    if not hasattr(session.config, "workerinput") and "models" in session.config.stash.get(_manifests, {}):
        differences.write_table()


def manifests(config, suite):
    """{(format, family): manifest}, exported by whichever process of pytest comes first."""
    found = config.stash.setdefault(_manifests, {})
    if suite not in found:
        families = config.getoption("--family")
        tables = sorted((HERE / suite / "cases").glob("*.py"))
        tables = [t for t in tables if not families or t.stem in families.split(",")]
        found[suite] = {}
        for model_format in FORMATS:
            known = exports.export_tables(tables, exports.ROOT / f"build/{suite}-cases", model_format)
            found[suite].update({(model_format, family): manifest for family, manifest in known.items()})
    return found[suite]


def pytest_generate_tests(metafunc):
    """Gives each test that takes `exported` one (folder, label, record) for each row of its suite's tables."""
    if "exported" not in metafunc.fixturenames:
        return
    suite = metafunc.definition.path.parent.name
    params, ids = [], []
    for (model_format, family), manifest in manifests(metafunc.config, suite).items():
        folder = exports.ROOT / f"build/{suite}-cases" / model_format / family
        tag = "" if model_format == "pdmodel" else f"-{model_format}"
        if "error" in manifest:
            params.append((folder, f"{family}{tag}", {"table_error": manifest["error"]}))
        params += [(folder / r["name"], f"{family}-{r['name']}{tag}", r) for r in manifest["cases"]]
    metafunc.parametrize("exported", params, ids=[label for _, label, _ in params])


@pytest.fixture
def case_to_judge(exported, pytestconfig):
    """The case, once Paddle's side of it is known to be right; None where there's nothing more to judge."""
    folder, label, record = exported
    if "table_error" in record:
        pytest.fail(record["table_error"], pytrace=False)
    cannot = record["options"]["paddle_cannot"]
    if "paddle_error" in record:
        if cannot:
            pytest.skip(cannot)
        pytest.fail("Paddle cannot export or run this case:\n" + record["paddle_error"], pytrace=False)
    if cannot:
        pytest.fail("Paddle exports and runs this case: take paddle_cannot out", pytrace=False)
    if pytestconfig.getoption("--export-only"):
        return None
    if not judge.BINARY.exists():
        pytest.fail(f"{judge.BINARY} is not built", pytrace=False)
    return folder, label, record


@pytest.fixture
def opsets(request, exported):
    """The opsets to judge at: the row's own, those of the command line, or the suite's (OPSETS of the test module)."""
    given, newest = request.config.getoption("--opsets"), judge.newest_opset()
    own = exported[2].get("options", {}).get("opsets")
    if own or given == "all":
        return own or list(range(7, newest + 1))
    return [int(o) for o in given.split(",")] if given else [*request.module.OPSETS, newest]
