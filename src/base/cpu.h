/* cpu.h - what this machine's processor can do. */
#ifndef MMOFL_BASE_CPU_H
#define MMOFL_BASE_CPU_H

/** Of the levels that x86-64 defines, the highest this program is also compiled for and
 * this machine runs: 4 (AVX-512), 3 (AVX2 and fused multiply-add), or 0, the plain one
 * and the only one on other machines.  Cost: some loads. */
int mmofl_cpu_level(void);

#endif
