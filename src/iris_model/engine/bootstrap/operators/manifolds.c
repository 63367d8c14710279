/* Rows in a learned manifold, from their nearest training rows. Reference: engine/operators/manifolds.py. */
#include "../sums.h"

#include <math.h>

typedef struct {
    const double *first, *second;
    double number;
    size_t width, count, columns;
} State;

static const double *matrix_of(const Node *node, const char *name, size_t rows, size_t columns, size_t *found) {
    Tensor tensor = tensor_of(node, name);
    if (tensor.dimensions != 2 || tensor.shape[0] != rows || tensor.shape[1] == 0 ||
        (columns != SIZE_MAX && tensor.shape[1] != columns))
        fail_node(node, "has a matrix of another shape");
    *found = tensor.shape[1];
    return doubles_of(node, name, tensor.count);
}

static size_t need_neighbors(const Node *node, size_t input) {
    if (node->shapes[input].kind != NEIGHBORS)
        fail_node(node, "needs neighbors");
    return node->shapes[input].width;
}

static _Noreturn void fail_division(const Node *node) {
    fail_damaged(node->container, format("operator '%s' failed: float division by zero", node->operator->name));
}

static void open_geodesic_kernel(Node *node) {
    State *state = node->state = allocate(1, sizeof *state);
    need_inputs(node, 1, 1);
    state->first = matrix_of(node, "distances", need_neighbors(node, 0), SIZE_MAX, &state->width);
    make_table(node, state->width);
}

static void run_geodesic_kernel(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    const Value *found = inputs[0];
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++, out += state->width) {
        /* Python has a row without cells here, whose mean the next operator divides by zero. */
        if (found->starts[i] == found->starts[i + 1])
            fail_damaged(node->container, LITERAL("operator 'center_kernel' failed: division by zero"));
        for (size_t j = found->starts[i]; j < found->starts[i + 1]; j++)
            for (size_t k = 0; k < state->width; k++) {
                double way = found->cells[j] + state->first[found->positions[j] * state->width + k];
                if (j == found->starts[i] || way < out[k])
                    out[k] = way;
            }
        for (size_t k = 0; k < state->width; k++)
            out[k] = -0.5 * (out[k] * out[k]);
    }
}

static void open_center_kernel(Node *node) {
    State *state = node->state = allocate(1, sizeof *state);
    need_inputs(node, 1, 1);
    state->width = need_table(node, 0);
    state->first = doubles_of(node, "means", state->width);
    state->number = doubles_of(node, "mean", 1)[0];
    make_table(node, state->width);
}

static void run_center_kernel(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++) {
        const double *row = inputs[0]->cells + i * state->width;
        double own = numpy_sum(row, state->width) / (double)state->width;
        for (size_t k = 0; k < state->width; k++)
            *out++ = row[k] - state->first[k] - own + state->number;
    }
}

static void open_barycenter(Node *node) {
    State *state = node->state = allocate(1, sizeof *state);
    need_inputs(node, 2, 2);
    size_t width = need_table(node, 0), rows = need_neighbors(node, 1);
    state->first = matrix_of(node, "vectors", rows, width, &state->width);
    state->second = matrix_of(node, "embedding", rows, SIZE_MAX, &state->columns);
    state->number = number_attribute(node, "regularization", (double)NAN);
    make_table(node, state->columns);
}

/* Solve a symmetric system (count x count) for a right side of ones by Cholesky factorization. `terms` holds `count`. */
static void solve(const double *matrix, size_t count, double *lower, double *solution, double *terms) {
    for (size_t column = 0; column < count; column++) {
        const double *own = lower + column * count;
        for (size_t k = 0; k < column; k++)
            terms[k] = own[k] * own[k];
        double pivot = matrix[column * count + column] - numpy_sum(terms, column);
        if (!(pivot > 0.0))
            fail(VALUE_ERROR, LITERAL("its neighbors do not span it"));
        double root = sqrt(pivot);
        lower[column * count + column] = root;
        for (size_t line = column + 1; line < count; line++) {
            for (size_t k = 0; k < column; k++)
                terms[k] = lower[line * count + k] * own[k];
            lower[line * count + column] = (matrix[line * count + column] - numpy_sum(terms, column)) / root;
        }
    }
    for (size_t line = 0; line < count; line++) {
        for (size_t k = 0; k < line; k++)
            terms[k] = lower[line * count + k] * solution[k];
        solution[line] = (1.0 - numpy_sum(terms, line)) / lower[line * count + line];
    }
    for (size_t line = count; line-- > 0;) {
        for (size_t after = line + 1; after < count; after++)
            terms[after - line - 1] = lower[after * count + line] * solution[after];
        solution[line] = (solution[line] - numpy_sum(terms, count - line - 1)) / lower[line * count + line];
    }
}

/* The products of the differences of each two neighbors, with a regular diagonal. */
static void fill_gram(const State *state, const double *row, const size_t *positions, size_t count, double *gram,
                      double *differences, double *terms) {
    for (size_t j = 0; j < count; j++)
        for (size_t k = 0; k < state->width; k++)
            differences[j * state->width + k] = state->first[positions[j] * state->width + k] - row[k];
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++) {
            for (size_t k = 0; k < state->width; k++)
                terms[k] = differences[i * state->width + k] * differences[j * state->width + k];
            gram[i * count + j] = numpy_sum(terms, state->width);
        }
    for (size_t i = 0; i < count; i++)
        terms[i] = gram[i * count + i];
    double trace = numpy_sum(terms, count);
    for (size_t i = 0; i < count; i++)
        gram[i * count + i] += trace > 0.0 ? state->number * trace : state->number;
}

static void run_barycenter(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    const Value *found = inputs[1];
    double *out = new_cells(made);
    size_t most = 0;
    for (size_t i = 0; i < made->rows; i++)
        if (found->starts[i + 1] - found->starts[i] > most)
            most = found->starts[i + 1] - found->starts[i];
    double *gram = allocate(most * most + 1, sizeof *gram), *lower = allocate(most * most + 1, sizeof *lower);
    double *differences = allocate(most * state->width + 1, sizeof *differences), *weights = allocate(most + 1, sizeof *weights);
    double *terms = allocate(most + state->width, sizeof *terms);
    for (size_t i = 0; i < made->rows; i++) {
        size_t count = found->starts[i + 1] - found->starts[i];
        const size_t *positions = found->positions + found->starts[i];
        fill_gram(state, inputs[0]->cells + i * state->width, positions, count, gram, differences, terms);
        solve(gram, count, lower, weights, terms);
        double total = numpy_sum(weights, count);
        if (total == 0.0)
            fail_division(node);
        for (size_t k = 0; k < state->columns; k++) {
            for (size_t j = 0; j < count; j++)
                terms[j] = state->second[positions[j] * state->columns + k] * weights[j] / total;
            *out++ = numpy_sum(terms, count);
        }
    }
}

const Operator GEODESIC_KERNEL = {"geodesic_kernel", open_geodesic_kernel, run_geodesic_kernel};
const Operator CENTER_KERNEL = {"center_kernel", open_center_kernel, run_center_kernel};
const Operator BARYCENTER = {"barycenter", open_barycenter, run_barycenter};
