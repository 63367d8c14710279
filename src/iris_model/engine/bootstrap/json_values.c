/* Questions about JSON values, and new values. */
#include "json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../csrc/text/text.h"

const Json JSON_NULL = {NULL_VALUE, 0, {0}}, JSON_TRUE = {TRUE_VALUE, 0, {0}}, JSON_FALSE = {FALSE_VALUE, 0, {0}};
const Json JSON_ONE = {INTEGER, 0, {.string = {"1", 1}}}, JSON_MINUS_ONE = {INTEGER, 0, {.string = {"-1", 2}}};

const Json *member_named(const Json *object, String key) {
    if (object == NULL || object->kind != OBJECT)
        return NULL;
    for (uint32_t i = 0; i < object->count; i++)
        if (is_same(object->members[i].key, key))
            return &object->members[i].value;
    return NULL;
}

const Json *member_of(const Json *object, const char *key) {
    return member_named(object, string_of(key));
}

int is_true(const Json *value) {
    if (value == NULL)
        return 0;
    switch (value->kind) {
    case NULL_VALUE: case FALSE_VALUE: return 0;
    case TRUE_VALUE: return 1;
    case INTEGER: return !is_text(value->string, "0");
    case FLOAT: return value->number != 0.0;
    case STRING: return value->string.length > 0;
    case LIST: case OBJECT: return value->count > 0;
    }
    return 0;
}

int64_t small_integer(const Json *value, int *fits) {
    String digits = value->string;
    int negative = digits.length > 0 && digits.bytes[0] == '-';
    int64_t number = 0;
    *fits = digits.length - (size_t)negative <= 18;
    for (size_t i = (size_t)negative; *fits && i < digits.length; i++)
        number = number * 10 + (digits.bytes[i] - '0');
    return negative ? -number : number;
}

double float_of(const Json *value) {
    double number = 0.0;
    int plain;
    if (value->kind == FLOAT)
        return value->number;
    read_float(value->string, &number, &plain);
    return number;
}

/* Rounding keeps the order, so the nearest double decides, unless it is the limit: then the digits do. Printing the limit takes
 * as long as many other cells, because it has up to 309 digits. */
int is_beyond(const Json *integer, double nearest, double limit) {
    char digits[400];
    String found = integer->string;
    double magnitude = fabs(nearest);
    if (magnitude != limit)
        return !(magnitude < limit);
    if (found.bytes[0] == '-')
        found = (String){found.bytes + 1, found.length - 1};
    size_t length = (size_t)snprintf(digits, sizeof digits, "%.0f", limit);
    if (found.length != length)
        return found.length > length;
    return memcmp(found.bytes, digits, length) > 0;
}

Json *new_string(String string) {
    Json *made = allocate(1, sizeof *made);
    made->kind = STRING;
    made->string = string;
    return made;
}

Json *new_integer(int64_t number) {
    Json *made = allocate(1, sizeof *made);
    made->kind = INTEGER;
    made->string = format("%i", number);
    return made;
}

Json *new_object(size_t room) {
    Json *made = allocate(1, sizeof *made);
    made->kind = OBJECT;
    made->members = allocate(room, sizeof *made->members);
    return made;
}

Json *new_list(size_t room) {
    Json *made = allocate(1, sizeof *made);
    made->kind = LIST;
    made->items = allocate(room, sizeof *made->items);
    return made;
}

Json *set_member(Json *object, const char *key, const Json *value) {
    Member *member = &object->members[object->count++];
    member->key = string_of(key);
    member->value = *value;
    return object;
}

Json *set_item(Json *list, const Json *value) {
    list->items[list->count++] = *value;
    return list;
}
