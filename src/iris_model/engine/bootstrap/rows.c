/* Encode rows as a table of doubles, or refuse them with one sentence. Reference: engine/rows.py, RowEncoder. */
#include "model.h"

#include "../csrc/text/text.h"

static String count_values(size_t values) {
    return format("%z value%s", values, values == 1 ? "" : "s");
}

static _Noreturn void refuse_shape(const Signature *signature, size_t index, const Json *row) {
    Buffer names = {0};
    for (size_t i = 0; i < signature->width && i < 8; i++) {
        add_text(&names, i > 0 ? ", " : "");
        add_string(&names, signature->columns[i].name);
    }
    String expected = format("a list of %S: %S%s", count_values(signature->width), view(&names),
                             signature->width > 8 ? ", ..." : "");
    String found = row->kind == LIST ? format("has %S", count_values(row->count)) : format("is %S", describe(row));
    refuse(format("row %z %S; expected %S", index, found, expected), (int64_t)index, NONE, expected, NULL);
}

static String expectation(const Column *column) {
    if (!column->is_categorical)
        return column->may_be_missing ? LITERAL("a finite number or null") : LITERAL("a finite number");
    const Json *known = member_of(column->json, "categories");
    Buffer some = {0};
    if (known == NULL || known->kind != LIST || known->count == 0)
        return LITERAL("one of its categories");
    for (uint32_t i = 0; i < known->count && i < 8; i++) {
        const Json *one = &known->items[i];
        add_text(&some, i > 0 ? ", " : "");
        if (one->kind <= TRUE_VALUE)
            write_json(&some, one);
        else
            write_repr(&some, one);
    }
    return format("one of its categories (%S%s)", view(&some), known->count > 8 ? ", ..." : "");
}

/* `complete`: the sentence already says what to send. */
static _Noreturn void refuse_cell(const Column *column, size_t row, String found, int complete) {
    String expected = expectation(column);
    String start = format("row %z, feature %S: %S", row, repr_of_string(column->name), found);
    refuse(complete ? start : format("%S; expected %S", start, expected), (int64_t)row, column->name, expected, NULL);
}

static double encode_cell(const Column *column, const Json *value, size_t row) {
    double number;
    switch (value->kind) {
    case INTEGER:
        number = float_of(value);
        if (is_beyond(value, number, column->limit))
            break;
        return number;
    case FLOAT:
        if (value->number >= -column->limit && value->number <= column->limit)
            return value->number;
        if (value->number - value->number != 0.0)
            refuse_cell(column, row, LITERAL("the value is infinite"), 0);
        break;
    case NULL_VALUE:
        if (column->may_be_missing)
            return missing_cell();
        refuse_cell(column, row, LITERAL("the value is missing (null), and the model was not trained with missing values"), 0);
    case TRUE_VALUE: case FALSE_VALUE:
        if (column->is_bool)
            return value->kind == TRUE_VALUE ? 1.0 : 0.0;
        refuse_cell(column, row, format("the value is %S, not a number; send 1 or 0", describe(value)), 1);
    case STRING:
        refuse_cell(column, row,
                    format("the value is %S; send %s, without quotation marks", describe(value),
                           column->is_bool ? "true or false" : "a number"),
                    1);
    default:
        refuse_cell(column, row, format("the value is %S", describe(value)), 0);
    }
    refuse_cell(column, row, format("the value is too large for %S", column->dtype), 0);
}

double *encode_rows(const Signature *signature, const Json *rows) {
    /* Only rows that have all values get memory: a body of empty rows must not get much for a wide model. */
    uint32_t whole = 0;
    while (whole < rows->count && rows->items[whole].kind == LIST && rows->items[whole].count == signature->width)
        whole++;
    double *cells = allocate((size_t)whole * signature->width, sizeof *cells), *at = cells;
    for (uint32_t i = 0; i < whole; i++)
        for (size_t column = 0; column < signature->width; column++)
            *at++ = encode_cell(&signature->columns[column], &rows->items[i].items[column], i);
    if (whole < rows->count)
        refuse_shape(signature, whole, &rows->items[whole]);
    return cells;
}
