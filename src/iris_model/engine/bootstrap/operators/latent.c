/* The probabilities of a latent Gaussian process. Reference: engine/operators/gaussian_process.py, latent_probabilities. */
#include "../../csrc/functions/elementary.h"
#include "../sums.h"

#include <math.h>

#define PI 3.141592653589793

static const double SLOPES[] = {0.41, 0.4, 0.37, 0.44, 0.39};
static const double HEIGHTS[] = {-1854.8214151, 3516.89893646, 221.29346712, 128.12323805, -2010.49422654};

/* The inputs are means, projections, and the diagonal of the covariance. */
static void open_latent_probabilities(Node *node) {
    need_inputs(node, 3, 3);
    for (size_t i = 0; i < 3; i++)
        need_table(node, i);
    make_table(node, 2);
}

static double probability_of(double mean, double variance) {
    double alpha = 1.0 / (2.0 * variance), width = sqrt(PI / alpha), over = 2.0 * sqrt(variance * 2.0 * PI);
    double total = 0.0, heights = 0.0;
    for (size_t i = 0; i < sizeof SLOPES / sizeof *SLOPES; i++) {
        double bend = sqrt(alpha / (alpha + SLOPES[i] * SLOPES[i]));
        total += HEIGHTS[i] * (width * elementary_erf(SLOPES[i] * mean * bend) / over);
        heights += HEIGHTS[i];
    }
    return total + 0.5 * heights;
}

static void run_latent_probabilities(const Node *node, const Value *const *inputs, Value *made) {
    size_t width = inputs[1]->shape.width;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++, out += 2) {
        const double *projection = inputs[1]->cells + i * width;
        double variance = inputs[2]->cells[i * inputs[2]->shape.width] - sum_products(projection, projection, width);
        int all_finite = 1;
        for (size_t k = 0; k < width; k++)
            all_finite = all_finite && is_finite(projection[k]);
        if (!is_finite(variance) && all_finite) {
            out[0] = out[1] = (double)NAN;
            continue;
        }
        if (!(variance > 0.0 && variance < (double)INFINITY))
            fail(VALUE_ERROR, LITERAL("its variance is rounding noise"));
        if (!is_finite(2.0 * variance))
            fail_damaged(node->container, LITERAL("operator 'latent_probabilities' failed: float division by zero"));
        out[1] = probability_of(inputs[0]->cells[i * inputs[0]->shape.width], variance);
        out[0] = 1.0 - out[1];
    }
}

const Operator LATENT_PROBABILITIES = {"latent_probabilities", open_latent_probabilities, run_latent_probabilities};
