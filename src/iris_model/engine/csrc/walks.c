/* Pack trees, and walk packed trees. */
#include "walks.h"

static int check_node(int64_t i, int64_t feature, int64_t jump, Py_ssize_t nodes, Py_ssize_t features, Py_ssize_t leaves) {
    if (feature < 0)
        return jump >= 0 && jump < leaves && jump <= INT32_MAX ? 0 : -1;
    return feature < features && feature <= INT32_MAX / 2 && jump > 0 && jump <= INT32_MAX && jump < nodes - i ? 0 : -1;
}

/* Return the largest float32 that is not above the threshold. */
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
        bits = (int32_t)0x80000001; /* the next float32 below zero */
    else
        bits += nearest > 0.0f ? -1 : 1;
    memcpy(&nearest, &bits, sizeof bits);
    return nearest;
}

/* NaNs that hold the number of a leaf in their payload bits. */
#define SMALL_LEAF 0x7fc00000u
#define MOST_SMALL_LEAVES 0x400000
#define LARGE_LEAF 0x7ff8000000000000u

static float small_leaf(int64_t leaf) {
    uint32_t bits = SMALL_LEAF | (uint32_t)leaf;
    float threshold;
    memcpy(&threshold, &bits, sizeof threshold);
    return threshold;
}

static double large_leaf(int64_t leaf) {
    uint64_t bits = LARGE_LEAF | (uint64_t)leaf;
    double threshold;
    memcpy(&threshold, &bits, sizeof threshold);
    return threshold;
}

static inline int32_t leaf_of_small(const SmallNode *node) {
    uint32_t bits;
    memcpy(&bits, &node->threshold, sizeof bits);
    return (int32_t)(bits & (MOST_SMALL_LEAVES - 1));
}

static inline int32_t leaf_of_large(const LargeNode *node) {
    uint64_t bits;
    memcpy(&bits, &node->threshold, sizeof bits);
    return (int32_t)(bits & INT32_MAX);
}

static int fit_small_nodes(const Nodes *nodes, Py_ssize_t features, Py_ssize_t leaves) {
    if (features > UINT16_MAX / 2 || leaves > MOST_SMALL_LEAVES)
        return 0;
    for (Py_ssize_t i = 0; i < nodes->feature->count; i++)
        if (integer_at(nodes->jump, i) > UINT16_MAX && integer_at(nodes->feature, i) >= 0)
            return 0;
    return 1;
}

static int fill(Packed *packed, const Nodes *nodes, Py_ssize_t features, Py_ssize_t leaves, int narrow) {
    Py_ssize_t count = nodes->feature->count;
    const double *thresholds = nodes->threshold->data;
    if (narrow && fit_small_nodes(nodes, features, leaves))
        packed->small = allocate(count, sizeof(SmallNode));
    else
        packed->large = allocate(count, sizeof(LargeNode));
    if (packed->small == NULL && packed->large == NULL)
        return -1;
    for (Py_ssize_t i = 0; i < count; i++) {
        int64_t feature = integer_at(nodes->feature, i), jump = integer_at(nodes->jump, i);
        if (check_node(i, feature, jump, count, features, leaves) < 0)
            return -1;
        if (feature < 0) {
            if (packed->small != NULL)
                packed->small[i] = (SmallNode){small_leaf(jump), 0, 0};
            else
                packed->large[i] = (LargeNode){large_leaf(jump), 0, 0};
            continue;
        }
        int32_t doubled = (int32_t)(2 * feature);
        if (nodes->missing->data != NULL && integer_at(nodes->missing, i) != 0)
            packed->missing = doubled |= 1;
        if (packed->small != NULL)
            packed->small[i] = (SmallNode){round_down(thresholds[i]), (uint16_t)jump, (uint16_t)doubled};
        else
            packed->large[i] = (LargeNode){thresholds[i], (int32_t)jump, doubled};
    }
    return 0;
}

Packed *pack_nodes(const Nodes *nodes, const Numbers *roots, Py_ssize_t features, Py_ssize_t leaves, int narrow) {
    Packed *packed = allocate(1, sizeof *packed);
    if (packed == NULL)
        return NULL;
    memset(packed, 0, sizeof *packed);
    packed->trees = roots->count;
    packed->features = features;
    packed->leaf_count = leaves;
    packed->roots = allocate(roots->count, sizeof(int64_t));
    int status = packed->roots != NULL ? 0 : -1;
    for (Py_ssize_t i = 0; status == 0 && i < roots->count; i++) {
        packed->roots[i] = integer_at(roots, i);
        if (packed->roots[i] < 0 || packed->roots[i] >= nodes->feature->count)
            status = -1;
    }
    if (status == 0 && fill(packed, nodes, features, leaves, narrow) == 0)
        return packed;
    free_packed(packed);
    return NULL;
}

void free_packed(Packed *packed) {
    if (packed == NULL)
        return;
    PyMem_Free(packed->large);
    PyMem_Free(packed->small);
    PyMem_Free(packed->roots);
    PyMem_Free(packed);
}

/* Prevents the compiler from creating a branch, which the processor would mispredict half of the time. */
#define OPAQUE(number) __asm__("" : "+r"(number))

/* One macro defines the walk for both node sizes, with and without missing values. */
#define STEP_PLAIN(value, node) ((value) <= (node)->threshold)
#define STEP_MISSING(value, node) (((value) <= (node)->threshold) | (((value) != (value)) & ((node)->feature & 1)))
#define WALK(NODE, CELL, STEP, LEAF)                                                                                        \
    do {                                                                                                               \
        const NODE *at[LANES];                                                                                         \
        Py_ssize_t lanes = walk->lanes, width = walk->width;                                                           \
        for (int lane = 0; lane < lanes; lane++)                                                                       \
            at[lane] = first + walk->roots[lane * walk->root_step];                                                    \
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
            leaves[lane] = LEAF(at[lane]);                                                           \
    } while (0)

void walk_small(const Packed *packed, const Walk *walk, const float *rows, int32_t *leaves) {
    const SmallNode *first = packed->small;
    if (walk->missing)
        WALK(SmallNode, float, STEP_MISSING, leaf_of_small);
    else
        WALK(SmallNode, float, STEP_PLAIN, leaf_of_small);
}

void walk_large(const Packed *packed, const Walk *walk, const double *rows, int32_t *leaves) {
    const LargeNode *first = packed->large;
    if (walk->missing)
        WALK(LargeNode, double, STEP_MISSING, leaf_of_large);
    else
        WALK(LargeNode, double, STEP_PLAIN, leaf_of_large);
}
