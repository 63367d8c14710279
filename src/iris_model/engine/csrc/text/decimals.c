/* Convert decimal numbers to the nearest double, as Python's `float` does.
 *
 * Most numbers need one product or quotient of two exact doubles (Clinger, 1990). The others multiply their first 19 digits
 * by 128 bits of a power of ten (Lemire, Number Parsing at a Gigabyte per Second, 2021). If these bits do not determine the
 * rounding, exact.c does.
 */
#include "text.h"

/* 64 bits hold any number of 19 digits. */
#define FIRST_DIGITS 19
/* An exponent limit that no document has enough digits to compensate. */
#define LARGEST_EXPONENT 100000000
#define EXACT_INTEGERS 9007199254740992u /* 2^53 */

static const double EXACT_POWERS[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static inline unsigned digit_of(char letter) {
    return (unsigned)(unsigned char)letter - '0';
}

/* Read eight characters at once. Return their number if all are digits, else -1. */
static inline int64_t eight_digits(const char *at) {
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t word;
    memcpy(&word, at, sizeof word);
    uint64_t lifted = word + 0x4646464646464646u, lowered = word - 0x3030303030303030u;
    if (((lifted | lowered) & 0x8080808080808080u) != 0)
        return -1;
    lowered = lowered * 10 + (lowered >> 8);
    uint64_t odd = (lowered & 0x000000ff000000ffu) * (100u + (1000000ull << 32));
    uint64_t even = ((lowered >> 16) & 0x000000ff000000ffu) * (1u + (10000ull << 32));
    return (int64_t)((odd + even) >> 32);
#else
    int64_t number = 0;
    for (int i = 0; i < 8; i++) {
        if (digit_of(at[i]) > 9)
            return -1;
        number = 10 * number + digit_of(at[i]);
    }
    return number;
#endif
}

typedef struct {
    uint64_t first;
    int32_t count, seen, dropped; /* dropped: digits that do not fit into `first` */
} Digits;

static inline const char *read_digits(const char *at, const char *end, Digits *digits) {
    const char *start = at;
    while (digits->count == 0 && at < end && *at == '0')
        at++;
    while (digits->count <= FIRST_DIGITS - 8 && end - at >= 8) {
        int64_t eight = eight_digits(at);
        if (eight < 0)
            break;
        digits->first = 100000000u * digits->first + (uint64_t)eight;
        digits->count += 8;
        at += 8;
    }
    for (unsigned digit; at < end && (digit = digit_of(*at)) <= 9; at++, digits->count++) {
        if (digits->count < FIRST_DIGITS)
            digits->first = 10 * digits->first + digit;
        else
            digits->dropped++;
    }
    digits->seen += (int32_t)(at - start);
    return at;
}

static const char *read_exponent(const char *at, const char *end, Decimal *decimal) {
    int negative = at < end && *at == '-';
    const char *start = at += at < end && (*at == '-' || *at == '+');
    int32_t exponent = 0;
    for (unsigned digit; at < end && (digit = digit_of(*at)) <= 9; at++)
        if (exponent < LARGEST_EXPONENT)
            exponent = 10 * exponent + (int32_t)digit;
    decimal->exponent = negative ? -exponent : exponent;
    return at > start ? at : NULL;
}

const char *read_decimal(const char *at, const char *end, int lenient, Decimal *decimal) {
    Digits digits = {0, 0, 0, 0};
    if (end - at > INT32_MAX / 2)
        return NULL;
    decimal->negative = at < end && *at == '-';
    decimal->exponent = 0;
    if (decimal->negative || (lenient && at < end && *at == '+'))
        at++;
    decimal->digits = at;
    at = read_digits(at, end, &digits);
    int32_t whole = digits.seen, before_point = digits.dropped;
    if (!lenient && (whole == 0 || (whole > 1 && *decimal->digits == '0')))
        return NULL;
    decimal->is_integer = 1;
    if (at < end && *at == '.') {
        at = read_digits(at + 1, end, &digits);
        decimal->is_integer = 0;
        if (!lenient && digits.seen == whole)
            return NULL;
    }
    if (digits.seen == 0)
        return NULL;
    decimal->end = at;
    decimal->first = digits.first;
    decimal->count = digits.count;
    if (at < end && (*at == 'e' || *at == 'E')) {
        at = read_exponent(at + 1, end, decimal);
        decimal->is_integer = 0;
    }
    /* Each digit after the decimal point that is in `first` multiplies it by ten; correct the exponent. */
    int32_t fraction = digits.seen - whole;
    decimal->power = decimal->exponent + before_point - (fraction - (digits.dropped - before_point));
    return at;
}

static inline double from_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Return the bits of the double nearest to `first` times a power of ten; 0 if 128 bits do not determine it. `first` is not
 * 0. */
static uint64_t decide(uint64_t first, int32_t power) {
    if (power < LEAST_POWER || power > 308)
        return 0;
    const Power *ten = &POWERS_OF_TEN[power - LEAST_POWER];
    int zeros = leading_zeros(first);
    uint64_t low, more_low, word = first << zeros;
    uint64_t high = multiply(word, ten->high, &low);
    if ((high & 0x1ff) == 0x1ff && low + word < word) {
        /* The truncated bits of the power could carry over into the bits that determine the rounding. */
        uint64_t carried = low + multiply(word, ten->low, &more_low);
        high += carried < low;
        low = carried;
        if ((high & 0x1ff) == 0x1ff && low == UINT64_MAX && more_low + word < word)
            return 0;
    }
    unsigned top = (unsigned)(high >> 63);
    uint64_t mantissa = high >> (top + 9);
    /* 217706 / 2^16 approximates log2(10). */
    int64_t exponent = ((217706 * (int64_t)power) >> 16) + 1087 - zeros - (1 - (int64_t)top);
    if (low == 0 && (high & 0x1ff) == 0 && (mantissa & 3) == 1)
        return 0; /* half way, or too near to half way to decide */
    mantissa = (mantissa + (mantissa & 1)) >> 1;
    if (mantissa >> 53) {
        mantissa >>= 1;
        exponent++;
    }
    if (exponent < 1 || exponent > 2046)
        return 0;
    return (uint64_t)exponent << 52 | (mantissa & 0x000fffffffffffffu);
}

double nearest_double(const Decimal *decimal) {
    int32_t power = decimal->power;
    double value;
    if (decimal->first == 0)
        return decimal->negative ? -0.0 : 0.0;
    if (decimal->first <= EXACT_INTEGERS && decimal->count <= FIRST_DIGITS && power >= -22 && power <= 22) {
        value = (double)decimal->first;
        value = power < 0 ? value / EXACT_POWERS[-power] : value * EXACT_POWERS[power];
        return decimal->negative ? -value : value;
    }
    uint64_t bits = decide(decimal->first, power);
    /* With more than 19 digits, the number is between `first` and `first` + 1: both must round to the same double. */
    if (bits != 0 && decimal->count > FIRST_DIGITS && decide(decimal->first + 1, power) != bits)
        bits = 0;
    if (bits == 0)
        return nearest_double_exactly(decimal);
    value = from_bits(bits);
    return decimal->negative ? -value : value;
}
