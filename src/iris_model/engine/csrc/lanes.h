/* Many sums side by side, each from left to right, in registers: vectors of 16 bytes, which x86_64 and arm64 always have,
 * and of 32 bytes where the processor has AVX2. Lanes do not mix, so both give the same sums.
 *
 * Vectors (of features) lie in groups of FLOAT_SIDE or DOUBLE_SIDE, feature by feature.
 */
#ifndef IRIS_MODEL_LANES_H
#define IRIS_MODEL_LANES_H

#include "kernels.h"

#define FLOAT_SIDE 16
#define DOUBLE_SIDE 8
/* Rows that are measured together, so that a vector is fetched once for all of them. */
#define FLOAT_ROWS 4
#define DOUBLE_ROWS 2

enum { TIMES, DIFFERENCE, SQUARE, GREATEST };

/* FLOAT_ROWS rows of `width` against one group: rows x FLOAT_SIDE. */
typedef void (*SumFloats)(int kind, const float *rows, const float *side, Py_ssize_t width, float *out);
/* DOUBLE_ROWS rows against one group; the second may be the first once more. */
typedef void (*SumDoubles)(int kind, const double *first, const double *second, const double *side, Py_ssize_t width,
                           double *out);

/* exp(factor * value) in place of each of some values, whose count is a multiple of DOUBLE_SIDE; none overflows. */
typedef void (*Exponentials)(double *values, Py_ssize_t count, double factor);

/* The sum of magnitudes, rounded as it comes. */
typedef double (*Magnitude)(const double *values, Py_ssize_t count);

/* The exact sum of the products of y and each row, rounded once, or NaN where it is not certain. `grain`: a power of two above twice
 * the sum of the products' magnitudes. `off`: a bound of what is lost below it. Source: Rump, Ogita, Oishi, Accurate
 * floating-point summation (2008), ExtractVector. */
typedef void (*Products)(const double *rows, Py_ssize_t count, const double *y, Py_ssize_t width, double grain, double off,
                         double *out);

/* The same of DOUBLE_SIDE rows that lie feature by feature. */
typedef void (*SideProducts)(const double *side, const double *y, Py_ssize_t width, double grain, double off, double *out);

typedef struct {
    SumFloats sum_floats;
    SumDoubles sum_doubles;
    Exponentials exponentials;
    Magnitude magnitude;
    Products products;
    SideProducts side_products;
} Lanes;

/* The widest that this processor has. */
Lanes find_lanes(void);

#endif
