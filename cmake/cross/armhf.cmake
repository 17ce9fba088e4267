# 32-bit ARM with hardware floating point, as Debian's armhf: `cmake --preset armhf`.
set(CMAKE_SYSTEM_PROCESSOR arm)
set(MMOFL_TRIPLET arm-linux-gnueabihf)
set(MMOFL_QEMU qemu-arm)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
