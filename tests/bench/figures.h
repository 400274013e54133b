/*
 * figures - what a benchmark found, one line each as it is found; all together as JSON at the end.
 */
#ifndef HP_TESTS_BENCH_FIGURES_H
#define HP_TESTS_BENCH_FIGURES_H

#include <stdbool.h>

/* What a figure is held against, as far as there is anything; 0: nothing. */
struct figure_beside {
	double floor;	 /* the same of the least that it could cost, in the same run */
	double at_least; /* aims … */
	double at_most;
	double ratio_at_least, ratio_at_most; /* … of the figure to the floor */
};

/* Only JSON, in the end, where `json`. */
void figures_begin(bool json, const char *machine);
/* A heading for what follows; the text lives on. */
void figures_scene(const char *scene);
void figure(const char *name, double value, const char *unit, struct figure_beside beside);
void figures_end(void);

#endif
