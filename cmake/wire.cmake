# src/wire/mmofl.proto as C, made at build time.  What protobuf-c writes is not held to our
# warnings, and its header is a system header to the files that include it.
find_program(PROTOC_C protoc-c REQUIRED)
set(MMOFL_WIRE_DIR ${PROJECT_BINARY_DIR}/generated)
set(MMOFL_WIRE_GENERATED ${MMOFL_WIRE_DIR}/wire/mmofl.pb-c.c)
file(MAKE_DIRECTORY ${MMOFL_WIRE_DIR}/wire)
add_custom_command(OUTPUT ${MMOFL_WIRE_GENERATED} ${MMOFL_WIRE_DIR}/wire/mmofl.pb-c.h
                   DEPENDS src/wire/mmofl.proto VERBATIM
                   COMMAND ${PROTOC_C} --proto_path=${PROJECT_SOURCE_DIR}/src
                           --c_out=${MMOFL_WIRE_DIR} wire/mmofl.proto)
set_source_files_properties(${MMOFL_WIRE_GENERATED} PROPERTIES COMPILE_OPTIONS -w)
# For tools that read the sources without building them.
add_custom_target(wire-generated DEPENDS ${MMOFL_WIRE_DIR}/wire/mmofl.pb-c.h)
