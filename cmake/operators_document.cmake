# Run as a script: writes DOCUMENT (docs/operators.md) with what COMMAND (paddle2onnx) says of its registry, or with CHECK fails if
# the document says anything else.
execute_process(COMMAND ${COMMAND} list-ops --markdown OUTPUT_VARIABLE current COMMAND_ERROR_IS_FATAL ANY)
if(NOT CHECK)
  file(WRITE ${DOCUMENT} "${current}")
  return()
endif()
set(written "")
if(EXISTS ${DOCUMENT})
  file(READ ${DOCUMENT} written)
endif()
if(NOT written STREQUAL current)
  message(FATAL_ERROR "${DOCUMENT} is not what the registry says: build the target operators_document and commit the document")
endif()
