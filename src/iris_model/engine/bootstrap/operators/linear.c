/* Linear maps, scaling, squared distances for Gaussian densities. References: engine/operators/linear.py, scaling.py,
 * densities.py, overflowing.py. */
#include "../sums.h"

typedef struct {
    const double *coefficients, *intercepts;
    size_t width;
    int overflow;
} Linear;

/* Open a matrix whose rows have `width` numbers. Return the number of rows. */
static size_t open_matrix(const Node *node, const char *name, size_t width, const double **numbers) {
    Tensor tensor = tensor_of(node, name);
    if (tensor.dimensions != 2 || tensor.shape[1] != width || tensor.shape[0] == 0)
        fail_node(node, "has a matrix of another shape");
    *numbers = doubles_of(node, name, tensor.count);
    return tensor.shape[0];
}

static void open_linear(Node *node) {
    Linear *linear = node->state = allocate(1, sizeof *linear);
    need_inputs(node, 1, 1);
    linear->width = need_table(node, 0);
    size_t outputs = open_matrix(node, "coefficients", linear->width, &linear->coefficients);
    linear->intercepts = doubles_of(node, "intercepts", outputs);
    linear->overflow = flag_attribute(node, "overflow", 0);
    make_table(node, outputs);
}

static int run_sums(const Linear *linear, const Value *rows, Value *made, const char **error) {
    double *out = made->cells;
    for (size_t i = 0; i < made->rows; i++)
        for (size_t j = 0; j < made->shape.width; j++, out++) {
            if (!try_products(rows->cells + i * linear->width, linear->coefficients + j * linear->width, linear->width, out,
                              error))
                return 0;
            *out += linear->intercepts[j];
        }
    return 1;
}

static void run_linear(const Node *node, const Value *const *inputs, Value *made) {
    const Linear *linear = node->state;
    const char *error;
    double *out = new_cells(made);
    if (run_sums(linear, inputs[0], made, &error))
        return;
    if (!linear->overflow)
        fail(error[0] == '-' ? VALUE_ERROR : OVERFLOW_ERROR, string_of(error));
    for (size_t i = 0; i < made->rows; i++)
        for (size_t j = 0; j < made->shape.width; j++, out++) {
            const double *row = inputs[0]->cells + i * linear->width, *weights = linear->coefficients + j * linear->width;
            if (!try_products(row, weights, linear->width, out, &error)) {
                *out = 0.0;
                for (size_t k = 0; k < linear->width; k++)
                    *out += row[k] * weights[k];
            }
            *out += linear->intercepts[j];
        }
}

typedef struct {
    const double *first, *second;
    double low, high;
    int clips;
} Scale;

static void open_scale(Node *node) {
    Scale *scale = node->state = allocate(1, sizeof *scale);
    need_inputs(node, 1, 1);
    size_t width = need_table(node, 0);
    scale->first = doubles_of(node, "offset", width);
    scale->second = doubles_of(node, "divisor", width);
    for (size_t i = 0; i < width; i++)
        if (scale->second[i] == 0.0)
            fail_node(node, "divides by zero");
    make_table(node, width);
}

static void run_scale(const Node *node, const Value *const *inputs, Value *made) {
    const Scale *scale = node->state;
    double *out = new_cells(made);
    size_t width = made->shape.width;
    for (size_t i = 0; i < made->rows * width; i++)
        out[i] = (inputs[0]->cells[i] - scale->first[i % width]) / scale->second[i % width];
}

static void open_min_max_scale(Node *node) {
    Scale *scale = node->state = allocate(1, sizeof *scale);
    need_inputs(node, 1, 1);
    size_t width = need_table(node, 0);
    scale->first = doubles_of(node, "scale", width);
    scale->second = doubles_of(node, "offset", width);
    const Json *clip = attribute_of(node, "clip");
    if (has_tensor(node, "clip")) {
        const double *ends = doubles_of(node, "clip", 2);
        scale->low = ends[0];
        scale->high = ends[1];
        scale->clips = 1;
    } else if (clip != NULL) {
        if (clip->kind != LIST || clip->count != 2 || (clip->items[0].kind != FLOAT && clip->items[0].kind != INTEGER) ||
            (clip->items[1].kind != FLOAT && clip->items[1].kind != INTEGER))
            fail_node(node, "has other ends");
        /* Python would return an integer end as an integer. */
        if (clip->items[0].kind != FLOAT || clip->items[1].kind != FLOAT)
            fail_node(node, "has ends that are not floating point");
        scale->low = clip->items[0].number;
        scale->high = clip->items[1].number;
        scale->clips = 1;
    }
    make_table(node, width);
}

static void run_min_max_scale(const Node *node, const Value *const *inputs, Value *made) {
    const Scale *scale = node->state;
    double *out = new_cells(made);
    size_t width = made->shape.width;
    for (size_t i = 0; i < made->rows * width; i++) {
        double value = inputs[0]->cells[i] * scale->first[i % width] + scale->second[i % width];
        out[i] = !scale->clips ? value : value < scale->low ? scale->low : value > scale->high ? scale->high : value;
    }
}

typedef struct {
    const double *centers, *numbers;
    size_t width, count, height;
    int shared;
} Squares;

static void open_scaled_squares(Node *node) {
    Squares *squares = node->state = allocate(1, sizeof *squares);
    need_inputs(node, 1, 1);
    squares->width = need_table(node, 0);
    squares->count = open_matrix(node, "centers", squares->width, &squares->centers);
    if (open_matrix(node, "divisors", squares->width, &squares->numbers) != squares->count)
        fail_node(node, "has a matrix of another shape");
    for (size_t i = 0; i < squares->count * squares->width; i++)
        if (squares->numbers[i] == 0.0)
            fail_node(node, "divides by zero");
    make_table(node, squares->count);
}

static void run_scaled_squares(const Node *node, const Value *const *inputs, Value *made) {
    const Squares *squares = node->state;
    size_t width = squares->width;
    double *out = new_cells(made), *terms = allocate(width, sizeof *terms);
    for (size_t i = 0; i < made->rows; i++)
        for (size_t j = 0; j < squares->count; j++, out++) {
            for (size_t k = 0; k < width; k++) {
                double difference = inputs[0]->cells[i * width + k] - squares->centers[j * width + k];
                terms[k] = difference * difference / squares->numbers[j * width + k];
            }
            *out = numpy_sum(terms, width);
        }
}

static void open_projected_squares(Node *node) {
    Squares *squares = node->state = allocate(1, sizeof *squares);
    need_inputs(node, 1, 1);
    squares->width = need_table(node, 0);
    squares->count = open_matrix(node, "centers", squares->width, &squares->centers);
    squares->shared = flag_attribute(node, "shared", -1);
    size_t lines = open_matrix(node, "maps", squares->width, &squares->numbers);
    squares->height = lines / (squares->shared ? 1 : squares->count);
    if (squares->height == 0)
        fail_node(node, "has a matrix of another shape");
    make_table(node, squares->count);
}

static void run_projected_squares(const Node *node, const Value *const *inputs, Value *made) {
    const Squares *squares = node->state;
    size_t width = squares->width;
    double *out = new_cells(made), *difference = allocate(width, sizeof *difference);
    double *projected = allocate(squares->height, sizeof *projected);
    for (size_t i = 0; i < made->rows; i++)
        for (size_t j = 0; j < squares->count; j++, out++) {
            const double *map = squares->numbers + (squares->shared ? 0 : j * squares->height * width);
            for (size_t k = 0; k < width; k++)
                difference[k] = inputs[0]->cells[i * width + k] - squares->centers[j * width + k];
            for (size_t k = 0; k < squares->height; k++)
                projected[k] = sum_products(difference, map + k * width, width);
            *out = sum_products(projected, projected, squares->height);
        }
}

static void open_quadratic_form(Node *node) {
    Squares *squares = node->state = allocate(1, sizeof *squares);
    need_inputs(node, 1, 1);
    squares->width = need_table(node, 0);
    squares->centers = doubles_of(node, "center", squares->width);
    if (open_matrix(node, "matrix", squares->width, &squares->numbers) != squares->width)
        fail_node(node, "has a matrix of another shape");
    make_table(node, 1);
}

static void run_quadratic_form(const Node *node, const Value *const *inputs, Value *made) {
    const Squares *squares = node->state;
    size_t width = squares->width;
    double *out = new_cells(made), *difference = allocate(2 * width, sizeof *difference), *projected = difference + width;
    for (size_t i = 0; i < made->rows; i++) {
        for (size_t k = 0; k < width; k++)
            difference[k] = inputs[0]->cells[i * width + k] - squares->centers[k];
        for (size_t k = 0; k < width; k++)
            projected[k] = sum_products(difference, squares->numbers + k * width, width);
        out[i] = sum_products(difference, projected, width);
    }
}

/* Added cell by cell in float32. A missing cell adds nothing. */
static void open_linear_float32(Node *node) {
    Linear *linear = node->state = allocate(1, sizeof *linear);
    need_inputs(node, 1, 1);
    linear->width = need_table(node, 0);
    size_t outputs = open_matrix(node, "weights", linear->width, &linear->coefficients);
    linear->intercepts = doubles_of(node, "bias", outputs);
    make_table(node, outputs);
}

static void run_linear_float32(const Node *node, const Value *const *inputs, Value *made) {
    const Linear *linear = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++) {
        const double *row = inputs[0]->cells + i * linear->width;
        for (size_t j = 0; j < made->shape.width; j++, out++) {
            *out = linear->intercepts[j];
            for (size_t k = 0; k < linear->width; k++)
                if (row[k] == row[k])
                    *out = float32(*out + float32(row[k] * linear->coefficients[j * linear->width + k]));
        }
    }
}

const Operator LINEAR = {"linear", open_linear, run_linear};
const Operator SCALE = {"scale", open_scale, run_scale};
const Operator MIN_MAX_SCALE = {"min_max_scale", open_min_max_scale, run_min_max_scale};
const Operator SCALED_SQUARES = {"scaled_squares", open_scaled_squares, run_scaled_squares};
const Operator PROJECTED_SQUARES = {"projected_squares", open_projected_squares, run_projected_squares};
const Operator QUADRATIC_FORM = {"quadratic_form", open_quadratic_form, run_quadratic_form};
const Operator LINEAR_FLOAT32 = {"linear_float32", open_linear_float32, run_linear_float32};
