/* Labels, columns, and the shapes of answers. References: engine/operators/labels.py, columns.py, shapes.py. */
#include "../sums.h"

enum { ARGMAX, LAST_ARGMAX, ABOVE, AT_LEAST };

typedef struct {
    const Json *classes;
    double threshold;
    size_t width;
    int kind;
} Labels;

static void open_labels(Node *node, int kind) {
    Labels *labels = node->state = allocate(1, sizeof *labels);
    need_inputs(node, 1, 1);
    labels->kind = kind;
    labels->width = need_table(node, 0);
    labels->classes = list_attribute(node, "classes");
    labels->threshold = kind >= ABOVE ? number_attribute(node, "threshold", 0.0) : 0.0;
    size_t classes = labels->classes->count;
    if (kind < ABOVE ? classes < labels->width : kind == ABOVE ? classes < 1 : classes != 2)
        fail_node(node, "has too few classes");
    for (uint32_t i = 0; i < classes; i++)
        if (labels->classes->items[i].kind == NULL_VALUE || labels->classes->items[i].kind >= LIST)
            fail_node(node, "has a class that is not a label");
    node->shape = (Shape){LABELS, 0, labels->classes, NULL};
}

static void open_argmax_label(Node *node) {
    open_labels(node, ARGMAX);
}

static void open_last_argmax_label(Node *node) {
    open_labels(node, LAST_ARGMAX);
}

static void open_threshold_label(Node *node) {
    open_labels(node, ABOVE);
}

static void open_threshold_label_inclusive(Node *node) {
    open_labels(node, AT_LEAST);
}

/* The first of the largest cells, or the last. Python's `max` keeps a first cell that is NaN. */
static size_t choose(const double *row, size_t width, int last) {
    size_t best = 0;
    for (size_t i = 1; i < width; i++)
        if (row[i] > row[best] || (last && row[i] == row[best]))
            best = i;
    return best;
}

static void run_labels(const Node *node, const Value *const *inputs, Value *made) {
    const Labels *labels = node->state;
    made->labels = allocate(made->rows, sizeof(const Json *));
    for (size_t i = 0; i < made->rows; i++) {
        const double *row = inputs[0]->cells + i * labels->width;
        size_t count = labels->classes->count, place;
        if (labels->kind < ABOVE) {
            if (labels->kind == LAST_ARGMAX && row[0] != row[0])
                fail_damaged(node->container, LITERAL("operator 'last_argmax_label' failed: list index out of range"));
            place = choose(row, labels->width, labels->kind == LAST_ARGMAX);
        } else {
            int second = labels->kind == ABOVE ? row[0] > labels->threshold : row[0] >= labels->threshold;
            if (second && count == 1)
                refuse(LITERAL("the model was trained with one class only, and its decision for this row means a second class"),
                       -1, NONE, NONE, NULL);
            place = second ? count - 1 : 0;
        }
        made->labels[i] = &labels->classes->items[place];
    }
}

typedef struct {
    size_t *indices;
} Columns;

/* Python counts a negative index from the end; no compiler writes one. */
static size_t read_index(const Node *node, int64_t index, size_t width) {
    if (index < 0 || (uint64_t)index >= width)
        fail_node(node, "selects a column that does not exist");
    return (size_t)index;
}

static void open_column(Node *node) {
    Columns *columns = node->state = allocate(1, sizeof *columns);
    need_inputs(node, 1, 1);
    columns->indices = allocate(1, sizeof *columns->indices);
    columns->indices[0] = read_index(node, integer_attribute(node, "index", INT64_MIN), need_table(node, 0));
    node->shape = (Shape){NUMBERS, 0, NULL, NULL};
}

static void run_column(const Node *node, const Value *const *inputs, Value *made) {
    const Columns *columns = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++)
        out[i] = inputs[0]->cells[i * inputs[0]->shape.width + columns->indices[0]];
}

static void open_select_columns(Node *node) {
    Columns *columns = node->state = allocate(1, sizeof *columns);
    need_inputs(node, 1, 1);
    size_t width = need_table(node, 0), count;
    if (has_tensor(node, "indices")) {
        Tensor tensor = tensor_of(node, "indices");
        if (!is_integers(&tensor))
            fail_node(node, "has a tensor of another size or type");
        columns->indices = allocate(count = tensor.count, sizeof *columns->indices);
        for (size_t i = 0; i < count; i++)
            columns->indices[i] = read_index(node, integer_at(&tensor, i), width);
    } else {
        const Json *list = list_attribute(node, "indices");
        columns->indices = allocate(count = list->count, sizeof *columns->indices);
        for (size_t i = 0; i < count; i++) {
            int fits = 0;
            int64_t index = list->items[i].kind == INTEGER ? small_integer(&list->items[i], &fits) : -1;
            columns->indices[i] = read_index(node, fits ? index : -1, width);
        }
    }
    make_table(node, count);
}

static void run_select_columns(const Node *node, const Value *const *inputs, Value *made) {
    const Columns *columns = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++)
        for (size_t j = 0; j < made->shape.width; j++)
            *out++ = inputs[0]->cells[i * inputs[0]->shape.width + columns->indices[j]];
}

static void open_concat(Node *node) {
    size_t width = 0;
    need_inputs(node, 1, SIZE_MAX);
    for (size_t i = 0; i < node->input_count; i++)
        width += need_table(node, i);
    make_table(node, width);
}

static void run_concat(const Node *node, const Value *const *inputs, Value *made) {
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++)
        for (size_t j = 0; j < node->input_count; j++) {
            size_t width = inputs[j]->shape.width;
            memcpy(out, inputs[j]->cells + i * width, width * sizeof *out);
            out += width;
        }
}

static int is_number_label(const Json *label) {
    return label->kind == INTEGER || label->kind == FLOAT || label->kind == TRUE_VALUE || label->kind == FALSE_VALUE;
}

static void open_as_table(Node *node) {
    need_inputs(node, 1, 1);
    const Shape *shape = &node->shapes[0];
    for (uint32_t i = 0; shape->kind == LABELS && i < shape->classes->count; i++)
        if (!is_number_label(&shape->classes->items[i]))
            fail_node(node, "needs labels that are numbers");
    if (shape->kind == NEIGHBORS || shape->kind == SEVERAL)
        fail_node(node, "needs a table");
    make_table(node, shape->kind == TABLE ? shape->width : 1);
}

static void run_as_table(const Node *node, const Value *const *inputs, Value *made) {
    double *out = new_cells(made);
    (void)node;
    if (inputs[0]->shape.kind == LABELS)
        for (size_t i = 0; i < made->rows; i++) {
            const Json *label = inputs[0]->labels[i];
            out[i] = label->kind == TRUE_VALUE ? 1.0 : label->kind == FALSE_VALUE ? 0.0 : float_of(label);
        }
    else
        memcpy(out, inputs[0]->cells, made->rows * made->shape.width * sizeof *out);
}

/* One cell for each of several targets: a label, a number, or a list of numbers. Numbers alone are a table, which other
 * operators take too. */
static void open_per_output(Node *node) {
    need_inputs(node, 1, SIZE_MAX);
    int numbers_only = 1;
    for (size_t i = 0; i < node->input_count; i++) {
        if (node->shapes[i].kind >= NEIGHBORS)
            fail_node(node, "needs labels, numbers or tables");
        numbers_only = numbers_only && node->shapes[i].kind == NUMBERS;
    }
    if (numbers_only)
        make_table(node, node->input_count);
    else
        node->shape = (Shape){SEVERAL, node->input_count, NULL, node->shapes};
}

static void run_per_output(const Node *node, const Value *const *inputs, Value *made) {
    if (made->shape.kind == SEVERAL) {
        made->parts = inputs;
        return;
    }
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++)
        for (size_t k = 0; k < node->input_count; k++)
            *out++ = inputs[k]->cells[i];
}

/* The labels of the input are the positions of classes. */
static void open_label_at(Node *node) {
    need_inputs(node, 1, 1);
    const Json *classes = list_attribute(node, "classes"), *positions = node->shapes[0].classes;
    if (node->shapes[0].kind != LABELS)
        fail_node(node, "needs positions");
    for (uint32_t i = 0; i < positions->count; i++) {
        int fits = 0;
        const Json *one = &positions->items[i];
        int64_t place = one->kind == INTEGER ? small_integer(one, &fits) : -1;
        if (!fits || place < 0 || place >= (int64_t)classes->count)
            fail_node(node, "needs positions of classes");
    }
    node->state = (void *)(uintptr_t)classes;
    node->shape = (Shape){LABELS, 0, classes, NULL};
}

static void run_label_at(const Node *node, const Value *const *inputs, Value *made) {
    const Json *classes = node->state;
    made->labels = allocate(made->rows, sizeof(const Json *));
    for (size_t i = 0; i < made->rows; i++) {
        int fits;
        made->labels[i] = &classes->items[small_integer(inputs[0]->labels[i], &fits)];
    }
}

/* The same answer for every row: a number, a label, a list of numbers, or a list of these for several targets. */
static Shape repeated_shape(const Node *node, const Json *value, int depth) {
    int numbers_only = 1;
    if (value == NULL || value->kind == OBJECT || (value->kind == LIST && value->count == 0) || depth > 1)
        fail_node(node, "has no value");
    if (value->kind == FLOAT)
        return (Shape){NUMBERS, 0, NULL, NULL};
    if (value->kind != LIST)
        return (Shape){LABELS, 0, set_item(new_list(1), value), NULL};
    for (uint32_t i = 0; i < value->count; i++)
        numbers_only = numbers_only && value->items[i].kind == FLOAT;
    if (numbers_only)
        return (Shape){TABLE, value->count, NULL, NULL};
    Shape *parts = allocate(value->count, sizeof *parts);
    for (uint32_t i = 0; i < value->count; i++)
        parts[i] = repeated_shape(node, &value->items[i], depth + (value->items[i].kind == LIST));
    return (Shape){SEVERAL, value->count, NULL, parts};
}

static void open_repeat(Node *node) {
    need_inputs(node, 1, 1);
    const Json *value = attribute_of(node, "value");
    node->state = (void *)(uintptr_t)value;
    node->shape = repeated_shape(node, value, 0);
}

static void repeat_value(const Json *value, Value *made) {
    size_t width = value->kind == LIST ? value->count : 1;
    if (made->shape.kind == LABELS) {
        made->labels = allocate(made->rows, sizeof(const Json *));
        for (size_t i = 0; i < made->rows; i++)
            made->labels[i] = value;
        return;
    }
    if (made->shape.kind == SEVERAL) {
        const Value **parts = allocate(width, sizeof(const Value *));
        for (size_t j = 0; j < width; j++) {
            Value *part = allocate(1, sizeof *part);
            part->shape = made->shape.parts[j];
            part->rows = made->rows;
            repeat_value(&value->items[j], part);
            parts[j] = part;
        }
        made->parts = parts;
        return;
    }
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows * width; i++)
        out[i] = value->kind == LIST ? value->items[i % width].number : value->number;
}

static void run_repeat(const Node *node, const Value *const *inputs, Value *made) {
    (void)inputs;
    repeat_value(node->state, made);
}

/* The columns `start` to `stop` of every output of several. */
static void open_nested_columns(Node *node) {
    need_inputs(node, 1, 1);
    const Shape *shape = &node->shapes[0];
    int64_t *ends = node->state = allocate(2, sizeof *ends);
    size_t width = 0;
    ends[0] = integer_attribute(node, "start", INT64_MIN);
    ends[1] = integer_attribute(node, "stop", INT64_MAX);
    if (shape->kind != SEVERAL || ends[0] < 0 || ends[1] < ends[0])
        fail_node(node, "needs several tables, and columns that exist");
    for (size_t i = 0; i < shape->width; i++) {
        const Shape *part = &shape->parts[i];
        if (part->kind != TABLE)
            fail_node(node, "needs several tables, and columns that exist");
        int64_t stop = (int64_t)part->width < ends[1] ? (int64_t)part->width : ends[1];
        width += stop > ends[0] ? (size_t)(stop - ends[0]) : 0;
    }
    make_table(node, width);
}

static void run_nested_columns(const Node *node, const Value *const *inputs, Value *made) {
    const int64_t *ends = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++)
        for (size_t j = 0; j < inputs[0]->shape.width; j++) {
            const Value *part = inputs[0]->parts[j];
            for (int64_t k = ends[0]; k < ends[1] && k < (int64_t)part->shape.width; k++)
                *out++ = part->cells[i * part->shape.width + (size_t)k];
        }
}

const Operator ARGMAX_LABEL = {"argmax_label", open_argmax_label, run_labels};
const Operator LAST_ARGMAX_LABEL = {"last_argmax_label", open_last_argmax_label, run_labels};
const Operator THRESHOLD_LABEL = {"threshold_label", open_threshold_label, run_labels};
const Operator THRESHOLD_LABEL_INCLUSIVE = {"threshold_label_inclusive", open_threshold_label_inclusive, run_labels};
const Operator COLUMN = {"column", open_column, run_column};
const Operator SELECT_COLUMNS = {"select_columns", open_select_columns, run_select_columns};
const Operator CONCAT = {"concat", open_concat, run_concat};
const Operator AS_TABLE = {"as_table", open_as_table, run_as_table};
const Operator LABEL_AT = {"label_at", open_label_at, run_label_at};
const Operator REPEAT = {"repeat", open_repeat, run_repeat};
const Operator PER_OUTPUT = {"per_output", open_per_output, run_per_output};
const Operator NESTED_COLUMNS = {"nested_columns", open_nested_columns, run_nested_columns};
