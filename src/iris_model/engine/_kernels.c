/* Kernels for batches: the loops of some operators in C.
 *
 * Optional. Everything here is also in Python, next to where it is called (trees.py, boosting.py, linear.py, ...), and a
 * test holds both equal. A kernel answers or declines: whatever is not quite ordinary (another type, ragged rows, an index
 * out of range, a number that is not finite) gives None, and the Python operator answers or says what is wrong. So a
 * kernel raises nothing, trusts nothing, and no file can make it read outside its arrays.
 *
 * Limited API of CPython 3.11 (abi3), no libm, nothing else. Built with -ffp-contract=off: a fused multiply-add would
 * round once where Python rounds twice.
 */
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030b0000
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

/* Rows that go through one tree before the next is fetched from memory. */
#define BLOCK 4096
/* Numbers that a block may hold or answer with, so that wide tables take few rows at a time. */
#define MOST_CELLS 131072

/* ---- Numbers in: a buffer as it is, or a list copied ---- */

typedef struct {
    const void *data;
    Py_ssize_t count;
    char format;
    void *copy;
    Py_buffer view;
} Numbers;

static void close_numbers(Numbers *numbers) {
    if (numbers->copy != NULL)
        PyMem_Free(numbers->copy);
    if (numbers->view.obj != NULL)
        PyBuffer_Release(&numbers->view);
}

static void *allocate(Py_ssize_t count, Py_ssize_t size) {
    if (count < 0 || count > PY_SSIZE_T_MAX / size)
        return NULL;
    return PyMem_Malloc((size_t)(count * size));
}

static int size_of_format(char format) {
    switch (format) {
    case 'd': case 'q': case 'Q': return 8;
    case 'f': case 'i': case 'I': return 4;
    case 'h': case 'H': return 2;
    case 'b': case 'B': return 1;
    }
    return 0;
}

static int open_list(PyObject *list, Numbers *numbers, char format) {
    numbers->count = PyList_Size(list);
    numbers->format = format;
    numbers->copy = allocate(numbers->count, 8);
    numbers->data = numbers->copy;
    if (numbers->copy == NULL)
        return -1;
    for (Py_ssize_t i = 0; i < numbers->count; i++) {
        PyObject *item = PyList_GetItem(list, i);
        if (format == 'd') {
            if (!PyFloat_CheckExact(item))
                return -1;
            ((double *)numbers->copy)[i] = PyFloat_AsDouble(item);
        } else {
            if (!PyLong_CheckExact(item))
                return -1;
            ((int64_t *)numbers->copy)[i] = PyLong_AsLongLong(item);
        }
    }
    if (PyErr_Occurred() == NULL)
        return 0;
    PyErr_Clear();
    return -1;
}

/* A memory view of a mapped file, or the short list that the engine makes of a short one. */
static int open_numbers(PyObject *object, Numbers *numbers, char format_of_list) {
    memset(numbers, 0, sizeof *numbers);
    if (PyList_CheckExact(object))
        return open_list(object, numbers, format_of_list);
    if (PyObject_GetBuffer(object, &numbers->view, PyBUF_CONTIG_RO | PyBUF_FORMAT) < 0) {
        PyErr_Clear();
        return -1;
    }
    const char *format = numbers->view.format;
    int size = format != NULL && format[1] == 0 ? size_of_format(format[0]) : 0;
    /* In a damaged file a tensor may begin anywhere. */
    if (size == 0 || numbers->view.itemsize != size || (uintptr_t)numbers->view.buf % (uintptr_t)size)
        return -1;
    numbers->data = numbers->view.buf;
    numbers->format = format[0];
    numbers->count = numbers->view.len / size;
    return 0;
}

static int open_integers(PyObject *object, Numbers *numbers) {
    if (open_numbers(object, numbers, 'q') < 0)
        return -1;
    return strchr("df", numbers->format) == NULL ? 0 : -1;
}

static int open_doubles(PyObject *object, Numbers *numbers) {
    if (open_numbers(object, numbers, 'd') < 0)
        return -1;
    if (numbers->format == 'f') {
        double *copy = allocate(numbers->count, 8);
        if (copy == NULL)
            return -1;
        for (Py_ssize_t i = 0; i < numbers->count; i++)
            copy[i] = ((const float *)numbers->data)[i];
        numbers->data = numbers->copy = copy;
        numbers->format = 'd';
    }
    return numbers->format == 'd' ? 0 : -1;
}

static int64_t integer_at(const Numbers *numbers, Py_ssize_t i) {
    switch (numbers->format) {
    case 'b': return ((const int8_t *)numbers->data)[i];
    case 'B': return ((const uint8_t *)numbers->data)[i];
    case 'h': return ((const int16_t *)numbers->data)[i];
    case 'H': return ((const uint16_t *)numbers->data)[i];
    case 'i': return ((const int32_t *)numbers->data)[i];
    case 'I': return ((const uint32_t *)numbers->data)[i];
    case 'q': return ((const int64_t *)numbers->data)[i];
    }
    uint64_t value = ((const uint64_t *)numbers->data)[i];
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

/* ---- Tables in and out: lists of lists of floats ---- */

static int is_finite(double value) {
    return value - value == 0.0;
}

/* The length of the first row; -1 when there is none. */
static Py_ssize_t width_of(PyObject *rows) {
    if (!PyList_CheckExact(rows) || PyList_Size(rows) == 0)
        return -1;
    PyObject *first = PyList_GetItem(rows, 0);
    return PyList_CheckExact(first) ? PyList_Size(first) : -1;
}

static int read_row(PyObject *row, Py_ssize_t width, double *into) {
    if (!PyList_CheckExact(row) || PyList_Size(row) != width)
        return -1;
    for (Py_ssize_t i = 0; i < width; i++) {
        PyObject *cell = PyList_GetItem(row, i);
        if (!PyFloat_CheckExact(cell))
            return -1;
        into[i] = PyFloat_AsDouble(cell);
    }
    return 0;
}

/* Up to `most` rows from `from` on. Returns how many, or -1. */
static Py_ssize_t read_block(PyObject *rows, Py_ssize_t from, Py_ssize_t most, Py_ssize_t width, double *block) {
    Py_ssize_t count = PyList_Size(rows) - from;
    if (count > most)
        count = most;
    for (Py_ssize_t i = 0; i < count; i++)
        if (read_row(PyList_GetItem(rows, from + i), width, block + i * width) < 0)
            return -1;
    return count;
}

static PyObject *make_row(const double *cells, Py_ssize_t width) {
    PyObject *row = PyList_New(width);
    for (Py_ssize_t i = 0; row != NULL && i < width; i++) {
        PyObject *cell = PyFloat_FromDouble(cells[i]);
        if (cell == NULL || PyList_SetItem(row, i, cell) < 0)
            Py_CLEAR(row);
    }
    return row;
}

static int write_block(PyObject *table, Py_ssize_t from, Py_ssize_t count, Py_ssize_t width, const double *block) {
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *row = make_row(block + i * width, width);
        if (row == NULL || PyList_SetItem(table, from + i, row) < 0)
            return -1;
    }
    return 0;
}

/* What every kernel ends with: the table, or None where it declines. Takes over `table`. */
static PyObject *answer(PyObject *table, int status) {
    if (status == 0 && table != NULL)
        return table;
    Py_XDECREF(table);
    PyErr_Clear();
    Py_RETURN_NONE;
}

/* What is done with one block of rows; `model` is the kernel's own. */
typedef int (*Work)(const void *model, double *block, Py_ssize_t count, Py_ssize_t width, double *out);

static int run_blocks(PyObject *rows, Py_ssize_t width, Py_ssize_t out_width, const void *model, Work work,
                      PyObject *table) {
    Py_ssize_t total = PyList_Size(rows);
    Py_ssize_t most = MOST_CELLS / (width + out_width + 1);
    most = most < 1 ? 1 : most > BLOCK ? BLOCK : most;
    double *block = allocate(width, 8 * most);
    double *out = allocate(out_width, 8 * most);
    int status = block != NULL && out != NULL && table != NULL ? 0 : -1;
    for (Py_ssize_t from = 0; status == 0 && from < total; from += most) {
        Py_ssize_t count = read_block(rows, from, most, width, block);
        status = count < 0 ? -1 : work(model, block, count, width, out);
        if (status == 0)
            status = write_block(table, from, count, out_width, out);
    }
    PyMem_Free(block);
    PyMem_Free(out);
    return status;
}

/* ---- Trees ---- */

/* Rows that go down a tree side by side, so that one waits for its memory while the others step. */
#define LANES 4

/* A leaf compares with NaN and jumps nowhere: a row that has arrived may go on stepping. */
typedef struct {
    double threshold;
    int32_t jump;
    int32_t feature; /* twice the feature, plus one where a missing value goes left */
} Node;

enum { SINGLE, EACH, SUM, MEAN, BOOSTED };

typedef struct {
    Node *nodes;
    int32_t *leaves; /* of each node: its number, where it is one */
    Numbers roots, values, output, base;
    Py_ssize_t width; /* numbers per leaf; boosted: outputs */
    int combine, narrow, float32_sum;
} Forest;

/* The only check of indices: after it, every walk stays inside and ends. */
static int pack_node(Forest *forest, Py_ssize_t i, Py_ssize_t nodes, int64_t feature, int64_t jump, Py_ssize_t features,
                     Py_ssize_t leaves) {
    Node *node = &forest->nodes[i];
    const double zero = 0.0;
    if (feature < 0) {
        forest->leaves[i] = (int32_t)jump;
        node->threshold = zero / zero;
        node->jump = node->feature = 0;
        return jump >= 0 && jump < leaves && jump <= INT32_MAX ? 0 : -1;
    }
    node->jump = (int32_t)jump;
    node->feature = (int32_t)(2 * feature);
    return feature < features && feature <= INT32_MAX / 2 && jump > 0 && jump <= INT32_MAX && jump < nodes - i ? 0 : -1;
}

static int pack_nodes(Forest *forest, PyObject *parts[4], Py_ssize_t features, Py_ssize_t leaves) {
    Numbers feature, threshold, jump, missing;
    memset(&missing, 0, sizeof missing);
    int status = open_integers(parts[0], &feature);
    status |= open_doubles(parts[1], &threshold);
    status |= open_integers(parts[2], &jump);
    if (parts[3] != Py_None)
        status |= open_integers(parts[3], &missing);
    Py_ssize_t count = feature.count;
    if (status == 0 && (threshold.count != count || jump.count != count))
        status = -1;
    if (status == 0 && parts[3] != Py_None && missing.count != count)
        status = -1;
    if (status == 0) {
        forest->nodes = allocate(count, sizeof(Node));
        forest->leaves = allocate(count, sizeof(int32_t));
        status = forest->nodes != NULL && forest->leaves != NULL ? 0 : -1;
    }
    for (Py_ssize_t i = 0; status == 0 && i < count; i++) {
        forest->nodes[i].threshold = ((const double *)threshold.data)[i];
        status = pack_node(forest, i, count, integer_at(&feature, i), integer_at(&jump, i), features, leaves);
        if (missing.data != NULL && forest->nodes[i].jump > 0 && integer_at(&missing, i) != 0)
            forest->nodes[i].feature += 1;
    }
    for (Py_ssize_t i = 0; status == 0 && i < forest->roots.count; i++)
        if (integer_at(&forest->roots, i) < 0 || integer_at(&forest->roots, i) >= count)
            status = -1;
    close_numbers(&feature);
    close_numbers(&threshold);
    close_numbers(&jump);
    close_numbers(&missing);
    return status;
}

static const Node *step(const Node *node, const double *row) {
    double value = row[node->feature >> 1];
    int left = (value <= node->threshold) | ((value != value) & node->feature);
    return node + (left & 1 ? 1 : node->jump);
}

/* The leaf of each of LANES rows, which lie `width` apart. */
static void walk_lanes(const Forest *forest, const Node *root, const double *rows, Py_ssize_t width, int32_t *leaves) {
    const Node *node[LANES];
    int32_t onward = 1;
    for (int lane = 0; lane < LANES; lane++)
        node[lane] = root;
    while (onward != 0) {
        onward = 0;
        for (int lane = 0; lane < LANES; lane++) {
            node[lane] = step(node[lane], rows + lane * width);
            onward |= node[lane]->jump;
        }
    }
    for (int lane = 0; lane < LANES; lane++)
        leaves[lane] = forest->leaves[node[lane] - forest->nodes];
}

static void add_leaf(const Forest *forest, Py_ssize_t tree, int32_t leaf, double *totals) {
    const double *values = (const double *)forest->values.data;
    if (forest->combine == BOOSTED) {
        double *total = totals + integer_at(&forest->output, tree);
        *total += values[leaf];
        if (forest->float32_sum)
            *total = (float)*total;
        return;
    }
    values += leaf * forest->width;
    if (forest->combine == EACH)
        totals[tree] = values[0];
    else if (tree == 0) /* not 0.0 + value: the sign of zero */
        memcpy(totals, values, (size_t)forest->width * sizeof(double));
    else
        for (Py_ssize_t i = 0; i < forest->width; i++)
            totals[i] += values[i];
}

static int narrow_block(double *cells, Py_ssize_t count) {
    for (Py_ssize_t i = 0; i < count; i++) {
        cells[i] = (float)cells[i];
        if (!is_finite(cells[i]) && cells[i] == cells[i])
            return -1;
    }
    return 0;
}

static int walk_block(const void *model, double *block, Py_ssize_t count, Py_ssize_t width, double *out) {
    const Forest *forest = model;
    Py_ssize_t trees = forest->roots.count;
    Py_ssize_t out_width = forest->combine == EACH ? trees : forest->width;
    if (forest->narrow && narrow_block(block, count * width) < 0)
        return -1;
    if (forest->combine == BOOSTED)
        for (Py_ssize_t i = 0; i < count; i++)
            memcpy(out + i * out_width, forest->base.data, (size_t)out_width * sizeof(double));
    for (Py_ssize_t tree = 0; tree < trees; tree++) {
        const Node *root = forest->nodes + integer_at(&forest->roots, tree);
        Py_ssize_t i = 0;
        for (; i + LANES <= count; i += LANES) {
            int32_t leaves[LANES];
            walk_lanes(forest, root, block + i * width, width, leaves);
            for (int lane = 0; lane < LANES; lane++)
                add_leaf(forest, tree, leaves[lane], out + (i + lane) * out_width);
        }
        for (; i < count; i++) {
            const Node *node = root;
            while (node->jump > 0)
                node = step(node, block + i * width);
            add_leaf(forest, tree, forest->leaves[node - forest->nodes], out + i * out_width);
        }
    }
    if (forest->combine == MEAN)
        for (Py_ssize_t i = 0; i < count * out_width; i++)
            out[i] /= (double)trees;
    return 0;
}

static void close_forest(Forest *forest) {
    PyMem_Free(forest->nodes);
    PyMem_Free(forest->leaves);
    close_numbers(&forest->roots);
    close_numbers(&forest->values);
    close_numbers(&forest->output);
    close_numbers(&forest->base);
}

static PyObject *run_forest(PyObject *rows, Forest *forest, PyObject *parts[4], Py_ssize_t leaves, int status) {
    Py_ssize_t width = width_of(rows), trees = forest->roots.count;
    PyObject *table = NULL;
    if (status == 0 && width > 0 && trees > 0)
        status = pack_nodes(forest, parts, width, leaves);
    else
        status = -1;
    if (status == 0) {
        table = PyList_New(PyList_Size(rows));
        status = run_blocks(rows, width, forest->combine == EACH ? trees : forest->width, forest, walk_block, table);
    }
    close_forest(forest);
    return answer(table, status);
}

/* (rows, roots, feature, threshold, jump, missing_left, values, numbers per leaf, combine, narrow) */
static PyObject *tree_ensemble(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *rows, *roots, *parts[4], *values;
    Forest forest;
    memset(&forest, 0, sizeof forest);
    if (!PyArg_ParseTuple(arguments, "OOOOOOOnip:tree_ensemble", &rows, &roots, parts, parts + 1, parts + 2, parts + 3,
                          &values, &forest.width, &forest.combine, &forest.narrow))
        return answer(NULL, -1);
    int status = open_integers(roots, &forest.roots) | open_doubles(values, &forest.values);
    if (forest.width < 1 || forest.combine < SINGLE || forest.combine > MEAN)
        status = -1;
    if (forest.combine == SINGLE && forest.roots.count > 1)
        status = -1;
    return run_forest(rows, &forest, parts, status == 0 ? forest.values.count / forest.width : 0, status);
}

/* (rows, roots, feature, threshold, jump, missing_left, leaves, output of each tree, base, narrow, float32_sum) */
static PyObject *boosted_trees(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *rows, *roots, *parts[4], *leaves, *output, *base;
    Forest forest;
    memset(&forest, 0, sizeof forest);
    if (!PyArg_ParseTuple(arguments, "OOOOOOOOOpp:boosted_trees", &rows, &roots, parts, parts + 1, parts + 2, parts + 3,
                          &leaves, &output, &base, &forest.narrow, &forest.float32_sum))
        return answer(NULL, -1);
    int status = open_integers(roots, &forest.roots) | open_doubles(leaves, &forest.values) |
                 open_integers(output, &forest.output) | open_doubles(base, &forest.base);
    forest.combine = BOOSTED;
    forest.width = forest.base.count;
    if (status == 0 && forest.output.count != forest.roots.count)
        status = -1;
    for (Py_ssize_t i = 0; status == 0 && i < forest.output.count; i++)
        if (integer_at(&forest.output, i) < 0 || integer_at(&forest.output, i) >= forest.width)
            status = -1;
    return run_forest(rows, &forest, parts, forest.values.count, status);
}

/* ---- Sums of products ---- */

/* Products are rounded, as Python's are, and summed as if with three times the digits, where `fsum` sums exactly: both
 * round once at the end, and agree unless terms cancel more than 1e30-fold. */
static double product(const double *x, const double *y, Py_ssize_t count) {
    double sum = 0.0, error = 0.0, rest = 0.0;
    for (Py_ssize_t i = 0; i < count; i++) {
        double term = x[i] * y[i];
        double next = sum + term, part = next - sum;
        double lost = (sum - (next - part)) + (term - part);
        sum = next;
        next = error + lost;
        part = next - error;
        rest += (error - (next - part)) + (lost - part);
        error = next;
    }
    return sum + (error + rest);
}

typedef struct {
    Numbers vectors, numbers;
    Py_ssize_t count;
    int measure;
} Vectors;

static int linear_block(const void *model, double *block, Py_ssize_t count, Py_ssize_t width, double *out) {
    const Vectors *map = model;
    const double *coefficients = map->vectors.data, *intercepts = map->numbers.data;
    for (Py_ssize_t i = 0; i < count; i++)
        for (Py_ssize_t j = 0; j < map->count; j++) {
            double value = product(block + i * width, coefficients + j * width, width);
            /* Python reports a sum that leaves the doubles; a sum plus an intercept may. */
            if (!is_finite(value))
                return -1;
            *out++ = value + intercepts[j];
        }
    return 0;
}

/* ---- Distances ---- */

enum { SQUARED, ABSOLUTE, LARGEST, PRODUCT, EXPANDED, PARTIAL };

static double measure(int kind, const double *x, const double *y, Py_ssize_t width) {
    double total = 0.0;
    if (kind >= PRODUCT)
        return product(x, y, width);
    /* Left to right, as metrics.py: the last bit decides ties. */
    for (Py_ssize_t i = 0; i < width; i++) {
        double difference = x[i] - y[i], size = difference < 0.0 ? -difference : difference;
        if (kind == SQUARED)
            total += difference * difference;
        else if (kind == ABSOLUTE)
            total += size;
        else if (size > total || size != size)
            total = size;
    }
    return total;
}

static int distances_block(const void *model, double *block, Py_ssize_t count, Py_ssize_t width, double *out) {
    const Vectors *to = model;
    const double *vectors = to->vectors.data, *norms = to->numbers.data;
    for (Py_ssize_t i = 0; i < count; i++) {
        const double *row = block + i * width;
        double own = to->measure == EXPANDED ? product(row, row, width) : 0.0;
        for (Py_ssize_t j = 0; j < to->count; j++) {
            double value = measure(to->measure, row, vectors + j * width, width);
            if (to->measure == EXPANDED) {
                value = own - 2.0 * value + norms[j];
                if (value <= 0.0)
                    value = 0.0;
            } else if (to->measure == PARTIAL)
                value = norms[j] - 2.0 * value;
            if (!is_finite(value))
                return -1;
            *out++ = value;
        }
    }
    return 0;
}

static PyObject *run_vectors(PyObject *rows, Vectors *to, PyObject *vectors, PyObject *numbers, Work work) {
    Py_ssize_t width = width_of(rows);
    PyObject *table = NULL;
    int status = open_doubles(vectors, &to->vectors);
    if (numbers != Py_None)
        status |= open_doubles(numbers, &to->numbers);
    if (width < 1 || to->count < 0 || to->count > PY_SSIZE_T_MAX / 8 / width || to->vectors.count != to->count * width)
        status = -1;
    if (numbers != Py_None && to->numbers.count != to->count)
        status = -1;
    if (status == 0) {
        table = PyList_New(PyList_Size(rows));
        status = run_blocks(rows, width, to->count, to, work, table);
    }
    close_numbers(&to->vectors);
    close_numbers(&to->numbers);
    return answer(table, status);
}

/* (rows, coefficients, outputs, intercepts) */
static PyObject *linear(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *rows, *coefficients, *intercepts;
    Vectors map;
    memset(&map, 0, sizeof map);
    if (!PyArg_ParseTuple(arguments, "OOnO:linear", &rows, &coefficients, &map.count, &intercepts) ||
        intercepts == Py_None)
        return answer(NULL, -1);
    return run_vectors(rows, &map, coefficients, intercepts, linear_block);
}

/* (rows, vectors, how many, measure, norms or None) */
static PyObject *distances(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *rows, *vectors, *norms;
    Vectors to;
    memset(&to, 0, sizeof to);
    if (!PyArg_ParseTuple(arguments, "OOniO:distances", &rows, &vectors, &to.count, &to.measure, &norms))
        return answer(NULL, -1);
    if (to.measure < SQUARED || to.measure > PARTIAL || (to.measure >= EXPANDED) != (norms != Py_None))
        return answer(NULL, -1);
    return run_vectors(rows, &to, vectors, norms, distances_block);
}

/* ---- The smallest of a row ---- */

/* As `heap_push` in neighbors.py. */
static void heap_push(double *distances, Py_ssize_t *positions, Py_ssize_t size, double distance, Py_ssize_t position) {
    Py_ssize_t place = 0;
    for (Py_ssize_t child = 1; child < size; child = 2 * place + 1) {
        if (child + 1 < size && distances[child] < distances[child + 1])
            child++;
        if (!(distances[child] > distance))
            break;
        distances[place] = distances[child];
        positions[place] = positions[child];
        place = child;
    }
    distances[place] = distance;
    positions[place] = position;
}

static PyObject *heap_lists(const double *distances, const Py_ssize_t *positions, Py_ssize_t size) {
    PyObject *first = make_row(distances, size), *second = PyList_New(size);
    for (Py_ssize_t i = 0; second != NULL && i < size; i++) {
        PyObject *position = PyLong_FromSsize_t(positions[i]);
        if (position == NULL || PyList_SetItem(second, i, position) < 0)
            Py_CLEAR(second);
    }
    PyObject *both = first != NULL && second != NULL ? PyTuple_Pack(2, first, second) : NULL;
    Py_XDECREF(first);
    Py_XDECREF(second);
    return both;
}

/* (list of floats, how many) */
static PyObject *smallest(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *line;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(arguments, "On:smallest", &line, &size))
        return answer(NULL, -1);
    /* More than there are to choose from: a damaged file, or none of C's business. */
    if (!PyList_CheckExact(line) || size < 1 || size > PyList_Size(line))
        return answer(NULL, -1);
    double *heap = allocate(size, 8), cell;
    Py_ssize_t *positions = allocate(size, sizeof *positions);
    int status = heap != NULL && positions != NULL ? 0 : -1;
    for (Py_ssize_t i = 0; status == 0 && i < size; i++) {
        heap[i] = 1.7976931348623157e308;
        positions[i] = 0;
    }
    for (Py_ssize_t i = 0; status == 0 && i < PyList_Size(line); i++) {
        PyObject *item = PyList_GetItem(line, i);
        cell = PyFloat_CheckExact(item) ? PyFloat_AsDouble(item) : 0.0;
        if (!PyFloat_CheckExact(item) || cell != cell)
            status = -1;
        else if (cell < heap[0])
            heap_push(heap, positions, size, cell, i);
    }
    PyObject *both = status == 0 ? heap_lists(heap, positions, size) : NULL;
    PyMem_Free(heap);
    PyMem_Free(positions);
    return answer(both, status);
}

/* ---- Rows ---- */

static int narrow_out(const void *Py_UNUSED(model), double *block, Py_ssize_t count, Py_ssize_t width, double *out) {
    memcpy(out, block, (size_t)(count * width) * sizeof(double));
    return narrow_block(out, count * width);
}

/* (rows) rounded to float32 */
static PyObject *narrow(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *rows, *table = NULL;
    int status = -1;
    if (PyArg_ParseTuple(arguments, "O:narrow", &rows) && width_of(rows) > 0) {
        table = PyList_New(PyList_Size(rows));
        status = run_blocks(rows, width_of(rows), width_of(rows), NULL, narrow_out, table);
    }
    return answer(table, status);
}

/* (rows, width, limit): whether rows are lists of `width` floats, none beyond the limit, none missing. */
static PyObject *are_ordinary(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *rows;
    Py_ssize_t width;
    double limit;
    if (!PyArg_ParseTuple(arguments, "Ond:are_ordinary", &rows, &width, &limit))
        return answer(NULL, -1);
    if (!PyList_CheckExact(rows))
        Py_RETURN_FALSE;
    for (Py_ssize_t i = 0; i < PyList_Size(rows); i++) {
        PyObject *row = PyList_GetItem(rows, i);
        if (!PyList_CheckExact(row) || PyList_Size(row) != width)
            Py_RETURN_FALSE;
        for (Py_ssize_t j = 0; j < width; j++) {
            PyObject *cell = PyList_GetItem(row, j);
            double value = PyFloat_CheckExact(cell) ? PyFloat_AsDouble(cell) : limit * 2.0;
            if (!PyFloat_CheckExact(cell) || !(value >= -limit && value <= limit))
                Py_RETURN_FALSE;
        }
    }
    Py_RETURN_TRUE;
}

static PyMethodDef METHODS[] = {
    {"tree_ensemble", tree_ensemble, METH_VARARGS, NULL},
    {"boosted_trees", boosted_trees, METH_VARARGS, NULL},
    {"linear", linear, METH_VARARGS, NULL},
    {"distances", distances, METH_VARARGS, NULL},
    {"smallest", smallest, METH_VARARGS, NULL},
    {"narrow", narrow, METH_VARARGS, NULL},
    {"are_ordinary", are_ordinary, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_kernels",
    .m_doc = "Kernels for batches; each answers, or declines with None.",
    .m_size = 0,
    .m_methods = METHODS,
};

PyMODINIT_FUNC PyInit__kernels(void) {
    return PyModuleDef_Init(&MODULE);
}
