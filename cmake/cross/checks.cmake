# Tests of a build for another machine, run here by its emulator: units in which machines could
# differ, and whole runs beside those of MMOFL_NATIVE.
set(MMOFL_NATIVE "" CACHE FILEPATH "mmofl for this machine, whose results are the ones to be had")
find_program(BATS bats)

# A test whose work takes an emulator minutes says the same in bits (below).
set(MMOFL_CROSS_UNITS
    test_arena test_bytes test_elementary test_fixed_sum test_fourier test_gemm test_head_pass
    test_image test_layer_examples test_log_mel test_matlab test_noise test_npy test_number test_ops
    test_optimizer test_recurrent test_rng test_safetensors test_text_tokens test_turns test_vector_math)
# The device's agent, its link and its messages.
list(APPEND MMOFL_CROSS_UNITS
    test_assembly test_deployed test_endpoint test_endpoint_sessions test_frames
    test_input test_messages test_sample_buffer test_sample_line test_seal test_windows test_wire_golden)
add_custom_target(cross-tests DEPENDS mmofl mmofl-device ${MMOFL_CROSS_UNITS})
foreach(unit ${MMOFL_CROSS_UNITS})
  set_tests_properties(unit/${unit} PROPERTIES LABELS cross)
endforeach()
set_tests_properties(unit/test_vector_math PROPERTIES ENVIRONMENT MMOFL_SWEEP_STEP=9973)

# Each emulated program as one command, for tests and for people.
list(JOIN CMAKE_CROSSCOMPILING_EMULATOR " " MMOFL_EMULATE)
foreach(program mmofl mmofl-device)
  file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/emulated-${program}
       CONTENT "#!/bin/sh\nexec ${MMOFL_EMULATE} $<TARGET_FILE:${program}> \"$@\"\n"
       FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
endforeach()
if(BATS AND MMOFL_NATIVE)
  set(MMOFL_EMULATED ${PROJECT_BINARY_DIR}/emulated-mmofl)
  add_test(NAME bits/there COMMAND ${BATS} ${PROJECT_SOURCE_DIR}/tests/bits/there.bats)
  set_tests_properties(bits/there PROPERTIES TIMEOUT 600 LABELS cross COST 100
                       ENVIRONMENT "MMOFL=${MMOFL_NATIVE};MMOFL_THERE=${MMOFL_EMULATED};MMOFL_DEVICE=${MMOFL_EMULATED}-device;MMOFL_EXAMPLES=${PROJECT_SOURCE_DIR}/examples")
endif()
