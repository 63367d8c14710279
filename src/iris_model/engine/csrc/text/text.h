/* Numbers and documents as text: the part of the engine's C that knows nothing of Python.
 *
 * Everything here reads bytes between two pointers and writes into memory that its caller gave or frees. Nothing is
 * thrown, no locale is asked, no function of libm is called. Python's own codec is the reference: what is not quite
 * ordinary is declined, and answered there.
 */
#ifndef IRIS_MODEL_TEXT_H
#define IRIS_MODEL_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* ---- powers_of_ten.c ---- */

#define LEAST_POWER (-342)
#define GREATEST_POWER 324

/* The first 128 bits of 10 to the power of each number from LEAST_POWER to GREATEST_POWER, the rest cut off. */
typedef struct {
    uint64_t high, low;
} Power;
extern const Power POWERS_OF_TEN[GREATEST_POWER - LEAST_POWER + 1];

/* ---- The product of two words, in two words ---- */

static inline uint64_t multiply(uint64_t x, uint64_t y, uint64_t *low) {
#ifdef __SIZEOF_INT128__
    unsigned __int128 product = (unsigned __int128)x * y;
    *low = (uint64_t)product;
    return (uint64_t)(product >> 64);
#else
    uint64_t x0 = (uint32_t)x, x1 = x >> 32, y0 = (uint32_t)y, y1 = y >> 32;
    uint64_t middle = x1 * y0 + (x0 * y0 >> 32), other = x0 * y1 + (uint32_t)middle;
    *low = x * y;
    return x1 * y1 + (middle >> 32) + (other >> 32);
#endif
}

/* The number of zero bits before the first one; `word` is not 0. */
static inline int leading_zeros(uint64_t word) {
#ifdef __GNUC__
    return __builtin_clzll(word);
#else
    int zeros = 0;
    for (; !(word >> 63); word <<= 1)
        zeros++;
    return zeros;
#endif
}

/* ---- decimals.c: text to double ---- */

/* A decimal number as it is written: digits with at most one point among them, then a power of ten. */
typedef struct {
    const char *digits, *end; /* of the digits and the point */
    uint64_t first;           /* the first 19 digits after leading zeros, as a whole number */
    int32_t power;            /* the power of ten that `first` is multiplied with */
    int negative, is_integer; /* is_integer: neither point nor exponent */
    int32_t count;            /* digits after leading zeros */
    int32_t exponent;         /* as written */
} Decimal;

/* What follows the number, or NULL where there is none. `lenient`: what Python's `float` takes beyond JSON: a plus sign,
 * leading zeros, a point at either end. */
const char *read_decimal(const char *at, const char *end, int lenient, Decimal *decimal);

/* The double that is nearest, halves to even, as Python's `float`; beyond the largest it is infinite. */
double nearest_double(const Decimal *decimal);

/* ---- exact.c: the same by whole numbers of any length, for what 128 bits cannot decide ---- */

double nearest_double_exactly(const Decimal *decimal);

/* ---- digits.c: double to text ---- */

/* The most bytes that a double takes. */
#define LONGEST_DOUBLE 25

/* Write a finite double with the fewest digits that read back as it, as Python's `repr` does; return what follows. */
char *write_double(char *at, double value);

/* ---- tables of numbers in documents ---- */

enum { ROWS, RECORDS, FLAT };

/* One array of numbers: lists of one length, objects with all the columns as keys, or numbers alone. */
typedef struct {
    size_t start, end;   /* where it stands in the document */
    size_t first;        /* its first cell */
    size_t count, width; /* rows, cells in each; FLAT: cells, 1 */
    int kind;
    int has_missing; /* whether any cell is null */
} Table;

typedef struct {
    const char *const *names; /* UTF-8 */
    const size_t *lengths;
    const unsigned char *missing; /* of each column: whether a cell may be null */
    size_t count;
    double limit; /* no cell is beyond it */
} Columns;

typedef struct {
    double *cells; /* of all tables, one after the other */
    size_t used, room;
    Table *tables;
    size_t count, tables_room;
} Tables;

/* json_tables.c: find the arrays of numbers in a JSON document. What is between them is not judged. Return 0, or -1 where
 * anything in one of them is unusual. */
int find_json_tables(const char *text, size_t length, const Columns *columns, Tables *tables);

/* csv_table.c: the one table that lines of numbers are, without quotes, in the order of the columns. Return 0 or -1. */
int read_csv_table(const char *text, size_t length, const Columns *columns, Tables *tables);

/* cells.c */
int grow_cells(Tables *tables);
Table *add_table(Tables *tables);
void free_tables(Tables *tables);

static inline int add_cell(Tables *tables, double cell) {
    if (tables->used == tables->room && grow_cells(tables) < 0)
        return -1;
    tables->cells[tables->used++] = cell;
    return 0;
}

static inline double missing_cell(void) {
    const uint64_t bits = 0x7ff8000000000000u;
    double cell;
    memcpy(&cell, &bits, sizeof cell);
    return cell;
}

#endif
