/* The model card, and the metadata of the Open Inference Protocol. References: runtime/card.py,
 * runtime/payloads/open_inference_metadata.py. */
#include "request.h"

#ifndef IRIS_MODEL_VERSION
#define IRIS_MODEL_VERSION "0"
#endif

static const Json *text(const char *string) {
    return new_string(string_of(string));
}

static const Json *copy_or_null(const Json *value) {
    return value != NULL ? value : &JSON_NULL;
}

static const Json *kinds_of(const Column *column) {
    Json *kinds = new_list(3);
    set_item(kinds, text("number"));
    if (column->is_categorical && column->is_bool)
        set_item(kinds, text("boolean"));
    if (column->may_be_missing)
        set_item(kinds, text("null"));
    return kinds->count == 1 ? &kinds->items[0] : kinds;
}

/* A whole number as an integer: people read 3, not 3.0. */
static const Json *plain(const Json *value) {
    double number = value->kind == FLOAT ? value->number : 0.5;
    if (!(number > -9007199254740992.0 && number < 9007199254740992.0) || (double)(int64_t)number != number)
        return value;
    return new_integer((int64_t)number);
}

static const Json *value_schema(const Column *column) {
    Json *schema = new_object(4);
    const Json *categories = member_of(column->json, "categories"), *minimum = column->minimum;
    set_member(schema, "type", kinds_of(column));
    if (column->is_categorical && is_true(categories))
        set_member(schema, "examples", categories);
    if (minimum != NULL) {
        const Json *low = plain(minimum), *high = plain(column->maximum);
        const Json *words = new_string(format("between %S and %S in training", repr_of(low), repr_of(high)));
        Json *ends = set_item(set_item(new_list(2), low), high);
        Json *examples = NULL;
        for (uint32_t i = 0; i < schema->count; i++)
            if (is_text(schema->members[i].key, "examples"))
                examples = &schema->members[i].value;
        if (examples != NULL)
            *examples = *ends;
        set_member(schema, "description", words);
        if (examples == NULL)
            set_member(schema, "examples", ends);
    }
    return schema;
}

static const Json *row_schema(const Signature *signature) {
    Json *schema = new_object(5), *properties = new_object(signature->width), *required = new_list(signature->width);
    for (size_t i = 0; i < signature->width; i++) {
        properties->members[i].key = signature->columns[i].name;
        properties->members[i].value = *value_schema(&signature->columns[i]);
        set_item(required, new_string(signature->columns[i].name));
    }
    properties->count = (uint32_t)signature->width;
    set_member(schema, "$schema", text("https://json-schema.org/draft/2020-12/schema"));
    set_member(schema, "type", text("object"));
    set_member(schema, "properties", properties);
    set_member(schema, "required", required);
    return set_member(schema, "additionalProperties", &JSON_FALSE);
}

const Json *describe_model(const Model *model) {
    const Signature *signature = &model->signature;
    const Json *columns = list_columns(signature);
    Signature whole = *signature;
    if (signature->shared != NULL)
        read_listed_columns(&whole, &model->container, columns);
    Json *card = new_object(10);
    set_member(card, "name", new_string(model->name));
    set_member(card, "ready", &JSON_TRUE);
    set_member(card, "task", new_string(signature->task));
    set_member(card, "classes", copy_or_null(signature->classes));
    if (is_true(model->labels))
        set_member(card, "labels", model->labels);
    set_member(card, "executor", text("compiled"));
    set_member(card, "columns", columns);
    set_member(card, "schema", row_schema(&whole));
    set_member(card, "source", model->container.source);
    return set_member(card, "digest",
                      new_string(format("sha256:%S", digest_of(model->container.data, model->container.size))));
}

/* ---- The Open Inference Protocol ---- */

static const Json *tensor(String name, const char *datatype, const Json *width) {
    Json *made = new_object(3), *shape = set_item(new_list(2), &JSON_MINUS_ONE);
    if (is_true(width))
        set_item(shape, width);
    set_member(made, "name", new_string(name));
    set_member(made, "datatype", text(datatype));
    return set_member(made, "shape", shape);
}

static const Json *label_datatype_source(const Json *classes) {
    Json *flat;
    if (!is_true(classes))
        return set_item(new_list(1), &JSON_ONE);
    if (classes->items[0].kind != LIST)
        return classes;
    size_t count = 0;
    for (uint32_t i = 0; i < classes->count; i++)
        count += classes->items[i].kind == LIST ? classes->items[i].count : 0;
    flat = new_list(count);
    for (uint32_t i = 0; i < classes->count; i++)
        for (uint32_t j = 0; classes->items[i].kind == LIST && j < classes->items[i].count; j++)
            set_item(flat, &classes->items[i].items[j]);
    return flat;
}

static const Json *output_tensors(const Model *model) {
    const Json *outputs = member_of(model->signature.json, "outputs");
    size_t room = 2;
    for (size_t i = 0; i < model->output_count; i++) {
        const Json *width = member_of(member_of(outputs, model->outputs[i]), "columns");
        room += width != NULL && width->kind == LIST ? width->count : 0;
    }
    Json *made = new_list(room);
    for (size_t i = 0; i < model->output_count; i++) {
        const Json *output = member_of(outputs, model->outputs[i]), *kind = member_of(output, "kind");
        const Json *width = copy_or_null(member_of(output, "columns"));
        if (i > 0) {
            for (uint32_t j = 0; width->kind == LIST && j < width->count; j++)
                set_item(made, tensor(format("%s_%z", model->outputs[i], (size_t)j), "FP64", &width->items[j]));
            if (width->kind != LIST)
                set_item(made, tensor(string_of(model->outputs[i]), "FP64", width));
            continue;
        }
        int is_label = kind != NULL && kind->kind == STRING && is_text(kind->string, "label");
        const char *datatype = is_label ? datatype_of(label_datatype_source(model->signature.classes)) : "FP64";
        int is_one = width->kind == INTEGER && is_text(width->string, "1") && strcmp(model->outputs[0], "transform") != 0;
        set_item(made, tensor(LITERAL("predict"), datatype, is_one ? &JSON_NULL : width));
    }
    return made;
}

static const Json *describe_tensors(const Model *model) {
    Json *made = new_object(5);
    const Json *rows = tensor(LITERAL("rows"), "FP64", new_integer((int64_t)model->signature.width));
    set_member(made, "name", new_string(model->name));
    set_member(made, "versions", new_list(0));
    set_member(made, "platform", text("iris-model_compiled"));
    set_member(made, "inputs", set_item(new_list(1), rows));
    return set_member(made, "outputs", output_tensors(model));
}

#define MOST_PARTS 6

/* Split what follows the first "/v2/" at slashes. Return the number of parts; MOST_PARTS if there are more; 0 if there is no
 * such path. */
static size_t split_path(String path, String *parts) {
    Buffer whole = {0};
    size_t count = 0, start = SIZE_MAX;
    add_string(&whole, path);
    add_letter(&whole, '/');
    for (size_t i = 0; i + 4 <= whole.length && start == SIZE_MAX; i++)
        if (memcmp(whole.bytes + i, "/v2/", 4) == 0)
            start = i + 4;
    if (start == SIZE_MAX)
        return 0;
    size_t end = whole.length;
    while (start < end && whole.bytes[start] == '/')
        start++;
    while (end > start && whole.bytes[end - 1] == '/')
        end--;
    for (size_t from = start, i = start; i <= end; i++)
        if (i == end || whole.bytes[i] == '/') {
            if (count == MOST_PARTS)
                return MOST_PARTS;
            parts[count++] = (String){whole.bytes + from, i - from};
            from = i + 1;
        }
    return count;
}

const Json *describe_path(const Model *model, String path) {
    String parts[MOST_PARTS];
    size_t count = split_path(path, parts);
    if (count == 1 && parts[0].length == 0) {
        Json *made = new_object(3);
        set_member(made, "name", text("iris-model"));
        set_member(made, "version", text(IRIS_MODEL_VERSION));
        return set_member(made, "extensions", new_list(0));
    }
    if (count == 2 && is_text(parts[0], "health") && (is_text(parts[1], "live") || is_text(parts[1], "ready"))) {
        Json *made = new_object(1);
        made->members[0].key = parts[1];
        made->members[0].value = JSON_TRUE;
        made->count = 1;
        return made;
    }
    if (count < 2 || !is_text(parts[0], "models"))
        return NULL;
    int versioned = count >= 4 && is_text(parts[2], "versions");
    if ((count == 3 && is_text(parts[2], "ready")) || (count == 5 && versioned && is_text(parts[4], "ready")))
        return set_member(set_member(new_object(2), "name", new_string(model->name)), "ready", &JSON_TRUE);
    if (count == 2 || (count == 4 && versioned))
        return describe_tensors(model);
    return NULL;
}
