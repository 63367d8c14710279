/* From decision values to probabilities: functions of one row. References: engine/operators/links.py, activations.py,
 * float32.py, calibration.py. */
#include "../../csrc/functions/elementary.h"
#include "../sums.h"

#include <math.h>

#define OVERFLOW 709.782712893384
#define LARGEST_FLOAT32_EXPONENT 88.69999694824219
#define FLOAT32_OVERFLOW 88.72283935546875

typedef struct {
    void (*map)(const double *row, size_t width, double slope, double *out);
    double slope;
    size_t width;
} Link;

static double infinity(void) {
    return 1.7976931348623157e308 * 10.0;
}

static double expit_of(double value) {
    if (value >= 0.0)
        return 1.0 / (1.0 + python_exp(-value));
    double power = python_exp(value);
    return power / (1.0 + power);
}

#define BY_CELL(name, expression) \
    static void name(const double *row, size_t width, double slope, double *out) { \
        (void)slope; \
        for (size_t i = 0; i < width; i++) { \
            double x = row[i]; \
            out[i] = expression; \
        } \
    }

BY_CELL(map_expit, expit_of(x))
BY_CELL(map_exponential, x <= OVERFLOW ? python_exp(x) : x + infinity())
BY_CELL(map_logistic, slope * x > -OVERFLOW ? 1.0 / (1.0 + python_exp(-slope * x)) : 0.0)
BY_CELL(map_softplus, x <= OVERFLOW ? elementary_log1p(python_exp(x)) : x + infinity())
BY_CELL(map_signed_squares, x * fabs(x))
BY_CELL(map_tanh, elementary_tanh(x))
BY_CELL(map_relu, x > 0.0 ? x : 0.0)
BY_CELL(map_step_float32, x > 0.0 ? 1.0 : 0.0)
BY_CELL(map_above, x > slope ? 1.0 : 0.0)
BY_CELL(map_round_float32, float32(x))
BY_CELL(map_exponential_float32, x < FLOAT32_OVERFLOW ? float32(python_exp(x)) : infinity())

/* min(-x, limit) of Python: -x unless the limit is smaller. */
BY_CELL(map_expit_float32,
        float32(1.0 / float32(float32(python_exp(LARGEST_FLOAT32_EXPONENT < -x ? LARGEST_FLOAT32_EXPONENT : -x)) + 1.0)))

static double largest_of(const double *row, size_t width) {
    double largest = row[0];
    for (size_t i = 1; i < width; i++)
        if (row[i] > largest)
            largest = row[i];
    return largest;
}

static void map_softmax(const double *row, size_t width, double slope, double *out) {
    double largest = largest_of(row, width), total = 0.0;
    (void)slope;
    for (size_t i = 0; i < width; i++)
        total += out[i] = python_exp(row[i] - largest);
    for (size_t i = 0; i < width; i++)
        out[i] /= total;
}

static void map_softmax_pair(const double *row, size_t width, double slope, double *out) {
    double pair[2] = {-row[0], row[0]};
    (void)width;
    map_softmax(pair, 2, slope, out);
}

static void map_softmax_float32(const double *row, size_t width, double slope, double *out) {
    double largest = largest_of(row, width), total = 0.0;
    (void)slope;
    for (size_t i = 0; i < width; i++)
        total += out[i] = float32(python_exp(float32(row[i] - largest)));
    total = float32(total);
    for (size_t i = 0; i < width; i++)
        out[i] = float32(out[i] / total);
}

static void map_expit_pair(const double *row, size_t width, double slope, double *out) {
    (void)width;
    (void)slope;
    out[1] = expit_of(row[0]);
    out[0] = 1.0 - out[1];
}

static void map_complement_pair(const double *row, size_t width, double slope, double *out) {
    (void)width;
    (void)slope;
    out[1] = row[0];
    out[0] = 1.0 - row[0];
}

static void map_pair_float32(const double *row, size_t width, double slope, double *out) {
    (void)width;
    (void)slope;
    out[1] = row[0];
    out[0] = float32(1.0 - row[0]);
}

static void map_halve_pair(const double *row, size_t width, double slope, double *out) {
    (void)width;
    (void)slope;
    out[0] = -row[0] / 2;
    out[1] = row[0] / 2;
}

static double sum_of(const double *row, size_t width) {
    double total = 0.0;
    for (size_t i = 0; i < width; i++)
        total += row[i];
    return total;
}

static void map_normalize_rows(const double *row, size_t width, double slope, double *out) {
    double total = sum_of(row, width);
    (void)slope;
    for (size_t i = 0; i < width; i++)
        out[i] = total != 0.0 ? row[i] / total : 1.0 / (double)width;
}

static void map_normalize_log(const double *row, size_t width, double slope, double *out) {
    double largest = largest_of(row, width), sum = 0.0;
    (void)slope;
    for (size_t i = 0; i < width; i++)
        sum += python_exp(row[i] - largest);
    double total = largest + python_log(sum);
    for (size_t i = 0; i < width; i++)
        out[i] = python_exp(row[i] - total);
}

static void run_link(const Node *node, const Value *const *inputs, Value *made) {
    const Link *link = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++)
        link->map(inputs[0]->cells + i * link->width, link->width, link->slope, out + i * made->shape.width);
}

static Link *open_link(Node *node, void (*map)(const double *, size_t, double, double *), size_t need, size_t width) {
    Link *link = node->state = allocate(1, sizeof *link);
    need_inputs(node, 1, 1);
    link->width = need_table(node, 0);
    link->map = map;
    if (need != 0 && link->width < need)
        fail_node(node, "needs another number of columns");
    make_table(node, width == 0 ? link->width : width);
    return link;
}

#define LINK(NAME, name, need, width) \
    static void open_##name(Node *node) { \
        open_link(node, map_##name, need, width); \
    } \
    const Operator NAME = {#name, open_##name, run_link};

LINK(EXPIT, expit, 0, 0)
LINK(EXPIT_PAIR, expit_pair, 1, 2)
LINK(SOFTMAX, softmax, 0, 0)
LINK(SOFTMAX_PAIR, softmax_pair, 1, 2)
LINK(NORMALIZE_ROWS, normalize_rows, 0, 0)
LINK(NORMALIZE_LOG, normalize_log, 0, 0)
LINK(EXPONENTIAL, exponential, 0, 0)
LINK(COMPLEMENT_PAIR, complement_pair, 1, 2)
LINK(SOFTPLUS, softplus, 0, 0)
LINK(SIGNED_SQUARES, signed_squares, 0, 0)
LINK(TANH, tanh, 0, 0)
LINK(RELU, relu, 0, 0)
LINK(HALVE_PAIR, halve_pair, 1, 2)
LINK(EXPIT_FLOAT32, expit_float32, 0, 0)
LINK(EXPONENTIAL_FLOAT32, exponential_float32, 0, 0)
LINK(SOFTMAX_FLOAT32, softmax_float32, 0, 0)
LINK(STEP_FLOAT32, step_float32, 0, 0)
LINK(PAIR_FLOAT32, pair_float32, 1, 2)
LINK(ROUND_FLOAT32, round_float32, 0, 0)

static void open_logistic(Node *node) {
    open_link(node, map_logistic, 0, 0)->slope = number_attribute(node, "slope", (double)NAN);
}

static void open_above_threshold(Node *node) {
    open_link(node, map_above, 0, 0)->slope = number_attribute(node, "threshold", (double)NAN);
}

const Operator LOGISTIC = {"logistic", open_logistic, run_link};
const Operator ABOVE_THRESHOLD = {"above_threshold", open_above_threshold, run_link};
