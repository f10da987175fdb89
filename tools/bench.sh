#!/usr/bin/env bash
# The benchmark: builds the command, makes the models and the other converters' environments where they are missing, and runs
# tools/bench/bench.py. Without arguments all of it, into docs/performance.md; with arguments they are bench.py's.
#   --without-others as the first: no other converters, so nothing but Paddle is downloaded.
source "$(dirname "$0")/setup.sh"
build release
export GLOG_minloglevel=3
export_networks() { "$1/bin/python" "$P2O_ROOT/tools/bench/networks.py" "$P2O_ROOT/build/bench/$2" 2>/dev/null; }
others=()
if [ "${1:-}" = --without-others ]; then
  shift
  export_networks "$(venv paddle2)" pdmodel
else
  others=(--p2o "$(venv bench-p2o)/bin/p2o" --paddle2onnx1 "$(venv bench-paddle2onnx1)/bin/paddle2onnx"
          --paddle2onnx2 "$(venv bench-paddle2onnx2)/bin/paddle2onnx")
  export_networks "$(venv bench-paddle2onnx1)" pdmodel
  export_networks "$(venv bench-paddle2onnx2)" pir
fi
[ $# -gt 0 ] || set -- --write
python3 "$P2O_ROOT/tools/bench/bench.py" "${others[@]}" "$@"
