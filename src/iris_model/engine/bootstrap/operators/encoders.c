/* Numbers of categories: each cell is looked up in the table of its column. Reference: engine/operators/encoders.py. */
#include "../sums.h"

#include <math.h>
#include <stdlib.h>

/* A number, or NaN for null: no place, or a missing cell. */
typedef struct {
    double key, number;
} Entry;

typedef struct {
    Entry *entries;
    size_t count;
    double missing, unknown;
    int has_missing, refuses_unknown;
    String name;
} Table;

typedef struct {
    Table *tables;
    size_t width;
} Encoder;

static int compare_entries(const void *one, const void *other) {
    double first = ((const Entry *)one)->key, second = ((const Entry *)other)->key;
    return first < second ? -1 : first > second;
}

/* The number of a category. `places`: it is a column of the result. */
static double read_number(const Node *node, const Json *value, int places) {
    int fits = 0;
    if (value->kind == NULL_VALUE)
        return (double)NAN;
    if (!places && value->kind == FLOAT)
        return value->number;
    int64_t place = places && value->kind == INTEGER ? small_integer(value, &fits) : -1;
    if (!fits || place < 0 || place >= 1 << 24)
        fail_node(node, "has a category with another value than a number");
    return (double)place;
}

static void read_table(const Node *node, const Json *json, Table *table, int places) {
    const Json *numbers = member_of(json, "numbers"), *texts = member_of(json, "texts"), *name = member_of(json, "name");
    const Json *missing = member_of(json, "missing"), *unknown = member_of(json, "unknown"), *strict = member_of(json, "strict");
    if (numbers == NULL || numbers->kind != OBJECT || texts == NULL || texts->kind != OBJECT || name == NULL ||
        name->kind != STRING)
        fail_node(node, "has a column without a table");
    if (texts->count > 0)
        fail_node(node, "has categories that are texts, which needs Python");
    table->name = name->string;
    table->entries = allocate((size_t)numbers->count + 1, sizeof *table->entries);
    for (uint32_t i = 0; i < numbers->count; i++) {
        Entry *entry = &table->entries[table->count++];
        int plain = 0;
        if (!read_float(numbers->members[i].key, &entry->key, &plain) || !plain || entry->key - entry->key != 0.0)
            fail_node(node, "has a category that is not a number");
        entry->number = read_number(node, &numbers->members[i].value, places);
    }
    qsort(table->entries, table->count, sizeof *table->entries, compare_entries);
    for (size_t i = 1; i < table->count; i++)
        if (table->entries[i].key == table->entries[i - 1].key)
            fail_node(node, "has a category twice");
    table->has_missing = missing != NULL;
    table->missing = missing != NULL ? read_number(node, missing, places) : 0.0;
    table->unknown = unknown != NULL ? read_number(node, unknown, places) : 0.0;
    table->refuses_unknown =
        unknown == NULL || (strict != NULL && is_true(strict) && unknown->kind == NULL_VALUE);
}

static void open_encoder(Node *node, int places) {
    Encoder *encoder = node->state = allocate(1, sizeof *encoder);
    need_inputs(node, 1, 1);
    encoder->width = need_table(node, 0);
    const Json *columns = list_attribute(node, "columns");
    if (columns->count != encoder->width)
        fail_node(node, "has another number of columns");
    encoder->tables = allocate(encoder->width, sizeof *encoder->tables);
    for (size_t i = 0; i < encoder->width; i++)
        read_table(node, &columns->items[i], &encoder->tables[i], places);
}

static double look_up_cell(const Table *table, double cell, size_t row) {
    size_t low = 0, high = table->count;
    if (cell != cell) {
        if (table->has_missing)
            return table->missing;
    } else {
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (table->entries[middle].key < cell)
                low = middle + 1;
            else
                high = middle;
        }
        if (low < table->count && table->entries[low].key == cell)
            return table->entries[low].number;
    }
    if (table->refuses_unknown)
        refuse(format("row %z, feature %S: the category %S was not seen in training; expected one of its categories", row,
                      repr_of_string(table->name), repr_of_double(cell)),
               (int64_t)row, table->name, LITERAL("one of its categories"), NULL);
    return table->unknown;
}

static void open_look_up(Node *node) {
    open_encoder(node, 0);
    make_table(node, ((const Encoder *)node->state)->width);
}

static void run_look_up(const Node *node, const Value *const *inputs, Value *made) {
    const Encoder *encoder = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++)
        for (size_t k = 0; k < encoder->width; k++)
            *out++ = look_up_cell(&encoder->tables[k], inputs[0]->cells[i * encoder->width + k], i);
}

static size_t reach(double place, size_t width) {
    return place == place && (size_t)place >= width ? (size_t)place + 1 : width;
}

/* Python keeps this table sparse; the numbers are the same. */
static void open_one_hot(Node *node) {
    open_encoder(node, 1);
    const Encoder *encoder = node->state;
    size_t width = 1;
    for (size_t i = 0; i < encoder->width; i++) {
        const Table *table = &encoder->tables[i];
        for (size_t k = 0; k < table->count; k++)
            width = reach(table->entries[k].number, width);
        width = reach(table->unknown, reach(table->missing, width));
    }
    make_table(node, width);
}

static void run_one_hot(const Node *node, const Value *const *inputs, Value *made) {
    const Encoder *encoder = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++, out += made->shape.width)
        for (size_t k = 0; k < encoder->width; k++) {
            double place = look_up_cell(&encoder->tables[k], inputs[0]->cells[i * encoder->width + k], i);
            if (place == place)
                out[(size_t)place] = 1.0;
        }
}

const Operator LOOK_UP = {"look_up", open_look_up, run_look_up};
const Operator ONE_HOT = {"one_hot", open_one_hot, run_one_hot};
