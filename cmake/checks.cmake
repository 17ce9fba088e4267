# Tests of the whole: the layer rule, the program, the installed package.
find_program(BATS bats)
find_program(BASH bash)
option(MMOFL_ORACLE "also compare training with PyTorch (python3-torch)" OFF)

# `cmake --build … --target unit-tests` is all that the sanitizer builds need; of the thread
# sanitizer's the tests in which there are threads.
add_custom_target(unit-tests)
add_custom_target(thread-tests)
foreach(source ${MMOFL_UNIT_TESTS})
  get_filename_component(name ${source} NAME_WE)
  add_dependencies(unit-tests ${name})
  if(name MATCHES "^test_(pool|ranks|turns|simulat|fleet|link|coordinator|evaluator|board)")
    add_dependencies(thread-tests ${name})
    set_tests_properties(unit/${name} PROPERTIES LABELS threads)
  endif()
endforeach()

add_test(NAME lint/layers-of-this-tree COMMAND ${BASH} tests/lint/layers.sh WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})

# Every .bats file is one ctest; MMOFL is the program under test.
file(GLOB MMOFL_BATS CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/tests
     tests/lint/*.bats tests/install/*.bats tests/cli/*.bats tests/bits/here.bats)
if(MMOFL_ORACLE)
  file(GLOB MMOFL_ORACLE_BATS RELATIVE ${PROJECT_SOURCE_DIR}/tests tests/oracle/*.bats)
  list(APPEND MMOFL_BATS ${MMOFL_ORACLE_BATS})
endif()
if(NOT BATS)
  message(WARNING "bats is missing: the tests of the program are left out")
  set(MMOFL_BATS "")
endif()
foreach(file ${MMOFL_BATS})
  string(REGEX REPLACE "\\.bats$" "" name ${file})
  add_test(NAME ${name} COMMAND ${BATS} ${PROJECT_SOURCE_DIR}/tests/${file})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300
                       ENVIRONMENT "MMOFL=$<TARGET_FILE:mmofl>;MMOFL_EXAMPLES=${PROJECT_SOURCE_DIR}/examples")
endforeach()
# The longest first, as in tests.cmake.
foreach(long oracle/oracle oracle/methods cli/mpi cli/serve cli/shards cli/resume cli/bench bits/here cli/chaos)
  if(TEST ${long})
    set_tests_properties(${long} PROPERTIES COST 100)
  endif()
endforeach()

# The wire protocol as somebody else would write it reads and writes the golden files.
find_program(PYTHON3 python3)
if(PYTHON3)
  add_test(NAME wire/second-implementation COMMAND ${PYTHON3} tests/wire/check.py tests/golden/wire
           WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endif()

# A staged install, then a program of somebody else's that finds the library in it.
add_test(NAME install/consumer COMMAND ${BASH} ${PROJECT_SOURCE_DIR}/tests/install/consumer.sh
         ${PROJECT_BINARY_DIR} ${PROJECT_SOURCE_DIR})
add_test(NAME install/exports COMMAND ${BASH} ${PROJECT_SOURCE_DIR}/tests/install/exports.sh
         $<TARGET_FILE:mmofl_shared> ${PROJECT_SOURCE_DIR}/include/mmofl)
set_tests_properties(install/consumer PROPERTIES TIMEOUT 300)
