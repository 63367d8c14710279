/* The loops of lanes.c, once for each size of vector: BYTES and NAME are set by who includes this. */

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

/* Two vectors of each row at a time: as many sums as there are registers for. */
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

#undef FLOATS
#undef DOUBLES
#undef SUM_FLOATS
#undef SUM_DOUBLES
