#!/usr/bin/env bash
# Sets everything up, builds, and runs all tests.
#
#   tools/test.sh                           everything
#   tools/test.sh -k lstm --family conv     pytest's options: they narrow the Python tests
#   tools/test.sh --unit [-R regex]         only the C++ tests, with ctest's options
#   tools/test.sh --python [tests/models]   only the Python tests, with pytest's options
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
  -h | --help) sed -n '2,10s/^# \{0,1\}//p' "$0"; exit ;;
esac

preset=${PRESET:-release}
[ "$only" = --sanitize ] && preset=asan
say "build"
build "$preset"
code=0

if [ "$only" != --python ]; then
  say "C++ tests"
  options=()
  [ -n "$only" ] && options=("$@")
  ctest --preset "$preset" ${options[@]+"${options[@]}"} 2>&1 | tee build/ctest.log || code=1
fi

if [ -z "$only" ] || [ "$only" = --python ]; then
  say "virtual environments: judge (ONNX Runtime), paddle2 (Paddle 2.6), ocr (PP-OCR models), and those of tests/python"
  PADDLE2ONNX_PYTHON_PADDLE2=$(venv paddle2)/bin/python
  export PADDLE2ONNX_PYTHON_PADDLE2
  judge=$(venv judge)
  venv ocr >/dev/null
  PADDLE2ONNX_PACKAGE=$(package)
  PADDLE2ONNX_PYTHON_PACKAGE2=$(venv package2)/bin/python
  PADDLE2ONNX_PYTHON_PACKAGE3=$(venv package3)/bin/python
  PADDLE2ONNX_PYTHON_TYPES=$(venv types)/bin/python
  export PADDLE2ONNX_PACKAGE PADDLE2ONNX_PYTHON_PACKAGE2 PADDLE2ONNX_PYTHON_PACKAGE3 PADDLE2ONNX_PYTHON_TYPES
  # Suites that were named are the ones to run.
  suites=(tests/command tests/python tests/operators tests/models)
  for arg in "$@"; do
    case $arg in tests/*) suites=() ;; esac
  done
  say "Python tests (the first run exports with Paddle, about two minutes)"
  "$judge/bin/python" -m pytest ${suites[@]+"${suites[@]}"} -q -n "${JOBS:-2}" "$@" 2>&1 | tee build/pytest.log || code=1
fi

say "summary"
if [ "$only" != --python ]; then grep -E 'tests passed|No tests' build/ctest.log || true; fi
if [ -z "$only" ] || [ "$only" = --python ]; then tail -n 1 build/pytest.log; fi
exit $code
