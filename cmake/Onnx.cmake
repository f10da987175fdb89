# Gives the targets paddle2onnx::onnx (schemas, checker, shape inference; messages) and protobuf::libprotobuf,
# static where the system has static libraries.
#
# onnx is an installed one if that is new enough, else its source package from PyPI (cmake fetches it with pip, or takes
# the folder PADDLE2ONNX_ONNX_SOURCE). It is built once, in a cache that all build folders share: it takes minutes,
# the project itself seconds. onnx's own package configuration asks for a protobuf CONFIG package that Debian
# lacks, which is why its libraries are named here.

set(PADDLE2ONNX_ONNX_MINIMUM 1.23.0)
set(PADDLE2ONNX_ONNX_VERSION 1.23.2)
set(PADDLE2ONNX_ONNX_SOURCE "" CACHE PATH "onnx's source, if it is not to be fetched with pip")
if(DEFINED ENV{PADDLE2ONNX_CACHE})
  set(_cache $ENV{PADDLE2ONNX_CACHE})
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(_cache $ENV{XDG_CACHE_HOME}/paddle2onnx)
else()
  set(_cache $ENV{HOME}/.cache/paddle2onnx)
endif()
set(PADDLE2ONNX_CACHE ${_cache} CACHE PATH "Where onnx is built, once for all build folders")

set(Protobuf_USE_STATIC_LIBS ON)
find_package(Protobuf REQUIRED)

# Runs a command of the set-up; its output is shown when it fails only.
function(_paddle2onnx_run what)
  message(STATUS "${what}")
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${what} failed:\n${output}")
  endif()
endfunction()

# Sets <out> to a folder with onnx's built static libraries, headers and generated headers.
function(_paddle2onnx_build_onnx out)
  # The compiler and protobuf are part of the key: a library built with others would not link.
  string(SHA256 key "${CMAKE_CXX_COMPILER} ${CMAKE_CXX_COMPILER_VERSION} ${Protobuf_VERSION} r2")
  string(SUBSTRING ${key} 0 8 key)
  set(dir ${PADDLE2ONNX_CACHE}/onnx-${PADDLE2ONNX_ONNX_VERSION}-${key})
  file(MAKE_DIRECTORY ${dir})
  file(LOCK ${dir}/lock GUARD FUNCTION TIMEOUT 1800)
  if(NOT EXISTS ${dir}/complete)
    set(source ${PADDLE2ONNX_ONNX_SOURCE})
    if(NOT source)
      find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
      _paddle2onnx_run("Fetching onnx ${PADDLE2ONNX_ONNX_VERSION}'s source package" ${Python3_EXECUTABLE} -m pip
                       download -q --no-deps --no-binary onnx -d ${dir}
                       onnx==${PADDLE2ONNX_ONNX_VERSION})
      file(ARCHIVE_EXTRACT INPUT ${dir}/onnx-${PADDLE2ONNX_ONNX_VERSION}.tar.gz DESTINATION ${dir})
      set(source ${dir}/onnx-${PADDLE2ONNX_ONNX_VERSION})
    endif()
    _paddle2onnx_run(
      "Configuring onnx" ${CMAKE_COMMAND} -S ${source} -B ${dir}/build -G ${CMAKE_GENERATOR}
      -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} -DCMAKE_POSITION_INDEPENDENT_CODE=ON
      -DCMAKE_CXX_VISIBILITY_PRESET=hidden -DCMAKE_VISIBILITY_INLINES_HIDDEN=ON -DONNX_ML=ON -DONNX_BUILD_PYTHON=OFF
      -DONNX_GEN_PB_TYPE_STUBS=OFF -DONNX_INSTALL=OFF)
    _paddle2onnx_run("Building onnx (once, some minutes)" ${CMAKE_COMMAND} --build ${dir}/build --parallel)
    file(COPY ${source}/onnx DESTINATION ${dir}/include FILES_MATCHING PATTERN "*.h")
    file(COPY ${dir}/build/onnx DESTINATION ${dir}/include FILES_MATCHING PATTERN "*.pb.h")
    file(TOUCH ${dir}/complete)
  endif()
  set(${out} ${dir} PARENT_SCOPE)
endfunction()

find_package(ONNX ${PADDLE2ONNX_ONNX_MINIMUM} QUIET CONFIG)
add_library(paddle2onnx_onnx INTERFACE)
add_library(paddle2onnx::onnx ALIAS paddle2onnx_onnx)
if(ONNX_FOUND)
  message(STATUS "onnx: installed ${ONNX_VERSION}")
  target_link_libraries(paddle2onnx_onnx INTERFACE ONNX::onnx)
else()
  _paddle2onnx_build_onnx(_onnx)
  message(STATUS "onnx: ${PADDLE2ONNX_ONNX_VERSION} in ${_onnx}")
  # Imported targets, so that CMake knows that protobuf comes behind onnx on the linker's line.
  add_library(paddle2onnx_onnx_library STATIC IMPORTED)
  set_target_properties(
    paddle2onnx_onnx_library
    PROPERTIES IMPORTED_LOCATION ${_onnx}/build/libonnx.a
               INTERFACE_INCLUDE_DIRECTORIES ${_onnx}/include
               INTERFACE_COMPILE_DEFINITIONS "ONNX_NAMESPACE=onnx;ONNX_ML=1"
               INTERFACE_LINK_LIBRARIES protobuf::libprotobuf)
  target_link_libraries(paddle2onnx_onnx INTERFACE paddle2onnx_onnx_library)
endif()
