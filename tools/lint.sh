#!/usr/bin/env bash
# Format and lint of all C++ files. Fails if anything is found.
#
#   tools/lint.sh                      everything
#   tools/lint.sh src/graph/fold.cpp   these files only
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
cd "$P2O_ROOT"
need_packages clang-format clang-tidy

if [ $# -gt 0 ]; then files=("$@"); else mapfile -t files < <(git ls-files '*.cpp' '*.h'); fi
code=0

say "clang-format: ${#files[@]} files"
clang-format --dry-run -Werror "${files[@]}" || code=1

# A unit per finding costs the parsing of its headers, so only what is compiled is read, headers with it.
mapfile -t units < <(printf '%s\n' "${files[@]}" | grep -E '^(src|tests/unit)/.*\.cpp$' || true)
if [ ${#units[@]} -gt 0 ]; then
  build release >/dev/null
  say "clang-tidy: ${#units[@]} units"
  # GCC's options that clang does not know are no findings.
  printf '%s\n' "${units[@]}" | xargs -P "${JOBS:-2}" -n 4 clang-tidy -p build/release --quiet \
    --extra-arg=-Wno-unknown-warning-option 2>&1 | grep -Ev '^[0-9]+ warnings? (generated|treated)' || true
  [ "${PIPESTATUS[1]}" = 0 ] || code=1
fi

if [ $code = 0 ]; then say "lint: clean"; else say "lint: findings above"; fi
exit $code
