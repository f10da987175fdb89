# Run as a script: installs BUILD into a folder of its own, builds this folder's project against that and runs it on MODEL.
set(work ${BUILD}/package-test)
file(REMOVE_RECURSE ${work})

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${work}/prefix)
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${work}/build -G ${GENERATOR} -DCMAKE_PREFIX_PATH=${work}/prefix
    -DCMAKE_BUILD_TYPE=Release)
run(${CMAKE_COMMAND} --build ${work}/build)
run(${work}/build/package_user ${MODEL} ${work}/model.onnx)

# The example of a mapper from outside.
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/../../examples/outside_mapper -B ${work}/example -G ${GENERATOR}
    -DCMAKE_PREFIX_PATH=${work}/prefix -DCMAKE_BUILD_TYPE=Release)
run(${CMAKE_COMMAND} --build ${work}/example)
execute_process(COMMAND ${work}/example/outside_mapper ${MODEL} ${work}/example.onnx OUTPUT_VARIABLE said COMMAND_ERROR_IS_FATAL ANY)
if(NOT said MATCHES ": [1-9][0-9]* relu written as Max")
  message(FATAL_ERROR "the mapper of the example was not used: ${said}")
endif()

run(${work}/prefix/bin/paddle2onnx --model_dir ${MODEL} --save_file ${work}/model.onnx)
