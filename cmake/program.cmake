# The command-line program: src/cli on the static library, so that one file can be copied
# to another machine and `mmofl` may use what the public API does not show.
file(GLOB MMOFL_CLI_SOURCES CONFIGURE_DEPENDS src/cli/*.c)
add_executable(mmofl ${MMOFL_CLI_SOURCES})
# Its loop is to be bound by memory, not by how it was compiled.
set_source_files_properties(src/cli/bench_machine.c PROPERTIES COMPILE_OPTIONS -O3)
target_include_directories(mmofl PRIVATE src)
target_compile_definitions(mmofl PRIVATE MMOFL_VERSION="${PROJECT_VERSION}")
target_link_libraries(mmofl PRIVATE mmofl_static PkgConfig::MMOFL_DEPS Threads::Threads m ${CMAKE_DL_LIBS})

# The program on a device: what it does not use of the library is left out, and with it
# the libraries that only importers, stores and reports need.
file(GLOB MMOFL_DEVICE_SOURCES CONFIGURE_DEPENDS src/device/program/*.c)
add_executable(mmofl-device ${MMOFL_DEVICE_SOURCES})
target_include_directories(mmofl-device PRIVATE src)
target_compile_definitions(mmofl-device PRIVATE MMOFL_VERSION="${PROJECT_VERSION}")
target_link_options(mmofl-device PRIVATE -Wl,--as-needed -Wl,--gc-sections)
target_link_libraries(mmofl-device PRIVATE mmofl_static PkgConfig::MMOFL_DEPS Threads::Threads m ${CMAKE_DL_LIBS})

# Many devices in one process, to load a coordinator with (docs/performance.md).
add_executable(mmofl-load EXCLUDE_FROM_ALL bench/load/load.c)
target_include_directories(mmofl-load PRIVATE src)
target_link_libraries(mmofl-load PRIVATE mmofl_static PkgConfig::MMOFL_DEPS Threads::Threads m)
