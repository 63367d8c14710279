/* The smallest distances so far and their positions, the largest of them at the root. As `heap_push` in neighbors.py: which of
 * several equal ones stays depends on it.
 */
#ifndef IRIS_MODEL_HEAP_H
#define IRIS_MODEL_HEAP_H

#include "kernels.h"

void empty_heap(double *distances, Py_ssize_t *positions, Py_ssize_t size);

/* Replaces the root by something smaller, and lets it sink to its place. */
void heap_push(double *distances, Py_ssize_t *positions, Py_ssize_t size, double distance, Py_ssize_t position);

/* In rising order; of equal ones, the first of the heap first. */
void sort_heap(double *distances, Py_ssize_t *positions, Py_ssize_t size);

#endif
