/* The steps of engine/elementary.py, where they are explained. No operation may be fused or reordered. Of the C library only
 * frexp and ldexp are used, which are exact. */
#include "elementary.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define EXPONENTIAL_NAME exponential_within
#define REAL double
#define WHOLE int64_t
#define POSITIVE uint64_t
#include "../exponential.h"

#define TO_WHOLE 6755399441055744.0
#define LOG2_HIGH 0.6931471803691238
#define LOG2_LOW 1.9082149292705877e-10
#define LOG2 0.6931471805599453
#define LOG2_REST 2.3190468138462996e-17
#define ROOT_OF_HALF 0.7071067811865476

static double exp_outside(double x) {
    return x < 0.0 ? 0.0 : x > 0.0 ? (double)INFINITY : x;
}

static double add_series(double r, double lost, double *tail) {
    double square = r * r;
    double rest = exponential_within_powers(r) * r * square + (lost + lost * r);
    double total = 1.0 + r;
    *tail = 0.5 * square + (rest + (r - (total - 1.0)));
    return total;
}

static double scale(double value, int power) {
    return power > -1000 ? ldexp(value, power) : ldexp(value, power + 512) * 0x1p-512;
}

double elementary_exp(double x) {
    return x >= LEAST_EXPONENT && x <= LARGEST_EXPONENT ? exponential_within(x) : exp_outside(x);
}

double elementary_exp2(double x) {
    if (!(x >= -1080.0 && x < 1024.0))
        return exp_outside(x);
    double whole = (x + TO_WHOLE) - TO_WHOLE, part = x - whole, tail;
    double total = add_series(part * LOG2, part * LOG2_REST, &tail);
    return scale(total + tail, (int)whole);
}

double elementary_expm1(double x) {
    if (!(x >= -40.0 && x <= LARGEST_EXPONENT))
        return exp_outside(x) - 1.0;
    double whole = (x * 1.4426950408889634 + TO_WHOLE) - TO_WHOLE;
    if (whole == 0.0) {
        if (x == 0.0)
            return x; /* The sum below would lose the sign of -0.0. */
        double square = x * x;
        return x + (0.5 * square + exponential_within_powers(x) * x * square);
    }
    double high = x - whole * LOG2_HIGH, low = whole * LOG2_LOW, r = high - low, tail;
    double total = add_series(r, (high - r) - low, &tail), value = total + tail;
    int power = (int)whole;
    if (power > 60)
        return scale(value, power);
    return (ldexp(value, power) - 1.0) + ldexp(tail - (value - total), power);
}

static double log_of(double f, int power, double correction) {
    double s = f / (2.0 + f), square = s * s;
    double series = square * 0.08 + 0.08695652173913043;
    series = series * square + 0.09523809523809523;
    series = series * square + 0.10526315789473684;
    series = series * square + 0.11764705882352941;
    series = series * square + 0.13333333333333333;
    series = series * square + 0.15384615384615385;
    series = series * square + 0.18181818181818182;
    series = series * square + 0.2222222222222222;
    series = series * square + 0.2857142857142857;
    series = series * square + 0.4;
    series = (series * square + 0.6666666666666666) * square;
    double half = 0.5 * f * f, exponent = power;
    return exponent * LOG2_HIGH - ((half - (s * (half + series) + (exponent * LOG2_LOW + correction))) - f);
}

static double split(double x, int *power) {
    double part = frexp(x, power);
    if (part < ROOT_OF_HALF) {
        part += part;
        (*power)--;
    }
    return part - 1.0;
}

double elementary_log(double x) {
    int power;
    if (!(x > 0.0 && x < (double)INFINITY))
        return x == 0.0 ? -(double)INFINITY : x < 0.0 ? (double)NAN : x;
    double f = split(x, &power);
    return log_of(f, power, 0.0);
}

double elementary_log1p(double x) {
    int power;
    if (!(x > -1.0 && x < (double)INFINITY))
        return x == -1.0 ? -(double)INFINITY : x < -1.0 ? (double)NAN : x;
    if (x > -0.29 && x < 0.41)
        return x != 0.0 ? log_of(x, 0, 0.0) : x;
    double near = 1.0 + x, other = near - 1.0, lost = (1.0 - (near - other)) + (x - other);
    double f = split(near, &power);
    return log_of(f, power, lost / near);
}

double elementary_tanh(double x) {
    double size = x < 0.0 ? -x : x, value;
    if (!(size > 1e-9 && size < 22.0))
        return size <= 1e-9 || x != x ? x : x > 0.0 ? 1.0 : -1.0;
    if (size >= 1.0) {
        value = 1.0 - 2.0 / (elementary_expm1(2.0 * size) + 2.0);
    } else {
        double less = elementary_expm1(-2.0 * size);
        value = -less / (less + 2.0);
    }
    return x > 0.0 ? value : -value;
}

double elementary_erf(double x) {
    double size = fabs(x), square = size * size, total = 1.0, value;
    if (!(size < 6.0))
        return x != x ? x : x > 0.0 ? 1.0 : -1.0;
    if (size < 2.0) {
        for (int number = 81; number > 1; number -= 2)
            total = 1.0 + total * (2.0 * square / number);
        value = total * size * elementary_exp(-square) * 1.1283791670955126;
    } else {
        total = size;
        for (int number = 80; number > 0; number--)
            total = size + 0.5 * number / total;
        value = 1.0 - elementary_exp(-square) * 0.5641895835477563 / total;
    }
    return x < 0.0 ? -value : value;
}

double whole_power(double x, int degree) {
    double value = 1.0;
    for (int i = 0; i < degree; i++)
        value *= x;
    return value;
}
