# The kernel file, once per instruction set, always at -O3 (see docs/performance.md).
# CMAKE_SYSTEM_PROCESSOR decides which sets exist; cpu.c picks one at start-up.
