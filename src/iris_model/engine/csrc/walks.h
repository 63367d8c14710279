/* Packed trees, and walks through them; trees.c decides when they are used. */
#ifndef IRIS_MODEL_WALKS_H
#define IRIS_MODEL_WALKS_H

#include "kernels.h"

/* The number of parallel walks: one waits for memory while the others continue. */
#define LANES 8

/* A leaf has the threshold NaN and a jump of 0, so a walk that has reached it stays there. The payload bits of that NaN hold
 * the number of the leaf, so reading it needs no other memory access. */
typedef struct {
    double threshold;
    int32_t jump;
    int32_t feature; /* twice the feature index, plus one if a missing value goes left */
} LargeNode;

/* For float32 rows: rounding a threshold down to float32 does not change x <= t. */
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
    SmallNode *small; /* exactly one of the two is set */
    int64_t *roots;
    Py_ssize_t trees, features, leaf_count; /* the shape for which the indices were checked */
    int missing;                            /* whether any node sends a missing value left */
} Packed;

/* The only check of indices: afterwards every walk from a root stays inside the arrays and ends. NULL if an index is wrong. */
Packed *pack_nodes(const Nodes *nodes, const Numbers *roots, Py_ssize_t features, Py_ssize_t leaves, int narrow);
void free_packed(Packed *packed);

/* Find the leaves of up to LANES walks in parallel. Each walk uses the next root and the row `width` cells further. For
 * several rows down one tree, `root_step` is 0; for one row down several trees, `width` is 0. `missing`: whether a cell is
 * missing. */
typedef struct {
    const int64_t *roots;
    Py_ssize_t root_step, width, lanes;
    int missing;
} Walk;
void walk_small(const Packed *packed, const Walk *walk, const float *rows, int32_t *leaves);
void walk_large(const Packed *packed, const Walk *walk, const double *rows, int32_t *leaves);

/* ---- kept.c: packed data cached between calls, in a dict in the operator's parameters ---- */

/* Return the cached nodes for rows of this kind, or NULL. */
Packed *find_kept(PyObject *kept, int narrow, Py_ssize_t features);
/* Return whether the nodes were cached; the cache then owns them. */
int keep(PyObject *kept, int narrow, Packed *packed, Py_ssize_t nodes);
/* The same for rearranged numbers. A dict caches one such array. */
double *find_kept_numbers(PyObject *kept, Py_ssize_t count);
int keep_numbers(PyObject *kept, double *numbers, Py_ssize_t count);
/* Count walks through nodes that were not packed. Return the total so far. */
Py_ssize_t count_walks(PyObject *kept, Py_ssize_t walks);

#endif
