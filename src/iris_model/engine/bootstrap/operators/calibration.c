/* Calibrated probabilities, filled cells, categories, isolation forests. References: engine/operators/calibration.py,
 * imputing.py, naive_bayes.py, inverses.py, ensembles.py. */
#include "../../csrc/functions/elementary.h"
#include "../sums.h"

#include <math.h>

#define HIGHEST (1.0 + 1e-5)

typedef struct {
    const double *first, *second;
    size_t width, count, *positions;
    double number;
    int flag;
} State;

static State *open_state(Node *node) {
    State *state = node->state = allocate(1, sizeof *state);
    need_inputs(node, 1, 1);
    state->width = need_table(node, 0);
    return state;
}

static void open_sigmoid_calibration(Node *node) {
    State *state = open_state(node);
    state->first = numbers_of(node, "slopes", state->width);
    state->second = numbers_of(node, "intercepts", state->width);
    make_table(node, state->width);
}

static void run_sigmoid_calibration(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows * state->width; i++) {
        double value = -(state->first[i % state->width] * inputs[0]->cells[i] + state->second[i % state->width]);
        if (value >= 0.0) {
            out[i] = 1.0 / (1.0 + python_exp(-value));
        } else {
            double power = python_exp(value);
            out[i] = power / (1.0 + power);
        }
    }
}

static double clip_highest(double value) {
    return value > 1.0 && value <= HIGHEST ? 1.0 : value;
}

static void open_calibrated_probabilities(Node *node) {
    State *state = open_state(node);
    int64_t count = integer_attribute(node, "count", INT64_MIN);
    if (count < 2 || count > 65536)
        fail_node(node, "has another number of classes");
    state->count = (size_t)count;
    state->positions = allocate(state->width, sizeof *state->positions);
    const double *positions = count != 2 ? numbers_of(node, "positions", state->width) : NULL;
    for (size_t i = 0; count != 2 && i < state->width; i++) {
        if (!(positions[i] >= 0.0 && positions[i] < (double)count))
            fail_node(node, "has a position that does not exist");
        state->positions[i] = (size_t)positions[i];
    }
    make_table(node, state->count);
}

static void run_calibrated_probabilities(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++, out += state->count) {
        const double *row = inputs[0]->cells + i * state->width;
        if (state->count == 2) {
            out[0] = 1.0 - row[0];
            out[1] = row[0];
        } else {
            for (size_t k = 0; k < state->width; k++)
                out[state->positions[k]] = row[k];
            double total = numpy_sum(out, state->count);
            for (size_t k = 0; k < state->count; k++)
                out[k] = total != 0.0 ? out[k] / total : 1.0 / (double)state->count;
        }
        for (size_t k = 0; k < state->count; k++)
            out[k] = clip_highest(out[k]);
    }
}

static void open_normalize_unless_zero(Node *node) {
    State *state = open_state(node);
    state->flag = flag_attribute(node, "keeps_zeros", -1);
    make_table(node, state->width);
}

static void run_normalize_unless_zero(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++) {
        const double *row = inputs[0]->cells + i * state->width;
        double total = numpy_sum(row, state->width);
        for (size_t k = 0; k < state->width; k++)
            *out++ = total != 0.0 ? row[k] / total : state->flag ? row[k] : (double)NAN;
    }
}

static void open_impute(Node *node) {
    State *state = open_state(node);
    const Json *marker = attribute_of(node, "marker");
    if (has_tensor(node, "fill")) {
        state->first = doubles_of(node, "fill", state->width);
    } else {
        const Json *fill = list_attribute(node, "fill");
        double *numbers = allocate(state->width, sizeof *numbers);
        if (fill->count != state->width)
            fail_node(node, "has another number of fills");
        for (uint32_t i = 0; i < fill->count; i++) {
            if (fill->items[i].kind != FLOAT)
                fail_node(node, "fills other values than numbers");
            numbers[i] = fill->items[i].number;
        }
        state->first = numbers;
    }
    state->flag = marker != NULL;
    if (marker != NULL && marker->kind != FLOAT && marker->kind != INTEGER)
        fail_node(node, "marks other values than numbers");
    state->number = marker != NULL ? float_of(marker) : 0.0;
    make_table(node, state->width);
}

static void run_impute(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows * state->width; i++) {
        double cell = inputs[0]->cells[i];
        int is_missing = state->flag ? cell == state->number : cell != cell;
        out[i] = is_missing ? state->first[i % state->width] : cell;
    }
}

static void open_scale_back(Node *node) {
    State *state = open_state(node);
    state->first = doubles_of(node, "factor", state->width);
    state->second = doubles_of(node, "offset", state->width);
    make_table(node, state->width);
}

static void run_scale_back(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows * state->width; i++)
        out[i] = inputs[0]->cells[i] * state->first[i % state->width] + state->second[i % state->width];
}

static void open_isolation_scores(Node *node) {
    State *state = open_state(node);
    state->number = number_attribute(node, "longest", (double)NAN);
    node->shape = (Shape){NUMBERS, 0, NULL, NULL};
}

static void run_isolation_scores(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++) {
        double exponent = state->number != 0.0 ? -(inputs[0]->cells[i * state->width] / state->number) : -1.0;
        double power = elementary_exp2(exponent);
        if (!is_finite(power) && is_finite(exponent))
            fail(OVERFLOW_ERROR, LITERAL("math range error"));
        out[i] = -power;
    }
}

static void open_depth_label(Node *node) {
    static const Json both[2] = {{INTEGER, 0, {.string = {"1", 1}}}, {INTEGER, 0, {.string = {"-1", 2}}}};
    static const Json list = {LIST, 2, {.items = (Json *)(uintptr_t)both}};
    State *state = open_state(node);
    state->number = number_attribute(node, "least", (double)NAN);
    node->shape = (Shape){LABELS, 0, &list, NULL};
}

static void run_depth_label(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    made->labels = allocate(made->rows, sizeof(const Json *));
    for (size_t i = 0; i < made->rows; i++)
        made->labels[i] = inputs[0]->cells[i * state->width] >= state->number ? &JSON_ONE : &JSON_MINUS_ONE;
}

/* Squared distances from vectors, as the library computes them for a batch (engine/operators/centers.py). */
static void open_distances(Node *node) {
    State *state = open_state(node);
    Tensor vectors = tensor_of(node, "vectors");
    if (vectors.dimensions != 2 || vectors.shape[1] != state->width || vectors.shape[0] == 0)
        fail_node(node, "has a matrix of another shape");
    state->count = vectors.shape[0];
    state->first = doubles_of(node, "vectors", vectors.count);
    make_table(node, state->count);
}

static void open_expanded_distances(Node *node) {
    open_distances(node);
    State *state = node->state;
    state->second = doubles_of(node, "norms", state->count);
    state->flag = flag_attribute(node, "with_row_norm", -1);
}

static void run_expanded_distances(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++) {
        const double *row = inputs[0]->cells + i * state->width;
        double own = state->flag ? sum_products(row, row, state->width) : 0.0;
        for (size_t j = 0; j < state->count; j++, out++) {
            double twice = 2.0 * sum_products(row, state->first + j * state->width, state->width);
            *out = state->flag ? own - twice + state->second[j] : state->second[j] - twice;
            if (state->flag && !(*out > 0.0))
                *out = 0.0;
        }
    }
}

static void run_absolute_distances(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++)
        for (size_t j = 0; j < state->count; j++, out++)
            for (size_t k = 0; k < state->width; k++)
                *out += fabs(inputs[0]->cells[i * state->width + k] - state->first[j * state->width + k]);
}

typedef struct {
    const Json *classes;
    size_t width;
} Nearest;

static void open_argmin_label(Node *node) {
    Nearest *nearest = node->state = allocate(1, sizeof *nearest);
    need_inputs(node, 1, 1);
    nearest->width = need_table(node, 0);
    nearest->classes = list_attribute(node, "classes");
    if (nearest->classes->count < nearest->width)
        fail_node(node, "has too few classes");
    node->shape = (Shape){LABELS, 0, nearest->classes, NULL};
}

static void run_argmin_label(const Node *node, const Value *const *inputs, Value *made) {
    const Nearest *nearest = node->state;
    made->labels = allocate(made->rows, sizeof(const Json *));
    for (size_t i = 0; i < made->rows; i++) {
        const double *row = inputs[0]->cells + i * nearest->width;
        size_t best = 0;
        for (size_t k = 1; k < nearest->width; k++)
            if (row[k] < row[best])
                best = k;
        made->labels[i] = &nearest->classes->items[best];
    }
}

const Operator SIGMOID_CALIBRATION = {"sigmoid_calibration", open_sigmoid_calibration, run_sigmoid_calibration};
const Operator CALIBRATED_PROBABILITIES = {"calibrated_probabilities", open_calibrated_probabilities,
                                           run_calibrated_probabilities};
const Operator NORMALIZE_UNLESS_ZERO = {"normalize_unless_zero", open_normalize_unless_zero, run_normalize_unless_zero};
const Operator IMPUTE = {"impute", open_impute, run_impute};
const Operator SCALE_BACK = {"scale_back", open_scale_back, run_scale_back};
const Operator ISOLATION_SCORES = {"isolation_scores", open_isolation_scores, run_isolation_scores};
const Operator DEPTH_LABEL = {"depth_label", open_depth_label, run_depth_label};
const Operator EXPANDED_DISTANCES = {"expanded_distances", open_expanded_distances, run_expanded_distances};
const Operator ABSOLUTE_DISTANCES = {"absolute_distances", open_distances, run_absolute_distances};
const Operator ARGMIN_LABEL = {"argmin_label", open_argmin_label, run_argmin_label};
