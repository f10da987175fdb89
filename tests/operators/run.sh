#!/usr/bin/env bash
# The operator tests: run.sh [FAMILY[,FAMILY…]] [pytest's options…]
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../../tools/setup.sh"
args=()
if [ $# -gt 0 ] && [[ $1 != -* ]]; then args=(--family "$1"); shift; fi
PADDLE2ONNX_PYTHON_PADDLE2=$(venv paddle2)/bin/python
PADDLE2ONNX_PYTHON_PADDLE3=$(venv paddle3)/bin/python
export PADDLE2ONNX_PYTHON_PADDLE2 PADDLE2ONNX_PYTHON_PADDLE3
cd "$P2O_ROOT"
exec "$(venv judge)/bin/python" -m pytest tests/operators -q -p no:cacheprovider -n "${JOBS:-2}" ${args[@]+"${args[@]}"} "$@"
