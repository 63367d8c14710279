/* Packed trees and the walk through them. */
#include "walks.h"

static int check_node(int64_t i, int64_t feature, int64_t jump, Py_ssize_t nodes, Py_ssize_t features, Py_ssize_t leaves) {
    if (feature < 0)
        return jump >= 0 && jump < leaves && jump <= INT32_MAX ? 0 : -1;
    return feature < features && feature <= INT32_MAX / 2 && jump > 0 && jump <= INT32_MAX && jump < nodes - i ? 0 : -1;
}

/* The largest float32 that is not above the threshold. */
static float round_down(double threshold) {
    if (!(threshold < 3.4028234663852886e38))
        return threshold == threshold ? 3.4028234663852886e38f : (float)threshold; /* cells are finite */
    if (threshold < -3.4028234663852886e38)
        return -(float)INFINITE;
    float nearest = (float)threshold;
    if ((double)nearest <= threshold)
        return nearest;
    int32_t bits;
    memcpy(&bits, &nearest, sizeof bits);
    if (nearest == 0.0f)
        bits = (int32_t)0x80000001; /* the one below both zeros */
    else
        bits += nearest > 0.0f ? -1 : 1;
    memcpy(&nearest, &bits, sizeof bits);
    return nearest;
}

static int fit_small_nodes(const Nodes *nodes, Py_ssize_t features) {
    if (features > UINT16_MAX / 2)
        return 0;
    for (Py_ssize_t i = 0; i < nodes->feature->count; i++)
        if (integer_at(nodes->jump, i) > UINT16_MAX && integer_at(nodes->feature, i) >= 0)
            return 0;
    return 1;
}

int pack_nodes(Packed *packed, const Nodes *nodes, Py_ssize_t features, Py_ssize_t leaves, int narrow) {
    Py_ssize_t count = nodes->feature->count;
    const double *thresholds = nodes->threshold->data, zero = 0.0;
    if (narrow && fit_small_nodes(nodes, features))
        packed->small = allocate(count, sizeof(SmallNode));
    else
        packed->large = allocate(count, sizeof(LargeNode));
    packed->leaves = allocate(count, sizeof(int32_t));
    if (packed->leaves == NULL || (packed->small == NULL && packed->large == NULL))
        return -1;
    for (Py_ssize_t i = 0; i < count; i++) {
        int64_t feature = integer_at(nodes->feature, i), jump = integer_at(nodes->jump, i);
        double threshold = thresholds[i];
        if (check_node(i, feature, jump, count, features, leaves) < 0)
            return -1;
        packed->leaves[i] = (int32_t)jump;
        int32_t doubled = (int32_t)(2 * feature);
        if (feature < 0) {
            threshold = zero / zero;
            jump = doubled = 0;
        } else if (nodes->missing->data != NULL && integer_at(nodes->missing, i) != 0)
            packed->missing = doubled |= 1;
        if (packed->small != NULL)
            packed->small[i] = (SmallNode){round_down(threshold), (uint16_t)jump, (uint16_t)doubled};
        else
            packed->large[i] = (LargeNode){threshold, (int32_t)jump, doubled};
    }
    return 0;
}

void free_packed(Packed *packed) {
    PyMem_Free(packed->large);
    PyMem_Free(packed->small);
    PyMem_Free(packed->leaves);
}

/* Keeps a compiler from making a branch of it: half of them would be guessed wrong. */
#define OPAQUE(number) __asm__("" : "+r"(number))

/* Both sizes of nodes and of cells, with and without missing values: the same walk. */
#define STEP_PLAIN(value, node) ((value) <= (node)->threshold)
#define STEP_MISSING(value, node) (((value) <= (node)->threshold) | (((value) != (value)) & ((node)->feature & 1)))
#define WALK(NODE, CELL, STEP)                                                                                         \
    do {                                                                                                               \
        const NODE *at[LANES];                                                                                         \
        for (int lane = 0; lane < LANES; lane++)                                                                       \
            at[lane] = first + root;                                                                                   \
        if (lanes == LANES) {                                                                                          \
            unsigned onward = 1;                                                                                       \
            while (onward != 0) {                                                                                      \
                onward = 0;                                                                                            \
                for (int lane = 0; lane < LANES; lane++) {                                                             \
                    const NODE *node = at[lane];                                                                       \
                    CELL value = rows[lane * width + (node->feature >> 1)];                                            \
                    int64_t left = STEP(value, node), jump = node->jump;                                               \
                    OPAQUE(left);                                                                                      \
                    node += jump ^ ((jump ^ 1) & -left);                                                               \
                    at[lane] = node;                                                                                   \
                    onward |= (unsigned)node->jump;                                                                    \
                }                                                                                                      \
            }                                                                                                          \
        } else                                                                                                         \
            for (int lane = 0; lane < lanes; lane++)                                                                   \
                while (at[lane]->jump != 0) {                                                                          \
                    CELL value = rows[lane * width + (at[lane]->feature >> 1)];                                        \
                    at[lane] += STEP(value, at[lane]) ? 1 : at[lane]->jump;                                            \
                }                                                                                                      \
        for (int lane = 0; lane < lanes; lane++)                                                                       \
            leaves[lane] = packed->leaves[at[lane] - first];                                                           \
    } while (0)

void walk_small(const Packed *packed, int missing, int64_t root, const float *rows, Py_ssize_t width, Py_ssize_t lanes,
                int32_t *leaves) {
    const SmallNode *first = packed->small;
    if (missing)
        WALK(SmallNode, float, STEP_MISSING);
    else
        WALK(SmallNode, float, STEP_PLAIN);
}

void walk_large(const Packed *packed, int missing, int64_t root, const double *rows, Py_ssize_t width, Py_ssize_t lanes,
                int32_t *leaves) {
    const LargeNode *first = packed->large;
    if (missing)
        WALK(LargeNode, double, STEP_MISSING);
    else
        WALK(LargeNode, double, STEP_PLAIN);
}
