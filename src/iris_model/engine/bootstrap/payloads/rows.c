/* Plain rows, and the protocols that answer with predictions alone. References: runtime/payloads/rows.py, predictions.py. */
#include "../request.h"

static const char SHAPES[] = "one row [..], rows [[..], ..], a named row {..} or a list of named rows";

static Json *order_all(const Json *records, const Signature *signature, int takes_more) {
    Json *rows = new_list(records->count);
    for (uint32_t i = 0; i < records->count; i++)
        set_item(rows, order_features(&records->items[i], signature, i, takes_more));
    return rows;
}

Payload decode_rows(const Json *payload, const Signature *signature) {
    Payload made = {0};
    made.protocol = ROWS_PAYLOAD;
    if (payload->kind == OBJECT) {
        made.rows = set_item(new_list(1), order_features(payload, signature, 0, 0));
        made.one_row = 1;
        return made;
    }
    if (payload->kind != LIST)
        refuse(format("the payload is %S; expected %s", describe(payload), SHAPES), -1, NONE, string_of(SHAPES), NULL);
    if (payload->count == 0)
        refuse(LITERAL("the payload is an empty list; expected at least one row"), -1, NONE, LITERAL("at least one row"), NULL);
    switch (payload->items[0].kind) {
    case OBJECT: made.rows = order_all(payload, signature, 0); break;
    case LIST: made.rows = payload; break;
    default:
        made.rows = set_item(new_list(1), payload);
        made.one_row = 1;
    }
    return made;
}

/* Whether the names are the numbers of the columns: a DataFrame without names numbers them. 1.0 and true equal 1. */
static int are_numbers(const Json *names, size_t width) {
    if (names->kind != LIST || names->count != width)
        return 0;
    for (uint32_t i = 0; i < names->count; i++) {
        const Json *name = &names->items[i];
        double number = name->kind == TRUE_VALUE ? 1.0 : 0.0;
        if (name->kind == INTEGER || name->kind == FLOAT)
            number = float_of(name);
        else if (name->kind != TRUE_VALUE && name->kind != FALSE_VALUE)
            return 0;
        if (number != (double)i)
            return 0;
    }
    return 1;
}

static const Json *decode_split(const Json *frame, const Signature *signature) {
    const Json *data = member_of(frame, "data"), *names = member_of(frame, "columns");
    if (data == NULL || data->kind != LIST)
        refuse(LITERAL("'dataframe_split' has no list 'data'; expected {\"columns\": [...], \"data\": [[...], ...]}"), -1, NONE,
               NONE, NULL);
    if (names == NULL || names->kind == NULL_VALUE || are_numbers(names, signature->width))
        return data;
    int are_texts = names->kind == LIST;
    for (uint32_t i = 0; are_texts && i < names->count; i++)
        are_texts = names->items[i].kind == STRING;
    if (!are_texts)
        refuse(LITERAL("'columns' of 'dataframe_split' is not a list of names; expected the features by name"), -1, NONE, NONE,
               NULL);
    Json *rows = new_list(data->count), *record = new_object(names->count);
    record->count = names->count;
    for (uint32_t i = 0; i < names->count; i++)
        record->members[i].key = names->items[i].string;
    if (has_repeated_keys(record))
        refuse(LITERAL("'columns' of 'dataframe_split' names a feature twice; expected each once"), -1, NONE, NONE, NULL);
    for (uint32_t i = 0; i < data->count; i++) {
        const Json *values = &data->items[i];
        if (values->kind != LIST || values->count != names->count)
            refuse(format("row %z is %S; expected a list of %z values, as 'columns'", (size_t)i, describe(values),
                          (size_t)names->count),
                   i, NONE, NONE, NULL);
        for (uint32_t j = 0; j < names->count; j++)
            record->members[j].value = values->items[j];
        set_item(rows, order_features(record, signature, i, 1));
    }
    return rows;
}

Payload decode_predictions(const Json *payload, const Signature *signature) {
    static const char *const LISTS[] = {"instances", "dataframe_records", "inputs"};
    Payload made = {0};
    size_t key = 0;
    made.protocol = PREDICTIONS_PAYLOAD;
    while (key < 3 && member_of(payload, LISTS[key]) == NULL)
        key++;
    if (key == 3) {
        made.rows = decode_split(member_of(payload, "dataframe_split"), signature);
        return made;
    }
    const Json *rows = member_of(payload, LISTS[key]);
    if (key == 2 && rows->kind == OBJECT) {
        made.rows = rows_from_columns(rows, signature, 1);
        return made;
    }
    if (rows->kind != LIST)
        refuse(format("'%s' is %S; expected a list of rows", LISTS[key], describe(rows)), -1, NONE, LITERAL("a list of rows"),
               NULL);
    Json *ordered = new_list(rows->count);
    for (uint32_t i = 0; i < rows->count; i++) {
        const Json *row = &rows->items[i];
        set_item(ordered, row->kind == OBJECT || key == 1 ? order_features(row, signature, i, key != 0) : row);
    }
    made.rows = ordered;
    return made;
}

Json *rows_from_columns(const Json *columns, const Signature *signature, int takes_more) {
    int differ = columns->count == 0;
    for (uint32_t i = 0; i < columns->count; i++) {
        const Json *first = &columns->members[0].value, *value = &columns->members[i].value;
        differ |= value->kind != LIST || first->kind != LIST || value->count != first->count;
    }
    if (differ)
        refuse(LITERAL("the inputs differ in length; expected a list for each feature, all of one length"), -1, NONE, NONE,
               NULL);
    uint32_t count = columns->members[0].value.count;
    Json *rows = new_list(count), *record = new_object(columns->count);
    record->count = columns->count;
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < columns->count; j++)
            record->members[j] = (Member){columns->members[j].key, columns->members[j].value.items[i]};
        set_item(rows, order_features(record, signature, i, takes_more));
    }
    return rows;
}
