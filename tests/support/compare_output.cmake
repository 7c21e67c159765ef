# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# cmake -DPROGRAM=... -DEXPECTED=... [-DARGUMENTS=... -DFOLDER=...] -P compare_output.cmake
if(NOT DEFINED FOLDER)
  set(FOLDER "${CMAKE_CURRENT_BINARY_DIR}")
endif()
execute_process(COMMAND "${PROGRAM}" ${ARGUMENTS} WORKING_DIRECTORY "${FOLDER}"
                RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE messages)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} ended with ${status}:\n${output}${messages}")
endif()
file(READ "${EXPECTED}" expected)
if(NOT output STREQUAL expected)
  message(FATAL_ERROR "${PROGRAM} should print\n${expected}\nand printed\n${output}")
endif()
