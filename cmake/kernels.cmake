# src/nn/kernels, src/nn/layers and all *_loops.c (base/clones.h), compiled once for each instruction
# set, at -O3.  Sanitizers keep the level of their build: what they add to unrolled tiles takes
# clang 20 minutes to optimise, gemm.c alone.
#
# MMOFL_ISA_SUFFIX names the set; isa.c picks one at start-up.  Fused multiply-adds are spelled out
# in the source (mla, multiply_add) and contraction stays off, so that compilers, sanitizers and
# instruction sets agree on the bits (docs/performance.md).  peak.c alone may contract: nobody uses
# its result.
file(GLOB MMOFL_KERNELS CONFIGURE_DEPENDS src/nn/kernels/*.c src/nn/layers/*.c)
file(GLOB MMOFL_LOOPS CONFIGURE_DEPENDS src/*/*_loops.c)

if(NOT MMOFL_SANITIZE)
  set(MMOFL_KERNEL_LEVEL -O3)
endif()

function(mmofl_instruction_set suffix)
  add_library(mmofl_kernels_${suffix} OBJECT ${MMOFL_KERNELS} ${MMOFL_LOOPS})
  target_include_directories(mmofl_kernels_${suffix} PRIVATE include src)
  target_compile_definitions(mmofl_kernels_${suffix} PRIVATE MMOFL_ISA_SUFFIX=${suffix})
  target_compile_options(mmofl_kernels_${suffix} PRIVATE ${MMOFL_KERNEL_LEVEL} -fopenmp-simd ${ARGN})
  if(CMAKE_C_COMPILER_ID MATCHES Clang)
    target_compile_options(mmofl_kernels_${suffix} PRIVATE -Wno-pass-failed)
  else() # a second copy of each tile, for columns of A that are contiguous, gains nothing
    target_compile_options(mmofl_kernels_${suffix} PRIVATE -fno-version-loops-for-strides)
  endif()
  set(MMOFL_KERNEL_OBJECTS ${MMOFL_KERNEL_OBJECTS} $<TARGET_OBJECTS:mmofl_kernels_${suffix}> PARENT_SCOPE)
endfunction()
set_source_files_properties(src/nn/kernels/peak.c PROPERTIES COMPILE_OPTIONS -ffp-contract=fast)

# The plain set rounds alike on every machine, whatever the compiler's options would allow.
mmofl_instruction_set(base -DMMOFL_PLAIN)
if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(MMOFL_LOOPS "") # the sets below differ from base in rounding only, which loops never do
endif()
if(NOT MMOFL_ALL_ISAS)
  set(MMOFL_KERNELS "") # isa.c then knows the plain set only; clones.h wants all loops
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  mmofl_instruction_set(v3 -march=x86-64-v3)
  mmofl_instruction_set(v4 -march=x86-64-v4 -mprefer-vector-width=512)
  set(MMOFL_HAVE MMOFL_HAVE_X86_64)
elseif(NOT MMOFL_ALL_ISAS)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  mmofl_instruction_set(neon)
  set(MMOFL_HAVE MMOFL_HAVE_ARM64)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^arm")
  mmofl_instruction_set(vfp4 -march=armv7-a -mfpu=vfpv4-d16 -mfloat-abi=hard)
  set(MMOFL_HAVE MMOFL_HAVE_ARM32)
endif()
if(MMOFL_ALL_ISAS)
  target_compile_definitions(mmofl_objects PRIVATE ${MMOFL_HAVE})
endif()
