# 64-bit ARM: `cmake --preset aarch64`.
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(MMOFL_TRIPLET aarch64-linux-gnu)
set(MMOFL_QEMU qemu-aarch64)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
