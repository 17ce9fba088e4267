# The command-line program: src/cli on the static library, so that one file can be copied
# to another machine and `mmofl` may use what the public API does not show.
file(GLOB MMOFL_CLI_SOURCES CONFIGURE_DEPENDS src/cli/*.c)
add_executable(mmofl ${MMOFL_CLI_SOURCES})
target_include_directories(mmofl PRIVATE src)
target_compile_definitions(mmofl PRIVATE MMOFL_VERSION="${PROJECT_VERSION}")
target_link_libraries(mmofl PRIVATE mmofl_static PkgConfig::MMOFL_DEPS Threads::Threads m)
