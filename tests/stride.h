/*
 * stride - how a sweep (a file cut at every byte, a fault at every operation) is kept bounded under
 * valgrind, where each step costs 20 to 50 times as much: it takes every k-th step there, and each
 * of them everywhere else. tests/run-unit sets HP_VALGRIND.
 */
#ifndef HP_TESTS_STRIDE_H
#define HP_TESTS_STRIDE_H

#include <stdlib.h>

/* `k` under valgrind, otherwise 1. A prime k meets every column of what is swept. */
static inline unsigned
stride(unsigned k)
{
	return getenv("HP_VALGRIND") ? k : 1;
}

#endif
