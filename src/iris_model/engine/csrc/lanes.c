/* Many sums in parallel (SIMD); see lanes.h. */
#include "lanes.h"

#define ADD_TIMES(sum, x, y) (sum) += (x) * (y)
#define ADD_SQUARE(sum, x, y) (sum) += ((x) - (y)) * ((x) - (y))
/* Select lanes of one vector where the mask is set, and of the other elsewhere. */
#define CHOOSE(mask, one, other)                                                                                       \
    ((__typeof__(one))(((mask) & (__typeof__(mask))(one)) | (~(mask) & (__typeof__(mask))(other))))
#define ADD_DIFFERENCE(sum, x, y)                                                                                      \
    do {                                                                                                               \
        __typeof__(x) one = (x) - (y), other = (y) - (x);                                                              \
        __typeof__((x) < (y)) below = one < other;                                                                     \
        (sum) += CHOOSE(below, other, one);                                                                            \
    } while (0)
#define KEEP_GREATEST(sum, x, y)                                                                                       \
    do {                                                                                                               \
        __typeof__(x) one = (x) - (y), other = (y) - (x);                                                              \
        __typeof__((x) < (y)) below = one < other;                                                                     \
        one = CHOOSE(below, other, one);                                                                               \
        below = (sum) < one;                                                                                           \
        (sum) = CHOOSE(below, one, sum);                                                                               \
    } while (0)

#define BYTES 16
#define NAME(name) name##_16
#include "lanes_loops.h"
#undef BYTES
#undef NAME

#ifdef HAS_WIDE
#pragma GCC push_options
#pragma GCC target("avx2")
#define BYTES 32
#define NAME(name) name##_32
#include "lanes_loops.h"
#undef BYTES
#undef NAME
#pragma GCC pop_options

Lanes find_lanes(void) {
    if (__builtin_cpu_supports("avx2"))
        return (Lanes){sum_floats_32, sum_doubles_32, exponentials_32, magnitude_32, products_32, side_products_32};
    return (Lanes){sum_floats_16, sum_doubles_16, exponentials_16, magnitude_16, products_16, side_products_16};
}
#else
Lanes find_lanes(void) {
    return (Lanes){sum_floats_16, sum_doubles_16, exponentials_16, magnitude_16, products_16, side_products_16};
}
#endif
