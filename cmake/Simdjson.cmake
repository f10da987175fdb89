# Gives the target paddle2onnx::simdjson, static: Debian has the shared library only, and the command is to run anywhere. Its
# amalgamated source comes with a source package from PyPI (or from the folder PADDLE2ONNX_SIMDJSON_SOURCE) and is built once,
# in the same cache as onnx.

include(SourcePackage)

set(PADDLE2ONNX_SIMDJSON_PACKAGE pysimdjson)
set(PADDLE2ONNX_SIMDJSON_PACKAGE_VERSION 7.0.2)
set(PADDLE2ONNX_SIMDJSON_SOURCE "" CACHE PATH "Folder with simdjson.h and simdjson.cpp, if they are not to be fetched with pip")

function(_paddle2onnx_build_simdjson out)
  paddle2onnx_cache_folder(simdjson-${PADDLE2ONNX_SIMDJSON_PACKAGE_VERSION} dir "${PADDLE2ONNX_SIMDJSON_SOURCE}" r1)
  file(MAKE_DIRECTORY ${dir})
  file(LOCK ${dir}/lock GUARD FUNCTION TIMEOUT 1800)
  if(NOT EXISTS ${dir}/complete)
    set(source ${PADDLE2ONNX_SIMDJSON_SOURCE})
    if(NOT source)
      paddle2onnx_fetch(${PADDLE2ONNX_SIMDJSON_PACKAGE} ${PADDLE2ONNX_SIMDJSON_PACKAGE_VERSION} ${dir} source)
      set(source ${source}/simdjson)
    endif()
    file(COPY ${source}/simdjson.h DESTINATION ${dir}/include)
    paddle2onnx_run("Building simdjson (once)" ${CMAKE_CXX_COMPILER} -std=c++17 -O2 -DNDEBUG -fPIC -fvisibility=hidden
                    -fvisibility-inlines-hidden -c ${source}/simdjson.cpp -o ${dir}/simdjson.o)
    paddle2onnx_run("Archiving simdjson" ${CMAKE_AR} rcs ${dir}/libsimdjson.a ${dir}/simdjson.o)
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
