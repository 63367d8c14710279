/* Read the attributes and tensors of a node when the model is opened. Anything unexpected is a damaged file. */
#include "model.h"

_Noreturn void fail_damaged(const Container *container, String what) {
    fail(MODEL_FORMAT_ERROR, format("the compiled model %s is damaged: %S; compile it again with this iris-model",
                                    container->path, what));
}

_Noreturn void fail_node(const Node *node, const char *what) {
    fail_damaged(node->container,
                 format("node %S (operator '%s') %s", repr_of_string(node->output), node->operator->name, what));
}

static int names_tensor(const Node *node, const char *name) {
    const Json *tensors = node->tensors;
    for (uint32_t i = 0; tensors != NULL && i < tensors->count; i++)
        if (tensors->items[i].kind == STRING && is_text(tensors->items[i].string, name))
            return 1;
    return 0;
}

int has_tensor(const Node *node, const char *name) {
    return names_tensor(node, name);
}

Tensor tensor_of(const Node *node, const char *name) {
    if (!names_tensor(node, name))
        fail_damaged(node->container, format("node %S lacks the tensor '%s'", repr_of_string(node->output), name));
    return find_tensor(node->container, format("%S.%s", node->output, name));
}

const double *doubles_of(const Node *node, const char *name, size_t count) {
    Tensor tensor = tensor_of(node, name);
    if (is_integers(&tensor) || (count != SIZE_MAX && tensor.count != count))
        fail_node(node, "has a tensor of another size or type");
    if (tensor.type == 'd' && (uintptr_t)tensor.data % sizeof(double) == 0)
        return (const double *)(const void *)tensor.data;
    double *copy = allocate(tensor.count, sizeof *copy);
    for (size_t i = 0; i < tensor.count; i++)
        copy[i] = double_at(&tensor, i);
    return copy;
}

const double *numbers_of(const Node *node, const char *name, size_t count) {
    double *copy = allocate(count, sizeof *copy);
    if (has_tensor(node, name)) {
        Tensor tensor = tensor_of(node, name);
        if (tensor.count != count)
            fail_node(node, "has a tensor of another size");
        for (size_t i = 0; i < count; i++)
            copy[i] = double_at(&tensor, i);
        return copy;
    }
    const Json *list = list_attribute(node, name);
    if (list->count != count)
        fail_node(node, "has a list of another length");
    for (size_t i = 0; i < count; i++) {
        if (list->items[i].kind != INTEGER && list->items[i].kind != FLOAT)
            fail_node(node, "has a list with other values than numbers");
        copy[i] = float_of(&list->items[i]);
    }
    return copy;
}

const Json *attribute_of(const Node *node, const char *name) {
    const Json *found = member_of(node->attributes, name);
    return found != NULL && found->kind == NULL_VALUE ? NULL : found;
}

double number_attribute(const Node *node, const char *name, double otherwise) {
    const Json *found = attribute_of(node, name);
    if (found == NULL && otherwise == otherwise)
        return otherwise;
    if (found == NULL || (found->kind != INTEGER && found->kind != FLOAT))
        fail_node(node, "lacks a number");
    return float_of(found);
}

int64_t integer_attribute(const Node *node, const char *name, int64_t otherwise) {
    const Json *found = attribute_of(node, name);
    int fits = 0;
    if (found == NULL && otherwise != INT64_MIN)
        return otherwise;
    int64_t number = found != NULL && found->kind == INTEGER ? small_integer(found, &fits) : 0;
    if (!fits)
        fail_node(node, "lacks a whole number");
    return number;
}

int flag_attribute(const Node *node, const char *name, int otherwise) {
    const Json *found = attribute_of(node, name);
    if (found == NULL && otherwise >= 0)
        return otherwise;
    if (found == NULL || (found->kind != TRUE_VALUE && found->kind != FALSE_VALUE))
        fail_node(node, "lacks true or false");
    return found->kind == TRUE_VALUE;
}

String text_attribute(const Node *node, const char *name) {
    const Json *found = attribute_of(node, name);
    if (found == NULL || found->kind != STRING)
        fail_node(node, "lacks a text");
    return found->string;
}

const Json *list_attribute(const Node *node, const char *name) {
    const Json *found = attribute_of(node, name);
    if (found == NULL || found->kind != LIST)
        fail_node(node, "lacks a list");
    return found;
}

size_t *indices_of(const Node *node, const char *name, size_t *count) {
    size_t *made;
    if (has_tensor(node, name)) {
        Tensor tensor = tensor_of(node, name);
        if (!is_integers(&tensor))
            fail_node(node, "has a tensor of another size or type");
        made = allocate(tensor.count + 1, sizeof *made);
        for (size_t i = 0; i < tensor.count; i++)
            made[i] = integer_at(&tensor, i) < 0 ? SIZE_MAX : (size_t)integer_at(&tensor, i);
        *count = tensor.count;
        return made;
    }
    const Json *list = list_attribute(node, name);
    made = allocate((size_t)list->count + 1, sizeof *made);
    for (uint32_t i = 0; i < list->count; i++) {
        int fits = 0;
        int64_t number = list->items[i].kind == INTEGER ? small_integer(&list->items[i], &fits) : -1;
        made[i] = fits && number >= 0 ? (size_t)number : SIZE_MAX;
    }
    *count = list->count;
    return made;
}

void need_inputs(const Node *node, size_t least, size_t most) {
    if (node->input_count < least || node->input_count > most)
        fail_node(node, "has another number of inputs");
}

size_t need_table(const Node *node, size_t input) {
    if (input >= node->input_count || node->shapes[input].kind != TABLE || node->shapes[input].width == 0)
        fail_node(node, "needs a table");
    return node->shapes[input].width;
}

void make_table(Node *node, size_t width) {
    if (width == 0)
        fail_node(node, "makes a table without columns");
    node->shape = (Shape){TABLE, width, NULL, NULL};
}

double *new_cells(Value *made) {
    made->cells = allocate(made->rows * (made->shape.kind == TABLE ? made->shape.width : 1), sizeof *made->cells);
    return made->cells;
}

size_t count_reached(const double *edges, size_t count, double value) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (value < edges[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}
