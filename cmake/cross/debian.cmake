# What the toolchain files share: Debian's cross compiler, libraries from the folder that
# sysroot.sh fills (`./dev cross` calls it), and qemu's user emulation to run what was built.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER ${MMOFL_TRIPLET}-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE ${MMOFL_TRIPLET})

if(NOT CMAKE_SYSROOT)
  get_filename_component(MMOFL_CROSS ${CMAKE_CURRENT_LIST_FILE} DIRECTORY)
  get_filename_component(CMAKE_SYSROOT ${MMOFL_CROSS}/../../build/sysroot/${MMOFL_TRIPLET} ABSOLUTE)
endif()
if(NOT EXISTS ${CMAKE_SYSROOT}/packages)
  message(FATAL_ERROR "no libraries in ${CMAKE_SYSROOT}: ./dev cross fetches them, or call cmake/cross/sysroot.sh")
endif()
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR}
    ${CMAKE_SYSROOT}/usr/lib/${MMOFL_TRIPLET}/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig)

# Without it everything is built, and nothing can be tried.
find_program(MMOFL_EMULATOR NAMES ${MMOFL_QEMU} ${MMOFL_QEMU}-static)
if(MMOFL_EMULATOR)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${MMOFL_EMULATOR} -L ${CMAKE_SYSROOT})
endif()
