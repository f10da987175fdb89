# paddle2onnx_target(TARGET): the options that all of the project's own code is built with. Generated and foreign
# code is not held to them.
function(paddle2onnx_target target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wconversion -Wno-sign-conversion
                                           -Wimplicit-fallthrough
                                           # False alarms of GCC 12 in std::string and std::variant (GCC bugs 105651, 105593).
                                           -Wno-restrict -Wno-stringop-overflow)
  if(PADDLE2ONNX_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

if(PADDLE2ONNX_SANITIZE)
  add_compile_options(-fsanitize=${PADDLE2ONNX_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${PADDLE2ONNX_SANITIZE})
endif()
