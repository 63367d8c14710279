/* Sparse rows: pack, scale and multiply. Python equivalents: sparse.py, documents.py and linear.py. */
#include "sparse.h"

/* Read the next cell of a dict {column: float}, as PyDict_Next does. Return 0 at the end, -1 for any other content. */
static int next_cell(PyObject *row, Py_ssize_t *place, int32_t *column, double *value) {
    PyObject *key, *cell;
    if (!PyDict_Next(row, place, &key, &cell))
        return 0;
    if (!PyLong_CheckExact(key) || !PyFloat_CheckExact(cell))
        return -1;
    long long number = PyLong_AsLongLong(key);
    *column = (int32_t)number;
    *value = PyFloat_AsDouble(cell);
    return number >= 0 && number <= INT32_MAX ? 1 : -1;
}

/* Allocate space for this many rows and cells. The caller fills it before anything else reads it. */
static int make_bytes(Sparse *sparse, Py_ssize_t cells) {
    if (cells > PY_SSIZE_T_MAX / 8 || sparse->rows >= PY_SSIZE_T_MAX / 8)
        return -1;
    sparse->starts_bytes = PyBytes_FromStringAndSize(NULL, (sparse->rows + 1) * 8);
    sparse->columns_bytes = PyBytes_FromStringAndSize(NULL, cells * 4);
    sparse->values_bytes = PyBytes_FromStringAndSize(NULL, cells * 8);
    return sparse->starts_bytes != NULL && sparse->columns_bytes != NULL && sparse->values_bytes != NULL ? 0 : -1;
}

static int pack_dicts(PyObject *rows, Sparse *sparse) {
    Py_ssize_t cells = 0, filled = 0;
    sparse->rows = PyList_Size(rows);
    for (Py_ssize_t i = 0; i < sparse->rows; i++) {
        if (!PyDict_CheckExact(PyList_GetItem(rows, i)))
            return -1;
        cells += PyDict_Size(PyList_GetItem(rows, i));
    }
    if (make_bytes(sparse, cells) < 0)
        return -1;
    int64_t *starts = (int64_t *)PyBytes_AsString(sparse->starts_bytes);
    int32_t *columns = (int32_t *)PyBytes_AsString(sparse->columns_bytes);
    double *values = (double *)PyBytes_AsString(sparse->values_bytes);
    for (Py_ssize_t i = 0; i < sparse->rows; i++) {
        PyObject *row = PyList_GetItem(rows, i);
        Py_ssize_t place = 0, size = PyDict_Size(row);
        starts[i] = filled;
        for (Py_ssize_t j = 0; j < size && filled < cells; j++, filled++)
            if (next_cell(row, &place, columns + filled, values + filled) != 1)
                return -1;
    }
    starts[sparse->rows] = filled;
    return filled == cells ? 0 : -1;
}

static const void *open_bytes(PyObject *object, Py_ssize_t size, Py_ssize_t *count) {
    if (object == NULL || !PyBytes_CheckExact(object) || PyBytes_Size(object) % size != 0)
        return NULL;
    const char *data = PyBytes_AsString(object);
    *count = PyBytes_Size(object) / size;
    return (uintptr_t)data % (uintptr_t)size == 0 ? data : NULL;
}

static int check(const Sparse *sparse, Py_ssize_t cells) {
    if (sparse->starts[0] != 0 || sparse->starts[sparse->rows] != cells)
        return -1;
    for (Py_ssize_t i = 0; i < sparse->rows; i++)
        if (sparse->starts[i] > sparse->starts[i + 1])
            return -1;
    int32_t signs = 0;
    for (Py_ssize_t i = 0; i < cells; i++)
        signs |= sparse->columns[i];
    return signs < 0 ? -1 : 0;
}

int open_sparse(PyObject *object, Sparse *sparse) {
    memset(sparse, 0, sizeof *sparse);
    if (PyList_CheckExact(object)) {
        if (pack_dicts(object, sparse) < 0)
            return -1;
    } else {
        sparse->starts_bytes = PyObject_GetAttrString(object, "starts");
        sparse->columns_bytes = sparse->starts_bytes != NULL ? PyObject_GetAttrString(object, "columns") : NULL;
        sparse->values_bytes = sparse->columns_bytes != NULL ? PyObject_GetAttrString(object, "values") : NULL;
        PyErr_Clear();
    }
    Py_ssize_t starts = 0, columns = 0, values = 0;
    sparse->starts = open_bytes(sparse->starts_bytes, 8, &starts);
    sparse->columns = open_bytes(sparse->columns_bytes, 4, &columns);
    sparse->values = open_bytes(sparse->values_bytes, 8, &values);
    sparse->rows = starts - 1;
    if (sparse->starts == NULL || sparse->columns == NULL || sparse->values == NULL || starts < 1 || columns != values)
        return -1;
    return check(sparse, values);
}

void close_sparse(Sparse *sparse) {
    Py_XDECREF(sparse->starts_bytes);
    Py_XDECREF(sparse->columns_bytes);
    Py_XDECREF(sparse->values_bytes);
}

static int times_factors(const Sparse *sparse, const Numbers *factors, double *out) {
    for (Py_ssize_t i = 0; i < sparse->starts[sparse->rows]; i++) {
        if (sparse->columns[i] >= factors->count)
            return -1;
        out[i] = sparse->values[i] * ((const double *)factors->data)[sparse->columns[i]];
    }
    return 0;
}

static int over_norms(const Sparse *sparse, double *out) {
    for (Py_ssize_t row = 0; row < sparse->rows; row++) {
        Py_ssize_t from = sparse->starts[row], to = sparse->starts[row + 1];
        Sum squares = {0.0, 0.0, 0.0};
        add_products(&squares, sparse->values + from, sparse->values + from, to - from);
        double norm = __builtin_sqrt(round_sum(&squares));
        if (!is_finite(norm))
            return -1;
        norm = norm == 0.0 ? 1.0 : norm;
        for (Py_ssize_t i = from; i < to; i++)
            out[i] = sparse->values[i] / norm;
    }
    return 0;
}

/* Arguments: (sparse rows, factors, or None for the Euclidean norm of each row). Return (starts, columns, values). */
PyObject *scale_sparse(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *rows, *factors, *values = NULL, *made = NULL;
    Sparse sparse;
    Numbers by;
    memset(&by, 0, sizeof by);
    if (!PyArg_ParseTuple(arguments, "OO:scale_sparse", &rows, &factors))
        return answer(NULL, -1);
    int status = open_sparse(rows, &sparse);
    if (status == 0 && factors != Py_None)
        status = open_doubles(factors, &by);
    if (status == 0 && (values = PyBytes_FromStringAndSize(NULL, sparse.starts[sparse.rows] * 8)) == NULL)
        status = -1;
    if (status == 0) {
        double *out = (double *)PyBytes_AsString(values);
        status = factors != Py_None ? times_factors(&sparse, &by, out) : over_norms(&sparse, out);
    }
    if (status == 0)
        made = PyTuple_Pack(3, sparse.starts_bytes, sparse.columns_bytes, values);
    Py_XDECREF(values);
    close_numbers(&by);
    close_sparse(&sparse);
    return answer(made, status);
}

static int multiply(const Sparse *sparse, const Numbers *weights, const Numbers *starts, double *out) {
    Py_ssize_t outputs = starts->count, width = weights->count / outputs;
    for (Py_ssize_t i = 0; i < sparse->starts[sparse->rows]; i++)
        if (sparse->columns[i] >= width)
            return -1;
    for (Py_ssize_t row = 0; row < sparse->rows; row++)
        for (Py_ssize_t output = 0; output < outputs; output++, out++) {
            const double *line = (const double *)weights->data + output * width;
            Sum total = {0.0, 0.0, 0.0};
            for (Py_ssize_t i = sparse->starts[row]; i < sparse->starts[row + 1]; i++)
                add_term(&total, line[sparse->columns[i]] * sparse->values[i]);
            double sum = round_sum(&total);
            *out = sum + ((const double *)starts->data)[output];
            if (!is_finite(sum))
                return -1;
        }
    return 0;
}

/* Arguments: (sparse rows, coefficients, outputs, intercepts). Return the same as `linear`, packed. */
PyObject *linear_sparse(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *rows, *coefficients, *intercepts, *made = NULL;
    Sparse sparse;
    Numbers weights, starts;
    Py_ssize_t outputs;
    if (!PyArg_ParseTuple(arguments, "OOnO:linear_sparse", &rows, &coefficients, &outputs, &intercepts))
        return answer(NULL, -1);
    int status = open_sparse(rows, &sparse) | open_doubles(coefficients, &weights) | open_doubles(intercepts, &starts);
    if (status == 0 && (sparse.rows < 1 || outputs < 1 || weights.count % outputs != 0 || starts.count != outputs ||
                        outputs > PY_SSIZE_T_MAX / 8 / sparse.rows))
        status = -1;
    if (status == 0 && (made = PyBytes_FromStringAndSize(NULL, sparse.rows * outputs * 8)) == NULL)
        status = -1;
    if (status == 0)
        status = multiply(&sparse, &weights, &starts, (double *)PyBytes_AsString(made));
    close_numbers(&weights);
    close_numbers(&starts);
    close_sparse(&sparse);
    return answer(made, status);
}
