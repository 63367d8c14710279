/* Missing cells, filled from training rows or by predictions. References: engine/operators/donors.py, imputing.py. */
#include "../sums.h"

#include <math.h>
#include <stdlib.h>

#define KNOWN 2e-9

typedef struct {
    double square, value;
    size_t place;
} Donor;

typedef struct {
    const double *vectors, *means;
    size_t *kept, kept_count, width, count, neighbors;
    double largest;
    int weighted, strangers, narrow;
} Donors;

/* The sum of squares of the cells that are not missing. */
static double sum_squares(const double *row, size_t width) {
    double total = 0.0;
    for (size_t i = 0; i < width; i++)
        if (row[i] == row[i])
            total += row[i] * row[i];
    return total;
}

static void open_impute_from_donors(Node *node) {
    Donors *donors = node->state = allocate(1, sizeof *donors);
    need_inputs(node, 1, 1);
    donors->width = need_table(node, 0);
    Tensor vectors = tensor_of(node, "vectors");
    int64_t neighbors = integer_attribute(node, "neighbors", INT64_MIN);
    if (vectors.dimensions != 2 || vectors.shape[1] != donors->width || vectors.shape[0] == 0 || neighbors < 1)
        fail_node(node, "has a matrix of another shape, or no neighbors");
    donors->count = vectors.shape[0];
    donors->neighbors = (size_t)neighbors;
    donors->vectors = doubles_of(node, "vectors", vectors.count);
    donors->means = doubles_of(node, "means", donors->width);
    donors->kept = indices_of(node, "kept", &donors->kept_count);
    for (size_t i = 0; i < donors->kept_count; i++)
        if (donors->kept[i] >= donors->width)
            fail_node(node, "selects a column that does not exist");
    donors->weighted = flag_attribute(node, "weighted", -1);
    donors->strangers = flag_attribute(node, "strangers", 0);
    donors->narrow = flag_attribute(node, "float32", 0);
    for (size_t i = 0; i < donors->count; i++) {
        double square = sum_squares(donors->vectors + i * donors->width, donors->width);
        if (i == 0 || square > donors->largest)
            donors->largest = square;
    }
    make_table(node, donors->kept_count);
}

/* Squared distances, scaled up to all columns: NaN without a common column, and for all if a square overflows. */
static void measure(const Donors *donors, const double *row, double *squares) {
    int overflows = 0;
    for (size_t k = 0; k < donors->width; k++)
        overflows |= row[k] * row[k] == (double)INFINITY;
    for (size_t j = 0; j < donors->count; j++) {
        const double *donor = donors->vectors + j * donors->width;
        size_t common = 0;
        double total = 0.0;
        const char *error;
        ExactSum sum;
        start_sum(&sum);
        for (size_t k = 0; k < donors->width && !overflows; k++)
            if (row[k] == row[k] && donor[k] == donor[k]) {
                double difference = row[k] - donor[k];
                add_exactly(&sum, difference * difference);
                common++;
            }
        if (!finish_sum(&sum, &total, &error))
            fail(error[0] == '-' ? VALUE_ERROR : OVERFLOW_ERROR, string_of(error));
        squares[j] = common > 0 ? total / (double)common * (double)donors->width : (double)NAN;
    }
}

static int compare_donors(const void *one, const void *other) {
    const Donor *first = one, *second = other;
    if (first->square != second->square)
        return first->square < second->square ? -1 : 1;
    return first->place < second->place ? -1 : first->place > second->place;
}

static _Noreturn void refuse_tie(size_t row) {
    refuse(format("row %z: training rows with different values are about equally far, and rounding decides which of them fill "
                  "the missing cell; send a value, or use executor = \"original\"",
                  row),
           (int64_t)row, NONE, NONE, "undecided");
}

static void refuse_ties(const Donors *donors, const Donor *near, size_t count, double noise, size_t row) {
    double last = near[donors->neighbors - 1].square, value = 0.0;
    int found = 0;
    if (near[donors->neighbors].square - last > 2 * noise)
        return;
    for (size_t i = 0; i < count; i++) {
        if (fabs(near[i].square - last) > 2 * noise)
            continue;
        if (found && near[i].value != value)
            refuse_tie(row);
        value = near[i].value;
        found = 1;
    }
}

/* The mean of the chosen donors. Training rows without a common column (`far`) count as the furthest ones. */
static double mean_of_donors(const Donors *donors, const Donor *near, size_t chosen, const double *far, size_t far_count,
                             size_t row) {
    ExactSum sum;
    start_sum(&sum);
    for (size_t i = 0; i < chosen; i++)
        add_exactly(&sum, near[i].value);
    if (far_count > 0 && chosen < donors->neighbors) {
        size_t wanted = donors->neighbors - chosen;
        for (size_t i = 1; wanted < far_count && i < far_count; i++)
            if (far[i] != far[0])
                refuse_tie(row);
        for (size_t i = 0; i < wanted && i < far_count; i++)
            add_exactly(&sum, far[i]);
        chosen += wanted < far_count ? wanted : far_count;
    }
    return finish_sum_or_fail(&sum) / (double)chosen;
}

static double weighted_mean(const Node *node, const Donor *near, size_t chosen, double noise, size_t row) {
    ExactSum sum, weights;
    start_sum(&sum);
    start_sum(&weights);
    for (size_t i = 0; i < chosen; i++)
        if (!(noise <= KNOWN * near[i].square))
            refuse_tie(row);
    for (size_t i = 0; i < chosen; i++) {
        if (near[i].square == 0.0)
            fail_damaged(node->container, LITERAL("operator 'impute_from_donors' failed: float division by zero"));
        double weight = 1.0 / sqrt(near[i].square);
        add_exactly(&sum, weight * near[i].value);
        add_exactly(&weights, weight);
    }
    double total = finish_sum_or_fail(&sum), by = finish_sum_or_fail(&weights);
    if (by == 0.0)
        fail_damaged(node->container, LITERAL("operator 'impute_from_donors' failed: float division by zero"));
    return total / by;
}

static double fill_cell(const Node *node, const double *squares, size_t column, double noise, size_t row, Donor *near,
                        double *far) {
    const Donors *donors = node->state;
    size_t count = 0, far_count = 0;
    for (size_t j = 0; j < donors->count; j++) {
        double value = donors->vectors[j * donors->width + column];
        if (value == value && squares[j] == squares[j])
            near[count++] = (Donor){squares[j], value, j};
        else if (value == value)
            far[far_count++] = value;
    }
    if (count == 0)
        return donors->means[column];
    qsort(near, count, sizeof *near, compare_donors);
    size_t chosen = count < donors->neighbors ? count : donors->neighbors;
    if (count > donors->neighbors)
        refuse_ties(donors, near, count, noise, row);
    return donors->weighted ? weighted_mean(node, near, chosen, noise, row)
                            : mean_of_donors(donors, near, chosen, far, donors->strangers ? far_count : 0, row);
}

static void run_impute_from_donors(const Node *node, const Value *const *inputs, Value *made) {
    const Donors *donors = node->state;
    double *out = new_cells(made), *squares = allocate(2 * donors->count, sizeof *squares);
    Donor *near = allocate(donors->count, sizeof *near);
    for (size_t i = 0; i < made->rows; i++) {
        const double *row = inputs[0]->cells + i * donors->width;
        size_t present = 0, gaps = 0;
        for (size_t k = 0; k < donors->width; k++)
            present += row[k] == row[k];
        for (size_t k = 0; k < donors->kept_count; k++)
            gaps += row[donors->kept[k]] != row[donors->kept[k]];
        double noise = 16 * 0x1p-52 * (sum_squares(row, donors->width) + donors->largest) * (double)donors->width /
                       (double)(present > 1 ? present : 1);
        if (gaps > 0)
            measure(donors, row, squares);
        for (size_t k = 0; k < donors->kept_count; k++) {
            double cell = row[donors->kept[k]];
            if (cell != cell) {
                cell = fill_cell(node, squares, donors->kept[k], noise, i, near, squares + donors->count);
                cell = donors->narrow ? float32(cell) : cell;
            }
            *out++ = cell;
        }
    }
}

typedef struct {
    double low, high;
    size_t width, index;
} Filled;

static Filled *open_filled(Node *node) {
    Filled *filled = node->state = allocate(1, sizeof *filled);
    need_inputs(node, 3, 3);
    filled->width = need_table(node, 0);
    if (need_table(node, 1) != filled->width)
        fail_node(node, "needs tables of one width");
    make_table(node, filled->width);
    return filled;
}

static void open_impute_column(Node *node) {
    Filled *filled = open_filled(node);
    int64_t index = integer_attribute(node, "index", INT64_MIN);
    if (index < 0 || (uint64_t)index >= filled->width || node->shapes[2].kind != NUMBERS)
        fail_node(node, "fills a column that does not exist, or with other values than numbers");
    filled->index = (size_t)index;
    filled->low = doubles_of(node, "low", 1)[0];
    filled->high = doubles_of(node, "high", 1)[0];
}

static void run_impute_column(const Node *node, const Value *const *inputs, Value *made) {
    const Filled *filled = node->state;
    double *out = new_cells(made);
    memcpy(out, inputs[0]->cells, made->rows * filled->width * sizeof *out);
    for (size_t i = 0; i < made->rows; i++) {
        double before = inputs[1]->cells[i * filled->width + filled->index], value = inputs[2]->cells[i];
        if (before == before)
            continue;
        value = filled->low > value ? filled->low : value;
        out[i * filled->width + filled->index] = filled->high < value ? filled->high : value;
    }
}

static void open_unless_all_missing(Node *node) {
    Filled *filled = open_filled(node);
    if (need_table(node, 2) != filled->width)
        fail_node(node, "needs tables of one width");
}

static void run_unless_all_missing(const Node *node, const Value *const *inputs, Value *made) {
    const Filled *filled = node->state;
    size_t count = made->rows * filled->width, missing = 0;
    for (size_t i = 0; i < count; i++)
        missing += inputs[1]->cells[i] != inputs[1]->cells[i];
    made->cells = missing == count ? inputs[2]->cells : inputs[0]->cells;
}

const Operator IMPUTE_FROM_DONORS = {"impute_from_donors", open_impute_from_donors, run_impute_from_donors};
const Operator IMPUTE_COLUMN = {"impute_column", open_impute_column, run_impute_column};
const Operator UNLESS_ALL_MISSING = {"unless_all_missing", open_unless_all_missing, run_unless_all_missing};
