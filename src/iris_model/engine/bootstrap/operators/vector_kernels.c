/* Kernel functions of rows and the model's vectors. References: engine/operators/kernels.py, gaussian_process.py. */
#include "../../csrc/functions/elementary.h"
#include "../sums.h"

#include <math.h>

enum { RBF, SIGMOID, LAPLACIAN, POLYNOMIAL, COSINE, MATERN, CHI_SQUARED, RATIONAL_QUADRATIC };

/* Up to this degree a power is a product of its factors, as in kernels.py. */
#define LARGEST_DEGREE 16

typedef struct {
    int kind;
    const double *vectors;
    double gamma, coef0, alpha, divisor;
    size_t width, count;
    int degree, has_gamma;
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
    kernel->has_gamma = kind != COSINE && kind != MATERN && kind != RATIONAL_QUADRATIC &&
                        (kind != CHI_SQUARED || attribute_of(node, "gamma") != NULL);
    kernel->gamma = kernel->has_gamma ? number_attribute(node, "gamma", (double)NAN) : 0.0;
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

/* `degree` is twice the order nu: 1, 3 or 5. */
static void open_matern_kernel(Node *node) {
    double nu = number_attribute(node, "nu", (double)NAN);
    open_kernel(node, MATERN);
    ((Kernel *)node->state)->degree = nu == 0.5 ? 1 : nu == 1.5 ? 3 : 5;
}

static void open_rational_quadratic_kernel(Node *node) {
    double scale = number_attribute(node, "length_scale", (double)NAN);
    open_kernel(node, RATIONAL_QUADRATIC);
    Kernel *kernel = node->state;
    kernel->alpha = number_attribute(node, "alpha", (double)NAN);
    kernel->divisor = 2 * kernel->alpha * (scale * scale);
    if (!(kernel->divisor > 0.0))
        fail_node(node, "divides by zero");
}

static void open_chi_squared_kernel(Node *node) {
    open_kernel(node, CHI_SQUARED);
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

/* The square of a larger distance is infinite. */
static double limit(double distance) {
    return distance < 1.3407807929942597e154 ? distance : (double)INFINITY;
}

static double matern_value(double distance, int degree) {
    double scaled = distance * sqrt((double)degree);
    if (degree == 1)
        return python_exp(-distance);
    if (degree == 3)
        return (1.0 + scaled) * python_exp(-scaled);
    return (1.0 + scaled + scaled * scaled / 3.0) * python_exp(-scaled);
}

/* Terms with a zero divisor are skipped. */
static double chi_squared_value(const Kernel *kernel, const double *row, const double *vector) {
    ExactSum sum;
    start_sum(&sum);
    for (size_t i = 0; i < kernel->width; i++)
        if (row[i] + vector[i] != 0.0)
            add_exactly(&sum, (row[i] - vector[i]) * (row[i] - vector[i]) / (row[i] + vector[i]));
    double value = -finish_sum_or_fail(&sum);
    return kernel->has_gamma ? python_exp(kernel->gamma * value) : value;
}

static double kernel_value(const Kernel *kernel, const double *row, const double *vector) {
    if (kernel->kind == RBF) {
        double length = distance(row, vector, kernel->width);
        return python_exp(-kernel->gamma * (length * length));
    }
    if (kernel->kind == MATERN)
        return matern_value(limit(distance(row, vector, kernel->width)), kernel->degree);
    if (kernel->kind == RATIONAL_QUADRATIC) {
        double length = limit(distance(row, vector, kernel->width));
        return python_exp(-kernel->alpha * python_log(1.0 + length * length / kernel->divisor));
    }
    if (kernel->kind == CHI_SQUARED)
        return chi_squared_value(kernel, row, vector);
    if (kernel->kind == LAPLACIAN) {
        ExactSum sum;
        start_sum(&sum);
        for (size_t i = 0; i < kernel->width; i++)
            add_exactly(&sum, fabs(row[i] - vector[i]));
        return python_exp(-kernel->gamma * finish_sum_or_fail(&sum));
    }
    double base = kernel->gamma * sum_products(row, vector, kernel->width) + kernel->coef0;
    return kernel->kind == POLYNOMIAL ? whole_power(base, kernel->degree) : elementary_tanh(base);
}

static void run_kernel(const Node *node, const Value *const *inputs, Value *made) {
    const Kernel *kernel = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++) {
        const double *row = inputs[0]->cells + i * kernel->width;
        for (size_t k = 0; kernel->kind == CHI_SQUARED && k < kernel->width; k++)
            if (row[k] < 0.0)
                fail(VALUE_ERROR, LITERAL("it accepts no negative values"));
        for (size_t j = 0; j < kernel->count; j++)
            *out++ = kernel_value(kernel, row, kernel->vectors + j * kernel->width);
    }
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
const Operator MATERN_KERNEL = {"matern_kernel", open_matern_kernel, run_kernel};
const Operator CHI_SQUARED_KERNEL = {"chi_squared_kernel", open_chi_squared_kernel, run_kernel};
const Operator RATIONAL_QUADRATIC_KERNEL = {"rational_quadratic_kernel", open_rational_quadratic_kernel, run_kernel};
