/* cpu.h - what this machine's processor can do. */
#ifndef MMOFL_BASE_CPU_H
#define MMOFL_BASE_CPU_H

/** The highest level above the plain machine that this program is also compiled for and
 * this machine runs.  x86-64: 4 (AVX-512), 3 (AVX2 and fused multiply-add); 32-bit ARM:
 * 4 (VFPv4: fused multiply-add); else 0.  Cost: some loads. */
int mmofl_cpu_level(void);

#endif
