/* The loops of lanes.c, included once for each vector size. The including file defines BYTES and NAME. */

typedef float NAME(Floats) __attribute__((vector_size(BYTES), aligned(4)));
typedef double NAME(Doubles) __attribute__((vector_size(BYTES), aligned(8)));
typedef int64_t NAME(Wholes) __attribute__((vector_size(BYTES), aligned(8)));
typedef uint64_t NAME(Positives) __attribute__((vector_size(BYTES), aligned(8)));

#define EXPONENTIAL_NAME NAME(exponential)
#define REAL NAME(Doubles)
#define WHOLE NAME(Wholes)
#define POSITIVE NAME(Positives)
#include "exponential.h"
#undef EXPONENTIAL_NAME
#undef REAL
#undef WHOLE
#undef POSITIVE

#define FLOATS (BYTES / 4)
#define DOUBLES (BYTES / 8)

/* Process two vectors of each row at a time: then the sums fill the available registers. */
#define SUM_FLOATS(TERM)                                                                                               \
    for (int part = 0; part < FLOAT_SIDE; part += 2 * FLOATS) {                                                        \
        NAME(Floats) sums[FLOAT_ROWS][2] = {0};                                                                        \
        for (Py_ssize_t j = 0; j < width; j++) {                                                                       \
            const NAME(Floats) *at = (const NAME(Floats) *)(side + j * FLOAT_SIDE + part);                             \
            NAME(Floats) y0 = at[0], y1 = at[1];                                                                       \
            _Pragma("GCC unroll 4") for (int row = 0; row < FLOAT_ROWS; row++) {                                       \
                NAME(Floats) x = rows[row * width + j] - (NAME(Floats)){0};                                            \
                TERM(sums[row][0], x, y0);                                                                             \
                TERM(sums[row][1], x, y1);                                                                             \
            }                                                                                                          \
        }                                                                                                              \
        for (int row = 0; row < FLOAT_ROWS; row++)                                                                     \
            memcpy(out + row * FLOAT_SIDE + part, sums[row], sizeof sums[row]);                                        \
    }

#define SUM_DOUBLES(TERM)                                                                                              \
    for (int part = 0; part < DOUBLE_SIDE; part += 2 * DOUBLES) {                                                      \
        NAME(Doubles) a0 = {0}, a1 = {0}, b0 = {0}, b1 = {0};                                                          \
        for (Py_ssize_t j = 0; j < width; j++) {                                                                       \
            const NAME(Doubles) *at = (const NAME(Doubles) *)(side + j * DOUBLE_SIDE + part);                          \
            NAME(Doubles) y0 = at[0], y1 = at[1];                                                                      \
            NAME(Doubles) a = first[j] - (NAME(Doubles)){0}, b = second[j] - (NAME(Doubles)){0};                       \
            TERM(a0, a, y0);                                                                                           \
            TERM(a1, a, y1);                                                                                           \
            TERM(b0, b, y0);                                                                                           \
            TERM(b1, b, y1);                                                                                           \
        }                                                                                                              \
        NAME(Doubles) all[4] = {a0, a1, b0, b1};                                                                       \
        memcpy(out + part, all, 2 * sizeof *all);                                                                      \
        memcpy(out + DOUBLE_SIDE + part, all + 2, 2 * sizeof *all);                                                    \
    }

static void NAME(sum_floats)(int kind, const float *rows, const float *side, Py_ssize_t width, float *out) {
    switch (kind) {
    case TIMES: SUM_FLOATS(ADD_TIMES) break;
    case DIFFERENCE: SUM_FLOATS(ADD_DIFFERENCE) break;
    case GREATEST: SUM_FLOATS(KEEP_GREATEST) break;
    }
}

static void NAME(sum_doubles)(int kind, const double *first, const double *second, const double *side, Py_ssize_t width,
                              double *out) {
    switch (kind) {
    case TIMES: SUM_DOUBLES(ADD_TIMES) break;
    case DIFFERENCE: SUM_DOUBLES(ADD_DIFFERENCE) break;
    case SQUARE: SUM_DOUBLES(ADD_SQUARE) break;
    }
}

static void NAME(exponentials)(double *values, Py_ssize_t count, double factor) {
    for (Py_ssize_t i = 0; i < count; i += DOUBLES) {
        NAME(Doubles) *at = (NAME(Doubles) *)(values + i), x = *at * factor;
        NAME(Doubles) least = LEAST_EXPONENT - (NAME(Doubles)){0};
        *at = NAME(exponential)(CHOOSE(x < least, least, x));
    }
}

static double NAME(magnitude)(const double *values, Py_ssize_t count) {
    NAME(Doubles) sums[2] = {0};
    NAME(Positives) bits = INT64_MAX - (NAME(Positives)){0};
    double sum = 0.0;
    Py_ssize_t i = 0;
    for (; i + 2 * DOUBLES <= count; i += 2 * DOUBLES)
        for (int half = 0; half < 2; half++)
            sums[half] += (NAME(Doubles))(bits & *(const NAME(Positives) *)(values + i + half * DOUBLES));
    for (; i < count; i++)
        sum += values[i] < 0.0 ? -values[i] : values[i];
    for (int lane = 0; lane < DOUBLES; lane++)
        sum += sums[0][lane] + sums[1][lane];
    return sum;
}

/* The high part of each product is a multiple of the last bit of `grain`, so these parts add up without rounding, in any
 * order. The low parts are so small that the error of their sum is below `off`. */
static void NAME(side_products)(const double *side, const double *y, Py_ssize_t width, double grain, double off,
                                double *out) {
    NAME(Doubles) grains = (NAME(Doubles)){0} + grain, nan = (NAME(Doubles)){0} + __builtin_nan("");
    for (int part = 0; part < DOUBLE_SIDE; part += 2 * DOUBLES) {
        NAME(Doubles) sums[2] = {0}, rests[2] = {0};
        for (Py_ssize_t i = 0; i < width; i++)
            _Pragma("GCC unroll 2") for (int half = 0; half < 2; half++) {
                const double *at = side + i * DOUBLE_SIDE + part + half * DOUBLES;
                NAME(Doubles) term = *(const NAME(Doubles) *)at * y[i], whole = (grains + term) - grains;
                sums[half] += whole;
                rests[half] += term - whole;
            }
        _Pragma("GCC unroll 2") for (int half = 0; half < 2; half++) {
            NAME(Doubles) least = sums[half] + (rests[half] - off), most = sums[half] + (rests[half] + off);
            __typeof__(least == most) certain = least == most;
            *(NAME(Doubles) *)(out + part + half * DOUBLES) = CHOOSE(certain, least, nan);
        }
    }
}

/* The same for one row. */
static inline double NAME(product)(const double *x, const double *y, Py_ssize_t width, double grain, double off) {
    NAME(Doubles) grains = (NAME(Doubles)){0} + grain, sums = {0}, rests = {0};
    double sum = 0.0, rest = 0.0;
    Py_ssize_t i = 0;
    for (; i + DOUBLES <= width; i += DOUBLES) {
        NAME(Doubles) term = *(const NAME(Doubles) *)(x + i) * *(const NAME(Doubles) *)(y + i);
        NAME(Doubles) whole = (grains + term) - grains;
        sums += whole;
        rests += term - whole;
    }
    for (; i < width; i++) {
        double term = x[i] * y[i], whole = (grain + term) - grain;
        sum += whole;
        rest += term - whole;
    }
    for (int lane = 0; lane < DOUBLES; lane++) {
        sum += sums[lane];
        rest += rests[lane];
    }
    double least = sum + (rest - off);
    return least == sum + (rest + off) ? least : __builtin_nan("");
}

static void NAME(products)(const double *rows, Py_ssize_t count, const double *y, Py_ssize_t width, double grain, double off,
                           double *out) {
    for (Py_ssize_t row = 0; row < count; row++)
        out[row] = NAME(product)(rows + row * width, y, width, grain, off);
}

#undef FLOATS
#undef DOUBLES
#undef SUM_FLOATS
#undef SUM_DOUBLES
