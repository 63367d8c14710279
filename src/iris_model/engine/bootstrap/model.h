/* The compiled model: the container, the signature, and the graph with its operators.
 *
 * Shapes are known when the model is opened, and every index that does not depend on a row is checked then. Trees are the
 * exception: their nodes are checked when a row reaches them, so that a large forest opens at once.
 */
#ifndef IRIS_MODEL_MODEL_H
#define IRIS_MODEL_MODEL_H

#include "json.h"

/* ---- container.c ---- */

typedef struct {
    String name;
    const unsigned char *data;
    size_t count; /* numbers in it */
    size_t shape[2];
    int dimensions;
    char type; /* as in Python's `array`: d f q i h b Q I H B */
} Tensor;

typedef struct {
    const char *path;
    const unsigned char *data;
    size_t size, start;
    const Json *header, *graph, *signature, *source;
} Container;

void open_container(Container *container, const char *path);
/* Fails with MODEL_FORMAT_ERROR if the tensor is absent or outside the file. */
Tensor find_tensor(const Container *container, String name);
double double_at(const Tensor *tensor, size_t index);
int64_t integer_at(const Tensor *tensor, size_t index);
int is_integers(const Tensor *tensor);

/* ---- signature.c ---- */

typedef struct {
    String name;
    const Json *json;
    const Json *minimum, *maximum; /* in training: two numbers, or NULL */
    double limit;                  /* the largest magnitude */
    int may_be_missing, is_categorical, is_bool;
    String dtype;
} Column;

typedef struct {
    const Json *json;
    Column *columns;
    size_t width;
    const Json *classes; /* a list, or NULL */
    String task;
    uint32_t *places, places_size; /* a hash table: 0, or the number of a column and 1 */
    unsigned char *are_placed;     /* one: whether the table is filled */
    const Json *shared;            /* of a wide model: the kinds of its columns; else NULL */
    const unsigned char *numbers;  /* of a wide model: the kind of each column */
    Tensor ranges[2];              /* of a wide model: the minimum and maximum of each column, if there are any */
} Signature;

void read_signature(Signature *signature, const Container *container);
/* The columns as a list of objects. */
void read_listed_columns(Signature *signature, const Container *container, const Json *columns);
/* Set all but name and range. */
void read_column(Column *column, const Json *json, String name, const Container *container);
/* wide_columns.c: the columns as `{"count", "kinds"}` and tensors. Their ranges stay in the tensors. */
void read_wide_columns(Signature *signature, const Container *container, const Json *shared);
/* Return the columns as a list of objects, of any model. */
const Json *list_columns(const Signature *signature);
/* Return the index of the column, or -1. */
int64_t find_column(const Signature *signature, String name);
/* rows.c: the table of these rows (n x width); fails with INVALID_INPUT. Rows are JSON lists. */
double *encode_rows(const Signature *signature, const Json *rows);

/* ---- graph.c ---- */

/* SEVERAL: one value for each of several targets, each with its own kind. */
typedef enum { TABLE, NUMBERS, LABELS, NEIGHBORS, SEVERAL } ValueKind;

typedef struct Shape Shape;

struct Shape {
    ValueKind kind;
    size_t width;        /* of a TABLE; of NEIGHBORS the number of training rows; of SEVERAL the number of targets */
    const Json *classes; /* of LABELS: a list of all that can occur, or NULL */
    const Shape *parts;  /* of SEVERAL */
};

typedef struct Value Value;

struct Value {
    Shape shape;
    size_t rows;
    double *cells;       /* rows x width, or rows; the distances of NEIGHBORS */
    const Json **labels; /* rows */
    /* Of NEIGHBORS: row i has those from starts[i] to starts[i + 1]; `positions` are training rows. */
    size_t *starts, *positions, found, room;
    const Value *const *parts; /* of SEVERAL */
};

typedef struct Node Node;

typedef struct {
    const char *name;
    /* Check the attributes, tensors and inputs; set the shape. */
    void (*open)(Node *node);
    void (*run)(const Node *node, const Value *const *inputs, Value *made);
} Operator;

struct Node {
    const Operator *operator;
    String output;
    const Json *attributes, *tensors;
    const Container *container;
    size_t input_count;
    size_t *inputs; /* indices of values: 0 is the rows, n + 1 the output of node n */
    Shape *shapes;  /* of the inputs */
    Shape shape;
    void *state; /* what `open` prepared for `run` */
};

typedef struct {
    Container container;
    Signature signature;
    String name;
    const Json *labels; /* names of the classes, for the model card; NULL if there are none */
    Node *nodes;
    size_t node_count;
    const char *outputs[2]; /* names of the outputs, as Model.outputs */
    size_t output_values[2];
    size_t output_count;
} Model;

void open_model(Model *model, const char *path);
/* The values of the outputs for a table of `rows` rows; fails with INVALID_INPUT or MODEL_FORMAT_ERROR. */
void evaluate(const Model *model, double *cells, size_t rows, Value *outputs);

/* ---- parameters.c: what `open` of an operator asks for ---- */

_Noreturn void fail_damaged(const Container *container, String what);
_Noreturn void fail_node(const Node *node, const char *what);
int has_tensor(const Node *node, const char *name);
Tensor tensor_of(const Node *node, const char *name);
/* A tensor as doubles; `count` numbers, or any number with SIZE_MAX. */
const double *doubles_of(const Node *node, const char *name, size_t count);
/* `count` numbers as doubles: a tensor of any type, or a list. */
const double *numbers_of(const Node *node, const char *name, size_t count);
const Json *attribute_of(const Node *node, const char *name); /* NULL if it has none, or null */
double number_attribute(const Node *node, const char *name, double otherwise);
int64_t integer_attribute(const Node *node, const char *name, int64_t otherwise);
int flag_attribute(const Node *node, const char *name, int otherwise);
String text_attribute(const Node *node, const char *name);
const Json *list_attribute(const Node *node, const char *name);
/* Indices: a tensor or a list; SIZE_MAX for one that is no index. */
size_t *indices_of(const Node *node, const char *name, size_t *count);
void need_inputs(const Node *node, size_t least, size_t most);
size_t need_table(const Node *node, size_t input); /* returns its width, at least 1 */
void make_table(Node *node, size_t width);
double *new_cells(Value *made);
/* Count the ascending edges that are not greater than the value. */
size_t count_reached(const double *edges, size_t count, double value);

/* ---- operators*.c ---- */

extern const Operator *const OPERATORS[];

#endif
