/* Trees: packed for many rows; for few rows, walked in the layout of the file. Python equivalents: trees.py, boosting.py,
 * categories.py.
 *
 * Packing checks all indices once, so that every later walk stays inside the arrays and ends. In the layout of the file,
 * each step is checked. Packing reads every node, so it pays off only for many rows times trees.
 */
#include "kernels.h"
#include "walks.h"

/* Nodes are packed if there is at least one walk for this many nodes. On the grid of bench/packing.py, packing pays off from
 * one walk for 0 to 39 nodes, with the median at 13 to 15. With 8, packing rarely makes a first call slower. */
#define NODES_PER_WALK 8
/* Above every possible category. */
#define LARGEST_CATEGORY 2147483648.0

enum { SINGLE, EACH, SUM, MEAN, BOOSTED };

typedef struct {
    Numbers feature, threshold, jump, missing, roots;
    Numbers category_set, set_start, set_words, outside_left;
    Numbers values, output, base;
    double lowest_category;
    Packed *packed; /* or NULL */
    int is_kept;
    float *narrowed;
    double *widened;
    Py_ssize_t leaves, width, trees; /* numbers per leaf; of boosted trees: outputs */
    int combine, narrow, float32_sum, asks_missing, has_sets;
} Forest;

/* ---- Walks in the layout of the file ---- */

/* Return whether a value that is not missing goes left at a node with a set of categories; -1 if that set does not exist. */
static int in_set(const Forest *forest, int64_t number, double value) {
    if (number >= forest->outside_left.count || number + 1 >= forest->set_start.count)
        return -1;
    int64_t start = integer_at(&forest->set_start, number), end = integer_at(&forest->set_start, number + 1);
    if (value > forest->lowest_category && value < LARGEST_CATEGORY && value > -LARGEST_CATEGORY) {
        int64_t category = (int64_t)value, word;
        if (category < 0 || start < 0)
            return -1; /* a valid file has none of these; Python handles them */
        word = start + category / 32;
        if (word < end)
            return word < forest->set_words.count ? integer_at(&forest->set_words, word) >> category % 32 & 1 : -1;
    }
    return integer_at(&forest->outside_left, number) != 0;
}

/* Return the leaf of one row in one tree, or -1. */
static int64_t walk_in_place(const Forest *forest, int64_t node, const double *row, Py_ssize_t width) {
    const double *threshold = forest->threshold.data;
    Py_ssize_t nodes = forest->feature.count;
    while (node >= 0 && node < nodes) {
        int64_t chosen = integer_at(&forest->feature, node), jump = integer_at(&forest->jump, node), set = -1;
        if (chosen < 0)
            return jump >= 0 && jump < forest->leaves && jump <= INT32_MAX ? jump : -1;
        if (chosen >= width)
            return -1;
        double value = row[chosen];
        int left = value <= threshold[node];
        if (forest->category_set.data != NULL)
            set = integer_at(&forest->category_set, node);
        if (value != value)
            left = forest->missing.data != NULL && integer_at(&forest->missing, node) != 0;
        else if (set >= 0)
            left = in_set(forest, set, value);
        if (left < 0 || (!left && (jump <= 0 || jump >= nodes)))
            return -1;
        node += left ? 1 : jump;
    }
    return -1;
}

/* ---- The sum over leaves ---- */

/* Add the leaves of one tree for some rows. Totals of consecutive rows are `out_width` apart. */
static void add_leaves(const Forest *forest, Py_ssize_t tree, const int32_t *leaves, Py_ssize_t count, double *totals,
                       Py_ssize_t out_width) {
    const double *values = (const double *)forest->values.data;
    Py_ssize_t width = forest->width;
    if (forest->combine == BOOSTED)
        totals += integer_at(&forest->output, tree);
    else if (forest->combine == EACH)
        totals += tree;
    for (Py_ssize_t i = 0; i < count; i++, totals += out_width) {
        const double *leaf = values + (forest->combine == BOOSTED ? 1 : width) * leaves[i];
        if (forest->combine == EACH)
            *totals = *leaf;
        else if (forest->combine == BOOSTED)
            *totals = forest->float32_sum ? (float)(*totals + *leaf) : *totals + *leaf;
        else if (tree == 0) /* not 0.0 + value, which would lose the sign of -0.0 */
            memcpy(totals, leaf, (size_t)width * sizeof(double));
        else if (width == 2) {
            totals[0] += leaf[0];
            totals[1] += leaf[1];
        } else
            for (Py_ssize_t j = 0; j < width; j++)
                totals[j] += leaf[j];
    }
}

static int add_in_place(const Forest *forest, Py_ssize_t tree, const double *block, Py_ssize_t count, Py_ssize_t width,
                        double *out, Py_ssize_t out_width) {
    for (Py_ssize_t i = 0; i < count; i++) {
        int64_t leaf = walk_in_place(forest, integer_at(&forest->roots, tree), block + i * width, width);
        if (leaf < 0)
            return -1;
        int32_t one = (int32_t)leaf;
        add_leaves(forest, tree, &one, 1, out + i * out_width, out_width);
    }
    return 0;
}

static void walk_packed(const Forest *forest, const Walk *walk, const double *block, Py_ssize_t cell, int32_t *leaves) {
    if (forest->packed->small != NULL)
        walk_small(forest->packed, walk, forest->narrowed + cell, leaves);
    else
        walk_large(forest->packed, walk, block + cell, leaves);
}

/* Walk several rows down one tree in parallel. */
static void add_tree(const Forest *forest, Py_ssize_t tree, const double *block, Py_ssize_t count, Py_ssize_t width,
                     double *out, Py_ssize_t out_width) {
    Walk walk = {forest->packed->roots + tree, 0, width, LANES, forest->asks_missing};
    int32_t leaves[LANES];
    for (Py_ssize_t i = 0; i < count; i += LANES) {
        walk.lanes = count - i < LANES ? count - i : LANES;
        walk_packed(forest, &walk, block, i * width, leaves);
        add_leaves(forest, tree, leaves, walk.lanes, out + i * out_width, out_width);
    }
}

/* Walk one row down several trees in parallel. */
static void add_row(const Forest *forest, const double *block, Py_ssize_t row, Py_ssize_t width, double *out,
                    Py_ssize_t out_width) {
    int32_t leaves[LANES];
    for (Py_ssize_t tree = 0; tree < forest->trees; tree += LANES) {
        Py_ssize_t lanes = forest->trees - tree < LANES ? forest->trees - tree : LANES;
        Walk walk = {forest->packed->roots + tree, 1, 0, lanes, forest->asks_missing};
        walk_packed(forest, &walk, block, row * width, leaves);
        for (Py_ssize_t i = 0; i < lanes; i++)
            add_leaves(forest, tree + i, leaves + i, 1, out + row * out_width, out_width);
    }
}

static int any_missing(const double *cells, Py_ssize_t count) {
    int missing = 0;
    for (Py_ssize_t i = 0; i < count; i++)
        missing |= cells[i] != cells[i];
    return missing;
}

static int narrow_block(Forest *forest, const double *block, Py_ssize_t cells) {
    int small = forest->packed != NULL && forest->packed->small != NULL, status = 0;
    if (small && forest->narrowed == NULL && (forest->narrowed = allocate(cells, sizeof(float))) == NULL)
        return -1;
    if (!small && forest->widened == NULL && (forest->widened = allocate(cells, sizeof(double))) == NULL)
        return -1;
    for (Py_ssize_t i = 0; i < cells; i++) {
        float cell = (float)block[i];
        status |= (cell - cell != 0.0f) & (cell == cell);
        if (small)
            forest->narrowed[i] = cell;
        else
            forest->widened[i] = cell;
    }
    return status ? -1 : 0;
}

static int walk_block(void *model, const double *block, Py_ssize_t count, Py_ssize_t width, double *out) {
    Forest *forest = model;
    Py_ssize_t out_width = forest->combine == EACH ? forest->trees : forest->width;
    forest->asks_missing = forest->packed != NULL && forest->packed->missing && any_missing(block, count * width);
    if (forest->narrow) {
        /* The buffers have the size of the first block, which is the largest. */
        if (narrow_block(forest, block, count * width) < 0)
            return -1;
        block = forest->widened;
    }
    if (forest->combine == BOOSTED)
        for (Py_ssize_t i = 0; i < count; i++)
            memcpy(out + i * out_width, forest->base.data, (size_t)out_width * sizeof(double));
    if (forest->packed != NULL && count < LANES)
        for (Py_ssize_t row = 0; row < count; row++)
            add_row(forest, block, row, width, out, out_width);
    for (Py_ssize_t tree = 0; tree < forest->trees && (forest->packed == NULL || count >= LANES); tree++) {
        if (forest->packed != NULL)
            add_tree(forest, tree, block, count, width, out, out_width);
        else if (add_in_place(forest, tree, block, count, width, out, out_width) < 0)
            return -1;
    }
    if (forest->combine == MEAN)
        for (Py_ssize_t i = 0; i < count * out_width; i++)
            out[i] /= (double)forest->trees;
    return 0;
}

/* ---- In and out ---- */

static int open_forest(Forest *forest, PyObject *roots, PyObject *parts[4]) {
    int status = open_integers(roots, &forest->roots) | open_integers(parts[0], &forest->feature) |
                 open_doubles(parts[1], &forest->threshold) | open_integers(parts[2], &forest->jump);
    if (parts[3] != Py_None)
        status |= open_integers(parts[3], &forest->missing);
    Py_ssize_t nodes = forest->feature.count;
    if (forest->threshold.count != nodes || forest->jump.count != nodes ||
        (parts[3] != Py_None && forest->missing.count != nodes))
        status = -1;
    forest->trees = forest->roots.count;
    return forest->trees > 0 ? status : -1;
}

static int open_sets(Forest *forest, PyObject *sets) {
    PyObject *parts[4];
    if (sets == Py_None)
        return 0;
    if (!PyTuple_Check(sets) || !PyArg_ParseTuple(sets, "OOOO", parts, parts + 1, parts + 2, parts + 3))
        return -1;
    int status = open_integers(parts[0], &forest->category_set) | open_integers(parts[1], &forest->set_start) |
                 open_integers(parts[2], &forest->set_words) | open_integers(parts[3], &forest->outside_left);
    return forest->category_set.count == forest->feature.count && forest->missing.data != NULL ? status : -1;
}

static void close_forest(Forest *forest) {
    Numbers *all[] = {&forest->feature,   &forest->threshold, &forest->jump,         &forest->missing,
                      &forest->roots,     &forest->values,    &forest->output,       &forest->base,
                      &forest->set_start, &forest->set_words, &forest->outside_left, &forest->category_set};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        close_numbers(all[i]);
    if (!forest->is_kept)
        free_packed(forest->packed);
    PyMem_Free(forest->narrowed);
    PyMem_Free(forest->widened);
}

/* Pack the nodes when this call and all earlier calls have walked the trees often enough to repay it. */
static int pack_forest(Forest *forest, const Rows *rows, PyObject *kept) {
    Nodes nodes = {&forest->feature, &forest->threshold, &forest->jump, &forest->missing};
    Py_ssize_t count = nodes.feature->count;
    if (forest->has_sets || rows->count > PY_SSIZE_T_MAX / NODES_PER_WALK / 4 / forest->trees)
        return 0;
    if (count_walks(kept, rows->count * forest->trees) < count / NODES_PER_WALK)
        return 0;
    forest->packed = pack_nodes(&nodes, &forest->roots, rows->width, forest->leaves, forest->narrow);
    forest->is_kept = forest->packed != NULL && keep(kept, forest->narrow, forest->packed, count);
    return forest->packed != NULL ? 0 : -1;
}

/* Return whether float32 holds all cells exactly, as after a narrowing operator: then small nodes suffice. */
static int are_float32(const double *cells, Py_ssize_t count) {
    int same = 1;
    for (Py_ssize_t i = 0; i < count; i++) {
        float cell = (float)cells[i];
        same &= (cell == cells[i] && cell - cell == 0.0f) | (cells[i] != cells[i]);
    }
    return same;
}

static int open_nodes(Forest *forest, const Rows *rows, PyObject *roots, PyObject *parts[4], PyObject *kept) {
    if (rows->cells != NULL && are_float32(rows->cells, rows->count * rows->width))
        forest->narrow = 1;
    forest->packed = forest->has_sets ? NULL : find_kept(kept, forest->narrow, rows->width);
    if (forest->packed != NULL && forest->packed->leaf_count == forest->leaves) {
        forest->trees = forest->packed->trees;
        forest->is_kept = 1;
        return 0;
    }
    forest->packed = NULL;
    return open_forest(forest, roots, parts) < 0 ? -1 : pack_forest(forest, rows, kept);
}

static PyObject *run_forest(const Rows *rows, Forest *forest) {
    return run_blocks((Rows *)rows, forest->combine == EACH ? forest->trees : forest->width, forest, walk_block);
}

/* Arguments: (rows, roots, feature, threshold, jump, missing_left, values, numbers per leaf, combine, narrow, cache dict or
 * None). */
PyObject *tree_ensemble(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *object, *roots, *parts[4], *values, *kept, *made = NULL;
    Rows rows;
    Forest forest;
    memset(&forest, 0, sizeof forest);
    if (!PyArg_ParseTuple(arguments, "OOOOOOOnipO:tree_ensemble", &object, &roots, parts, parts + 1, parts + 2,
                          parts + 3, &values, &forest.width, &forest.combine, &forest.narrow, &kept))
        return answer(NULL, -1);
    int status = open_rows(object, &rows) | open_doubles(values, &forest.values);
    if (forest.width < 1 || forest.combine < SINGLE || forest.combine > MEAN)
        status = -1;
    forest.leaves = status == 0 ? forest.values.count / forest.width : 0;
    if (status == 0 && open_nodes(&forest, &rows, roots, parts, kept) == 0 &&
        (forest.combine != SINGLE || forest.trees == 1))
        made = run_forest(&rows, &forest);
    close_rows(&rows);
    close_forest(&forest);
    return made != NULL ? made : answer(NULL, -1);
}

/* Arguments: (rows, roots, feature, threshold, jump, missing_left, leaves, output of each tree, base, narrow, float32_sum,
 * sets of categories or None, lowest category, cache dict or None). */
PyObject *boosted_trees(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *object, *roots, *parts[4], *leaves, *output, *base, *sets, *kept, *made = NULL;
    Rows rows;
    Forest forest;
    memset(&forest, 0, sizeof forest);
    if (!PyArg_ParseTuple(arguments, "OOOOOOOOOppOdO:boosted_trees", &object, &roots, parts, parts + 1, parts + 2,
                          parts + 3, &leaves, &output, &base, &forest.narrow, &forest.float32_sum, &sets,
                          &forest.lowest_category, &kept))
        return answer(NULL, -1);
    int status = open_rows(object, &rows) | open_doubles(leaves, &forest.values) |
                 open_integers(output, &forest.output) | open_doubles(base, &forest.base);
    forest.combine = BOOSTED;
    forest.width = forest.base.count;
    forest.leaves = forest.values.count;
    forest.has_sets = sets != Py_None;
    if (status == 0)
        status = open_nodes(&forest, &rows, roots, parts, kept) | open_sets(&forest, sets);
    if (forest.output.count != forest.trees || forest.width < 1)
        status = -1;
    for (Py_ssize_t i = 0; status == 0 && i < forest.trees; i++)
        if (integer_at(&forest.output, i) < 0 || integer_at(&forest.output, i) >= forest.width)
            status = -1;
    if (status == 0)
        made = run_forest(&rows, &forest);
    close_rows(&rows);
    close_forest(&forest);
    return made != NULL ? made : answer(NULL, -1);
}
