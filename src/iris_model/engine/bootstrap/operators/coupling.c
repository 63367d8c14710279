/* Probabilities of classes from decisions between pairs (engine/operators/svm.py), and the likelihoods of categories
 * (engine/operators/naive_bayes.py). */
#include "../sums.h"

#include <math.h>

#define LEAST 1e-7

typedef struct {
    const double *slopes, *shifts;
    size_t *starts, width, count;
} State;

static void open_coupled_probabilities(Node *node) {
    State *state = node->state = allocate(1, sizeof *state);
    need_inputs(node, 1, 1);
    state->width = need_table(node, 0);
    int64_t count = integer_attribute(node, "count", INT64_MIN);
    if (count < 2 || count > 10000 || (size_t)(count * (count - 1) / 2) != state->width)
        fail_node(node, "has another number of pairs");
    state->count = (size_t)count;
    state->slopes = numbers_of(node, "slopes", state->width);
    state->shifts = numbers_of(node, "shifts", state->width);
    make_table(node, state->count);
}

static double sigmoid(double value) {
    if (value >= 0.0) {
        double power = python_exp(-value);
        return power / (1.0 + power);
    }
    return 1.0 / (1.0 + python_exp(value));
}

/* The probability of each pair, in both directions. */
static void fill_pairs(const State *state, const double *row, double *pairwise) {
    size_t count = state->count, pair = 0;
    memset(pairwise, 0, count * count * sizeof *pairwise);
    for (size_t first = 0; first < count; first++)
        for (size_t second = first + 1; second < count; second++, pair++) {
            double probability = sigmoid(row[pair] * state->slopes[pair] + state->shifts[pair]);
            if (!(probability > LEAST))
                probability = LEAST;
            probability = 1.0 - LEAST < probability ? 1.0 - LEAST : probability;
            pairwise[first * count + second] = probability;
            pairwise[second * count + first] = 1.0 - probability;
        }
}

/* Method 2 of Wu, Lin and Weng (2004), which stops early as libsvm does. */
static void couple(const double *pairwise, size_t count, double *matrix, double *products, double *out) {
    for (size_t i = 0; i < count; i++) {
        double diagonal = 0.0;
        for (size_t j = 0; j < count; j++) {
            matrix[i * count + j] = -pairwise[j * count + i] * pairwise[i * count + j];
            if (j != i)
                diagonal += pairwise[j * count + i] * pairwise[j * count + i];
        }
        matrix[i * count + i] = diagonal;
        out[i] = 1.0 / (double)count;
    }
    size_t rounds = count > 100 ? count : 100;
    for (size_t round = 0; round < rounds; round++) {
        double total = 0.0, furthest = 0.0;
        for (size_t i = 0; i < count; i++) {
            double product = 0.0;
            for (size_t j = 0; j < count; j++)
                product += matrix[i * count + j] * out[j];
            products[i] = product;
            total += out[i] * product;
        }
        for (size_t i = 0; i < count; i++) {
            double off = fabs(products[i] - total);
            furthest = i == 0 || off > furthest ? off : furthest;
        }
        if (furthest < 0.005 / (double)count)
            return;
        for (size_t i = 0; i < count; i++) {
            double diagonal = matrix[i * count + i], step = (-products[i] + total) / diagonal;
            out[i] += step;
            total = (total + step * (step * diagonal + 2.0 * products[i])) / (1.0 + step) / (1.0 + step);
            for (size_t j = 0; j < count; j++) {
                products[j] = (products[j] + step * matrix[i * count + j]) / (1.0 + step);
                out[j] /= 1.0 + step;
            }
        }
    }
}

static void run_coupled_probabilities(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    size_t count = state->count;
    double *out = new_cells(made), *pairwise = allocate(count * count, sizeof *pairwise);
    double *matrix = allocate(count * count, sizeof *matrix), *products = allocate(count, sizeof *products);
    for (size_t i = 0; i < made->rows; i++) {
        fill_pairs(state, inputs[0]->cells + i * state->width, pairwise);
        couple(pairwise, count, matrix, products, out + i * count);
    }
}

static void open_category_log_likelihoods(Node *node) {
    State *state = node->state = allocate(1, sizeof *state);
    need_inputs(node, 1, 1);
    state->width = need_table(node, 0);
    Tensor values = tensor_of(node, "values"), starts = tensor_of(node, "starts"), priors = tensor_of(node, "priors");
    state->count = priors.count;
    if (values.dimensions != 2 || values.shape[1] != state->count || !is_integers(&starts) ||
        starts.count != state->width + 1)
        fail_node(node, "has a matrix of another shape");
    state->slopes = doubles_of(node, "values", values.count);
    state->shifts = doubles_of(node, "priors", state->count);
    state->starts = allocate(starts.count, sizeof *state->starts);
    for (size_t i = 0; i < starts.count; i++) {
        int64_t start = integer_at(&starts, i);
        if (start < 0 || (uint64_t)start > values.shape[0] || (i > 0 && (size_t)start < state->starts[i - 1]))
            fail_node(node, "has categories that do not exist");
        state->starts[i] = (size_t)start;
    }
    make_table(node, state->count);
}

static void run_category_log_likelihoods(const Node *node, const Value *const *inputs, Value *made) {
    const State *state = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++, out += state->count) {
        for (size_t feature = 0; feature < state->width; feature++) {
            double value = inputs[0]->cells[i * state->width + feature];
            size_t start = state->starts[feature], count = state->starts[feature + 1] - start;
            if (!(-1.0 < value && value < (double)count)) {
                Buffer text = {0};
                add_double(&text, value);
                refuse(format("row %z, column %z: %S is not a category seen in training; expected 0 to %i", i, feature,
                              view(&text), (int64_t)count - 1),
                       (int64_t)i, NONE, format("a whole number from 0 to %i", (int64_t)count - 1), NULL);
            }
            const double *line = state->slopes + (start + (size_t)(value < 0.0 ? 0.0 : value)) * state->count;
            for (size_t k = 0; k < state->count; k++)
                out[k] += line[k];
        }
        for (size_t k = 0; k < state->count; k++)
            out[k] += state->shifts[k];
    }
}

const Operator COUPLED_PROBABILITIES = {"coupled_probabilities", open_coupled_probabilities, run_coupled_probabilities};
const Operator CATEGORY_LOG_LIKELIHOODS = {"category_log_likelihoods", open_category_log_likelihoods,
                                           run_category_log_likelihoods};
