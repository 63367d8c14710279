/* The columns that the model was trained with. Only columns of numbers are in the core. Reference: engine/rows.py. */
#include "model.h"

#include <math.h>

static const struct {
    const char *name;
    double largest;
} LARGEST[] = {{"float32", 3.4028235677973362e38}, {"float64", 1.7976931348623157e308}};

static String text_member(const Container *container, const Json *object, const char *key) {
    const Json *found = member_of(object, key);
    if (found == NULL || found->kind != STRING)
        fail_damaged(container, format("its graph or signature lacks '%s'", key));
    return found->string;
}

static int is_number(const Json *value) {
    return value != NULL && (value->kind == INTEGER || value->kind == FLOAT);
}

void read_column(Column *column, const Json *json, String name, const Container *container) {
    column->json = json;
    column->name = name;
    String kind = text_member(container, json, "kind");
    const Json *type = member_of(json, "dtype");
    column->dtype = type != NULL && type->kind == STRING ? type->string : LITERAL("float64");
    column->is_categorical = is_text(kind, "categorical");
    column->is_bool = is_text(column->dtype, "bool");
    column->may_be_missing = is_true(member_of(json, "missing"));
    column->limit = LARGEST[1].largest;
    int holds_numbers = column->is_bool;
    for (size_t i = 0; i < sizeof LARGEST / sizeof *LARGEST; i++)
        if (is_text(column->dtype, LARGEST[i].name)) {
            column->limit = LARGEST[i].largest;
            holds_numbers = 1;
        }
    const char *problem = NULL;
    if (is_true(member_of(json, "optional")))
        problem = "a row may leave out column %S, and the native runtime reads all columns; package the project again";
    else if (!(is_text(kind, "numeric") || column->is_categorical) || !holds_numbers)
        problem = "column %S has text or dates, and the native runtime reads only numbers; package the project again";
    if (problem)
        fail_damaged(container, format(problem, repr_of_string(column->name)));
}

static void read_range(Column *column, const Container *container) {
    column->minimum = member_of(column->json, "minimum");
    column->maximum = member_of(column->json, "maximum");
    if (column->minimum != NULL && !(is_number(column->minimum) && is_number(column->maximum)))
        fail_damaged(container, format("column %S has no range", repr_of_string(column->name)));
}

void read_listed_columns(Signature *signature, const Container *container, const Json *columns) {
    signature->width = columns->count;
    signature->columns = allocate(columns->count, sizeof *signature->columns);
    for (uint32_t i = 0; i < columns->count; i++) {
        const Json *json = &columns->items[i];
        read_column(&signature->columns[i], json, text_member(container, json, "name"), container);
        read_range(&signature->columns[i], container);
    }
}

/* The memory of a hash table of the names, so that records with many keys take no longer than their text. */
static void reserve_places(Signature *signature) {
    uint32_t size = 2;
    while (size < 2 * signature->width)
        size *= 2;
    signature->places = allocate(size, sizeof *signature->places);
    signature->places_size = size;
    signature->are_placed = allocate(1, sizeof *signature->are_placed);
}

/* Return the place of the name, or the free place for it. */
static uint32_t place_of(const Signature *signature, String name) {
    uint32_t place = hash_of(name) & (signature->places_size - 1);
    while (signature->places[place] != 0 && !is_same(signature->columns[signature->places[place] - 1].name, name))
        place = (place + 1) & (signature->places_size - 1);
    return place;
}

void read_signature(Signature *signature, const Container *container) {
    const Json *json = container->signature, *columns = member_of(json, "columns");
    if (columns == NULL || (columns->kind != LIST && columns->kind != OBJECT) || columns->count == 0)
        fail_damaged(container, LITERAL("its graph or signature lacks a list of columns"));
    signature->json = json;
    signature->task = text_member(container, json, "task");
    signature->classes = member_of(json, "classes");
    if (signature->classes != NULL && signature->classes->kind == NULL_VALUE)
        signature->classes = NULL;
    if (signature->classes != NULL && signature->classes->kind != LIST)
        fail_damaged(container, LITERAL("its graph or signature lacks a list of classes"));
    if (columns->kind == OBJECT)
        read_wide_columns(signature, container, columns);
    else
        read_listed_columns(signature, container, columns);
    reserve_places(signature);
}

int64_t find_column(const Signature *signature, String name) {
    /* Rows without names need no table, and the names of a wide model take time. Of equal names the first one counts. */
    for (uint32_t i = 0; !*signature->are_placed && i < signature->width; i++) {
        uint32_t place = place_of(signature, signature->columns[i].name);
        if (signature->places[place] == 0)
            signature->places[place] = i + 1;
    }
    *signature->are_placed = 1;
    return (int64_t)signature->places[place_of(signature, name)] - 1;
}
