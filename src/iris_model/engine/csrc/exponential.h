/* exp(x) with an error below one unit in the last place, without branches, for one double or a vector of doubles. The steps
 * and bits are those of engine/elementary.py.
 *
 * exp(x) = 2^n exp(r) with |r| <= ln(2) / 2. exp(r) is its series up to r^13 / 13!; the remainder is below 2^-57. The power
 * of two is applied in two steps, so that subnormal results are rounded only once.
 *
 * The file that includes this one defines EXPONENTIAL_NAME and the types REAL, WHOLE and POSITIVE (64 bits per lane).
 */
#ifndef IRIS_MODEL_EXPONENTIAL_H
#define IRIS_MODEL_EXPONENTIAL_H

/* Above this, exp overflows in Python. Kernels decline before they reach it. */
#define LARGEST_EXPONENT 709.782712893384
/* Below this, exp(x) is 0. */
#define LEAST_EXPONENT -746.0

#define JOINED(name, end) name##end
#define POWERS_OF(name) JOINED(name, _powers)

#endif

/* Return 1/3! + r/4! + ... + r^10/13!. */
static inline REAL POWERS_OF(EXPONENTIAL_NAME)(REAL r) {
    REAL series = r * 1.6059043836821613e-10 + 2.08767569878681e-09;
    series = series * r + 2.505210838544172e-08;
    series = series * r + 2.755731922398589e-07;
    series = series * r + 2.7557319223985893e-06;
    series = series * r + 2.48015873015873e-05;
    series = series * r + 0.0001984126984126984;
    series = series * r + 0.001388888888888889;
    series = series * r + 0.008333333333333333;
    series = series * r + 0.041666666666666664;
    return series * r + 0.16666666666666666;
}

/* Return exp(x). x must be between the two limits above. */
static inline REAL EXPONENTIAL_NAME(REAL x) {
    const double to_whole = 6755399441055744.0; /* 1.5 * 2^52: adding it rounds a number to an integer */
    const int64_t to_whole_bits = 0x4338000000000000;
    REAL shifted = x * 1.4426950408889634 + to_whole;
    REAL whole = shifted - to_whole;
    WHOLE bits;
    memcpy(&bits, &shifted, sizeof bits);
    WHOLE power = bits - to_whole_bits;
    /* ln(2) as the sum of two numbers. The first ends in enough zero bits that its product with n is exact. */
    REAL high = x - whole * 0.6931471803691238, low = whole * 1.9082149292705877e-10;
    REAL r = high - low, lost = (high - r) - low;
    REAL series = POWERS_OF(EXPONENTIAL_NAME)(r);
    REAL square = r * r, rest = (series * r) * square + (lost + lost * r);
    /* 1 + r + r^2 / 2 + rest, largest terms first. |r| < 1, so the rounding error of 1 + r is computed exactly. */
    REAL sum = 1.0 + r, error = r - (sum - 1.0);
    REAL value = sum + (0.5 * square + (rest + error));
    /* Half of the exponent, rounded down. Unsigned, because vectors of 64-bit integers may have no signed right shift. */
    POSITIVE half = ((POSITIVE)(power + 2048) >> 1) - 1, other = (POSITIVE)(power + 2048) - half - 2;
    half = half << 52;
    other = other << 52;
    REAL first, second;
    memcpy(&first, &half, sizeof first);
    memcpy(&second, &other, sizeof second);
    return value * first * second;
}
