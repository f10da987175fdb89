#!/usr/bin/env bash
# From nothing to a result: builds the converter, converts the models of models/ and runs them beside Paddle's numbers.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$P2O_ROOT"
mkdir -p build/demo

say "build"
build release
say "virtual environment: demo (ONNX Runtime)"
python=$(venv demo)/bin/python

for folder in models/*/; do
  name=$(basename "$folder")
  command=(build/release/paddle2onnx --model_dir "models/$name" --save_file "build/demo/$name.onnx")
  say "${command[*]}"
  "${command[@]}"
done

for folder in models/*/; do
  name=$(basename "$folder")
  say "running build/demo/$name.onnx with ONNX Runtime"
  "$python" models/run.py "$name" "build/demo/$name.onnx"
done
