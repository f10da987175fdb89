import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from harness import exports, judge

CASES = exports.ROOT / "build/operator-cases"
SOURCES = [HERE / "dsl.py", HERE / "export.py", HERE.parent / "harness/paddle_side.py"]
FORMATS = ["pdmodel"]
# What a release is judged at. Between them lie opsets that change little for a converter; --opsets all takes every one.
OPSETS = [7, 9, 11, 13, 15, 17]
_manifests = pytest.StashKey()


def pytest_addoption(parser):
    group = parser.getgroup("operators")
    group.addoption("--family", help="comma-separated tables of tests/operators/cases (default: all)")
    group.addoption("--opsets", help="comma-separated opsets, or 'all'")
    group.addoption("--export-only", action="store_true", help="only Paddle's side: does it export and run every case?")


def pytest_sessionstart(session):
    # Before xdist starts its workers, so that one process exports and its progress is seen.
    if not hasattr(session.config, "workerinput"):
        manifests(session.config)


def _tables(config):
    tables = sorted((HERE / "cases").glob("*.py"))
    wanted = config.getoption("--family")
    if wanted:
        names = wanted.split(",")
        unknown = set(names) - {t.stem for t in tables}
        if unknown:
            raise pytest.UsageError(f"no such table in tests/operators/cases: {', '.join(sorted(unknown))}")
        tables = [t for t in tables if t.stem in names]
    return tables


def manifests(config):
    """{(format, family): manifest}, exported by whichever process of pytest comes first."""
    if _manifests not in config.stash:
        found = {}
        for model_format in FORMATS:
            tables = exports.export_tables(_tables(config), HERE / "export.py", SOURCES, CASES, model_format)
            found.update({(model_format, family): manifest for family, manifest in tables.items()})
        config.stash[_manifests] = found
    return config.stash[_manifests]


def pytest_generate_tests(metafunc):
    if "operator_case" not in metafunc.fixturenames:
        return
    params, ids = [], []
    for (model_format, family), manifest in manifests(metafunc.config).items():
        if "error" in manifest:
            params.append((model_format, family, {"name": "*", "table_error": manifest["error"]}))
            ids.append(f"{family}-table")
        for record in manifest["cases"]:
            params.append((model_format, family, record))
            ids.append(f"{family}-{record['name']}" + ("" if model_format == "pdmodel" else f"-{model_format}"))
    metafunc.parametrize("operator_case", params, ids=ids)


@pytest.fixture(scope="session")
def opsets(pytestconfig):
    given = pytestconfig.getoption("--opsets")
    newest = judge.newest_opset()
    if given == "all":
        return list(range(7, newest + 1))
    if given:
        return [int(o) for o in given.split(",")]
    return [*OPSETS, newest]
