/* The smallest distances so far and their positions, with the largest of them at the root. Every step is that of `heap_push`
 * in neighbors.py, because it decides which of several equal distances stays.
 */
#ifndef IRIS_MODEL_HEAP_H
#define IRIS_MODEL_HEAP_H

#include "kernels.h"

void empty_heap(double *distances, Py_ssize_t *positions, Py_ssize_t size);

/* Replace the root by a smaller distance, and sift it down. */
void heap_push(double *distances, Py_ssize_t *positions, Py_ssize_t size, double distance, Py_ssize_t position);

/* Sort in ascending order. Equal distances keep their order in the heap. */
void sort_heap(double *distances, Py_ssize_t *positions, Py_ssize_t size);

#endif
