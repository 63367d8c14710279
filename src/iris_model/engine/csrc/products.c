/* Linear maps, distances and scales of whole tables. As linear.py, metrics.py, centers.py, scaling.py. */
#include "kernels.h"

typedef struct {
    Numbers vectors, numbers;
    Py_ssize_t count;
    int measure;
} Vectors;

static int linear_block(void *model, const double *block, Py_ssize_t count, Py_ssize_t width, double *out) {
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

double measure(int kind, const double *x, const double *y, Py_ssize_t width, double own, double norm) {
    double total = 0.0;
    if (kind >= PRODUCT) {
        total = product(x, y, width);
        if (kind == EXPANDED) {
            total = own - 2.0 * total + norm;
            return total <= 0.0 ? 0.0 : total;
        }
        return kind == PARTIAL ? norm - 2.0 * total : total;
    }
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

static int distances_block(void *model, const double *block, Py_ssize_t count, Py_ssize_t width, double *out) {
    const Vectors *to = model;
    const double *vectors = to->vectors.data, *norms = to->numbers.data;
    for (Py_ssize_t i = 0; i < count; i++) {
        const double *row = block + i * width;
        double own = to->measure == EXPANDED ? product(row, row, width) : 0.0;
        for (Py_ssize_t j = 0; j < to->count; j++) {
            double norm = norms != NULL ? norms[j] : 0.0;
            *out = measure(to->measure, row, vectors + j * width, width, own, norm);
            if (!is_finite(*out++))
                return -1;
        }
    }
    return 0;
}

static PyObject *run_vectors(PyObject *object, Vectors *to, PyObject *vectors, PyObject *numbers, Work work) {
    PyObject *made = NULL;
    Rows rows;
    int status = open_rows(object, &rows) | open_doubles(vectors, &to->vectors);
    if (numbers != Py_None)
        status |= open_doubles(numbers, &to->numbers);
    if (status == 0 && (to->count < 1 || to->count > PY_SSIZE_T_MAX / 8 / rows.width))
        status = -1;
    if (status == 0 && to->vectors.count != to->count * rows.width)
        status = -1;
    if (numbers != Py_None && to->numbers.count != to->count)
        status = -1;
    if (status == 0)
        made = run_blocks(&rows, to->count, to, work);
    close_numbers(&to->vectors);
    close_numbers(&to->numbers);
    close_rows(&rows);
    return made != NULL ? made : answer(NULL, -1);
}

/* (rows, coefficients, outputs, intercepts) */
PyObject *linear(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *rows, *coefficients, *intercepts;
    Vectors map;
    memset(&map, 0, sizeof map);
    if (!PyArg_ParseTuple(arguments, "OOnO:linear", &rows, &coefficients, &map.count, &intercepts) ||
        intercepts == Py_None)
        return answer(NULL, -1);
    return run_vectors(rows, &map, coefficients, intercepts, linear_block);
}

/* (rows, vectors, how many, measure, norms or None) */
PyObject *distances(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *rows, *vectors, *norms;
    Vectors to;
    memset(&to, 0, sizeof to);
    if (!PyArg_ParseTuple(arguments, "OOniO:distances", &rows, &vectors, &to.count, &to.measure, &norms))
        return answer(NULL, -1);
    if (to.measure < SQUARED || to.measure > PARTIAL || (to.measure >= EXPANDED) != (norms != Py_None))
        return answer(NULL, -1);
    return run_vectors(rows, &to, vectors, norms, distances_block);
}

typedef struct {
    Numbers offset, divisor;
} Scale;

WIDE static int scale_block(void *model, const double *block, Py_ssize_t count, Py_ssize_t width, double *out) {
    const Scale *by = model;
    const double *offset = by->offset.data, *divisor = by->divisor.data;
    for (Py_ssize_t i = 0; i < count; i++, block += width, out += width)
        for (Py_ssize_t j = 0; j < width; j++)
            out[j] = (block[j] - offset[j]) / divisor[j];
    return 0;
}

/* (rows, offset, divisor) */
PyObject *scale(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *object, *offset, *divisor, *made = NULL;
    Scale by;
    Rows rows;
    memset(&by, 0, sizeof by);
    if (!PyArg_ParseTuple(arguments, "OOO:scale", &object, &offset, &divisor))
        return answer(NULL, -1);
    int status = open_rows(object, &rows) | open_doubles(offset, &by.offset) | open_doubles(divisor, &by.divisor);
    if (by.offset.count != rows.width || by.divisor.count != rows.width)
        status = -1;
    for (Py_ssize_t i = 0; status == 0 && i < rows.width; i++)
        if (((const double *)by.divisor.data)[i] == 0.0) /* Python's own error */
            status = -1;
    if (status == 0)
        made = run_blocks(&rows, rows.width, &by, scale_block);
    close_numbers(&by.offset);
    close_numbers(&by.divisor);
    close_rows(&rows);
    return made != NULL ? made : answer(NULL, -1);
}
