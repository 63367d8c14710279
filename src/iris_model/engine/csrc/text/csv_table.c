/* Read lines of numbers between commas, as Python's `csv` and `float` read them. Lines with quotation marks are left to
 * Python. */
#include "text.h"

static const char *skip_blanks(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

static int ends_line(const char *at, const char *end) {
    return at == end || *at == '\n' || *at == '\r';
}

/* Read one cell and the blanks around it. Return the position after them, or NULL. */
static const char *read_cell(const char *at, const char *end, const Columns *columns, size_t column, Tables *tables) {
    Decimal decimal;
    double cell;
    at = skip_blanks(at, end);
    if (ends_line(at, end) || *at == ',') {
        if (!columns->missing[column])
            return NULL;
        tables->tables[0].has_missing = 1;
        cell = missing_cell();
    } else {
        if ((at = read_decimal(at, end, 1, &decimal)) == NULL)
            return NULL;
        cell = nearest_double(&decimal);
        if (!(cell >= -columns->limit && cell <= columns->limit))
            return NULL;
        at = skip_blanks(at, end);
    }
    return add_cell(tables, cell) == 0 ? at : NULL;
}

int read_csv_table(const char *text, size_t length, const Columns *columns, Tables *tables) {
    const char *at = text, *end = text + length;
    Table *table = add_table(tables);
    if (table == NULL || columns->count == 0)
        return -1;
    table->kind = ROWS;
    table->width = columns->count;
    table->end = length;
    while (at < end) {
        if (ends_line(at, end)) { /* an empty line, or the second character of a line ending */
            at++;
            continue;
        }
        for (size_t column = 0; column < columns->count; column++) {
            if (column > 0 && (at == end || *at++ != ','))
                return -1;
            if ((at = read_cell(at, end, columns, column, tables)) == NULL)
                return -1;
        }
        if (!ends_line(at, end))
            return -1;
        table->count++;
    }
    return 0;
}
