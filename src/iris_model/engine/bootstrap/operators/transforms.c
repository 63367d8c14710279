/* Transforms of columns. References: engine/operators/preprocessing.py, interpolation.py, scaling.py, missing_marks.py. */
#include "../sums.h"

#include <math.h>

#include "../../csrc/text/text.h"

typedef struct {
    const double *first, *second;
    const double **edges;
    size_t *counts, *indices, *parents, *kept;
    size_t width, count;
    double number;
    int kind;
} State;

enum { CLIP, NO_ANSWER, REFUSE };

static State *open_state(Node *node) {
    State *state = node->state = allocate(1, sizeof *state);
    need_inputs(node, 1, 1);
    state->width = need_table(node, 0);
    return state;
}

static void open_binarize(Node *node) {
    State *state = open_state(node);
    state->number = number_attribute(node, "threshold", (double)NAN);
    make_table(node, state->width);
}

static void run_binarize(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows * state->width; i++)
        out[i] = inputs[0]->cells[i] > state->number ? 1.0 : 0.0;
}

static void open_bin_columns(Node *node) {
    State *state = open_state(node);
    const Json *edges = list_attribute(node, "edges");
    if (edges->count < state->width)
        fail_node(node, "has too few edges");
    state->edges = allocate(state->width, sizeof *state->edges);
    state->counts = allocate(state->width, sizeof *state->counts);
    for (size_t i = 0; i < state->width; i++) {
        const Json *inner = &edges->items[i];
        if (inner->kind != LIST)
            fail_node(node, "has edges that are not a list");
        double *numbers = allocate((size_t)inner->count + 1, sizeof *numbers);
        for (uint32_t j = 0; j < inner->count; j++) {
            if (inner->items[j].kind != FLOAT && inner->items[j].kind != INTEGER)
                fail_node(node, "has edges that are not numbers");
            numbers[j] = float_of(&inner->items[j]);
        }
        state->edges[i] = numbers;
        state->counts[i] = inner->count;
    }
    make_table(node, state->width);
}

static void run_bin_columns(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++)
        for (size_t j = 0; j < state->width; j++)
            *out++ = (double)count_reached(state->edges[j], state->counts[j], inputs[0]->cells[i * state->width + j]);
}

static void open_polynomial(Node *node) {
    State *state = open_state(node);
    size_t factors, kept;
    state->parents = indices_of(node, "parents", &state->count);
    state->indices = indices_of(node, "factors", &factors);
    state->kept = indices_of(node, "kept", &kept);
    if (factors != state->count || kept == 0)
        fail_node(node, "has another number of factors");
    for (size_t i = 0; i < state->count; i++)
        if (state->parents[i] > i || state->indices[i] >= state->width)
            fail_node(node, "has a factor that does not exist");
    for (size_t i = 0; i < kept; i++)
        if (state->kept[i] > state->count)
            fail_node(node, "keeps a product that does not exist");
    make_table(node, kept == state->count + 1 ? state->count + 1 : kept);
}

static void run_polynomial(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    size_t width = made->shape.width;
    double *out = new_cells(made), *products = allocate(state->count + 1, sizeof *products);
    for (size_t i = 0; i < made->rows; i++, out += width) {
        const double *row = inputs[0]->cells + i * state->width;
        products[0] = 1.0;
        for (size_t j = 0; j < state->count; j++)
            products[j + 1] = products[state->parents[j]] * row[state->indices[j]];
        for (size_t j = 0; j < width; j++)
            out[j] = width == state->count + 1 ? products[j] : products[state->kept[j]];
    }
}

static void open_interpolate(Node *node) {
    State *state = open_state(node);
    String outside = text_attribute(node, "outside");
    Tensor xs = tensor_of(node, "xs");
    if (state->width != 1 || xs.count == 0)
        fail_node(node, "needs one column");
    state->count = xs.count;
    state->first = numbers_of(node, "xs", state->count);
    state->second = numbers_of(node, "ys", state->count);
    state->kind = is_text(outside, "raise") ? REFUSE : is_text(outside, "nan") ? NO_ANSWER : CLIP;
    make_table(node, 1);
}

static void run_interpolate(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    const double *xs = state->first, *ys = state->second;
    double *out = new_cells(made), first = xs[0], last = xs[state->count - 1];
    for (size_t i = 0; i < made->rows; i++) {
        double value = inputs[0]->cells[i];
        if (!(first <= value && value <= last)) {
            if (state->kind == REFUSE) {
                String least = repr_of_double(first), most = repr_of_double(last);
                refuse(format("row %z: %S is outside what the model was trained on; expected %S to %S", i,
                              repr_of_double(value), least, most),
                       (int64_t)i, NONE, format("a number from %S to %S", least, most), NULL);
            }
            if (state->kind == NO_ANSWER) {
                out[i] = (double)NAN;
                continue;
            }
            value = value < first ? first : last;
        }
        size_t low = 0, high = state->count;
        while (high - low > 1) {
            size_t middle = (low + high) / 2;
            if (xs[middle] <= value)
                low = middle;
            else
                high = middle;
        }
        if (high == state->count || xs[low] == value) {
            out[i] = ys[low];
            continue;
        }
        double slope = (ys[high] - ys[low]) / (xs[high] - xs[low]);
        out[i] = slope * (value - xs[low]) + ys[low];
    }
}

/* Columns of zeros with a 1 at the bin of each cell. Python keeps such a table sparse; the numbers are the same. */
static void open_bin_columns_one_hot(Node *node) {
    size_t count, width = 0;
    open_bin_columns(node);
    State *state = node->state;
    state->indices = indices_of(node, "starts", &count);
    if (count < state->width)
        fail_node(node, "has too few starts");
    for (size_t i = 0; i < state->width; i++) {
        if (state->indices[i] > 1 << 24)
            fail_node(node, "has a start out of range");
        if (state->indices[i] + state->counts[i] + 1 > width)
            width = state->indices[i] + state->counts[i] + 1;
    }
    make_table(node, width);
}

static void run_bin_columns_one_hot(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++, out += made->shape.width)
        for (size_t j = 0; j < state->width; j++) {
            double cell = inputs[0]->cells[i * state->width + j];
            out[state->indices[j] + count_reached(state->edges[j], state->counts[j], cell)] = 1.0;
        }
}

static void open_to_dense(Node *node) {
    State *state = open_state(node);
    int64_t width = integer_attribute(node, "width", INT64_MIN);
    if (flag_attribute(node, "absent_is_missing", 0))
        fail_node(node, "makes missing cells, which needs Python");
    if (width < 0 || (size_t)width < state->width || width > 1 << 24)
        fail_node(node, "has another width");
    make_table(node, (size_t)width);
}

static void run_to_dense(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++)
        memcpy(out + i * made->shape.width, inputs[0]->cells + i * state->width, state->width * sizeof *out);
}

enum { L1, L2, MAX };

static void open_normalize(Node *node) {
    State *state = open_state(node);
    String norm = text_attribute(node, "norm");
    state->kind = is_text(norm, "l2") ? L2 : is_text(norm, "l1") ? L1 : MAX;
    make_table(node, state->width);
}

static double length_of(const double *row, size_t width, int kind) {
    double length = 0.0;
    const char *error;
    ExactSum sum;
    if (kind == L2)
        return sqrt(sum_products(row, row, width));
    if (kind == MAX) {
        for (size_t k = 0; k < width; k++)
            length = fabs(row[k]) > length ? fabs(row[k]) : length;
        return length;
    }
    start_sum(&sum);
    for (size_t k = 0; k < width; k++)
        add_exactly(&sum, fabs(row[k]));
    if (!finish_sum(&sum, &length, &error))
        fail(OVERFLOW_ERROR, string_of(error));
    return length;
}

static void run_normalize(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++) {
        const double *row = inputs[0]->cells + i * state->width;
        double length = length_of(row, state->width, state->kind);
        for (size_t k = 0; k < state->width; k++)
            *out++ = row[k] / (length != 0.0 ? length : 1.0);
    }
}

static void open_multiply_columns(Node *node) {
    State *state = open_state(node);
    state->first = numbers_of(node, "factors", state->width);
    make_table(node, state->width);
}

static void run_multiply_columns(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows * state->width; i++) {
        double cell = inputs[0]->cells[i];
        out[i] = cell != 0.0 ? cell * state->first[i % state->width] : cell;
    }
}

/* LightGBM treats numbers up to this as zero: 1e-35 as a float32. */
#define ZERO 1.0000000180025095e-35

static void open_zeros_to_missing(Node *node) {
    State *state = open_state(node);
    state->indices = indices_of(node, "columns", &state->count);
    for (size_t i = 0; i < state->count; i++)
        if (state->indices[i] >= state->width)
            fail_node(node, "has a column that does not exist");
    make_table(node, state->width);
}

static void run_zeros_to_missing(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    memcpy(out, inputs[0]->cells, made->rows * state->width * sizeof *out);
    for (size_t i = 0; i < made->rows; i++, out += state->width)
        for (size_t k = 0; k < state->count; k++)
            if (-ZERO <= out[state->indices[k]] && out[state->indices[k]] <= ZERO)
                out[state->indices[k]] = (double)NAN;
}

static void open_missing_indicator(Node *node) {
    State *state = open_state(node);
    const Json *marker = attribute_of(node, "marker");
    state->indices = indices_of(node, "indices", &state->count);
    for (size_t i = 0; i < state->count; i++)
        if (state->indices[i] >= state->width)
            fail_node(node, "has a column that does not exist");
    if (marker != NULL && marker->kind != FLOAT && marker->kind != INTEGER)
        fail_node(node, "marks other values than numbers");
    state->kind = marker != NULL;
    state->number = marker != NULL ? float_of(marker) : 0.0;
    make_table(node, state->count);
}

static void run_missing_indicator(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++)
        for (size_t k = 0; k < state->count; k++) {
            double cell = inputs[0]->cells[i * state->width + state->indices[k]];
            *out++ = (state->kind ? cell == state->number : cell != cell) ? 1.0 : 0.0;
        }
}

static void open_mark_missing(Node *node) {
    State *state = open_state(node);
    state->number = number_attribute(node, "value", (double)NAN);
    make_table(node, state->width);
}

static void run_mark_missing(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows * state->width; i++)
        out[i] = inputs[0]->cells[i] == state->number ? (double)NAN : inputs[0]->cells[i];
}

const Operator BINARIZE = {"binarize", open_binarize, run_binarize};
const Operator BIN_COLUMNS = {"bin_columns", open_bin_columns, run_bin_columns};
const Operator POLYNOMIAL = {"polynomial", open_polynomial, run_polynomial};
const Operator INTERPOLATE = {"interpolate", open_interpolate, run_interpolate};
const Operator BIN_COLUMNS_ONE_HOT = {"bin_columns_one_hot", open_bin_columns_one_hot, run_bin_columns_one_hot};
const Operator TO_DENSE = {"to_dense", open_to_dense, run_to_dense};
const Operator NORMALIZE = {"normalize", open_normalize, run_normalize};
const Operator MULTIPLY_COLUMNS = {"multiply_columns", open_multiply_columns, run_multiply_columns};
const Operator ZEROS_TO_MISSING = {"zeros_to_missing", open_zeros_to_missing, run_zeros_to_missing};
const Operator MISSING_INDICATOR = {"missing_indicator", open_missing_indicator, run_missing_indicator};
const Operator MARK_MISSING = {"mark_missing", open_mark_missing, run_mark_missing};
