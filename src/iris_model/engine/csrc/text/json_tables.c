/* Find and read the arrays of numbers in a JSON document: lists of lists, lists of objects, lists of numbers.
 *
 * Between them, only the strings are recognised. Python reads that part, in which one word replaces each array. The document
 * is declined if an array of numbers contains anything else: it is an error, or a value that these tables cannot hold.
 */
#include "text.h"

/* A flat list with fewer numbers stays JSON: it is a shape, or a row that Python reads quickly. */
#define FEWEST_NUMBERS 3
/* Integers with this many digits are exact as doubles. */
#define MOST_DIGITS 15
/* Column names are compared one by one, once for each list of records. */
#define MOST_COLUMNS 1024

enum { DECLINED = -1, NOT_A_TABLE, FOUND };

typedef struct {
    const char *at, *end;
    const Columns *columns;
    Tables *tables;
    Table *table;
    int all_missing; /* whether a cell of every column may be null */
} Reader;

static inline void skip_space(Reader *reader) {
    while (reader->at < reader->end &&
           (*reader->at == ' ' || *reader->at == '\n' || *reader->at == '\r' || *reader->at == '\t'))
        reader->at++;
}

static inline int is_next(const Reader *reader, char letter) {
    return reader->at < reader->end && *reader->at == letter;
}

/* Skip a character and the white space around it. Return whether it was there. */
static inline int take(Reader *reader, char letter) {
    skip_space(reader);
    if (!is_next(reader, letter))
        return 0;
    reader->at++;
    skip_space(reader);
    return 1;
}

/* Return the end of the string, or NULL. */
static const char *skip_string(const char *at, const char *end) {
    for (at++; at < end; at++) {
        if (*at == '"')
            return at + 1;
        if (*at == '\\')
            at++;
    }
    return NULL;
}

/* Read one number as the double that RowEncoder gives, or null if the cell may be missing. */
static int read_cell(Reader *reader, int may_be_missing, double *cell) {
    Decimal decimal;
    if (is_next(reader, 'n')) {
        if (!may_be_missing || reader->end - reader->at < 4 || memcmp(reader->at, "null", 4) != 0)
            return -1;
        reader->at += 4;
        reader->table->has_missing = 1;
        *cell = missing_cell();
        return 0;
    }
    const char *after = read_decimal(reader->at, reader->end, 0, &decimal);
    if (after == NULL || (decimal.is_integer && decimal.count > MOST_DIGITS))
        return -1;
    reader->at = after;
    *cell = decimal.is_integer && decimal.first == 0 ? 0.0 : nearest_double(&decimal); /* the integer -0 is 0.0 */
    return *cell >= -reader->columns->limit && *cell <= reader->columns->limit ? 0 : -1;
}

/* Before the first number, the array is not a table. Later, it is a table with an unusual cell. */
static int give_up(const Reader *reader) {
    return reader->tables->used == reader->table->first ? NOT_A_TABLE : DECLINED;
}

static int read_flat(Reader *reader) {
    double cell;
    reader->table->kind = FLAT;
    reader->table->width = 1;
    do {
        if (read_cell(reader, reader->all_missing, &cell) < 0)
            return give_up(reader);
        if (add_cell(reader->tables, cell) < 0)
            return DECLINED;
        reader->table->count++;
    } while (take(reader, ','));
    if (!take(reader, ']'))
        return DECLINED;
    return reader->table->count >= FEWEST_NUMBERS ? FOUND : NOT_A_TABLE;
}

static int read_row(Reader *reader) {
    const Columns *columns = reader->columns;
    size_t width = 0;
    double cell;
    reader->at++;
    skip_space(reader);
    do {
        if (read_cell(reader, width < columns->count && columns->missing[width], &cell) < 0)
            return give_up(reader);
        if (add_cell(reader->tables, cell) < 0)
            return DECLINED;
        width++;
    } while (take(reader, ','));
    if (!is_next(reader, ']') || (reader->table->count > 0 && width != reader->table->width))
        return DECLINED;
    reader->at++;
    reader->table->width = width;
    reader->table->count++;
    return FOUND;
}

static int read_rows(Reader *reader) {
    int result;
    reader->table->kind = ROWS;
    do {
        if (!is_next(reader, '['))
            return give_up(reader);
        if ((result = read_row(reader)) != FOUND)
            return result;
    } while (take(reader, ','));
    if (!take(reader, ']') || (reader->table->has_missing && reader->table->width != reader->columns->count))
        return DECLINED;
    return FOUND;
}

static int is_name(const Columns *columns, size_t column, const char *key, size_t length) {
    return columns->lengths[column] == length && memcmp(columns->names[column], key, length) == 0;
}

/* Return the column that a key of the first record names; `count` if there is none, or if the key was used before. */
static size_t find_column(const Columns *columns, const uint32_t *order, size_t taken, const char *key, size_t length) {
    size_t column = taken;
    if (!is_name(columns, column, key, length))
        for (column = 0; column < columns->count && !is_name(columns, column, key, length);)
            column++;
    for (size_t i = 0; i < taken; i++)
        if (order[i] == column)
            return columns->count;
    return column;
}

/* Read an object whose keys are all columns, in the order of the first object. */
static int read_record(Reader *reader, uint32_t *order) {
    const Columns *columns = reader->columns;
    size_t row = reader->tables->used, taken = 0;
    double cell;
    int is_first = reader->table->count == 0;
    reader->at++;
    skip_space(reader);
    do {
        if (!is_next(reader, '"') || taken == columns->count)
            return is_first && taken == 0 ? NOT_A_TABLE : DECLINED;
        const char *key = reader->at + 1;
        size_t length = 0, room = (size_t)(reader->end - key);
        while (length < room && key[length] != '"' && key[length] != '\\')
            length++;
        if (length == room || key[length] == '\\')
            return is_first && taken == 0 ? NOT_A_TABLE : DECLINED;
        if (is_first)
            order[taken] = (uint32_t)find_column(columns, order, taken, key, length);
        if (order[taken] == columns->count || !is_name(columns, order[taken], key, length))
            return is_first && taken == 0 ? NOT_A_TABLE : DECLINED;
        reader->at = key + length + 1;
        if (!take(reader, ':') || read_cell(reader, columns->missing[order[taken]], &cell) < 0)
            return is_first && taken == 0 ? NOT_A_TABLE : DECLINED;
        for (size_t i = 0; taken == 0 && i < columns->count; i++)
            if (add_cell(reader->tables, 0.0) < 0)
                return DECLINED;
        reader->tables->cells[row + order[taken++]] = cell;
    } while (take(reader, ','));
    if (taken != columns->count || !is_next(reader, '}'))
        return DECLINED;
    reader->at++;
    reader->table->count++;
    return FOUND;
}

static int read_records(Reader *reader) {
    const Columns *columns = reader->columns;
    if (columns->names == NULL || columns->count == 0 || columns->count > MOST_COLUMNS)
        return NOT_A_TABLE;
    uint32_t order[MOST_COLUMNS];
    int result;
    reader->table->kind = RECORDS;
    reader->table->width = columns->count;
    do {
        if (!is_next(reader, '{'))
            return DECLINED;
        if ((result = read_record(reader, order)) != FOUND)
            return result;
    } while (take(reader, ','));
    return take(reader, ']') ? FOUND : DECLINED;
}

/* Read the array that starts at `reader->at`. */
static int read_table(Reader *reader) {
    const char *start = reader->at;
    size_t used = reader->tables->used;
    int result = NOT_A_TABLE;
    if ((reader->table = add_table(reader->tables)) == NULL)
        return DECLINED;
    reader->at++;
    skip_space(reader);
    if (is_next(reader, '['))
        result = read_rows(reader);
    else if (is_next(reader, '{'))
        result = read_records(reader);
    else if (reader->at < reader->end && (*reader->at == 'n' || *reader->at == '-' ||
                                          (*reader->at >= '0' && *reader->at <= '9')))
        result = read_flat(reader);
    if (result != FOUND) {
        reader->tables->count--;
        reader->tables->used = used;
        reader->at = start + 1;
    }
    return result;
}

int find_json_tables(const char *text, size_t length, const Columns *columns, Tables *tables) {
    Reader reader = {text, text + length, columns, tables, NULL, 1};
    for (size_t i = 0; i < columns->count; i++)
        reader.all_missing &= columns->missing[i] != 0;
    while (reader.at < reader.end) {
        const char *start = reader.at;
        switch (*start) {
        case '"':
            if ((reader.at = skip_string(start, reader.end)) == NULL)
                return -1;
            break;
        case 'N': case 'I': /* the words that will replace the tables */
            return -1;
        case '[':
            switch (read_table(&reader)) {
            case DECLINED:
                return -1;
            case FOUND:
                tables->tables[tables->count - 1].start = (size_t)(start - text);
                tables->tables[tables->count - 1].end = (size_t)(reader.at - text);
            }
            break;
        default:
            reader.at++;
        }
    }
    return 0;
}
