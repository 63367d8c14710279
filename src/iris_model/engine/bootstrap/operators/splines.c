/* B-splines of each column. Reference: engine/operators/interpolation.py. */
#include "../sums.h"

#include <math.h>

enum { CONTINUE, HOLD, STRAIGHT, PERIODIC, REFUSE };
static const char *const NAMES[] = {"continue", "constant", "linear", "periodic", "error"};

/* scikit-learn's splines have degree 3 by default; a degree needs that many steps for each cell. */
#define HIGHEST_DEGREE 64

typedef struct {
    const double *knots, *bounds, *edges;
    size_t width, knot_count, degree, count, kept;
    int outside, missing_as_zeros;
} Splines;

static void open_spline_basis(Node *node) {
    Splines *splines = node->state = allocate(1, sizeof *splines);
    need_inputs(node, 1, 1);
    splines->width = need_table(node, 0);
    int64_t degree = integer_attribute(node, "degree", INT64_MIN), kept = integer_attribute(node, "kept", INT64_MIN);
    String outside = text_attribute(node, "extrapolation");
    Tensor knots = tensor_of(node, "knots"), edges = tensor_of(node, "edges");
    for (splines->outside = 0; splines->outside <= REFUSE && !is_text(outside, NAMES[splines->outside]); splines->outside++) {
    }
    if (splines->outside > REFUSE || degree < 0 || degree > HIGHEST_DEGREE)
        fail_node(node, "has another extrapolation or degree");
    splines->degree = (size_t)degree;
    if (knots.dimensions != 2 || knots.shape[0] != splines->width || knots.shape[1] < 2 * splines->degree + 2 ||
        edges.dimensions != 2 || edges.shape[0] != 4 * splines->width || edges.shape[1] == 0)
        fail_node(node, "has a matrix of another shape");
    splines->knot_count = knots.shape[1];
    splines->count = edges.shape[1];
    if (integer_attribute(node, "count", INT64_MIN) != (int64_t)splines->count || kept < 1 || (size_t)kept > splines->count)
        fail_node(node, "has another number of functions");
    splines->kept = (size_t)kept;
    splines->knots = doubles_of(node, "knots", knots.count);
    splines->edges = doubles_of(node, "edges", edges.count);
    splines->bounds = doubles_of(node, "bounds", 2 * splines->width);
    splines->missing_as_zeros = flag_attribute(node, "missing_as_zeros", -1);
    make_table(node, splines->kept * splines->width);
}

/* As Python's `%`: the sign of the divisor. */
static double python_modulo(double x, double divisor) {
    double rest = fmod(x, divisor);
    if (rest == 0.0)
        return copysign(0.0, divisor);
    return (divisor < 0.0) != (rest < 0.0) ? rest + divisor : rest;
}

/* The de Boor-Cox recursion, step by step. */
static void evaluate_basis(const Splines *splines, const double *knots, double value, double *basis) {
    double weights[HIGHEST_DEGREE + 1] = {1.0}, before[HIGHEST_DEGREE + 1];
    size_t degree = splines->degree, last = splines->knot_count - degree - 2;
    size_t reached = count_reached(knots, splines->knot_count, value), interval = reached > degree ? reached - 1 : degree;
    if (interval > last)
        interval = last;
    for (size_t order = 1; order <= degree; order++) {
        memcpy(before, weights, order * sizeof *before);
        weights[0] = 0.0;
        for (size_t step = 1; step <= order; step++) {
            double right = knots[interval + step], left = knots[interval + step - order];
            if (right == left) {
                weights[step] = 0.0;
                continue;
            }
            double share = before[step - 1] / (right - left);
            weights[step - 1] += share * (right - value);
            weights[step] = share * (value - left);
        }
    }
    for (size_t i = 0; i <= degree; i++)
        basis[(interval - degree + i) % splines->count] += weights[i];
}

static void run_column(const Splines *splines, size_t row, size_t column, double value, double *basis) {
    double low = splines->bounds[2 * column], high = splines->bounds[2 * column + 1];
    int is_inside = low <= value && value <= high;
    memset(basis, 0, splines->count * sizeof *basis);
    if (value != value && splines->missing_as_zeros)
        return;
    if ((splines->outside == HOLD || splines->outside == STRAIGHT) && !is_inside) {
        const double *heights = splines->edges + (4 * column + (value < low ? 0 : 2)) * splines->count;
        double distance = value - (value < low ? low : high);
        for (size_t i = 0; i < splines->count; i++)
            basis[i] = heights[i] + distance * heights[splines->count + i];
        return;
    }
    if (splines->outside == PERIODIC)
        value = high > low ? low + python_modulo(value - low, high - low) : 0.0;
    else if (splines->outside == REFUSE && !is_inside)
        refuse(format("row %z: the value %S is beyond the knots", row, repr_of_double(value)), (int64_t)row, NONE, NONE, NULL);
    evaluate_basis(splines, splines->knots + column * splines->knot_count, value, basis);
}

static void run_spline_basis(const Node *node, const Value *const *inputs, Value *made) {
    const Splines *splines = node->state;
    double *out = new_cells(made), *basis = allocate(splines->count, sizeof *basis);
    for (size_t i = 0; i < made->rows; i++)
        for (size_t k = 0; k < splines->width; k++, out += splines->kept) {
            run_column(splines, i, k, inputs[0]->cells[i * splines->width + k], basis);
            memcpy(out, basis, splines->kept * sizeof *out);
        }
}

const Operator SPLINE_BASIS = {"spline_basis", open_spline_basis, run_spline_basis};
