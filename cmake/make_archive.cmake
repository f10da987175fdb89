# Run as a script (cmake -P): makes the self-contained archive ARCHIVE of the objects and archives INPUTS, in which only the symbols
# that match API stay visible. LINKER, OBJCOPY, NM and AR are the tools.
set(object ${ARCHIVE}.o)

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(${LINKER} -r --force-group-allocation -o ${object} ${INPUTS})
list(TRANSFORM API PREPEND "--keep-global-symbol=" OUTPUT_VARIABLE keep_api)
run(${OBJCOPY} --wildcard ${keep_api} ${object})

# objcopy cannot make unique symbols (static variables of inline functions) local: they get a name of their own instead.
execute_process(COMMAND ${NM} --defined-only --format=posix ${object} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n ]+ u " unique "${symbols}")
list(TRANSFORM unique REPLACE "^([^ ]+) u $" "\\1 paddle2onnx_private_\\1")
list(JOIN unique "\n" renames)
file(WRITE ${ARCHIVE}.renames "${renames}\n")
run(${OBJCOPY} --redefine-syms=${ARCHIVE}.renames ${object})

file(REMOVE ${ARCHIVE})
run(${AR} rcs ${ARCHIVE} ${object})
file(REMOVE ${object} ${ARCHIVE}.renames)
