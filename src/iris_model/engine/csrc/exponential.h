/* exp(x) to within a unit of the last place, without branches: for one double, or for a vector of them.
 *
 * exp(x) = 2^n exp(r) with |r| <= ln(2) / 2, and for exp(r) its series up to r^13 / 13!, whose rest is below 2^-57. Powers
 * of two are put in by two steps, so that results below the smallest normal double are rounded once and right.
 *
 * Who includes this sets EXPONENTIAL_NAME, and the types REAL, WHOLE and POSITIVE (of 64 bits a lane).
 */
#ifndef IRIS_MODEL_EXPONENTIAL_H
#define IRIS_MODEL_EXPONENTIAL_H

/* Beyond this Python's exp reports an overflow; a kernel declines before it asks. */
#define LARGEST_EXPONENT 709.782712893384
/* Below this exp is 0. */
#define LEAST_EXPONENT -746.0

#endif

/* Between the two above. */
static inline REAL EXPONENTIAL_NAME(REAL x) {
    const double to_whole = 6755399441055744.0; /* 1.5 * 2^52: what is added to it is rounded to a whole number */
    const int64_t to_whole_bits = 0x4338000000000000;
    REAL shifted = x * 1.4426950408889634 + to_whole;
    REAL whole = shifted - to_whole;
    WHOLE bits;
    memcpy(&bits, &shifted, sizeof bits);
    WHOLE power = bits - to_whole_bits;
    /* ln(2) in two parts; the first has zeros enough at its end for an exact product. */
    REAL high = x - whole * 0.6931471803691238, low = whole * 1.9082149292705877e-10;
    REAL r = high - low, lost = (high - r) - low;
    REAL series = r * 1.6059043836821613e-10 + 2.08767569878681e-09;
    series = series * r + 2.505210838544172e-08;
    series = series * r + 2.755731922398589e-07;
    series = series * r + 2.7557319223985893e-06;
    series = series * r + 2.48015873015873e-05;
    series = series * r + 0.0001984126984126984;
    series = series * r + 0.001388888888888889;
    series = series * r + 0.008333333333333333;
    series = series * r + 0.041666666666666664;
    series = series * r + 0.16666666666666666;
    REAL square = r * r, rest = (series * r) * square + (lost + lost * r);
    /* 1 + r + r^2 / 2 + rest, the large parts first: |r| < 1, so what 1 + r loses is known. */
    REAL sum = 1.0 + r, error = r - (sum - 1.0);
    REAL value = sum + (0.5 * square + (rest + error));
    /* Half of the power, rounded down, without a shift of signed numbers, which vectors of 64 bits may not have. */
    POSITIVE half = ((POSITIVE)(power + 2048) >> 1) - 1, other = (POSITIVE)(power + 2048) - half - 2;
    half = half << 52;
    other = other << 52;
    REAL first, second;
    memcpy(&first, &half, sizeof first);
    memcpy(&second, &other, sizeof second);
    return value * first * second;
}
