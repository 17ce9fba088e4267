# Unit tests: every tests/unit/test_*.c is one program and one ctest.
find_package(PkgConfig REQUIRED)
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
# Tests link a static library that also shows what is not public.
add_library(mmofl_test_library STATIC $<TARGET_OBJECTS:mmofl_objects> ${MMOFL_KERNEL_OBJECTS})
target_include_directories(mmofl_test_library PUBLIC include src tests)
target_link_libraries(mmofl_test_library PUBLIC PkgConfig::MMOFL_DEPS Threads::Threads m ${CMAKE_DL_LIBS})

file(GLOB MMOFL_UNIT_TESTS CONFIGURE_DEPENDS tests/unit/test_*.c)
foreach(source ${MMOFL_UNIT_TESTS})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE mmofl_test_library PkgConfig::CMOCKA)
  target_link_options(${name} PRIVATE ${MMOFL_TEST_LINK})
  target_compile_options(${name} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O1>) # half the time to build
  target_include_directories(${name} SYSTEM PRIVATE ${RANDOM123_INCLUDE} ${MMOFL_WIRE_DIR})
  target_compile_definitions(${name} PRIVATE MMOFL_TESTS_DIR="${PROJECT_SOURCE_DIR}/tests"
                             MMOFL_SHARED_DIR="${PROJECT_SOURCE_DIR}/../shared")
  add_test(NAME unit/${name} COMMAND ${name})
  set_tests_properties(unit/${name} PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)
endforeach()
# The longest first: none is left over for one core at the end.
set_tests_properties(unit/test_layers unit/test_bound PROPERTIES COST 50)
set_tests_properties(unit/test_endpoint_faults unit/test_deployed unit/test_input unit/test_gemm unit/test_number
                     PROPERTIES COST 20)
# What a program holds can be compared to the byte only without malloc's caches.
set_tests_properties(unit/test_wire_memory PROPERTIES
                     ENVIRONMENT "GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0")
