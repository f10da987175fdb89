# Gives the target protobuf::libprotobuf, static where the system has a static library.
#
# The Python module is a shared library, and the static protobuf of Debian and Ubuntu is compiled for programs only (its thread-local
# variables have a fixed place). A shared protobuf is out of the question: in a process that holds paddle or onnx as well, both
# would register the same messages. So for the module the very version that the system has is compiled again, as position independent
# code, from the one package on PyPI that carries its source (or PADDLE2ONNX_PROTOBUF_SOURCE). Headers and compiler stay the system's.
include(SourcePackage)

set(PADDLE2ONNX_PROTOBUF_SOURCE "" CACHE PATH "protobuf's source, of the system's version, if it is not to be fetched with pip")

set(Protobuf_USE_STATIC_LIBS ON)
find_package(Protobuf REQUIRED)

# Sets <out> to whether the archive can go into a shared library, whole.
function(_paddle2onnx_is_position_independent archive out)
  set(test ${CMAKE_BINARY_DIR}/CMakeFiles/position_independent.so)
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -shared -o ${test} -Wl,--whole-archive ${archive} -Wl,--no-whole-archive
                  RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
  file(REMOVE ${test})
  if(archive MATCHES "\\.a$" AND status EQUAL 0)
    set(${out} TRUE PARENT_SCOPE)
  else()
    set(${out} FALSE PARENT_SCOPE)
  endif()
endfunction()

# Sets <out> to a position independent archive of the system's version of protobuf.
function(_paddle2onnx_build_protobuf out)
  set(packaged_version 3.21.12)  # that of Debian 12 and 13 and of Ubuntu 24.04
  paddle2onnx_cache_folder(protobuf-${Protobuf_VERSION} dir r1)
  file(MAKE_DIRECTORY ${dir})
  file(LOCK ${dir}/lock GUARD FUNCTION TIMEOUT 1800)
  if(NOT EXISTS ${dir}/complete)
    set(source ${PADDLE2ONNX_PROTOBUF_SOURCE})
    if(NOT source)
      if(NOT Protobuf_VERSION VERSION_EQUAL packaged_version)
        message(FATAL_ERROR "The Python module needs a position independent libprotobuf.a of version ${Protobuf_VERSION}: "
                            "name the folder of its source with -DPADDLE2ONNX_PROTOBUF_SOURCE")
      endif()
      paddle2onnx_fetch(grpcio-tools 1.54.3 ${dir} source "setuptools<70")
      set(source ${source}/third_party/protobuf)
    endif()
    paddle2onnx_run(
      "Configuring protobuf" ${CMAKE_COMMAND} -S ${PROJECT_SOURCE_DIR}/cmake/protobuf -B ${dir}/build -G ${CMAKE_GENERATOR}
      -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} -DPROTOBUF_SOURCE=${source}
      -DPROTOBUF_VERSION=${Protobuf_VERSION})
    paddle2onnx_run("Building protobuf (once, a minute)" ${CMAKE_COMMAND} --build ${dir}/build --parallel)
    file(TOUCH ${dir}/complete)
  endif()
  set(${out} ${dir}/build/libprotobuf.a PARENT_SCOPE)
endfunction()

if(PADDLE2ONNX_BUILD_PYTHON)
  _paddle2onnx_is_position_independent(${Protobuf_LIBRARY} _independent)
  if(NOT _independent)
    _paddle2onnx_build_protobuf(_protobuf)
    message(STATUS "protobuf: ${Protobuf_VERSION} in ${_protobuf}")
    set_target_properties(protobuf::libprotobuf PROPERTIES IMPORTED_LOCATION ${_protobuf} IMPORTED_LOCATION_RELEASE ${_protobuf}
                                                           IMPORTED_LOCATION_DEBUG ${_protobuf})
  endif()
endif()
