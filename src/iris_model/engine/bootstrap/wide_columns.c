/* The columns of a wide model: those that differ only in name and range share an entry. Reference: engine/wide_columns.py. */
#include "model.h"

static _Noreturn void fail_columns(const Container *container) {
    fail_damaged(container, LITERAL("its graph or signature lacks the names, kinds and ranges of its columns"));
}

static Tensor find_bytes(const Container *container, String name) {
    Tensor tensor = find_tensor(container, name);
    if (tensor.type != 'B')
        fail_columns(container);
    return tensor;
}

/* Split the names at 0, which no name has. */
static void read_names(Signature *signature, const Container *container) {
    Tensor tensor = find_bytes(container, LITERAL("signature.names"));
    const char *at = (const char *)tensor.data, *end = at + tensor.count;
    size_t start, stop, i = 0;
    const char *reason;
    if (!is_utf8((String){at, tensor.count}, &start, &stop, &reason))
        fail_columns(container);
    for (; i < signature->width; i++) {
        const char *next = at < end ? memchr(at, 0, (size_t)(end - at)) : NULL;
        if ((next == NULL) != (i + 1 == signature->width))
            fail_columns(container);
        if (next == NULL)
            next = end;
        signature->columns[i].name = (String){at, (size_t)(next - at)};
        at = next + 1;
    }
}

void read_wide_columns(Signature *signature, const Container *container, const Json *shared) {
    static const char *const ENDS[] = {"signature.minimum", "signature.maximum"};
    const Json *count = member_of(shared, "count"), *kinds = member_of(shared, "kinds");
    Tensor numbers = find_bytes(container, LITERAL("signature.kinds"));
    int fits = 0, have_range = 0;
    if (count == NULL || count->kind != INTEGER || kinds == NULL || kinds->kind != LIST || kinds->count == 0 ||
        numbers.count == 0 || small_integer(count, &fits) != (int64_t)numbers.count || !fits)
        fail_columns(container);
    signature->width = numbers.count;
    signature->columns = allocate(signature->width, sizeof *signature->columns);
    signature->shared = shared;
    signature->numbers = numbers.data;
    read_names(signature, container);
    Column *known = allocate(kinds->count, sizeof *known);
    for (size_t i = 0; i < signature->width; i++) {
        String name = signature->columns[i].name;
        if (numbers.data[i] >= kinds->count)
            fail_columns(container);
        Column *kind = &known[numbers.data[i]];
        if (kind->json == NULL)
            read_column(kind, &kinds->items[numbers.data[i]], name, container);
        signature->columns[i] = *kind;
        signature->columns[i].name = name;
    }
    for (uint32_t i = 0; i < kinds->count; i++)
        have_range |= member_of(&kinds->items[i], "minimum") != NULL;
    for (int i = 0; have_range && i < 2; i++) {
        signature->ranges[i] = find_tensor(container, string_of(ENDS[i]));
        if (is_integers(&signature->ranges[i]) || signature->ranges[i].count != signature->width)
            fail_columns(container);
    }
}

static Json new_float(double number) {
    return (Json){.kind = FLOAT, .number = number};
}

const Json *list_columns(const Signature *signature) {
    if (signature->shared == NULL)
        return member_of(signature->json, "columns");
    const Json *kinds = member_of(signature->shared, "kinds");
    Json *list = new_list(signature->width);
    for (size_t i = 0; i < signature->width; i++) {
        const Json *kind = &kinds->items[signature->numbers[i]];
        Json *column = new_object(kind->count + 1);
        int is_named = 0;
        for (uint32_t j = 0; j < kind->count; j++) {
            Member *member = &column->members[column->count++];
            *member = kind->members[j];
            if (is_text(member->key, "name")) {
                member->value = *new_string(signature->columns[i].name);
                is_named = 1;
            } else if (is_text(member->key, "minimum")) {
                member->value = new_float(double_at(&signature->ranges[0], i));
            } else if (is_text(member->key, "maximum")) {
                member->value = new_float(double_at(&signature->ranges[1], i));
            }
        }
        if (!is_named)
            set_member(column, "name", new_string(signature->columns[i].name));
        set_item(list, column);
    }
    return list;
}
