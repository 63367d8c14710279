/* Kernel functions of rows and the model's vectors. Reference: engine/operators/kernels.py. */
#include "../../csrc/functions/elementary.h"
#include "../sums.h"

#include <math.h>

enum { RBF, SIGMOID, LAPLACIAN, POLYNOMIAL, COSINE };

/* Up to this degree a power is a product of its factors, as in kernels.py. */
#define LARGEST_DEGREE 16

typedef struct {
    int kind;
    const double *vectors;
    double gamma, coef0;
    size_t width, count;
    int degree;
} Kernel;

static void open_kernel(Node *node, int kind) {
    Kernel *kernel = node->state = allocate(1, sizeof *kernel);
    need_inputs(node, 1, 1);
    Tensor vectors = tensor_of(node, "vectors");
    kernel->kind = kind;
    kernel->width = need_table(node, 0);
    if (vectors.dimensions != 2 || vectors.shape[1] != kernel->width || vectors.shape[0] == 0)
        fail_node(node, "has a matrix of another shape");
    kernel->count = vectors.shape[0];
    kernel->vectors = doubles_of(node, "vectors", vectors.count);
    kernel->gamma = kind != COSINE ? number_attribute(node, "gamma", (double)NAN) : 0.0;
    kernel->coef0 = kind == SIGMOID || kind == POLYNOMIAL ? number_attribute(node, "coef0", (double)NAN) : 0.0;
    if (kind == POLYNOMIAL) {
        double degree = number_attribute(node, "degree", (double)NAN);
        if (!(degree >= 0.0 && degree <= LARGEST_DEGREE) || degree != (double)(int)degree)
            fail_node(node, "has a degree that needs Python");
        kernel->degree = (int)degree;
    }
    make_table(node, kernel->count);
}

static void open_rbf_kernel(Node *node) {
    open_kernel(node, RBF);
}

static void open_sigmoid_kernel(Node *node) {
    open_kernel(node, SIGMOID);
}

static void open_laplacian_kernel(Node *node) {
    open_kernel(node, LAPLACIAN);
}

static void open_polynomial_kernel(Node *node) {
    open_kernel(node, POLYNOMIAL);
}

static void open_cosine_kernel(Node *node) {
    open_kernel(node, COSINE);
}

/* The exact product of x with itself is square + *error. */
static double square_exactly(double x, double *error) {
    double scaled = 134217729.0 * x, high = scaled - (scaled - x), low = x - high, square = x * x;
    *error = ((high * high - square) + 2.0 * high * low) + low * low;
    return square;
}

/* The distance of two vectors, as math.dist: scaled by a power of two, and rounded once. */
static double distance(const double *x, const double *y, size_t width) {
    double largest = 0.0, sum = 0.0, rest = 0.0;
    int exponent, found_nan = 0;
    for (size_t i = 0; i < width; i++) {
        double difference = fabs(x[i] - y[i]);
        found_nan |= difference != difference;
        if (difference > largest)
            largest = difference;
    }
    if (!is_finite(largest) && largest == largest)
        return largest;
    if (found_nan)
        return (double)NAN;
    if (largest == 0.0 || width <= 1)
        return largest;
    frexp(largest, &exponent);
    if (exponent < -1000) {
        /* Subnormal: scale up, and divide at the end. */
        double scale = ldexp(1.0, 600), *scaled = allocate(2 * width, sizeof *scaled);
        for (size_t i = 0; i < width; i++) {
            scaled[i] = x[i] * scale;
            scaled[width + i] = y[i] * scale;
        }
        return distance(scaled, scaled + width, width) / scale;
    }
    double scale = ldexp(1.0, -exponent);
    for (size_t i = 0; i < width; i++) {
        double error, square = square_exactly(fabs(x[i] - y[i]) * scale, &error), next = sum + square;
        double part = next - sum;
        rest += ((sum - (next - part)) + (square - part)) + error;
        sum = next;
    }
    double root = sqrt(sum + rest), error, square = square_exactly(root, &error);
    double correction = ((sum - square) + (rest - error)) / (2.0 * root);
    return (root + correction) / scale;
}

static double kernel_value(const Kernel *kernel, const double *row, const double *vector) {
    if (kernel->kind == RBF) {
        double length = distance(row, vector, kernel->width);
        return python_exp(-kernel->gamma * (length * length));
    }
    if (kernel->kind == LAPLACIAN) {
        double total = 0.0;
        const char *error;
        ExactSum sum;
        start_sum(&sum);
        for (size_t i = 0; i < kernel->width; i++)
            add_exactly(&sum, fabs(row[i] - vector[i]));
        if (!finish_sum(&sum, &total, &error))
            fail(OVERFLOW_ERROR, string_of(error));
        return python_exp(-kernel->gamma * total);
    }
    double base = kernel->gamma * sum_products(row, vector, kernel->width) + kernel->coef0;
    return kernel->kind == POLYNOMIAL ? whole_power(base, kernel->degree) : elementary_tanh(base);
}

static void run_kernel(const Node *node, const Value *const *inputs, Value *made) {
    const Kernel *kernel = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++)
        for (size_t j = 0; j < kernel->count; j++)
            *out++ = kernel_value(kernel, inputs[0]->cells + i * kernel->width, kernel->vectors + j * kernel->width);
}

/* The vectors are normalized already. */
static void run_cosine_kernel(const Node *node, const Value *const *inputs, Value *made) {
    const Kernel *kernel = node->state;
    double *out = new_cells(made), *unit = allocate(kernel->width, sizeof *unit);
    for (size_t i = 0; i < made->rows; i++) {
        const double *row = inputs[0]->cells + i * kernel->width;
        double length = sqrt(sum_products(row, row, kernel->width));
        for (size_t k = 0; k < kernel->width; k++)
            unit[k] = row[k] / (length != 0.0 ? length : 1.0);
        for (size_t j = 0; j < kernel->count; j++)
            *out++ = sum_products(unit, kernel->vectors + j * kernel->width, kernel->width);
    }
}

const Operator RBF_KERNEL = {"rbf_kernel", open_rbf_kernel, run_kernel};
const Operator SIGMOID_KERNEL = {"sigmoid_kernel", open_sigmoid_kernel, run_kernel};
const Operator LAPLACIAN_KERNEL = {"laplacian_kernel", open_laplacian_kernel, run_kernel};
const Operator POLYNOMIAL_KERNEL = {"polynomial_kernel", open_polynomial_kernel, run_kernel};
const Operator COSINE_KERNEL = {"cosine_kernel", open_cosine_kernel, run_cosine_kernel};
