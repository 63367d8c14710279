/* The Open Inference Protocol v2: tensors in, tensors out. Reference: runtime/payloads/open_inference.py. */
#include "../request.h"

static const char *const DATATYPES[] = {"BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16",
                                        "INT32", "INT64", "FP16", "FP32", "FP64", "BYTES"};
#define DATATYPE_COUNT (sizeof DATATYPES / sizeof *DATATYPES)

static _Noreturn void refuse_tensor(String message) {
    refuse(message, -1, NONE, NONE, NULL);
}

static void read_outputs(const Json *asked, Payload *made) {
    static const char wrong[] = "'outputs' is not a list of objects with a name; leave it out to get all outputs";
    if (asked == NULL || asked->kind == NULL_VALUE)
        return;
    /* Python iterates over a text or an object too: over their letters or keys, which have no name. */
    size_t count = asked->kind == STRING ? asked->string.length : asked->kind >= LIST ? asked->count : 1;
    if (count > 0 && asked->kind != LIST)
        refuse_tensor(string_of(wrong));
    Json *names = new_list(count), *keys = new_object(count);
    for (uint32_t i = 0; i < count; i++) {
        const Json *name = member_of(&asked->items[i], "name");
        if (name == NULL)
            refuse_tensor(string_of(wrong));
        set_item(names, new_string(str_of(name)));
        keys->members[keys->count++].key = names->items[i].string;
    }
    if (has_repeated_keys(keys))
        refuse_tensor(LITERAL("'outputs' names an output twice; expected each at most once"));
    made->outputs = names;
}

static int has_surrogate(String string) {
    for (const char *at = string.bytes, *end = at + string.length; at < end;) {
        uint32_t letter = next_letter(&at);
        if (letter >= 0xd800 && letter <= 0xdfff)
            return 1;
    }
    return 0;
}

static const Json *read_id(const Json *value) {
    if (value == NULL || value->kind == NULL_VALUE)
        return NULL;
    if (value->kind == INTEGER || (value->kind == FLOAT && value->number - value->number == 0.0) ||
        (value->kind == STRING && !has_surrogate(value->string)))
        return value;
    refuse(format("the 'id' is %S; expected a string", describe(value)), -1, NONE, LITERAL("a string"), "malformed");
}

typedef struct {
    String name;
    const Json *shape;
    Json *data; /* flat */
} Tensors;

/* Multiply the lengths of a shape, which may have any number of digits. Return the decimal digits. */
static String multiply_digits(String x, String y) {
    size_t length = x.length + y.length;
    char *digits = allocate(length + 1, 1);
    for (size_t i = x.length; i-- > 0;) {
        int carry = 0;
        for (size_t j = y.length; j-- > 0;) {
            int sum = digits[i + j + 1] + carry + (x.bytes[i] - '0') * (y.bytes[j] - '0');
            digits[i + j + 1] = (char)(sum % 10);
            carry = sum / 10;
        }
        digits[i] = (char)carry;
    }
    size_t start = 0;
    while (start + 1 < length && digits[start] == 0)
        start++;
    for (size_t i = start; i < length; i++)
        digits[i] = (char)(digits[i] + '0');
    return (String){digits + start, length - start};
}

static void check_datatype(String name, const Json *datatype) {
    Buffer known = {0};
    for (size_t i = 0; i < DATATYPE_COUNT; i++) {
        if (datatype != NULL && datatype->kind == STRING && is_text(datatype->string, DATATYPES[i]))
            return;
        add_text(&known, i > 0 ? ", " : "");
        add_text(&known, DATATYPES[i]);
    }
    refuse_tensor(format("input %S: the datatype is %S; expected one of %S", repr_of_string(name),
                         repr_of(datatype != NULL ? datatype : &JSON_NULL), view(&known)));
}

/* Flat and nested data are both allowed. */
static Json *flatten(const Json *data, int is_matrix) {
    size_t count = 0;
    int nested = is_matrix && data->count > 0;
    for (uint32_t i = 0; nested && i < data->count; i++) {
        nested = data->items[i].kind == LIST;
        count += nested ? data->items[i].count : 0;
    }
    Json *flat = new_list(nested ? count : data->count);
    for (uint32_t i = 0; i < data->count; i++) {
        const Json *item = &data->items[i];
        if (!nested)
            set_item(flat, item);
        for (uint32_t j = 0; nested && j < item->count; j++)
            set_item(flat, &item->items[j]);
    }
    return flat;
}

static Tensors read_tensor(const Json *tensor) {
    const Json *name = member_of(tensor, "name"), *shape = member_of(tensor, "shape"), *data = member_of(tensor, "data");
    Tensors made = {name != NULL ? str_of(name) : LITERAL("?"), shape, NULL};
    String quoted = repr_of_string(made.name);
    int good = shape != NULL && shape->kind == LIST && shape->count > 0 && shape->count < 3;
    for (uint32_t i = 0; good && i < shape->count; i++)
        good = shape->items[i].kind == INTEGER && shape->items[i].string.bytes[0] != '-';
    if (!good)
        refuse_tensor(format("input %S: the shape is %S; expected one or two lengths", quoted,
                             describe(shape != NULL ? shape : &JSON_NULL)));
    check_datatype(made.name, member_of(tensor, "datatype"));
    if (data == NULL || data->kind != LIST)
        refuse_tensor(format("input %S: the data is %S; expected a list", quoted, describe(data != NULL ? data : &JSON_NULL)));
    made.data = flatten(data, shape->count == 2);
    String count = shape->items[0].string;
    if (shape->count == 2)
        count = multiply_digits(count, shape->items[1].string);
    if (!is_same(count, format("%z", (size_t)made.data->count))) {
        if (count.length > 4300)
            fail(VALUE_ERROR, LITERAL("Exceeds the limit (4300 digits) for integer string conversion; use "
                                      "sys.set_int_max_str_digits() to increase the limit"));
        refuse_tensor(format("input %S: the shape %S needs %S values, the data has %z", quoted, repr_of(shape), count,
                             (size_t)made.data->count));
    }
    return made;
}

static const Json *read_matrix(const Json *tensor, size_t width) {
    Tensors read = read_tensor(tensor);
    const Json *last = &read.shape->items[read.shape->count - 1];
    if (!is_same(last->string, format("%z", width)))
        refuse(format("input %S: the shape is %S; expected [rows, %z]", repr_of_string(read.name), repr_of(read.shape), width),
               -1, NONE, format("[rows, %z]", width), NULL);
    Json *rows = new_list(read.data->count / width);
    for (uint32_t start = 0; start < read.data->count; start += (uint32_t)width) {
        Json row = {LIST, (uint32_t)width, {.items = read.data->items + start}};
        set_item(rows, &row);
    }
    return rows;
}

static const Json *read_columns(const Json *tensors, const Signature *signature) {
    Json *columns = new_object(tensors->count);
    for (uint32_t i = 0; i < tensors->count; i++) {
        Tensors read = read_tensor(&tensors->items[i]);
        if (read.shape->count == 2 && !is_text(read.shape->items[1].string, "1"))
            refuse_tensor(format("input %S: the shape is %S; expected [rows] or [rows, 1]", repr_of_string(read.name),
                                 repr_of(read.shape)));
        columns->members[columns->count].key = read.name;
        columns->members[columns->count++].value = *read.data;
    }
    Json last = columns->members[columns->count - 1].value;
    join_repeated_keys(columns);
    if (signature->width == 1 && columns->count == 1) {
        columns->members[0].key = signature->columns[0].name;
        columns->members[0].value = last;
    }
    return rows_from_columns(columns, signature, 0);
}

Payload decode_tensors(const Json *payload, const Signature *signature) {
    Payload made = {0};
    const Json *tensors = member_of(payload, "inputs");
    made.protocol = TENSORS_PAYLOAD;
    for (uint32_t i = 0; i < tensors->count; i++)
        if (tensors->items[i].kind != OBJECT)
            refuse_tensor(LITERAL("'inputs' is not a list of tensors; expected [{name, shape, datatype, data}, ...]"));
    read_outputs(member_of(payload, "outputs"), &made);
    made.id = read_id(member_of(payload, "id"));
    made.rows = tensors->count == 1 && signature->width != 1 ? read_matrix(&tensors->items[0], signature->width)
                                                             : read_columns(tensors, signature);
    return made;
}
