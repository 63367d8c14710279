/* Exact sums. Reference: math_fsum in Modules/mathmodule.c of CPython (Shewchuk 1997), and engine/operators/densities.py. */
#include "sums.h"

#include "../csrc/functions/elementary.h"

#include <math.h>

void add_exactly(ExactSum *sum, double term) {
    double x = term;
    size_t kept = 0;
    if (sum->overflowed)
        return;
    for (size_t j = 0; j < sum->count; j++) {
        double y = sum->partials[j];
        if (fabs(x) < fabs(y)) {
            double swap = x;
            x = y;
            y = swap;
        }
        double high = x + y, rest = y - (high - x);
        if (rest != 0.0)
            sum->partials[kept++] = rest;
        x = high;
    }
    sum->count = kept;
    if (x == 0.0)
        return;
    if (is_finite(x)) {
        sum->partials[sum->count++] = x;
        return;
    }
    if (is_finite(term)) {
        sum->overflowed = 1;
        return;
    }
    if (term == term)
        sum->infinite += term;
    sum->special += term;
    sum->count = 0;
}

int finish_sum(const ExactSum *sum, double *value, const char **error) {
    size_t left = sum->count;
    double high = 0.0, low = 0.0;
    if (sum->overflowed) {
        *error = "intermediate overflow in fsum";
        return 0;
    }
    if (sum->special != 0.0) {
        *error = "-inf + inf in fsum";
        *value = sum->special;
        return sum->infinite == sum->infinite;
    }
    if (left > 0) {
        high = sum->partials[--left];
        while (left > 0) {
            double x = high, y = sum->partials[--left];
            high = x + y;
            low = y - (high - x);
            if (low != 0.0)
                break;
        }
        /* Half way between two doubles: the next partial sum decides. */
        if (left > 0 && ((low < 0.0 && sum->partials[left - 1] < 0.0) || (low > 0.0 && sum->partials[left - 1] > 0.0))) {
            double y = low * 2.0, x = high + y;
            if (y == x - high)
                high = x;
        }
    }
    *value = high;
    return 1;
}

int try_products(const double *x, const double *y, size_t count, double *value, const char **error) {
    ExactSum sum;
    start_sum(&sum);
    for (size_t i = 0; i < count; i++)
        add_exactly(&sum, x[i] * y[i]);
    return finish_sum(&sum, value, error);
}

double sum_products(const double *x, const double *y, size_t count) {
    double value = 0.0;
    const char *error;
    if (!try_products(x, y, count, &value, &error))
        fail(error[0] == '-' ? VALUE_ERROR : OVERFLOW_ERROR, string_of(error));
    return value;
}

double numpy_sum(const double *values, size_t count) {
    double total = 0.0, lanes[8];
    if (count < 8) {
        for (size_t i = 0; i < count; i++)
            total += values[i];
        return total;
    }
    if (count > 128) {
        size_t half = count / 2;
        half -= half % 8;
        return numpy_sum(values, half) + numpy_sum(values + half, count - half);
    }
    size_t whole = count - count % 8;
    memcpy(lanes, values, sizeof lanes);
    for (size_t i = 8; i < whole; i++)
        lanes[i % 8] += values[i];
    total = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
    for (size_t i = whole; i < count; i++)
        total += values[i];
    return total;
}

double python_exp(double value) {
    double made = elementary_exp(value);
    if (!is_finite(made) && is_finite(value))
        fail(OVERFLOW_ERROR, LITERAL("math range error"));
    return made;
}

double python_log(double value) {
    if (value <= 0.0)
        fail(VALUE_ERROR, LITERAL("math domain error"));
    return elementary_log(value);
}

double finish_sum_or_fail(const ExactSum *sum) {
    double total = 0.0;
    const char *error;
    if (!finish_sum(sum, &total, &error))
        fail(error[0] == '-' ? VALUE_ERROR : OVERFLOW_ERROR, string_of(error));
    return total;
}
