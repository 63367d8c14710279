/* Numbers and documents as text: the part of the C code that does not use Python.
 *
 * Functions read bytes between two pointers, and write into memory that the caller provides or frees. They use no
 * exceptions, no locale and no libm. Python's own codec is the reference: unusual input is declined, and Python then reads
 * it.
 */
#ifndef IRIS_MODEL_TEXT_H
#define IRIS_MODEL_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* ---- powers_of_ten.c ---- */

#define LEAST_POWER (-342)
#define GREATEST_POWER 324

/* The first 128 bits of 10^n for each n from LEAST_POWER to GREATEST_POWER, truncated. */
typedef struct {
    uint64_t high, low;
} Power;
extern const Power POWERS_OF_TEN[GREATEST_POWER - LEAST_POWER + 1];

/* ---- The 128-bit product of two 64-bit words ---- */

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

/* Return the number of leading zero bits; `word` is not 0. */
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

/* A decimal number as written: digits with at most one decimal point, then an exponent. */
typedef struct {
    const char *digits, *end; /* the digits and the decimal point */
    uint64_t first;           /* the first 19 digits after leading zeros, as a whole number */
    int32_t power;            /* the power of ten by which `first` is multiplied */
    int negative, is_integer; /* is_integer: it has neither decimal point nor exponent */
    int32_t count;            /* digits after leading zeros */
    int32_t exponent;         /* the exponent as written */
} Decimal;

/* Return the position after the number, or NULL if there is none. `lenient`: accept what Python's `float` accepts in
 * addition to JSON: a plus sign, leading zeros, a decimal point at either end. */
const char *read_decimal(const char *at, const char *end, int lenient, Decimal *decimal);

/* Return the nearest double, ties to even, as Python's `float` does; infinity above the largest double. */
double nearest_double(const Decimal *decimal);

/* ---- exact.c: the same with integers of any length, for numbers that 128 bits cannot decide ---- */

double nearest_double_exactly(const Decimal *decimal);

/* ---- digits.c: double to text ---- */

/* The largest number of bytes that write_double writes. */
#define LONGEST_DOUBLE 25

/* Write a finite double with the fewest digits that read back as the same double, as Python's `repr` does. Return the
 * position after it. */
char *write_double(char *at, double value);

/* ---- tables of numbers in documents ---- */

enum { ROWS, RECORDS, FLAT };

/* One array of numbers: lists of equal length, objects with all columns as keys, or a flat list. */
typedef struct {
    size_t start, end;   /* its position in the document */
    size_t first;        /* the index of its first cell */
    size_t count, width; /* rows, and cells in each; FLAT: number of cells, and 1 */
    int kind;
    int has_missing; /* whether a cell is null */
} Table;

typedef struct {
    const char *const *names; /* UTF-8 */
    const size_t *lengths;
    const unsigned char *missing; /* for each column: whether a cell may be null */
    size_t count;
    double limit; /* the largest magnitude of a cell */
} Columns;

typedef struct {
    double *cells; /* the cells of all tables, one after the other */
    size_t used, room;
    Table *tables;
    size_t count, tables_room;
} Tables;

/* json_tables.c: find the arrays of numbers in a JSON document, without validating the text between them. Return 0, or -1 if
 * one of them contains anything unusual. */
int find_json_tables(const char *text, size_t length, const Columns *columns, Tables *tables);

/* csv_table.c: read lines of numbers without quotation marks, in the order of the columns, as one table. Return 0 or -1. */
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
