# libmmofl, shared and static, from one set of objects.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_path(RANDOM123_INCLUDE Random123/philox.h REQUIRED)
find_path(XXHASH_INCLUDE xxhash.h REQUIRED)
set(MMOFL_PACKAGES libfyaml jansson sqlite3 libsodium libarchive libturbojpeg libpng zlib
                   libutf8proc sndfile libprotobuf-c libzstd
                   libcrypto libssl libmosquitto libdeflate)
pkg_check_modules(MMOFL_DEPS REQUIRED IMPORTED_TARGET ${MMOFL_PACKAGES})

# Libraries that are opened by what needs them (src/base/library.h): their headers, and the
# soname of what would be linked.
set(MMOFL_OPENED curl microhttpd)
foreach(name ${MMOFL_OPENED})
  pkg_check_modules(MMOFL_LIB_${name} REQUIRED lib${name})
  execute_process(COMMAND ${CMAKE_READELF} -d ${MMOFL_LIB_${name}_LINK_LIBRARIES}
                  OUTPUT_VARIABLE dynamic COMMAND_ERROR_IS_FATAL ANY)
  if(NOT dynamic MATCHES "soname: \\[([^]]+)\\]")
    message(FATAL_ERROR "${MMOFL_LIB_${name}_LINK_LIBRARIES} has no soname")
  endif()
  string(TOUPPER MMOFL_LIB${name} macro)
  list(APPEND MMOFL_OPENED_SONAMES ${macro}="${CMAKE_MATCH_1}")
  list(APPEND MMOFL_OPENED_INCLUDES ${MMOFL_LIB_${name}_INCLUDE_DIRS})
endforeach()

file(GLOB MMOFL_SOURCES CONFIGURE_DEPENDS
     src/base/*.c src/nn/*.c src/nn/reference/*.c src/data/*.c src/data/disturbances/*.c src/config/*.c src/learn/*.c
     src/learn/methods/*.c src/fed/*.c src/fed/rules/*.c
     src/pki/*.c src/wire/*.c src/link/*.c src/sim/*.c src/store/*.c
     src/run/*.c src/report/*.c src/device/*.c src/device/inputs/*.c src/serve/*.c)
# These are compiled for each instruction set (kernels.cmake).
list(FILTER MMOFL_SOURCES EXCLUDE REGEX "_loops\\.c$")
include(cmake/wire.cmake)

# Loops over values, features and models at every step, which -O2 leaves scalar.
set_source_files_properties(src/data/dataset.c src/fed/fixed_sum.c src/nn/gradient.c
                            src/learn/prototype_terms.c src/learn/methods/qqr.c
                            PROPERTIES COMPILE_OPTIONS $<$<NOT:$<CONFIG:Debug>>:-O3>)

add_library(mmofl_objects OBJECT ${MMOFL_SOURCES} ${MMOFL_WIRE_GENERATED})
target_include_directories(mmofl_objects PUBLIC include src)
target_include_directories(mmofl_objects SYSTEM PRIVATE ${RANDOM123_INCLUDE} ${XXHASH_INCLUDE} ${MMOFL_WIRE_DIR})
target_include_directories(mmofl_objects SYSTEM PRIVATE ${MMOFL_OPENED_INCLUDES})
target_compile_definitions(mmofl_objects PRIVATE MMOFL_VERSION="${PROJECT_VERSION}" ${MMOFL_OPENED_SONAMES})
target_link_libraries(mmofl_objects PUBLIC PkgConfig::MMOFL_DEPS Threads::Threads m ${CMAKE_DL_LIBS})
include(cmake/kernels.cmake)

set(MMOFL_SOVERSION 1) # of the ABI; rises when programs must be linked anew

foreach(kind SHARED STATIC)
  string(TOLOWER mmofl_${kind} target)
  add_library(${target} ${kind} $<TARGET_OBJECTS:mmofl_objects> ${MMOFL_KERNEL_OBJECTS})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME mmofl VERSION ${PROJECT_VERSION}
                        SOVERSION ${MMOFL_SOVERSION})
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
                             $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target} PRIVATE PkgConfig::MMOFL_DEPS Threads::Threads m ${CMAKE_DL_LIBS})
endforeach()
target_compile_definitions(mmofl_static INTERFACE MMOFL_STATIC)
