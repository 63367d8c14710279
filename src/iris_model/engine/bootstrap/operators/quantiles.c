/* The position of a number among the training quantiles, and the nearest known number. References:
 * engine/operators/quantiles.py, preprocessing.py. */
#include "../../csrc/functions/elementary.h"
#include "../sums.h"

#include <math.h>

#define BOUNDS 1e-7

typedef struct {
    const double *quantiles, *references, *within;
    const double **known;
    size_t *counts;
    size_t width, count;
    double least, greatest;
    int normal;
} State;

/* Wichura's algorithm AS 241, as in quantiles.py: the middle, the tail, the far tail. */
static const double MIDDLE[2][8] = {
    {2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457, 13731.693765509461125,
     1971.5909503065514427, 133.14166789178437745, 3.387132872796366608},
    {5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867, 5394.1960214247511077,
     687.1870074920579083, 42.313330701600911252, 1.0},
};
static const double TAIL[2][8] = {
    {7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
     3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734},
    {1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
     0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0},
};
static const double FAR_TAIL[2][8] = {
    {2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093,
     0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772},
    {2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
     0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1.0},
};

static double ratio(const double polynomials[2][8], double at) {
    double above = 0.0, below = 0.0;
    for (size_t i = 0; i < 8; i++) {
        above = above * at + polynomials[0][i];
        below = below * at + polynomials[1][i];
    }
    return above / below;
}

static double normal_quantile(double share) {
    double from_half = share - 0.5;
    if (fabs(from_half) <= 0.425)
        return from_half * ratio(MIDDLE, 0.180625 - from_half * from_half);
    double depth = sqrt(-elementary_log(from_half < 0.0 ? share : 1.0 - share));
    double size = depth <= 5.0 ? ratio(TAIL, depth - 1.6) : ratio(FAR_TAIL, depth - 5.0);
    return from_half < 0.0 ? -size : size;
}

static void open_quantile_transform(Node *node) {
    State *state = node->state = allocate(1, sizeof *state);
    need_inputs(node, 1, 1);
    state->width = need_table(node, 0);
    Tensor quantiles = tensor_of(node, "quantiles");
    if (quantiles.dimensions != 2 || quantiles.shape[0] != state->width || quantiles.shape[1] == 0)
        fail_node(node, "has a matrix of another shape");
    state->count = quantiles.shape[1];
    state->quantiles = doubles_of(node, "quantiles", quantiles.count);
    state->references = doubles_of(node, "references", state->count);
    state->normal = flag_attribute(node, "normal", -1);
    state->least = normal_quantile(BOUNDS - 0x1p-52);
    state->greatest = normal_quantile(1.0 - (BOUNDS - 0x1p-52));
    make_table(node, state->width);
}

/* numpy.interp: the last of equal points. */
static double rise(double value, const double *xs, const double *ys, size_t count) {
    size_t low = count_reached(xs, count, value);
    if (low == 0)
        return ys[0];
    if (low == count || xs[low - 1] == value)
        return ys[low - 1];
    double slope = (ys[low] - ys[low - 1]) / (xs[low] - xs[low - 1]);
    return slope * (value - xs[low - 1]) + ys[low - 1];
}

static size_t count_below(const double *xs, size_t count, double value) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (xs[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* numpy.interp of the negated points: the first of equal ones. */
static double fall(double value, const double *xs, const double *ys, size_t count) {
    size_t low = count_below(xs, count, value);
    if (low == count)
        return ys[count - 1];
    if (low == 0 || xs[low] == value)
        return ys[low];
    double slope = (ys[low] - ys[low - 1]) / (xs[low] - xs[low - 1]);
    return slope * (value - xs[low]) + ys[low];
}

static double place(const State *state, double value, const double *quantiles) {
    double low = quantiles[0], high = quantiles[state->count - 1], share;
    if (state->normal ? value - BOUNDS < low : value == low)
        share = 0.0;
    else if (state->normal ? value + BOUNDS > high : value == high)
        share = 1.0;
    else
        share = 0.5 * (rise(value, quantiles, state->references, state->count) +
                       fall(value, quantiles, state->references, state->count));
    if (!state->normal)
        return share;
    if (share <= 0.0)
        return state->least;
    if (share >= 1.0)
        return state->greatest;
    double made = normal_quantile(share);
    if (state->least > made)
        made = state->least;
    return state->greatest < made ? state->greatest : made;
}

static void run_quantile_transform(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++)
        for (size_t k = 0; k < state->width; k++) {
            double cell = inputs[0]->cells[i * state->width + k];
            *out++ = cell == cell ? place(state, cell, state->quantiles + k * state->count) : cell;
        }
}

static void open_snap_to_known(Node *node) {
    State *state = node->state = allocate(1, sizeof *state);
    need_inputs(node, 1, 1);
    state->width = need_table(node, 0);
    state->within = numbers_of(node, "within", state->width);
    const Json *known = list_attribute(node, "known");
    if (known->count != state->width)
        fail_node(node, "has another number of columns");
    state->known = allocate(state->width, sizeof *state->known);
    state->counts = allocate(state->width, sizeof *state->counts);
    for (size_t i = 0; i < state->width; i++) {
        const Json *list = &known->items[i];
        if (list->kind != LIST)
            fail_node(node, "lacks a list");
        double *numbers = allocate((size_t)list->count + 1, sizeof *numbers);
        for (uint32_t j = 0; j < list->count; j++) {
            if (list->items[j].kind != FLOAT)
                fail_node(node, "has a list with other values than numbers");
            numbers[j] = list->items[j].number;
        }
        state->known[i] = numbers;
        state->counts[i] = list->count;
    }
    make_table(node, state->width);
}

static double snap(double cell, const double *known, size_t count, double reach) {
    size_t low = count_below(known, count, cell);
    if (low < count && fabs(known[low] - cell) <= reach)
        return known[low];
    if (low > 0 && fabs(known[low - 1] - cell) <= reach)
        return known[low - 1];
    return cell;
}

static void run_snap_to_known(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows * state->width; i++) {
        size_t k = i % state->width;
        out[i] = snap(inputs[0]->cells[i], state->known[k], state->counts[k], state->within[k]);
    }
}

const Operator QUANTILE_TRANSFORM = {"quantile_transform", open_quantile_transform, run_quantile_transform};
const Operator SNAP_TO_KNOWN = {"snap_to_known", open_snap_to_known, run_snap_to_known};
