"""What tests/operators and tests/models have in common: tables of cases, exported by Paddle before the tests are collected."""
import dataclasses
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from harness import differences, exports, judge  # noqa: E402

# Each suite of rows, and its test.
SUITES = {"operators": "test_operator", "models": "test_model", "zoo": "test_network"}
_manifests = pytest.StashKey()


def pytest_addoption(parser):
    group = parser.getgroup("paddle2onnx")
    group.addoption("--family", help="comma-separated tables, by the names of the files in cases/ (default: all)")
    group.addoption("--format", choices=list(exports.PADDLES), help="only this format of Paddle's files (default: both)")
    group.addoption("--paddle", help="programs saved by this version of Paddle; rows that it cannot export are listed, not failed")
    group.addoption("--opsets", help="comma-separated opsets and 'newest', or 'all' (default: the suite's own)")
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
    if not hasattr(session.config, "workerinput"):
        for suite in set(session.config.stash.get(_manifests, {})) - {"operators"}:
            differences.write_table(suite)


def why_not(record):
    """Why Paddle cannot export or run a row: what the row says, or the last lines of Paddle's error."""
    lines = [line.strip() for line in record["paddle_error"].splitlines() if line.strip()]
    if len(lines) > 1 and lines[-1].startswith(("[", "(")):
        lines = [next((line for line in reversed(lines) if "Error:" in line), lines[-1])]
    return record["options"]["paddle_cannot"] or lines[-1][:200]


def row_id(paddle, family, name):
    """The name of a row's test."""
    return f"{family}-{name}" + ("" if paddle.label == "pdmodel" else f"-{paddle.label}")


def pytest_terminal_summary(terminalreporter, config):
    """Of each suite's rows: how many Paddle itself cannot export, where they are listed with their reasons, and what came of the rest."""
    ended = {outcome: {report.nodeid for report in terminalreporter.getreports(outcome)} for outcome in ("passed", "failed")}
    for suite, found in config.stash.get(_manifests, {}).items():
        for paddle in {paddle: None for paddle, _ in found}:
            rows = [(family, r) for (p, family), manifest in found.items() if p == paddle for r in manifest["cases"]]
            cannot = [f"{family}-{r['name']}: {why_not(r)}" for family, r in rows if "paddle_error" in r]
            listed = exports.ROOT / f"build/paddle-cannot-{suite}-{paddle.label}.txt"
            listed.write_text("".join(f"{line}\n" for line in cannot))
            where = f" ({listed.relative_to(exports.ROOT)})" if cannot else ""
            tests = {f"tests/{suite}/test_{suite}.py::{SUITES[suite]}[{row_id(paddle, family, r['name'])}]" for family, r in rows}
            counts = ", ".join(f"{len(tests & nodes)} {outcome}" for outcome, nodes in ended.items())
            terminalreporter.write_line(
                f"{suite} {paddle.label}: {len(rows)} rows, {len(cannot)} that Paddle cannot export{where}; {counts}"
            )


def paddles(config, suite):
    """The Paddles whose files are judged."""
    return [dataclasses.replace(paddle, zoo=suite == "zoo") for paddle in paddles_asked_for(config)]


def paddles_asked_for(config):
    if config.getoption("--paddle"):
        return [exports.paddle_of(config.getoption("--paddle"))]
    only = config.getoption("--format")
    return [paddle for model_format, paddle in exports.PADDLES.items() if only in (None, model_format)]


def manifests(config, suite):
    """{(Paddle, family): manifest}, exported by whichever process of pytest comes first."""
    found = config.stash.setdefault(_manifests, {})
    if suite not in found:
        families = config.getoption("--family")
        tables = sorted((HERE / suite / "cases").glob("*.py"))
        tables = [t for t in tables if not families or t.stem in families.split(",")]
        found[suite] = {}
        for paddle in paddles(config, suite):
            known = exports.export_tables(tables, exports.ROOT / f"build/{suite}-cases", paddle)
            found[suite].update({(paddle, family): manifest for family, manifest in known.items()})
    return found[suite]


def exported_in_both(config, suite):
    """{label: (folder, folder)} of the rows that Paddle exports in both formats and that are to be converted."""
    if len(paddles(config, suite)) < 2:
        return {}
    labels = []
    for model_format in exports.PADDLES:
        found = {p_f[1]: m for p_f, m in manifests(config, suite).items() if p_f[0].format == model_format}
        labels.append(
            {
                f"{family}-{r['name']}": exports.ROOT / f"build/{suite}-cases" / model_format / family / r["name"]
                for family, manifest in found.items()
                for r in manifest["cases"]
                if "paddle_error" not in r and not r["options"]["error"]
            }
        )
    return {label: (folder, labels[1][label]) for label, folder in labels[0].items() if label in labels[1]}


def pytest_generate_tests(metafunc):
    """Gives each test that takes `exported` one (folder, label, record) for each row of its suite's tables, and each that takes
    `both_exported` one ((folder, folder), label) for each row in both formats."""
    if "both_exported" in metafunc.fixturenames:
        rows = exported_in_both(metafunc.config, metafunc.definition.path.parent.name)
        metafunc.parametrize("both_exported", [(folders, label) for label, folders in rows.items()], ids=list(rows))
    if "exported" not in metafunc.fixturenames:
        return
    suite = metafunc.definition.path.parent.name
    params, ids = [], []
    for (paddle, family), manifest in manifests(metafunc.config, suite).items():
        folder = exports.ROOT / f"build/{suite}-cases" / paddle.label / family
        if "error" in manifest:
            params.append((folder, row_id(paddle, family, "table"), {"table_error": manifest["error"]}))
        params += [(folder / r["name"], row_id(paddle, family, r["name"]), r) for r in manifest["cases"]]
    metafunc.parametrize("exported", params, ids=[label for _, label, _ in params])


@pytest.fixture
def case_to_judge(exported, pytestconfig):
    """The case, once Paddle's side of it is known to be right; None where there's nothing more to judge."""
    folder, label, record = exported
    if "table_error" in record:
        pytest.fail(record["table_error"], pytrace=False)
    cannot = record["options"]["paddle_cannot"]
    if "paddle_error" in record:
        if pytestconfig.getoption("--paddle"):
            pytest.skip(why_not(record))
        if cannot:
            pytest.skip(cannot)
        pytest.fail(f"Paddle cannot export or run this case: {why_not(record)}\n{record['paddle_error']}", pytrace=False)
    if cannot and not pytestconfig.getoption("--paddle"):
        pytest.fail("Paddle exports and runs this case: take paddle_cannot out", pytrace=False)
    if pytestconfig.getoption("--export-only"):
        return None
    if not judge.BINARY.exists():
        pytest.fail(f"{judge.BINARY} is not built", pytrace=False)
    return folder, label, record


@pytest.fixture
def rows_in_both(request):
    return list(exported_in_both(request.config, request.path.parent.name))


@pytest.fixture
def opsets(request, exported):
    """The opsets to judge at: the row's own, those of the command line, or the suite's (OPSETS of the test module)."""
    given, newest = request.config.getoption("--opsets"), judge.newest_opset()
    record = exported[2]
    own = record.get("options", {}).get("opsets")
    if own or given == "all":
        return own or list(range(7, newest + 1))
    if given:
        return [newest if o == "newest" else int(o) for o in given.split(",")]
    return [*request.module.OPSETS[record.get("format", "pdmodel")], newest]
