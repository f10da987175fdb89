"""Finds the virtual environments and runs the exporters in Paddle's, cached by content."""
from __future__ import annotations

import concurrent.futures
import contextlib
import fcntl
import functools
import hashlib
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXPORTER = ROOT / "tests/harness/export.py"
# All that the exported files depend on besides the table.
SOURCES = [EXPORTER, EXPORTER.with_name("dsl.py"), EXPORTER.with_name("paddle_side.py")]
# Which environment writes which format.
VENV_OF_FORMAT = {"pdmodel": "paddle2"}


@functools.cache
def python_of(venv):
    """The interpreter of a virtual environment of tools/setup.sh, made if it is missing."""
    given = os.environ.get(f"PADDLE2ONNX_PYTHON_{venv.upper()}")
    if given:
        return given
    done = subprocess.run(
        ["bash", "-c", f"source tools/setup.sh; venv {venv}"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip().splitlines()[-1] + "/bin/python"


def hash_of(paths, *more):
    digest = hashlib.sha256("\0".join(more).encode())
    for path in paths:
        digest.update(pathlib.Path(path).read_bytes() + b"\0")
    return digest.hexdigest()[:20]


@contextlib.contextmanager
def locked(path):
    """Two pytest processes that want the same export: the second waits and finds it done."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _pin_crash(out):
    """Paddle died on the case named in `current`: that is the case's result."""
    record = json.loads((out / "current").read_text())
    record["paddle_error"] = "Paddle's process died on this case"
    (out / record["name"] / "case.json").write_text(json.dumps(record))
    (out / "current").unlink()


def export_table(table, out, model_format):
    """The manifest of one table, exported where it isn't there yet."""
    venv = VENV_OF_FORMAT[model_format]
    key = hash_of(SOURCES, (ROOT / f"tools/requirements/{venv}.txt").read_text(), model_format)
    stamp = hash_of([table, *sorted((ROOT / "models").glob("*/*.*"))], key)
    manifest = out / "manifest.json"
    with locked(out.parent / f".{out.name}.lock"):
        if manifest.exists():
            known = json.loads(manifest.read_text())
            if known.get("stamp") == stamp:
                return known
        while True:
            (out / "current").unlink(missing_ok=True)
            command = [python_of(venv), EXPORTER, "--format", model_format, "--table", table, "--out", out, "--key", key]
            done = subprocess.run([str(c) for c in command], capture_output=True, text=True, errors="replace")
            if done.returncode == 0:
                break
            if not (out / "current").exists():
                return {"error": f"the exporter failed:\n{done.stderr[-3000:]}", "cases": []}
            _pin_crash(out)
        print(done.stdout.strip(), file=sys.__stderr__, flush=True)
        known = json.loads(manifest.read_text())
        known["stamp"] = stamp
        manifest.write_text(json.dumps(known))
        return known


def export_tables(tables, out, model_format, jobs=2):
    """{family: manifest}; a table is a file and its family the file's name."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        work = {t.stem: pool.submit(export_table, t, out / model_format / t.stem, model_format) for t in tables}
        return {family: job.result() for family, job in work.items()}
