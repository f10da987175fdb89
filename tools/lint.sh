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

# Headers are read with the units that include them.
mapfile -t units < <(printf '%s\n' "${files[@]}" | grep -E '^(src|tests/unit)/.*\.cpp$' || true)
if [ ${#units[@]} -gt 0 ]; then
  # For the generated headers and the compilers' options.
  build release >build/lint.log 2>&1 || { cat build/lint.log >&2; die "the build failed"; }
  say "clang-tidy: ${#units[@]} units"
  # Some of GCC's options are not clang's.
  printf '%s\n' "${units[@]}" | xargs -P "${JOBS:-2}" -n 4 clang-tidy -p build/release --quiet \
    --extra-arg=-Wno-unknown-warning-option >build/lint.log 2>&1 || code=1
  grep -Ev '^([0-9]+ warnings? (and [0-9]+ errors? )?generated|Suppressed |[0-9]+ warnings? treated as errors?)' build/lint.log || true
fi

if [ $code = 0 ]; then say "lint: clean"; else say "lint: findings above"; fi
exit $code
