/* Write doubles with the fewest digits that read back as the same double; of these the nearest, as Python's `repr` does.
 *
 * Source: Giulietti, The Schubfach way to render doubles (2022). Powers of ten have 128 bits. The last bit records whether
 * truncated bits were not zero ("rounded to odd"), which makes every comparison correct.
 */
#include "text.h"

#define MANTISSA_BITS 52
/* Python writes an exponent for numbers from 10 to the power of this, and below 10^-4. */
#define LEAST_WITH_EXPONENT 16
#define GREATEST_BELOW_ONE (-4)

static const char PAIRS[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748"
                            "49505152535455565758596061626364656667686970717273747576777879808182838485868788899091929394959697"
                            "9899";

/* floor(number / 2^shift), also for negative numbers. */
static inline int32_t floor_shift(int64_t number, int shift) {
    return (int32_t)(number >= 0 ? number >> shift : -((-number + ((int64_t)1 << shift) - 1) >> shift));
}

static inline uint64_t times_power(const Power *ten, uint64_t factor) {
    uint64_t low, middle, high;
    uint64_t carried = multiply(ten->low, factor, &low);
    high = multiply(ten->high, factor, &middle);
    middle += carried;
    high += middle < carried;
    return high | (middle > 1);
}

/* Find the shortest decimal in the interval that rounds to the double: its digits, and its power of ten. */
static uint64_t shorten(uint64_t fraction, int32_t biased, int32_t *power) {
    uint64_t c = biased != 0 ? fraction | (uint64_t)1 << MANTISSA_BITS : fraction;
    int32_t q = (biased != 0 ? biased : 1) - 1075;
    int odd = (int)(c & 1), is_closer = fraction == 0 && biased > 1; /* the next smaller double is only half as far away */
    /* log10(2) is about 1262611 / 2^22; log10(4 / 3) is about 524031 / 2^22; log2(10) is about 1741647 / 2^19. */
    int32_t k = floor_shift((int64_t)q * 1262611 - (is_closer ? 524031 : 0), 22);
    int32_t h = q + floor_shift(-(int64_t)k * 1741647, 19) + 1;
    Power ten = POWERS_OF_TEN[-k - LEAST_POWER];
    if (-k < 0 || -k > 55) { /* rounded up if it is not exact */
        ten.low++;
        ten.high += ten.low == 0;
    }
    uint64_t below = times_power(&ten, (4 * c - 2 + (uint64_t)is_closer) << h) + (uint64_t)odd;
    uint64_t value = times_power(&ten, (4 * c) << h);
    uint64_t above = times_power(&ten, (4 * c + 2) << h) - (uint64_t)odd;
    uint64_t s = value / 4, tens = s / 10;
    *power = k;
    if (s >= 10) {
        int low_inside = below <= 40 * tens, high_inside = 40 * tens + 40 <= above;
        if (low_inside != high_inside) {
            *power = k + 1;
            return tens + (uint64_t)high_inside;
        }
    }
    int low_inside = below <= 4 * s, high_inside = 4 * s + 4 <= above;
    if (low_inside != high_inside)
        return s + (uint64_t)high_inside;
    uint64_t half = 4 * s + 2;
    return s + (uint64_t)(value > half || (value == half && (s & 1)));
}

static int count_digits(uint64_t number) {
    int count = 1;
    for (uint64_t bound = 10; count < 19 && number >= bound; bound *= 10)
        count++;
    return count;
}

static void write_digits(char *end, uint64_t number, int count) {
    for (; count >= 2; count -= 2, number /= 100)
        memcpy(end -= 2, PAIRS + 2 * (number % 100), 2);
    if (count > 0)
        *--end = (char)('0' + number);
}

static char *write_exponent(char *at, int exponent) {
    *at++ = 'e';
    *at++ = exponent < 0 ? '-' : '+';
    unsigned magnitude = (unsigned)(exponent < 0 ? -exponent : exponent);
    int count = magnitude >= 100 ? 3 : 2;
    write_digits(at + count, magnitude, count);
    return at + count;
}

char *write_double(char *at, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (bits >> 63)
        *at++ = '-';
    bits &= INT64_MAX;
    if (bits == 0) {
        memcpy(at, "0.0", 3);
        return at + 3;
    }
    int32_t power;
    uint64_t digits = shorten(bits & 0x000fffffffffffffu, (int32_t)(bits >> MANTISSA_BITS), &power);
    for (; digits % 10 == 0; digits /= 10)
        power++;
    int count = count_digits(digits), point = count + power; /* the number of digits before the decimal point */
    char *start = at;
    if (point > LEAST_WITH_EXPONENT || point <= GREATEST_BELOW_ONE) {
        if (count > 1)
            start++;
        write_digits(start + count, digits, count);
        if (count > 1) {
            at[0] = at[1];
            at[1] = '.';
        }
        return write_exponent(start + count, point - 1);
    }
    if (point <= 0) {
        memcpy(at, "0.0000", 6);
        write_digits(at + 2 - point + count, digits, count);
        return at + 2 - point + count;
    }
    write_digits(at + count, digits, count);
    if (point < count) {
        memmove(at + point + 1, at + point, (size_t)(count - point));
        at[point] = '.';
        return at + count + 1;
    }
    memset(at + count, '0', (size_t)(point - count) + 1);
    at[point] = '.';
    at[point + 1] = '0';
    return at + point + 2;
}
