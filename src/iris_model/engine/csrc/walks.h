/* Packed trees and the walk through them; trees.c says when. */
#ifndef IRIS_MODEL_WALKS_H
#define IRIS_MODEL_WALKS_H

#include "kernels.h"

/* Rows that go down a tree side by side, so that one waits for its memory while the others step. */
#define LANES 8

/* A leaf compares with NaN and jumps nowhere: a row that has arrived may go on stepping. The number of the leaf stands in the
 * bits of that NaN, so that it comes with the node. */
typedef struct {
    double threshold;
    int32_t jump;
    int32_t feature; /* twice the feature, plus one where a missing value goes left */
} LargeNode;

/* For rows of float32, where a threshold may be rounded down to one: x <= t asks the same then. */
typedef struct {
    float threshold;
    uint16_t jump;
    uint16_t feature;
} SmallNode;

typedef struct {
    const Numbers *feature, *threshold, *jump, *missing;
} Nodes;

typedef struct {
    LargeNode *large;
    SmallNode *small; /* one of the two */
    int64_t *roots;
    Py_ssize_t trees, features, leaf_count; /* for which the indices were checked */
    int missing;                            /* whether any node sends a missing value left */
} Packed;

/* The only check of indices: after it, every walk from a root stays inside and ends. NULL where one is wrong. */
Packed *pack_nodes(const Nodes *nodes, const Numbers *roots, Py_ssize_t features, Py_ssize_t leaves, int narrow);
void free_packed(Packed *packed);

/* The leaves of up to LANES walks side by side: each from the next root, of a row `width` after that before. Several rows go
 * down one tree (`root_step` is 0), or one row goes down several (`width` is 0). `missing`: whether any of their cells is. */
typedef struct {
    const int64_t *roots;
    Py_ssize_t root_step, width, lanes;
    int missing;
} Walk;
void walk_small(const Packed *packed, const Walk *walk, const float *rows, int32_t *leaves);
void walk_large(const Packed *packed, const Walk *walk, const double *rows, int32_t *leaves);

/* ---- kept.c: what stays packed between calls, in a dict that belongs to the operator's parameters ---- */

/* The packed nodes for such rows, or NULL. */
Packed *find_kept(PyObject *kept, int narrow, Py_ssize_t features);
/* Whether they are kept; then they are no longer the caller's. */
int keep(PyObject *kept, int narrow, Packed *packed, Py_ssize_t nodes);
/* Numbers that stay arranged: where they are, and whether they are kept. There is one array of them in a dict. */
double *find_kept_numbers(PyObject *kept, Py_ssize_t count);
int keep_numbers(PyObject *kept, double *numbers, Py_ssize_t count);
/* Count walks in which nodes were not packed; returns how many there were. */
Py_ssize_t count_walks(PyObject *kept, Py_ssize_t walks);

#endif
