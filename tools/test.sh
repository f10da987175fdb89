#!/usr/bin/env bash
# Sets everything up, builds, and runs all tests.
#
#   tools/test.sh                           everything
#   tools/test.sh -k lstm --family conv     pytest's options: they narrow the Python tests
#   tools/test.sh --unit [-R regex]         only the C++ tests, with ctest's options
#   tools/test.sh --python [tests/models]   only the Python tests, with pytest's options
#   tools/test.sh --paddle 3.0.0            operators and models saved by this version of Paddle, with pytest's options
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
  -h | --help) sed -n '2,11s/^# \{0,1\}//p' "$0"; exit ;;
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
  say "virtual environments: judge (ONNX Runtime), paddle2 (Paddle 2.6), paddle3 (Paddle 3.3), ocr (PP-OCR models)"
  PADDLE2ONNX_PYTHON_PADDLE2=$(venv paddle2)/bin/python
  PADDLE2ONNX_PYTHON_PADDLE3=$(venv paddle3)/bin/python
  export PADDLE2ONNX_PYTHON_PADDLE2 PADDLE2ONNX_PYTHON_PADDLE3
  judge=$(venv judge)
  venv ocr >/dev/null
  # Suites that were named are the ones to run.
  suites=(tests/command tests/operators tests/models)
  [ -n "${version:-}" ] && suites=(tests/operators tests/models)
  for arg in "$@"; do
    case $arg in tests/*) suites=() ;; esac
  done
  say "Python tests (the first run exports with Paddle, some minutes)"
  "$judge/bin/python" -m pytest ${suites[@]+"${suites[@]}"} -q -n "${JOBS:-2}" "$@" 2>&1 | tee build/pytest.log || code=1
fi

say "summary"
if [ "$only" != --python ]; then grep -E 'tests passed|No tests' build/ctest.log || true; fi
if [ -z "$only" ] || [ "$only" = --python ]; then tail -n 1 build/pytest.log; grep 'Paddle cannot export' build/pytest.log || true; fi
exit $code
