/* Many sums in parallel, each added from left to right, in SIMD registers: 16 bytes on every x86_64 and arm64 processor, 32
 * bytes with AVX2. No sum spans several lanes, so both sizes give the same sums.
 *
 * Feature vectors are stored in groups of FLOAT_SIDE or DOUBLE_SIDE: within a group, first feature 0 of all its vectors,
 * then feature 1, and so on.
 */
#ifndef IRIS_MODEL_LANES_H
#define IRIS_MODEL_LANES_H

#include "kernels.h"

#define FLOAT_SIDE 16
#define DOUBLE_SIDE 8
/* The number of rows compared with a group in one pass, so that the group is loaded once for all of them. */
#define FLOAT_ROWS 4
#define DOUBLE_ROWS 2

enum { TIMES, DIFFERENCE, SQUARE, GREATEST };

/* FLOAT_ROWS rows of `width` features against one group. `out`: rows x FLOAT_SIDE. */
typedef void (*SumFloats)(int kind, const float *rows, const float *side, Py_ssize_t width, float *out);
/* DOUBLE_ROWS rows against one group. `second` may be the same row as `first`. */
typedef void (*SumDoubles)(int kind, const double *first, const double *second, const double *side, Py_ssize_t width,
                           double *out);

/* Replace each value by exp(factor * value). `count` is a multiple of DOUBLE_SIDE. No result may overflow. */
typedef void (*Exponentials)(double *values, Py_ssize_t count, double factor);

/* Return the sum of the magnitudes, rounded after each addition. */
typedef double (*Magnitude)(const double *values, Py_ssize_t count);

/* The exact dot product of y and each row, rounded once, or NaN if the rounding is not certain. `grain`: a power of two
 * above twice the sum of the products' magnitudes. `off`: a bound of the error of the parts below the grain. Source: Rump,
 * Ogita, Oishi, Accurate floating-point summation (2008), ExtractVector. */
typedef void (*Products)(const double *rows, Py_ssize_t count, const double *y, Py_ssize_t width, double grain, double off,
                         double *out);

/* The same for DOUBLE_SIDE rows that are stored feature by feature. */
typedef void (*SideProducts)(const double *side, const double *y, Py_ssize_t width, double grain, double off, double *out);

typedef struct {
    SumFloats sum_floats;
    SumDoubles sum_doubles;
    Exponentials exponentials;
    Magnitude magnitude;
    Products products;
    SideProducts side_products;
} Lanes;

/* Return the functions for the widest vectors of this processor. */
Lanes find_lanes(void);

#endif
