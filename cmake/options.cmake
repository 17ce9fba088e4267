# Language, warnings and build-wide options.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(MMOFL_TESTS "build the tests" ON)
option(MMOFL_FUZZ "build the libFuzzer targets (clang)" OFF)
option(MMOFL_ALL_ISAS "kernels for every instruction set, not for the plain one only" ON)
option(MMOFL_WERROR "warnings are errors" OFF)
set(MMOFL_SANITIZE "" CACHE STRING "sanitizers, e.g. address,undefined or thread")
option(MMOFL_COVERAGE "instrument for gcov" OFF)

# 32-bit systems, too, open files whose size or number takes more than 32 bits.
add_compile_definitions(_FILE_OFFSET_BITS=64)

# No contraction: a*b+c is fused only where the code says fma, so that compilers agree.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla -Wstrict-prototypes
                    -Wmissing-prototypes -Wdouble-promotion -ffp-contract=off)
if(MMOFL_WERROR)
  add_compile_options(-Werror)
endif()
if(MMOFL_SANITIZE)
  add_compile_options(-fsanitize=${MMOFL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${MMOFL_SANITIZE})
endif()
if(MMOFL_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=fuzzer-no-link)
endif()
if(MMOFL_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()

# Tests link many programs; gold takes half of the time of the other linker.
include(CheckLinkerFlag)
check_linker_flag(C -fuse-ld=gold MMOFL_GOLD)
set(MMOFL_TEST_LINK $<$<BOOL:${MMOFL_GOLD}>:-fuse-ld=gold>)
