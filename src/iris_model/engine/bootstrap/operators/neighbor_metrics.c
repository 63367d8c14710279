/* Distances between a row and a vector, added in the order that decides ties. Reference: engine/metrics.py.
 *
 * Powers other than squares, and the haversine distance, need functions whose last bit depends on the C library; models with
 * these metrics run in Python. */
#include "neighbors.h"

#include <math.h>

#define METRIC(name) static double name(const Metric *metric, const double *x, const double *y, size_t width)
#define UNUSED (void)metric

METRIC(squared) {
    double total = 0.0;
    UNUSED;
    for (size_t i = 0; i < width; i++) {
        double difference = x[i] - y[i];
        total += difference * difference;
    }
    return total;
}

METRIC(scaled) {
    double total = 0.0;
    for (size_t i = 0; i < width; i++) {
        double difference = x[i] - y[i];
        total += difference * difference / metric->variances[i];
    }
    return total;
}

METRIC(mahalanobis) {
    double total = 0.0;
    for (size_t i = 0; i < width; i++) {
        double inner = 0.0;
        for (size_t j = 0; j < width; j++)
            inner += metric->matrix[i * width + j] * (x[j] - y[j]);
        total += inner * (x[i] - y[i]);
    }
    return total;
}

METRIC(manhattan) {
    double total = 0.0;
    UNUSED;
    for (size_t i = 0; i < width; i++)
        total += fabs(x[i] - y[i]);
    return total;
}

METRIC(chebyshev) {
    double largest = fabs(x[0] - y[0]);
    UNUSED;
    for (size_t i = 1; i < width; i++)
        if (fabs(x[i] - y[i]) > largest)
            largest = fabs(x[i] - y[i]);
    return largest;
}

METRIC(hamming) {
    size_t different = 0;
    UNUSED;
    for (size_t i = 0; i < width; i++)
        different += x[i] != y[i];
    return (double)different / (double)width;
}

METRIC(canberra) {
    double total = 0.0;
    UNUSED;
    for (size_t i = 0; i < width; i++) {
        double size = fabs(x[i]) + fabs(y[i]);
        if (size > 0.0)
            total += fabs(x[i] - y[i]) / size;
    }
    return total;
}

METRIC(bray_curtis) {
    double above = 0.0, below = 0.0;
    UNUSED;
    for (size_t i = 0; i < width; i++) {
        above += fabs(x[i] - y[i]);
        below += fabs(x[i]) + fabs(y[i]);
    }
    return below > 0.0 ? above / below : 0.0;
}

/* Features that are true (not zero) in both vectors, and in one of them only. */
static void count_truths(const double *x, const double *y, size_t width, double *both, double *one) {
    *both = *one = 0.0;
    for (size_t i = 0; i < width; i++) {
        if (x[i] != 0.0 && y[i] != 0.0)
            *both += 1.0;
        else if (x[i] != 0.0 || y[i] != 0.0)
            *one += 1.0;
    }
}

#define OF_TRUTHS(name, expression) \
    METRIC(name) { \
        double both, one, size = (double)width; \
        UNUSED; \
        count_truths(x, y, width, &both, &one); \
        (void)size; \
        return expression; \
    }

OF_TRUTHS(jaccard, both + one != 0.0 ? one / (both + one) : 0.0)
OF_TRUTHS(matching, one / size)
OF_TRUTHS(dice, both + one != 0.0 ? one / (2.0 * both + one) : (double)NAN)
OF_TRUTHS(rogers_tanimoto, 2.0 * one / (size + one))
OF_TRUTHS(russell_rao, (size - both) / size)
OF_TRUTHS(sokal_sneath, both + one != 0.0 ? one / (0.5 * both + one) : (double)NAN)

static const struct {
    const char *name;
    double (*reduced)(const Metric *, const double *, const double *, size_t);
    int is_squared;
    double box_power;
} METRICS[] = {
    {"euclidean", squared, 1, 2.0},
    {"seuclidean", scaled, 1, 0.0},
    {"mahalanobis", mahalanobis, 1, 0.0},
    {"manhattan", manhattan, 0, 1.0},
    {"chebyshev", chebyshev, 0, (double)INFINITY},
    {"hamming", hamming, 0, 0.0},
    {"canberra", canberra, 0, 0.0},
    {"braycurtis", bray_curtis, 0, 0.0},
    {"jaccard", jaccard, 0, 0.0},
    {"matching", matching, 0, 0.0},
    {"dice", dice, 0, 0.0},
    {"rogerstanimoto", rogers_tanimoto, 0, 0.0},
    {"russellrao", russell_rao, 0, 0.0},
    {"sokalmichener", rogers_tanimoto, 0, 0.0},
    {"sokalsneath", sokal_sneath, 0, 0.0},
};

Metric open_metric(const Node *node, size_t width) {
    Metric made = {0};
    String name = text_attribute(node, "metric");
    for (size_t i = 0; i < sizeof METRICS / sizeof *METRICS; i++)
        if (is_text(name, METRICS[i].name)) {
            made.reduced = METRICS[i].reduced;
            made.is_squared = METRICS[i].is_squared;
            made.box_power = METRICS[i].box_power;
        }
    if (made.reduced == NULL)
        fail_damaged(node->container, format("node %S uses the metric %S, which this iris-model does not have",
                                             repr_of_string(node->output), repr_of_string(name)));
    if (made.reduced == scaled)
        made.variances = numbers_of(node, "weights", width);
    if (made.reduced == mahalanobis)
        made.matrix = doubles_of(node, "matrix", width * width);
    return made;
}

double expand_distance(const Metric *metric, double reduced) {
    return metric->is_squared ? sqrt(reduced) : reduced;
}

double reduce_distance(const Metric *metric, double distance) {
    return metric->is_squared ? distance * distance : distance;
}
