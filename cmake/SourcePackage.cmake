# What is built from source once, in a cache that all build folders share: PADDLE2ONNX_CACHE.

if(DEFINED ENV{PADDLE2ONNX_CACHE})
  set(_cache $ENV{PADDLE2ONNX_CACHE})
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(_cache $ENV{XDG_CACHE_HOME}/paddle2onnx)
else()
  set(_cache $ENV{HOME}/.cache/paddle2onnx)
endif()
set(PADDLE2ONNX_CACHE ${_cache} CACHE PATH "Where they are built, once for all build folders")

# Sets <out> to the folder of the cache for a library built with this compiler. Further arguments are what else its build depends on.
function(paddle2onnx_cache_folder name out)
  # c++, g++ and g++-12 are the same: which one is found depends on who runs cmake.
  file(REAL_PATH ${CMAKE_CXX_COMPILER} compiler)
  string(SHA256 key "${compiler} ${CMAKE_CXX_COMPILER_VERSION} ${ARGN}")
  string(SUBSTRING ${key} 0 8 key)
  set(${out} ${PADDLE2ONNX_CACHE}/${name}-${key} PARENT_SCOPE)
endfunction()

# Runs a command of the set-up; its output is shown when it fails only.
function(paddle2onnx_run what)
  message(STATUS "${what}")
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${what} failed:\n${output}")
  endif()
endfunction()

# Sets <out> to the unpacked source package of a Python distribution, fetched with pip into DIR. Further arguments are
# requirements on what its set-up script runs with, for example setuptools<70.
function(paddle2onnx_fetch name version dir out)
  find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
  list(JOIN ARGN "\n" constraints)
  file(WRITE ${dir}/constraints.txt "${constraints}\n")
  # pip asks the set-up script for the metadata even of a package that it only downloads. Older versions of pip take the constraints for
  # that from the first variable, newer ones from the second.
  paddle2onnx_run(
    "Fetching the source package of ${name} ${version}" ${CMAKE_COMMAND} -E env PIP_CONSTRAINT=${dir}/constraints.txt
    PIP_BUILD_CONSTRAINT=${dir}/constraints.txt ${Python3_EXECUTABLE} -m pip download -q --no-deps --no-binary ${name} -d ${dir}
    ${name}==${version})
  file(ARCHIVE_EXTRACT INPUT ${dir}/${name}-${version}.tar.gz DESTINATION ${dir})
  set(${out} ${dir}/${name}-${version} PARENT_SCOPE)
endfunction()
