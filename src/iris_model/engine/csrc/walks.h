/* Packed trees and the walk through them; trees.c says when. */
#ifndef IRIS_MODEL_WALKS_H
#define IRIS_MODEL_WALKS_H

#include "kernels.h"

/* Rows that go down a tree side by side, so that one waits for its memory while the others step. */
#define LANES 8

/* A leaf compares with NaN and jumps nowhere: a row that has arrived may go on stepping. */
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
    int32_t *leaves;  /* of each node: its number, where it is one */
    int missing;      /* whether any node sends a missing value left */
} Packed;

/* The only check of indices: after it, every walk from a root inside stays inside and ends. */
int pack_nodes(Packed *packed, const Nodes *nodes, Py_ssize_t features, Py_ssize_t leaves, int narrow);
void free_packed(Packed *packed);

/* The leaves of up to LANES rows, which lie `width` apart; `missing`: whether any of their cells is. */
void walk_small(const Packed *packed, int missing, int64_t root, const float *rows, Py_ssize_t width, Py_ssize_t lanes,
                int32_t *leaves);
void walk_large(const Packed *packed, int missing, int64_t root, const double *rows, Py_ssize_t width, Py_ssize_t lanes,
                int32_t *leaves);

#endif
