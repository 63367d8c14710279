/* Combine tables, and the answers of an ensemble's members. References: engine/operators/ensembles.py, gaussian_process.py,
 * calibration.py, centers.py. */
#include "../../csrc/functions/elementary.h"
#include "../sums.h"

#include <math.h>

#include "../../csrc/text/text.h"

#define HIGHEST (1.0 + 1e-5)

typedef struct {
    const double *first, *second;
    const Json *classes;
    Json *labels;
    Tensor right, places;
    size_t **known, width, count;
    double number;
    int flag;
} State;

static State *open_state(Node *node) {
    State *state = node->state = allocate(1, sizeof *state);
    need_inputs(node, 1, SIZE_MAX);
    return state;
}

/* The number of cells in a row of the input: of a table, or of a flat column. */
static size_t width_of(const Shape *shape) {
    return shape->kind == TABLE ? shape->width : shape->kind == NUMBERS ? 1 : 0;
}

static State *open_same(Node *node) {
    State *state = open_state(node);
    state->width = width_of(&node->shapes[0]);
    for (size_t i = 0; i < node->input_count; i++)
        if (node->shapes[i].kind != node->shapes[0].kind || width_of(&node->shapes[i]) != state->width || state->width == 0)
            fail_node(node, "needs tables of one width");
    node->shape = node->shapes[0];
    return state;
}

static void open_product_of(Node *node) {
    open_same(node)->number = number_attribute(node, "constant", (double)NAN);
}

static void run_product_of(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows * state->width; i++) {
        out[i] = state->number != 1.0 ? inputs[0]->cells[i] * state->number : inputs[0]->cells[i];
        for (size_t j = 1; j < node->input_count; j++)
            out[i] *= inputs[j]->cells[i];
    }
}

static void open_sum_of(Node *node) {
    open_same(node)->number = number_attribute(node, "constant", (double)NAN);
}

static void run_sum_of(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows * state->width; i++) {
        out[i] = state->number != 0.0 ? inputs[0]->cells[i] + state->number : inputs[0]->cells[i];
        for (size_t j = 1; j < node->input_count; j++)
            out[i] += inputs[j]->cells[i];
    }
}

static void open_divide_columns(Node *node) {
    State *state = open_state(node);
    state->width = need_table(node, 0);
    state->first = numbers_of(node, "divisor", state->width);
    for (size_t i = 0; i < state->width; i++)
        if (state->first[i] == 0.0)
            fail_node(node, "divides by zero");
    make_table(node, state->width);
}

static void run_divide_columns(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows * state->width; i++)
        out[i] = inputs[0]->cells[i] / state->first[i % state->width];
}

static void open_mean_of(Node *node) {
    open_same(node)->number = (double)integer_attribute(node, "count", INT64_MIN);
}

static void run_mean_of(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows * state->width; i++) {
        double total = 0.0;
        for (size_t j = 0; j < node->input_count; j++)
            total += inputs[j]->cells[i];
        out[i] = total / state->number;
    }
}

static int64_t position_of(const Json *label) {
    int fits = 0;
    int64_t place = label->kind == INTEGER ? small_integer(label, &fits) : -1;
    return fits ? place : -1;
}

static void open_mean_votes(Node *node) {
    State *state = open_state(node);
    const Json *classes = list_attribute(node, "classes");
    int64_t width = integer_attribute(node, "width", INT64_MIN);
    if (width < 1 || width > 65536 || classes->count != node->input_count)
        fail_node(node, "has another number of classes");
    state->width = (size_t)width;
    state->known = allocate(node->input_count, sizeof *state->known);
    for (size_t i = 0; i < node->input_count; i++) {
        const Shape *shape = &node->shapes[i];
        const Json *known = shape->kind == LABELS ? shape->classes : &classes->items[i];
        if (known == NULL || known->kind != LIST || (shape->kind != LABELS && shape->kind != TABLE) ||
            (shape->kind == TABLE && known->count < shape->width))
            fail_node(node, "needs positions of classes");
        state->known[i] = allocate((size_t)known->count + 1, sizeof **state->known);
        for (uint32_t j = 0; j < known->count; j++) {
            int64_t place = position_of(&known->items[j]);
            if (place < 0 || place >= width)
                fail_node(node, "needs positions of classes");
            state->known[i][j] = (size_t)place;
        }
    }
    make_table(node, state->width);
}

static void run_mean_votes(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++, out += state->width) {
        for (size_t j = 0; j < node->input_count; j++) {
            const Shape *shape = &inputs[j]->shape;
            if (shape->kind == LABELS)
                out[position_of(inputs[j]->labels[i])] += 1.0;
            for (size_t k = 0; shape->kind == TABLE && k < shape->width; k++)
                out[state->known[j][k]] += inputs[j]->cells[i * shape->width + k];
        }
        for (size_t k = 0; k < state->width; k++)
            out[k] /= (double)node->input_count;
    }
}

static int is_same_label(const Json *one, const Json *other) {
    int is_text_label = one->kind == STRING || other->kind == STRING;
    if (is_text_label || (one->kind == INTEGER && other->kind == INTEGER))
        return one->kind == other->kind && is_same(one->string, other->string);
    double first = one->kind == TRUE_VALUE ? 1.0 : one->kind == FALSE_VALUE ? 0.0 : float_of(one);
    double second = other->kind == TRUE_VALUE ? 1.0 : other->kind == FALSE_VALUE ? 0.0 : float_of(other);
    return first == second;
}

static void open_label_votes(Node *node) {
    State *state = open_state(node);
    state->classes = list_attribute(node, "classes");
    state->first = numbers_of(node, "right", node->input_count);
    state->second = numbers_of(node, "wrong", node->input_count);
    for (size_t i = 0; i < node->input_count; i++)
        if (node->shapes[i].kind != LABELS)
            fail_node(node, "needs labels");
    for (uint32_t i = 0; i < state->classes->count; i++)
        if (state->classes->items[i].kind == NULL_VALUE || state->classes->items[i].kind >= LIST)
            fail_node(node, "has a class that is not a label");
    make_table(node, state->classes->count);
}

static void run_label_votes(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    size_t width = state->classes->count;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++, out += width)
        for (size_t j = 0; j < node->input_count; j++)
            for (size_t k = 0; k < width; k++)
                out[k] += is_same_label(&state->classes->items[k], inputs[j]->labels[i]) ? state->first[j]
                                                                                             : state->second[j];
}

static void open_adaboost_decisions(Node *node) {
    State *state = open_state(node);
    state->width = need_table(node, 0);
    state->number = number_attribute(node, "weight", (double)NAN);
    if (state->number == 0.0)
        fail_node(node, "divides by zero");
    make_table(node, state->width == 2 ? 1 : state->width);
}

static void run_adaboost_decisions(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++) {
        const double *row = inputs[0]->cells + i * state->width;
        if (state->width == 2)
            *out++ = row[1] / state->number - row[0] / state->number;
        for (size_t k = 0; state->width != 2 && k < state->width; k++)
            *out++ = row[k] / state->number;
    }
}

static void open_weighted_median(Node *node) {
    State *state = open_state(node);
    state->width = need_table(node, 0);
    state->first = numbers_of(node, "weights", state->width);
    node->shape = (Shape){NUMBERS, 0, NULL, NULL};
}

static void run_weighted_median(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made), *sums = allocate(state->width, sizeof *sums);
    size_t *order = allocate(state->width, sizeof *order);
    for (size_t i = 0; i < made->rows; i++) {
        const double *row = inputs[0]->cells + i * state->width;
        double total = 0.0;
        for (size_t k = 0; k < state->width; k++) {
            size_t place = k;
            for (; place > 0 && row[k] < row[order[place - 1]]; place--)
                order[place] = order[place - 1];
            order[place] = k;
        }
        for (size_t k = 0; k < state->width; k++)
            sums[k] = total += state->first[order[k]];
        size_t chosen = 0;
        while (chosen + 1 < state->width && !(sums[chosen] >= 0.5 * total))
            chosen++;
        out[i] = row[order[chosen]];
    }
}

static void open_scaled_temperature(Node *node) {
    State *state = open_state(node);
    state->width = need_table(node, 0);
    state->number = number_attribute(node, "beta", (double)NAN);
    state->flag = flag_attribute(node, "of_probabilities", -1);
    make_table(node, state->width);
}

static void run_scaled_temperature(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++, out += state->width) {
        const double *row = inputs[0]->cells + i * state->width;
        double largest = 0.0;
        for (size_t k = 0; k < state->width; k++) {
            out[k] = state->number * (state->flag ? python_log(row[k] + 1e-12) : row[k]);
            largest = k == 0 || out[k] > largest ? out[k] : largest;
        }
        for (size_t k = 0; k < state->width; k++)
            out[k] = python_exp(out[k] - largest);
        double total = numpy_sum(out, state->width);
        for (size_t k = 0; k < state->width; k++) {
            out[k] /= total;
            out[k] = out[k] > 1.0 && out[k] <= HIGHEST ? 1.0 : out[k];
        }
    }
}

static void open_bisecting_label(Node *node) {
    State *state = open_state(node);
    state->width = need_table(node, 0);
    Tensor centers = tensor_of(node, "centers");
    if (centers.dimensions != 2 || centers.shape[1] != state->width || centers.shape[0] == 0)
        fail_node(node, "has a matrix of another shape");
    state->count = centers.shape[0];
    state->first = doubles_of(node, "centers", centers.count);
    state->second = doubles_of(node, "norms", state->count);
    state->right = tensor_of(node, "right");
    state->places = tensor_of(node, "labels");
    if (flag_attribute(node, "narrow", 0))
        fail_node(node, "computes in float32, which needs Python");
    if (!is_integers(&state->right) || !is_integers(&state->places) || state->right.count != state->count ||
        state->places.count != state->count)
        fail_node(node, "has a tensor of another size or type");
    state->labels = new_list(state->count);
    for (size_t i = 0; i < state->count; i++) {
        int64_t right = integer_at(&state->right, i);
        if (right > 0 && (right < 2 || (uint64_t)right >= state->count - i))
            fail_node(node, "has children that do not exist");
        set_item(state->labels, new_integer(integer_at(&state->places, i)));
    }
    node->shape = (Shape){LABELS, 0, state->labels, NULL};
}

static double center_distance(const State *state, const double *row, size_t center) {
    return state->second[center] - 2.0 * sum_products(row, state->first + center * state->width, state->width);
}

static void run_bisecting_label(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    made->labels = allocate(made->rows, sizeof(const Json *));
    for (size_t i = 0; i < made->rows; i++) {
        const double *row = inputs[0]->cells + i * state->width;
        size_t place = 0;
        while (integer_at(&state->right, place) > 0) {
            size_t left = place + 1, right = place + (size_t)integer_at(&state->right, place);
            double one = center_distance(state, row, left), other = center_distance(state, row, right);
            place = other < one ? right : left;
        }
        made->labels[i] = &state->labels->items[place];
    }
}

/* Up to this degree a power is a product of its factors, as in kernels.py. */
#define LARGEST_DEGREE 16

static void open_power(Node *node) {
    State *state = open_same(node);
    state->number = number_attribute(node, "exponent", (double)NAN);
    if (!(state->number >= 0.0 && state->number <= LARGEST_DEGREE) || state->number != (double)(int)state->number)
        fail_node(node, "has an exponent that needs Python");
}

static void run_power(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows * state->width; i++)
        out[i] = whole_power(inputs[0]->cells[i], (int)state->number);
}

const Operator PRODUCT_OF = {"product_of", open_product_of, run_product_of};
const Operator MEAN_OF = {"mean_of", open_mean_of, run_mean_of};
const Operator MEAN_VOTES = {"mean_votes", open_mean_votes, run_mean_votes};
const Operator LABEL_VOTES = {"label_votes", open_label_votes, run_label_votes};
const Operator ADABOOST_DECISIONS = {"adaboost_decisions", open_adaboost_decisions, run_adaboost_decisions};
const Operator WEIGHTED_MEDIAN = {"weighted_median", open_weighted_median, run_weighted_median};
const Operator SCALED_TEMPERATURE = {"scaled_temperature", open_scaled_temperature, run_scaled_temperature};
const Operator BISECTING_LABEL = {"bisecting_label", open_bisecting_label, run_bisecting_label};
const Operator SUM_OF = {"sum_of", open_sum_of, run_sum_of};
const Operator DIVIDE_COLUMNS = {"divide_columns", open_divide_columns, run_divide_columns};
const Operator POWER = {"power", open_power, run_power};
