/* The nearest training rows. References: engine/operators/neighbors.py, votes.py, engine/metrics.py. */
#ifndef IRIS_MODEL_NEIGHBORS_H
#define IRIS_MODEL_NEIGHBORS_H

#include "../sums.h"

typedef struct Metric Metric;
struct Metric {
    double (*reduced)(const Metric *metric, const double *x, const double *y, size_t width);
    int is_squared;         /* reduced distances are squares */
    const double *variances; /* of seuclidean */
    const double *matrix;    /* of mahalanobis */
    double box_power;        /* 2, 1 or infinity; 0 if there are no boxes for this metric */
};

/* Read the attribute `metric` and its tensors. Fails for a metric that is not here. */
Metric open_metric(const Node *node, size_t width);
double expand_distance(const Metric *metric, double reduced);
double reduce_distance(const Metric *metric, double distance);

/* A heap with the largest distance first. */
typedef struct {
    double *distances;
    size_t *positions, size;
} Heap;

Heap new_heap(size_t size);
void clear_heap(Heap *heap, double distance);
void push_neighbor(Heap *heap, double distance, size_t position);
/* Sort by distance; of equal distances, the order stays. */
void sort_neighbors(double *distances, size_t *positions, size_t count);

/* Start the value of rows with neighbors, and add a row. */
void start_neighbors(Value *made, size_t expected);
void add_neighbor(Value *made, double distance, size_t position);
void end_neighbors(Value *made, size_t row);

_Noreturn void refuse_undecided(void);

#endif
