/* Ensembles of trees, walked where they lie in the file. References: engine/operators/trees.py, boosting.py, categories.py,
 * leaves.py, linear_leaves.py.
 *
 * A walk only moves forward, and each node that it reaches is checked, so a damaged file causes an error and no endless loop.
 */
#include "../sums.h"

enum { SINGLE, EACH, SUM, MEAN };
#define BITS 32
#define LARGEST_CATEGORY 2147483648.0

typedef struct {
    Tensor roots, feature, threshold, jump, missing_left, values;
    int has_missing, narrow, combine;
    size_t count, width; /* nodes; features */
    /* boosted_trees only */
    Tensor output, category_set, set_start, set_words, outside_left;
    int has_sets, float32_sum, has_starts;
    double lowest;
    const double *base;
    size_t outputs;
    /* leaf_indicators, linear_leaf_trees */
    Tensor constants, starts, columns, coefficients;
} Trees;

static _Noreturn void fail_walk(const Node *node, const char *what) {
    fail_damaged(node->container, format("operator '%s' failed: %s", node->operator->name, what));
}

static Tensor integers_of(const Node *node, const char *name, size_t count) {
    Tensor tensor = tensor_of(node, name);
    if (!is_integers(&tensor) || (count != SIZE_MAX && tensor.count != count))
        fail_node(node, "has a tensor of another size or type");
    return tensor;
}

static Tensor numbers_in(const Node *node, const char *name, size_t count) {
    Tensor tensor = tensor_of(node, name);
    if (is_integers(&tensor) || (count != SIZE_MAX && tensor.count != count))
        fail_node(node, "has a tensor of another size or type");
    return tensor;
}

/* `narrow`: whether the trees compare in float32; -1 for an attribute that says it. */
static Trees *open_trees(Node *node, int narrow) {
    Trees *trees = allocate(1, sizeof *trees);
    trees->width = need_table(node, 0);
    trees->roots = integers_of(node, "roots", SIZE_MAX);
    trees->feature = integers_of(node, "feature", SIZE_MAX);
    trees->count = trees->feature.count;
    trees->threshold = numbers_in(node, "threshold", trees->count);
    trees->jump = integers_of(node, "jump", trees->count);
    trees->has_missing = has_tensor(node, "missing_left");
    if (trees->has_missing)
        trees->missing_left = integers_of(node, "missing_left", trees->count);
    trees->narrow = narrow >= 0 ? narrow : flag_attribute(node, "narrow", -1);
    node->state = trees;
    return trees;
}

static void open_tree_ensemble(Node *node) {
    static const char *const NAMES[] = {"single", "each", "sum", "mean"};
    need_inputs(node, 1, 1);
    Trees *trees = open_trees(node, -1);
    String combine = text_attribute(node, "combine");
    for (trees->combine = 0; trees->combine < 4 && !is_text(combine, NAMES[trees->combine]); trees->combine++) {
    }
    trees->values = tensor_of(node, "values");
    if (trees->combine == 4 || is_integers(&trees->values) || trees->values.dimensions != 2 || trees->roots.count == 0 ||
        trees->values.shape[1] == 0)
        fail_node(node, "has another combination or values of another shape");
    make_table(node, trees->combine == EACH ? trees->roots.count : trees->values.shape[1]);
}

static int goes_left(const Node *node, const Trees *trees, size_t place, double value) {
    if (value != value && trees->has_missing)
        return integer_at(&trees->missing_left, place) != 0;
    int64_t set = trees->has_sets ? integer_at(&trees->category_set, place) : -1;
    if (value != value && trees->has_sets)
        fail_walk(node, "a missing value has no direction");
    if (set < 0)
        return value <= double_at(&trees->threshold, place);
    if ((uint64_t)set >= trees->outside_left.count)
        fail_walk(node, "a set of categories is outside the file");
    if (value > trees->lowest && value < LARGEST_CATEGORY) {
        int64_t category = (int64_t)value, start = integer_at(&trees->set_start, (size_t)set);
        /* Python's division rounds down. */
        int64_t word = start + (category >= 0 ? category / BITS : -1);
        if (category >= 0 && word < integer_at(&trees->set_start, (size_t)set + 1)) {
            if (word < 0 || (uint64_t)word >= trees->set_words.count)
                fail_walk(node, "a set of categories is outside the file");
            return (int)((uint64_t)integer_at(&trees->set_words, (size_t)word) >> category % BITS & 1);
        }
    }
    return integer_at(&trees->outside_left, (size_t)set) != 0;
}

/* Return the leaf (an index below `leaves`) that the row reaches in a tree. */
static size_t walk(const Node *node, const Trees *trees, const double *row, size_t tree, size_t leaves) {
    int64_t root = integer_at(&trees->roots, tree);
    if (root < 0 || (uint64_t)root >= trees->count)
        fail_walk(node, "list index out of range");
    for (size_t place = (size_t)root;;) {
        int64_t feature = integer_at(&trees->feature, place), jump = 1;
        if (feature < 0) {
            int64_t leaf = integer_at(&trees->jump, place);
            if (leaf < 0 || (uint64_t)leaf >= leaves)
                fail_walk(node, "list index out of range");
            return (size_t)leaf;
        }
        if ((uint64_t)feature >= trees->width)
            fail_walk(node, "list index out of range");
        if (!goes_left(node, trees, place, row[feature])) {
            jump = integer_at(&trees->jump, place);
            if (jump <= 0)
                fail_walk(node, format("node %z does not lead forward", place).bytes);
        }
        if ((uint64_t)jump >= trees->count - place)
            fail_walk(node, "list index out of range");
        place += (size_t)jump;
    }
}

/* Round the cells to float32, as scikit-learn does before it compares them. */
static const double *narrow_cells(const double *cells, size_t count, int infinite) {
    double *made = allocate(count, sizeof *made);
    for (size_t i = 0; i < count; i++) {
        made[i] = float32(cells[i]);
        if (!infinite && (made[i] > 1.7976931348623157e308 || made[i] < -1.7976931348623157e308))
            fail(OVERFLOW_ERROR, LITERAL("a value does not fit float32"));
    }
    return made;
}

static void run_tree_ensemble(const Node *node, const Value *const *inputs, Value *made) {
    const Trees *trees = node->state;
    const double *rows = inputs[0]->cells;
    double *out = new_cells(made);
    size_t width = made->shape.width, leaves = trees->values.shape[0], values = trees->values.shape[1];
    if (trees->narrow)
        rows = narrow_cells(rows, made->rows * trees->width, 0);
    for (size_t i = 0; i < made->rows; i++, rows += trees->width, out += width) {
        for (size_t tree = 0; tree < trees->roots.count; tree++) {
            size_t leaf = walk(node, trees, rows, tree, leaves);
            if (trees->combine == EACH) {
                out[tree] = double_at(&trees->values, leaf * values);
                continue;
            }
            if (trees->combine == SINGLE && tree > 0)
                continue;
            for (size_t k = 0; k < width; k++) {
                double value = double_at(&trees->values, leaf * values + k);
                out[k] = tree == 0 ? value : out[k] + value;
            }
        }
        for (size_t k = 0; trees->combine == MEAN && k < width; k++)
            out[k] /= (double)trees->roots.count;
    }
}

/* What boosted trees share: the first numbers, the output of each tree, and sets of categories. */
static void open_boosted(Node *node, Trees *trees) {
    trees->base = doubles_of(node, "base", SIZE_MAX);
    trees->outputs = tensor_of(node, "base").count;
    trees->values = numbers_in(node, "leaves", SIZE_MAX);
    trees->output = integers_of(node, "output", trees->roots.count);
    for (size_t i = 0; i < trees->output.count; i++) {
        int64_t column = integer_at(&trees->output, i);
        if (column < 0 || (uint64_t)column >= trees->outputs)
            fail_node(node, "has a tree for an output that does not exist");
    }
    trees->has_sets = has_tensor(node, "category_set");
    if (trees->has_sets) {
        trees->category_set = integers_of(node, "category_set", trees->count);
        trees->outside_left = integers_of(node, "outside_left", SIZE_MAX);
        trees->set_start = integers_of(node, "set_start", trees->outside_left.count + 1);
        trees->set_words = integers_of(node, "set_words", SIZE_MAX);
        trees->lowest = number_attribute(node, "lowest_category", -1.0);
    }
    make_table(node, trees->outputs);
}

static void open_boosted_trees(Node *node) {
    need_inputs(node, 1, 2);
    Trees *trees = open_trees(node, -1);
    open_boosted(node, trees);
    trees->has_starts = node->input_count == 2;
    if (trees->has_starts && need_table(node, 1) != trees->outputs)
        fail_node(node, "has starts of another width");
    trees->float32_sum = flag_attribute(node, "float32_sum", 0);
}

static void run_boosted_trees(const Node *node, const Value *const *inputs, Value *made) {
    const Trees *trees = node->state;
    const double *rows = inputs[0]->cells;
    double *out = new_cells(made);
    if (trees->narrow)
        rows = narrow_cells(rows, made->rows * trees->width, 0);
    for (size_t i = 0; i < made->rows; i++, rows += trees->width, out += trees->outputs) {
        const double *starts = trees->has_starts ? inputs[1]->cells + i * trees->outputs : trees->base;
        memcpy(out, starts, trees->outputs * sizeof *out);
        for (size_t tree = 0; tree < trees->roots.count; tree++) {
            size_t leaf = walk(node, trees, rows, tree, trees->values.count);
            double *total = &out[integer_at(&trees->output, tree)];
            *total += double_at(&trees->values, leaf);
            if (trees->float32_sum)
                *total = float32(*total);
        }
    }
}

/* A leaf adds its constant, and the products of its columns and coefficients. */
static void open_linear_leaf_trees(Node *node) {
    need_inputs(node, 1, 1);
    Trees *trees = open_trees(node, 0);
    if (!trees->has_missing)
        fail_node(node, "lacks directions of missing values");
    open_boosted(node, trees);
    trees->constants = numbers_in(node, "constants", trees->values.count);
    trees->starts = integers_of(node, "starts", trees->values.count + 1);
    trees->columns = integers_of(node, "columns", SIZE_MAX);
    trees->coefficients = numbers_in(node, "coefficients", trees->columns.count);
}

static double linear_leaf(const Node *node, const Trees *trees, const double *row, size_t leaf) {
    int64_t place = integer_at(&trees->starts, leaf), end = integer_at(&trees->starts, leaf + 1);
    double value = double_at(&trees->constants, leaf);
    if (place < end && (place < 0 || (uint64_t)end > trees->columns.count))
        fail_walk(node, "list index out of range");
    for (; place < end; place++) {
        int64_t column = integer_at(&trees->columns, (size_t)place);
        if (column < 0 || (uint64_t)column >= trees->width)
            fail_walk(node, "list index out of range");
        value += double_at(&trees->coefficients, (size_t)place) * row[column];
    }
    return value == value ? value : double_at(&trees->values, leaf);
}

static void run_linear_leaf_trees(const Node *node, const Value *const *inputs, Value *made) {
    const Trees *trees = node->state;
    const double *row = inputs[0]->cells;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++, row += trees->width, out += trees->outputs) {
        memcpy(out, trees->base, trees->outputs * sizeof *out);
        for (size_t tree = 0; tree < trees->roots.count; tree++)
            out[integer_at(&trees->output, tree)] += linear_leaf(node, trees, row, walk(node, trees, row, tree, trees->values.count));
    }
}

/* A 1 in the column of each leaf that the row reaches. Python keeps such a table sparse; the numbers are the same. */
static void open_leaf_indicators(Node *node) {
    need_inputs(node, 1, 1);
    Trees *trees = open_trees(node, 1);
    trees->columns = integers_of(node, "columns", SIZE_MAX);
    size_t width = 0;
    for (size_t i = 0; i < trees->columns.count; i++) {
        int64_t column = integer_at(&trees->columns, i);
        if (column < 0 || column >= 1 << 24)
            fail_node(node, "has a column out of range");
        if ((size_t)column >= width)
            width = (size_t)column + 1;
    }
    make_table(node, width);
}

static void run_leaf_indicators(const Node *node, const Value *const *inputs, Value *made) {
    const Trees *trees = node->state;
    const double *row = narrow_cells(inputs[0]->cells, made->rows * trees->width, 0);
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++, row += trees->width, out += made->shape.width)
        for (size_t tree = 0; tree < trees->roots.count; tree++)
            out[integer_at(&trees->columns, walk(node, trees, row, tree, trees->columns.count))] = 1.0;
}

static void open_narrow(Node *node) {
    need_inputs(node, 1, 1);
    make_table(node, need_table(node, 0));
    static int infinite[2] = {0, 1};
    node->state = &infinite[flag_attribute(node, "infinite", 0)];
}

static void run_narrow(const Node *node, const Value *const *inputs, Value *made) {
    size_t count = made->rows * made->shape.width;
    memcpy(new_cells(made), narrow_cells(inputs[0]->cells, count, *(const int *)node->state), count * sizeof(double));
}

const Operator TREE_ENSEMBLE = {"tree_ensemble", open_tree_ensemble, run_tree_ensemble};
const Operator BOOSTED_TREES = {"boosted_trees", open_boosted_trees, run_boosted_trees};
const Operator NARROW_TO_FLOAT32 = {"narrow_to_float32", open_narrow, run_narrow};
const Operator LINEAR_LEAF_TREES = {"linear_leaf_trees", open_linear_leaf_trees, run_linear_leaf_trees};
const Operator LEAF_INDICATORS = {"leaf_indicators", open_leaf_indicators, run_leaf_indicators};
