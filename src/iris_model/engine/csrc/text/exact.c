/* Convert decimal numbers to the nearest double with integers of any length: slow, and correct for every number.
 *
 * The number is a quotient of two integers, one of them a power of ten. Long division gives its bits one by one, and the
 * remainder determines the rounding.
 */
#include "text.h"

/* The point half way between two doubles has at most 767 digits. All digits after these count as one more digit. */
#define MOST_DIGITS 800
/* Both integers have fewer bits than 64 times this: 801 digits, and 10^1144. */
#define WORDS 128

typedef struct {
    uint64_t words[WORDS]; /* the lowest word first */
    int count;
} Whole;

static void multiply_and_add(Whole *number, uint64_t factor, uint64_t carry) {
    for (int i = 0; i < number->count; i++) {
        uint64_t low, high = multiply(number->words[i], factor, &low);
        number->words[i] = low + carry;
        carry = high + (number->words[i] < low);
    }
    if (carry != 0)
        number->words[number->count++] = carry;
}

static void multiply_by_tens(Whole *number, int32_t power) {
    for (; power >= 18; power -= 18)
        multiply_and_add(number, 1000000000000000000u, 0);
    for (; power > 0; power--)
        multiply_and_add(number, 10, 0);
}

static int bits_of(const Whole *number) {
    return 64 * number->count - leading_zeros(number->words[number->count - 1]);
}

static void shift_left(Whole *number, int bits) {
    int words = bits / 64, rest = bits % 64;
    if (words > 0) {
        memmove(number->words + words, number->words, (size_t)number->count * sizeof(uint64_t));
        memset(number->words, 0, (size_t)words * sizeof(uint64_t));
        number->count += words;
    }
    if (rest == 0)
        return;
    uint64_t carry = 0;
    for (int i = words; i < number->count; i++) {
        uint64_t word = number->words[i];
        number->words[i] = word << rest | carry;
        carry = word >> (64 - rest);
    }
    if (carry != 0)
        number->words[number->count++] = carry;
}

static int is_less(const Whole *one, const Whole *other) {
    if (one->count != other->count)
        return one->count < other->count;
    for (int i = one->count - 1; i >= 0; i--)
        if (one->words[i] != other->words[i])
            return one->words[i] < other->words[i];
    return 0;
}

/* Return whether `number` is less than `other`. */
static void subtract(Whole *number, const Whole *other) {
    uint64_t borrow = 0;
    for (int i = 0; i < number->count; i++) {
        uint64_t word = number->words[i], taken = i < other->count ? other->words[i] : 0;
        number->words[i] = word - taken - borrow;
        borrow = word < taken || (word == taken && borrow);
    }
    while (number->count > 0 && number->words[number->count - 1] == 0)
        number->count--;
}

/* Read the digits as an integer. Return how many digits did not fit. */
static int32_t read_whole(const Decimal *decimal, Whole *number) {
    int32_t taken = 0, dropped = 0;
    int rest = 0;
    number->count = 0;
    for (const char *at = decimal->digits; at < decimal->end; at++) {
        if (*at == '.' || (*at == '0' && taken == 0))
            continue;
        if (taken < MOST_DIGITS) {
            multiply_and_add(number, 10, (uint64_t)(*at - '0'));
            taken++;
        } else {
            rest |= *at != '0';
            dropped++;
        }
    }
    if (dropped > 0) {
        multiply_and_add(number, 10, (uint64_t)rest);
        dropped--;
    }
    return dropped;
}

static double compose(uint64_t mantissa, int exponent, int negative) {
    /* The value is `mantissa` times 2^`exponent`. `mantissa` has 53 bits, or `exponent` has its smallest value. */
    uint64_t bits = mantissa;
    if (mantissa >> 52)
        bits = exponent + 1075 > 2046 ? 0x7ff0000000000000u
                                      : (uint64_t)(exponent + 1075) << 52 | (mantissa & 0x000fffffffffffffu);
    double value;
    memcpy(&value, &bits, sizeof value);
    return negative ? -value : value;
}

double nearest_double_exactly(const Decimal *decimal) {
    /* The number is at least 10^`scale` and less than 10^(`scale` + 1). */
    int32_t shown = decimal->count > 19 ? 19 : decimal->count;
    int32_t scale = decimal->power + shown - 1;
    if (decimal->count == 0 || scale < -326)
        return decimal->negative ? -0.0 : 0.0;
    if (scale > 309)
        return compose((uint64_t)1 << 52, 2000, decimal->negative);
    Whole number, divisor = {{1}, 1};
    /* The power of ten for the integer of all digits, not only of the first 19. */
    int32_t power = decimal->power - (decimal->count - shown) + read_whole(decimal, &number);
    if (power >= 0)
        multiply_by_tens(&number, power);
    else
        multiply_by_tens(&divisor, -power);
    /* Align both so that the quotient is at least 1 and below 2. `top` is the exponent of its first bit. */
    int top = bits_of(&number) - bits_of(&divisor);
    if (top > 0)
        shift_left(&divisor, top);
    else
        shift_left(&number, -top);
    if (is_less(&number, &divisor)) {
        shift_left(&number, 1);
        top--;
    }
    int exponent = top - 52 < -1074 ? -1074 : top - 52, bits = top - exponent + 1;
    uint64_t mantissa = 0;
    for (int i = 0; i < bits; i++) {
        mantissa <<= 1;
        if (!is_less(&number, &divisor)) {
            subtract(&number, &divisor);
            mantissa |= 1;
        }
        if (number.count > 0)
            shift_left(&number, 1);
    }
    /* `number` is now twice the remainder (not yet doubled if no bit was taken). One unit in the last place is the divisor. */
    if (bits < 0)
        return compose(0, exponent, decimal->negative);
    int above_half = number.count > 0 && is_less(&divisor, &number);
    int is_half = number.count > 0 && !above_half && !is_less(&number, &divisor);
    mantissa += above_half || (is_half && (mantissa & 1));
    if (mantissa >> 53) {
        mantissa >>= 1;
        exponent++;
    }
    return compose(mantissa, exponent, decimal->negative);
}
