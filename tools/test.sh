#!/usr/bin/env bash
# Sets everything up, builds, and runs all tests.
#
#   tools/test.sh                           everything
#   tools/test.sh -k lstm --family conv     pytest's options: they narrow the Python tests
#   tools/test.sh --unit [-R regex]         only the C++ tests, with ctest's options
#   tools/test.sh --python [tests/models]   only the Python tests, with pytest's options
#   tools/test.sh --paddle 3.0.0            operators and models saved by this version of Paddle, with pytest's options
#   tools/test.sh --zoo [--sample]          networks of Paddle's model packages, an hour (the sample: what CI runs), with pytest's options
#   tools/test.sh --random [N]              N (5000) randomly drawn operator configurations
#   tools/test.sh --mutate [KIND,…]         every row of the tables with other dtypes, ranks, dimensions, sizes and values
#   tools/test.sh --sanitize [-R regex]     the C++ tests with the sanitizers for addresses and undefined behaviour
#
# PRESET=ci builds with warnings as errors.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$P2O_ROOT"
mkdir -p build

only=
case ${1:-} in
  --unit | --python | --sanitize) only=$1; shift ;;
  # Two opsets do: what changes between versions of Paddle does not hang on them.
  --paddle) only=--python; version=${2:?a version, such as 3.0.0}; shift 2; set -- --paddle "$version" --opsets 13,newest "$@" ;;
  --zoo)
    only=--python; shift
    if [ "${1:-}" = --sample ]; then shift; set -- --family sample "$@"; fi
    set -- tests/zoo "$@" ;;
  --random | --mutate) only=$1; shift ;;
  -h | --help) sed -n '2,14s/^# \{0,1\}//p' "$0"; exit ;;
esac

preset=${PRESET:-release}
[ "$only" = --sanitize ] && preset=asan
say "build"
build "$preset"
code=0

if [ "$only" = --random ] || [ "$only" = --mutate ]; then
  say "virtual environments: random (ONNX Runtime, hypothesis), paddle2, paddle3"
  [ "$only" = --random ] && script=run.py || script=mutate.py
  exec "$(venv random)/bin/python" "tests/operators/randomised/$script" --jobs "${JOBS:-2}" "$@"
fi

if [ "$only" != --python ]; then
  say "C++ tests"
  options=()
  [ -n "$only" ] && options=("$@")
  ctest --preset "$preset" ${options[@]+"${options[@]}"} 2>&1 | tee build/ctest.log || code=1
fi

if [ -z "$only" ] || [ "$only" = --python ]; then
  say "virtual environments: judge (ONNX Runtime), paddle2 (Paddle 2.6), paddle3 (Paddle 3.3), ocr (PP-OCR models)"
  PADDLE2ONNX_PYTHON_PADDLE2=$(venv paddle2)/bin/python
  PADDLE2ONNX_PYTHON_PADDLE3=$(venv paddle3)/bin/python
  export PADDLE2ONNX_PYTHON_PADDLE2 PADDLE2ONNX_PYTHON_PADDLE3
  judge=$(venv judge)
  venv ocr >/dev/null
  # Suites that were named are the ones to run.
  suites=(tests/command tests/python tests/operators tests/models)
  [ -n "${version:-}" ] && suites=(tests/operators tests/models)
  for arg in "$@"; do
    case $arg in tests/*) suites=() ;; esac
  done
  if [[ " ${suites[*]-} $* " == *" tests/python"* ]]; then
    say "the wheel, and virtual environments for it: package2 and package3 (Paddle beside onnx and ONNX Runtime), types (mypy)"
    PADDLE2ONNX_PACKAGE=$(package)
    PADDLE2ONNX_PYTHON_PACKAGE2=$(venv package2)/bin/python
    PADDLE2ONNX_PYTHON_PACKAGE3=$(venv package3)/bin/python
    PADDLE2ONNX_PYTHON_TYPES=$(venv types)/bin/python
    export PADDLE2ONNX_PACKAGE PADDLE2ONNX_PYTHON_PACKAGE2 PADDLE2ONNX_PYTHON_PACKAGE3 PADDLE2ONNX_PYTHON_TYPES
  fi
  say "Python tests (the first run exports with Paddle, some minutes)"
  "$judge/bin/python" -m pytest ${suites[@]+"${suites[@]}"} -q -n "${JOBS:-2}" "$@" 2>&1 | tee build/pytest.log || code=1
fi

say "summary"
if [ "$only" != --python ]; then grep -E 'tests passed|No tests' build/ctest.log || true; fi
if [ -z "$only" ] || [ "$only" = --python ]; then tail -n 1 build/pytest.log; grep 'Paddle cannot export' build/pytest.log || true; fi
exit $code
