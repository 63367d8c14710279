/* Sums that operators share: exact as Python's `fsum`, and in the order of numpy. */
#ifndef IRIS_MODEL_SUMS_H
#define IRIS_MODEL_SUMS_H

#include "model.h"

/* Partial sums that do not overlap: 2,098 bits of all doubles in pieces of at least 53, and some to spare. */
#define MOST_PARTIALS 64

typedef struct {
    double partials[MOST_PARTIALS];
    size_t count;
    double special, infinite; /* sums of the terms that are not finite, and of the infinite ones */
    int overflowed;
} ExactSum;

static inline void start_sum(ExactSum *sum) {
    sum->count = 0;
    sum->special = sum->infinite = 0.0;
    sum->overflowed = 0;
}

void add_exactly(ExactSum *sum, double term);
/* Return 1 and the sum rounded once, or 0 with the message of Python's error. */
int finish_sum(const ExactSum *sum, double *value, const char **error);

/* The total, or the error that Python would raise. */
double finish_sum_or_fail(const ExactSum *sum);
/* The sum of products, each rounded; fails as `fsum` does. */
double sum_products(const double *x, const double *y, size_t count);
int try_products(const double *x, const double *y, size_t count, double *value, const char **error);
double numpy_sum(const double *values, size_t count);

/* As math.exp: fails if the result is too large. */
double python_exp(double value);
double python_log(double value);

static inline int is_finite(double value) {
    return value - value == 0.0;
}

static inline double float32(double value) {
    return (double)(float)value;
}

#endif
