"""Finds the virtual environments and runs the exporters in Paddle's, cached by content."""
from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import fcntl
import functools
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXPORTER = ROOT / "tests/harness/export.py"
# All that the exported files depend on besides the table.
SOURCES = [EXPORTER, EXPORTER.with_name("dsl.py"), EXPORTER.with_name("paddle_side.py")]


@dataclasses.dataclass(frozen=True)
class Paddle:
    """A version of Paddle: what it writes, and where its exports are kept (build/*-cases/<label>)."""

    format: str  # "pdmodel" or "pir"
    version: str | None = None  # None: the one of tools/requirements
    zoo: bool = False  # with Paddle's model packages

    @property
    def label(self):
        return f"{self.format}-{self.version}" if self.version else self.format

    @property
    def requirements(self):
        """The name of its file in tools/requirements, which is a template for other versions."""
        return ("zoo" if self.zoo else "paddle") + {"pdmodel": "2", "pir": "3"}[self.format]

    def python(self):
        return python_of(self.requirements, self.version or "")


# What everything is tested with, by format.
PADDLES = {f: Paddle(f) for f in ("pdmodel", "pir")}


def paddle_of(version):
    usual = PADDLES["pdmodel" if version.startswith("2.") else "pir"]
    pinned = (ROOT / f"tools/requirements/{usual.requirements}.txt").read_text().split()[0]
    return usual if pinned == f"paddlepaddle=={version}" else Paddle(usual.format, version)


@functools.cache
def python_of(venv, version=""):
    """The interpreter of a virtual environment of tools/setup.sh, made if it is missing."""
    given = os.environ.get(f"PADDLE2ONNX_PYTHON_{venv.upper()}")
    if given and not version:
        return given
    command = f"source tools/setup.sh; venv {venv} {version}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
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


PATIENCE = 900  # seconds without a new row after which Paddle hangs: its handler of fatal signals can wait for itself


def _run_exporter(command, folder):
    """The exporter's exit code, stdout and stderr; it is killed where it hangs."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+", errors="replace") as err:
        process = subprocess.Popen([str(c) for c in command], stdout=out, stderr=err)
        while process.poll() is None:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                current = folder / "current"
                if current.exists() and time.time() - current.stat().st_mtime > PATIENCE:
                    process.kill()
        out.seek(0)
        err.seek(0)
        return process.returncode, out.read(), err.read()


# Paddle 3 loses its way in nested loops in some processes and not in others.
BAD_LUCK = "Not found key in IRMapping", "is not involved in the target_vars calculation"


def _forget_bad_luck(manifest, tries, reasons):
    """The names of the rows to try again in another process. `reasons`: rows that Paddle cannot export say why, others have had bad luck."""
    found = []
    for r in json.loads(manifest.read_text())["cases"]:
        known = any(told in r.get("paddle_error", "") for told in BAD_LUCK)
        unexpected = reasons and "paddle_error" in r and not r["options"]["paddle_cannot"]
        if (known and tries <= 5) or (unexpected and tries <= 2):
            found.append(r["name"])
            (manifest.parent / r["name"] / "case.json").unlink()
    return found


LEAST_DISK = 2**28  # bytes; with less than this left, what fails says nothing about Paddle


def export_table(table, out, paddle, raw_rows=True):
    """The manifest of one table, exported where it isn't there yet. `out`: the suite's folder, build/*-cases. Without rows of the older
    vocabulary a table needs no exports of Paddle 2.6 before those of Paddle 3."""
    older = {}
    if paddle.format == "pir" and raw_rows and not paddle.zoo:
        older = export_table(table, out, PADDLES["pdmodel"])
    folder = out / paddle.label / table.stem
    requirements = "".join(p.read_text() for p in sorted((ROOT / "tools/requirements").glob(f"{paddle.requirements}*.txt")))
    key = hash_of(SOURCES, requirements, paddle.label, older.get("key", ""))
    shipped = [path for folder in ("models", "tests/operators/files") for path in sorted((ROOT / folder).glob("*/*.*"))]
    stamp = hash_of([table, *shipped], key)
    manifest = folder / "manifest.json"
    with locked(folder.parent / f".{folder.name}.lock"):
        if manifest.exists():
            known = json.loads(manifest.read_text())
            if known.get("stamp") == stamp:
                return known
        command = [paddle.python(), EXPORTER, "--table", table, "--out", folder, "--key", key]
        twin = out / PADDLES["pdmodel"].label / table.stem
        if folder != twin:
            command += ["--older" if older else "--twin", twin]
        died, tries, deaths = None, 0, 0
        while True:
            (folder / "current").unlink(missing_ok=True)
            code, told, complaint = _run_exporter(command, folder)
            free = shutil.disk_usage(folder).free
            if free < LEAST_DISK:
                raise OSError(f"{folder}: only {free >> 20} MiB are left on the disk for the models that Paddle exports")
            if code == 0:
                tries += 1
                again = _forget_bad_luck(manifest, tries, reasons=raw_rows and not (paddle.version or paddle.zoo))
                if not again:
                    break
                print(f"{paddle.label} {table.stem}: tried again: {', '.join(again)}", file=sys.__stderr__, flush=True)
                continue
            # Paddle's process dies now and then for no reason of the case's (addresses, threads; between cases, at its end): twice is a result.
            if not (folder / "current").exists():
                deaths += 1
                if deaths < 2:
                    continue
                print(f"{paddle.label} {table.stem}: the exporter failed: {complaint.strip()[-300:]}", file=sys.__stderr__, flush=True)
                return {"error": f"the exporter failed:\n{complaint[-3000:]}", "cases": []}
            name = json.loads((folder / "current").read_text())["name"]
            if name == died:
                _pin_crash(folder)
            died = name
        print(f"{paddle.label} {told.strip()}", file=sys.__stderr__, flush=True)
        known = json.loads(manifest.read_text())
        known["stamp"] = stamp
        manifest.write_text(json.dumps(known))
        return known


def export_tables(tables, out, paddle, jobs=2):
    """{family: manifest}; a table is a file and its family the file's name."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        work = {t.stem: pool.submit(export_table, t, out, paddle) for t in tables}
        return {family: job.result() for family, job in work.items()}
