/* Open the graph of a model and evaluate it. Reference: engine/model.py. */
#include "model.h"

#include "../csrc/text/text.h"

static const Operator *find_operator(const Container *container, String output, String name) {
    for (const Operator *const *at = OPERATORS; *at != NULL; at++)
        if (is_text(name, (*at)->name))
            return *at;
    fail_damaged(container, format("node %S uses the operator %S, which this iris-model does not have", repr_of_string(output),
                                   repr_of_string(name)));
}

static String text_of(const Container *container, const Json *node, const char *key) {
    const Json *found = member_of(node, key);
    if (found == NULL || found->kind != STRING)
        fail_damaged(container, LITERAL("its graph or signature lacks a valid node"));
    return found->string;
}

/* Return the index of the value: 0 for the rows, n + 1 for the output of node n, at most `known`. */
static size_t find_value(const Model *model, String name, size_t known) {
    for (size_t i = known; i > 0; i--)
        if (is_same(model->nodes[i - 1].output, name))
            return i;
    if (is_text(name, "rows"))
        return 0;
    fail_damaged(&model->container, format("nothing makes %S", repr_of_string(name)));
}

static void open_node(Model *model, const Json *json, size_t index) {
    const Container *container = &model->container;
    Node *node = &model->nodes[index];
    const Json *inputs = member_of(json, "inputs");
    node->container = container;
    node->output = text_of(container, json, "output");
    node->operator= find_operator(container, node->output, text_of(container, json, "op"));
    node->attributes = member_of(json, "attributes");
    node->tensors = member_of(json, "tensors");
    if (inputs == NULL || inputs->kind != LIST)
        fail_damaged(container, LITERAL("its graph or signature lacks the inputs of a node"));
    node->input_count = inputs->count;
    node->inputs = allocate(inputs->count, sizeof *node->inputs);
    node->shapes = allocate(inputs->count, sizeof *node->shapes);
    for (uint32_t i = 0; i < inputs->count; i++) {
        if (inputs->items[i].kind != STRING)
            fail_damaged(container, LITERAL("its graph or signature lacks the inputs of a node"));
        size_t value = find_value(model, inputs->items[i].string, index);
        node->inputs[i] = value;
        node->shapes[i] = value == 0 ? (Shape){TABLE, model->signature.width, NULL, NULL} : model->nodes[value - 1].shape;
    }
    node->operator->open(node);
}

/* Mark the nodes that the outputs need. The graph may have others, for other methods. */
static unsigned char *find_needed(const Container *container, const Json *nodes, const String *wanted, size_t count) {
    unsigned char *needed = allocate(nodes->count, 1);
    String *names = allocate(count + nodes->count, sizeof *names);
    size_t known = count, room = count + nodes->count;
    memcpy(names, wanted, count * sizeof *names);
    for (uint32_t i = nodes->count; i-- > 0;) {
        const Json *inputs = member_of(&nodes->items[i], "inputs");
        String output = text_of(container, &nodes->items[i], "output");
        for (size_t j = 0; j < known && !needed[i]; j++)
            needed[i] = (unsigned char)is_same(names[j], output);
        for (uint32_t j = 0; needed[i] && inputs != NULL && inputs->kind == LIST && j < inputs->count; j++) {
            if (inputs->items[j].kind != STRING)
                continue;
            if (known == room) {
                String *more = allocate(2 * room, sizeof *more);
                memcpy(more, names, known * sizeof *more);
                names = more;
                room *= 2;
            }
            names[known++] = inputs->items[j].string;
        }
    }
    return needed;
}

static void choose_outputs(Model *model, const Json *outputs, String *wanted) {
    static const char *const FIRST[] = {"predict", "transform", "score_samples"};
    for (size_t i = 0; i < 3 && model->output_count == 0; i++)
        if (member_of(outputs, FIRST[i]) != NULL)
            model->outputs[model->output_count++] = FIRST[i];
    if (is_text(model->signature.task, "classifier") && member_of(outputs, "predict_proba") != NULL)
        model->outputs[model->output_count++] = "predict_proba";
    if (model->output_count == 0)
        fail_damaged(&model->container, LITERAL("its graph or signature lacks an output"));
    for (size_t i = 0; i < model->output_count; i++) {
        const Json *described = member_of(member_of(model->signature.json, "outputs"), model->outputs[i]);
        if (member_of(described, "kind") == NULL || member_of(described, "columns") == NULL)
            fail_damaged(&model->container, format("its graph or signature lacks '%s'", model->outputs[i]));
        wanted[i] = text_of(&model->container, outputs, model->outputs[i]);
    }
}

void open_model(Model *model, const char *path) {
    Container *container = &model->container;
    String wanted[2];
    open_container(container, path);
    const Json *nodes = member_of(container->graph, "nodes"), *outputs = member_of(container->graph, "outputs");
    if (nodes == NULL || nodes->kind != LIST || outputs == NULL || outputs->kind != OBJECT)
        fail_damaged(container, LITERAL("its graph or signature lacks nodes or outputs"));
    read_signature(&model->signature, container);
    choose_outputs(model, outputs, wanted);
    const unsigned char *needed = find_needed(container, nodes, wanted, model->output_count);
    model->nodes = allocate(nodes->count, sizeof *model->nodes);
    for (uint32_t i = 0; i < nodes->count; i++)
        if (needed[i]) {
            open_node(model, &nodes->items[i], model->node_count);
            model->node_count++;
        }
    for (size_t i = 0; i < model->output_count; i++) {
        model->output_values[i] = find_value(model, wanted[i], model->node_count);
        Shape shape = model->output_values[i] == 0 ? (Shape){TABLE, model->signature.width, NULL, NULL}
                                                   : model->nodes[model->output_values[i] - 1].shape;
        int fits = shape.kind != NEIGHBORS && (i == 0 || shape.kind == TABLE || shape.kind == SEVERAL);
        for (size_t j = 0; shape.kind == SEVERAL && j < shape.width; j++)
            fits &= shape.parts[j].kind == (i == 0 ? shape.parts[j].kind == NUMBERS ? NUMBERS : LABELS : TABLE);
        if (!fits)
            fail_damaged(container, LITERAL("an output is not a table of numbers"));
    }
}

static const Node *running; /* the node whose operator was called last */

static void run_nodes(const Model *model, double *cells, size_t rows, Value *values) {
    values[0] = (Value){.shape = {TABLE, model->signature.width, NULL, NULL}, .rows = rows, .cells = cells};
    for (size_t i = 0; i < model->node_count; i++) {
        const Node *node = running = &model->nodes[i];
        const Value **inputs = allocate(node->input_count, sizeof(const Value *));
        for (size_t j = 0; j < node->input_count; j++)
            inputs[j] = &values[node->inputs[j]];
        values[i + 1].shape = node->shape;
        values[i + 1].rows = rows;
        node->operator->run(node, inputs, &values[i + 1]);
    }
}

/* Whether the operators accept these rows. Another error than one of their values is passed on. */
static int accepts(const Model *model, double *cells, size_t rows, Value *values) {
    Trap trap;
    if (TRY(trap)) {
        run_nodes(model, cells, rows, values);
        END_TRY(trap);
        return 1;
    }
    CAUGHT(trap);
    if (current_error.kind != VALUE_ERROR && current_error.kind != OVERFLOW_ERROR)
        fail_again();
    return 0;
}

void evaluate(const Model *model, double *cells, size_t rows, Value *outputs) {
    Value *values = allocate(model->node_count + 1, sizeof *values);
    if (!accepts(model, cells, rows, values)) {
        String reason = current_error.message;
        const char *name = running->operator->name;
        size_t low = 0, high = rows;
        while (high - low > 1) {
            size_t middle = (low + high) / 2;
            if (accepts(model, cells + low * model->signature.width, middle - low, values))
                low = middle;
            else
                high = middle;
        }
        refuse(format("row %z: a value is so large that %s cannot compute with it (%S); send smaller values", low, name,
                      reason),
               (int64_t)low, NONE, NONE, NULL);
    }
    for (size_t i = 0; i < model->output_count; i++)
        outputs[i] = values[model->output_values[i]];
}
