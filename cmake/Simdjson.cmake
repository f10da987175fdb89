# Gives the target paddle2onnx::simdjson, static: Debian has the shared library only, and the command is to run anywhere. Its
# amalgamated source comes with a source package from PyPI (or from the folder PADDLE2ONNX_SIMDJSON_SOURCE) and is built once,
# in the same cache as onnx.

set(PADDLE2ONNX_SIMDJSON_PACKAGE pysimdjson)
set(PADDLE2ONNX_SIMDJSON_PACKAGE_VERSION 7.0.2)
set(PADDLE2ONNX_SIMDJSON_SOURCE "" CACHE PATH "Folder with simdjson.h and simdjson.cpp, if they are not to be fetched with pip")

function(_paddle2onnx_build_simdjson out)
  string(SHA256 key "${CMAKE_CXX_COMPILER} ${CMAKE_CXX_COMPILER_VERSION} ${PADDLE2ONNX_SIMDJSON_SOURCE} r1")
  string(SUBSTRING ${key} 0 8 key)
  set(dir ${PADDLE2ONNX_CACHE}/simdjson-${PADDLE2ONNX_SIMDJSON_PACKAGE_VERSION}-${key})
  file(MAKE_DIRECTORY ${dir})
  file(LOCK ${dir}/lock GUARD FUNCTION TIMEOUT 1800)
  if(NOT EXISTS ${dir}/complete)
    set(source ${PADDLE2ONNX_SIMDJSON_SOURCE})
    if(NOT source)
      set(package ${PADDLE2ONNX_SIMDJSON_PACKAGE}-${PADDLE2ONNX_SIMDJSON_PACKAGE_VERSION})
      find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
      _paddle2onnx_run("Fetching simdjson (${package})" ${Python3_EXECUTABLE} -m pip download -q --no-deps --no-binary
                       ${PADDLE2ONNX_SIMDJSON_PACKAGE} -d ${dir}
                       ${PADDLE2ONNX_SIMDJSON_PACKAGE}==${PADDLE2ONNX_SIMDJSON_PACKAGE_VERSION})
      file(ARCHIVE_EXTRACT INPUT ${dir}/${package}.tar.gz DESTINATION ${dir})
      set(source ${dir}/${package}/simdjson)
    endif()
    file(COPY ${source}/simdjson.h DESTINATION ${dir}/include)
    _paddle2onnx_run("Building simdjson (once)" ${CMAKE_CXX_COMPILER} -std=c++17 -O2 -DNDEBUG -fPIC -fvisibility=hidden
                     -fvisibility-inlines-hidden -c ${source}/simdjson.cpp -o ${dir}/simdjson.o)
    _paddle2onnx_run("Archiving simdjson" ${CMAKE_AR} rcs ${dir}/libsimdjson.a ${dir}/simdjson.o)
    file(TOUCH ${dir}/complete)
  endif()
  set(${out} ${dir} PARENT_SCOPE)
endfunction()

_paddle2onnx_build_simdjson(_simdjson)
message(STATUS "simdjson: ${_simdjson}")
add_library(paddle2onnx_simdjson STATIC IMPORTED)
set_target_properties(paddle2onnx_simdjson PROPERTIES IMPORTED_LOCATION ${_simdjson}/libsimdjson.a)
target_include_directories(paddle2onnx_simdjson SYSTEM INTERFACE ${_simdjson}/include)
add_library(paddle2onnx::simdjson ALIAS paddle2onnx_simdjson)
