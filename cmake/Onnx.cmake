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

include(SourcePackage)
include(Protobuf)

# Sets <out> to a folder with onnx's built static libraries, headers and generated headers.
function(_paddle2onnx_build_onnx out)
  paddle2onnx_cache_folder(onnx-${PADDLE2ONNX_ONNX_VERSION} dir ${Protobuf_VERSION} r2)
  file(MAKE_DIRECTORY ${dir})
  file(LOCK ${dir}/lock GUARD FUNCTION TIMEOUT 1800)
  if(NOT EXISTS ${dir}/complete)
    set(source ${PADDLE2ONNX_ONNX_SOURCE})
    if(NOT source)
      paddle2onnx_fetch(onnx ${PADDLE2ONNX_ONNX_VERSION} ${dir} source)
    endif()
    paddle2onnx_run(
      "Configuring onnx" ${CMAKE_COMMAND} -S ${source} -B ${dir}/build -G ${CMAKE_GENERATOR}
      -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} -DCMAKE_POSITION_INDEPENDENT_CODE=ON
      -DCMAKE_CXX_VISIBILITY_PRESET=hidden -DCMAKE_VISIBILITY_INLINES_HIDDEN=ON -DONNX_ML=ON -DONNX_BUILD_PYTHON=OFF
      -DONNX_GEN_PB_TYPE_STUBS=OFF -DONNX_INSTALL=OFF)
    paddle2onnx_run("Building onnx (once, some minutes)" ${CMAKE_COMMAND} --build ${dir}/build --parallel)
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

# Writes onnx_schemas.inc into <folder>: PADDLE2ONNX_SCHEMA(since, name) for each operator definition of ai.onnx.
function(paddle2onnx_list_schemas folder)
  if(TARGET paddle2onnx_onnx_library)
    get_target_property(include paddle2onnx_onnx_library INTERFACE_INCLUDE_DIRECTORIES)
  else()
    get_target_property(include ONNX::onnx INTERFACE_INCLUDE_DIRECTORIES)
  endif()
  find_file(PADDLE2ONNX_OPERATOR_SETS onnx/defs/operator_sets.h PATHS ${include} REQUIRED)
  file(READ ${PADDLE2ONNX_OPERATOR_SETS} text)
  string(REGEX MATCHALL "class ONNX_OPERATOR_SET_SCHEMA_CLASS_NAME\\(Onnx, [0-9]+, [A-Za-z0-9_]+\\)" schemas "${text}")
  list(TRANSFORM schemas REPLACE "^[^(]+\\(Onnx, " "PADDLE2ONNX_SCHEMA(")
  list(JOIN schemas "\n" content)
  file(CONFIGURE OUTPUT ${folder}/onnx_schemas.inc CONTENT "${content}\n")
endfunction()
