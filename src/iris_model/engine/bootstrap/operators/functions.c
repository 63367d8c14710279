/* Functions of single cells, and powers. References: engine/functions.py, engine/operators/preprocessing.py, inverses.py,
 * activations.py.
 *
 * Sines, decimal and binary logarithms, and powers of any exponent are those of the C library, whose last bit differs between
 * libraries; models with them run in Python. */
#include "../../csrc/functions/elementary.h"
#include "../sums.h"

#include <math.h>

#define EPSILON 0x1p-52

typedef double (*Function)(double x);

typedef struct {
    Function function;
    String name;
    const double *lambdas, *rests;
    size_t width, index;
    double scale, epsilon;
    int finite, strict, box_cox;
} State;

static double negative(double x) {
    return -x;
}

static double positive(double x) {
    return x;
}

static double reciprocal(double x) {
    return 1.0 / x;
}

static double sign(double x) {
    return (double)((x > 0.0) - (x < 0.0)) + 0.0;
}

static double square(double x) {
    return x * x;
}

static const struct {
    const char *name;
    Function function;
} FUNCTIONS[] = {
    {"absolute", fabs},     {"fabs", fabs},
    {"ceil", ceil},         {"exp", elementary_exp},
    {"exp2", elementary_exp2}, {"expm1", elementary_expm1},
    {"floor", floor},       {"log", elementary_log},
    {"log1p", elementary_log1p}, {"negative", negative},
    {"positive", positive}, {"reciprocal", reciprocal},
    {"rint", rint},         {"sign", sign},
    {"sqrt", sqrt},         {"square", square},
    {"tanh", elementary_tanh}, {"trunc", trunc},
};

static State *open_state(Node *node) {
    State *state = node->state = allocate(1, sizeof *state);
    need_inputs(node, 1, 1);
    state->width = need_table(node, 0);
    return state;
}

static void find_function(const Node *node, State *state, const Json *name) {
    if (name == NULL || name->kind != STRING)
        fail_node(node, "lacks a text");
    state->name = name->string;
    for (size_t i = 0; i < sizeof FUNCTIONS / sizeof *FUNCTIONS; i++)
        if (is_text(name->string, FUNCTIONS[i].name))
            state->function = FUNCTIONS[i].function;
    if (state->function == NULL)
        fail_node(node, "has a function that needs Python");
}

static double call(const State *state, double cell) {
    return cell != cell ? cell : state->function(cell);
}

static void open_map_cells(Node *node) {
    State *state = open_state(node);
    const Json *parameters = attribute_of(node, "parameters");
    const Json *strict = member_of(parameters, "strict"), *finite = member_of(parameters, "finite");
    find_function(node, state, member_of(parameters, "name"));
    state->strict = strict != NULL && is_true(strict);
    state->finite = state->strict || (finite != NULL && is_true(finite));
    make_table(node, state->width);
}

static void run_map_cells(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    const double *cells = inputs[0]->cells;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows * state->width; i++) {
        out[i] = call(state, cells[i]);
        int is_nan = out[i] != out[i];
        if ((is_nan && state->strict) || (!is_nan && !is_finite(out[i]) && state->finite))
            refuse(format("row %z: %S of a value is not a finite number", i / state->width, state->name),
                   (int64_t)(i / state->width), NONE, NONE, NULL);
    }
}

static void open_numpy_function(Node *node) {
    State *state = open_state(node);
    find_function(node, state, attribute_of(node, "name"));
    make_table(node, state->width);
}

static void run_numpy_function(const Node *node, const Value *const *inputs, Value *made) {
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows * made->shape.width; i++)
        out[i] = call(node->state, inputs[0]->cells[i]);
}

static void open_power_transform(Node *node) {
    State *state = open_state(node);
    state->lambdas = numbers_of(node, "lambdas", state->width);
    state->rests = numbers_of(node, "rests", state->width);
    state->box_cox = !is_text(text_attribute(node, "method"), "yeo-johnson");
    for (size_t i = 0; i < state->width; i++)
        if (!state->box_cox && fabs(state->lambdas[i] - 2.0) > EPSILON && state->rests[i] == 0.0)
            fail_node(node, "divides by zero");
    make_table(node, state->width);
}

static double python_expm1(double x) {
    double made = elementary_expm1(x);
    if (!is_finite(made) && is_finite(x))
        fail(OVERFLOW_ERROR, LITERAL("math range error"));
    return made;
}

static double yeo_johnson(double cell, double exponent, double rest) {
    if (cell >= 0.0) {
        double grown = elementary_log1p(cell);
        return fabs(exponent) < EPSILON ? grown : python_expm1(exponent * grown) / exponent;
    }
    double grown = elementary_log1p(-cell);
    return fabs(exponent - 2.0) > EPSILON ? -python_expm1(rest * grown) / rest : -grown;
}

static double box_cox(double cell, double exponent) {
    if (cell <= 0.0)
        refuse(format("the Box-Cox transformation takes positive values only, not %S", repr_of_double(cell)), -1, NONE, NONE,
               NULL);
    double grown = elementary_log(cell);
    return fabs(exponent) < 1e-19 ? grown : python_expm1(exponent * grown) / exponent;
}

static void run_power_transform(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows * state->width; i++) {
        double cell = inputs[0]->cells[i], exponent = state->lambdas[i % state->width];
        if (cell != cell)
            out[i] = cell;
        else
            out[i] = state->box_cox ? box_cox(cell, exponent) : yeo_johnson(cell, exponent, state->rests[i % state->width]);
    }
}

/* Log odds, or logarithms minus their mean, of clipped probabilities. */
static void open_clipped_logit(Node *node) {
    State *state = open_state(node);
    int64_t index = integer_attribute(node, "index", INT64_MIN);
    if (index < 0 || (uint64_t)index >= state->width)
        fail_node(node, "selects a column that does not exist");
    state->index = (size_t)index;
    state->scale = number_attribute(node, "scale", (double)NAN);
    state->epsilon = number_attribute(node, "epsilon", (double)NAN);
    if (!(state->epsilon > 0.0 && state->epsilon < 0.5))
        fail_node(node, "clips at another probability");
    make_table(node, 1);
}

static double clip(double probability, double epsilon) {
    double least = epsilon > probability ? epsilon : probability;
    return 1.0 - epsilon < least ? 1.0 - epsilon : least;
}

static void run_clipped_logit(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++) {
        double probability = clip(inputs[0]->cells[i * state->width + state->index], state->epsilon);
        out[i] = state->scale * python_log(probability / (1.0 - probability));
    }
}

static void open_clipped_centered_log(Node *node) {
    State *state = open_state(node);
    state->epsilon = number_attribute(node, "epsilon", (double)NAN);
    if (!(state->epsilon > 0.0 && state->epsilon < 0.5))
        fail_node(node, "clips at another probability");
    make_table(node, state->width);
}

static void run_clipped_centered_log(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++, out += state->width) {
        double total = 0.0;
        for (size_t k = 0; k < state->width; k++) {
            out[k] = python_log(clip(inputs[0]->cells[i * state->width + k], state->epsilon));
            total += out[k];
        }
        for (size_t k = 0; k < state->width; k++)
            out[k] -= total / (double)state->width;
    }
}

static void open_centered_logs(Node *node) {
    State *state = open_state(node);
    state->scale = number_attribute(node, "factor", (double)NAN);
    make_table(node, state->width);
}

static void run_centered_logs(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++, out += state->width) {
        double total = 0.0;
        for (size_t k = 0; k < state->width; k++) {
            double cell = inputs[0]->cells[i * state->width + k];
            out[k] = python_log(EPSILON > cell ? EPSILON : cell);
            total += out[k];
        }
        double mean = 1.0 / (double)state->width * total;
        for (size_t k = 0; k < state->width; k++)
            out[k] = state->scale * (out[k] - mean);
    }
}

const Operator MAP_CELLS = {"map_cells", open_map_cells, run_map_cells};
const Operator NUMPY_FUNCTION = {"numpy_function", open_numpy_function, run_numpy_function};
const Operator POWER_TRANSFORM = {"power_transform", open_power_transform, run_power_transform};
const Operator CLIPPED_LOGIT = {"clipped_logit", open_clipped_logit, run_clipped_logit};
const Operator CLIPPED_CENTERED_LOG = {"clipped_centered_log", open_clipped_centered_log, run_clipped_centered_log};
const Operator CENTERED_LOGS = {"centered_logs", open_centered_logs, run_centered_logs};
