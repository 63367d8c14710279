/* Documents to counts of terms, and what is done with sparse rows. As documents.py, sparse.py and linear.py. */
#include "kernels.h"

static int is_word(char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '_';
}

/* One more of the term, if the vocabulary has it. */
static int count_term(PyObject *counts, PyObject *vocabulary, const char *letters, Py_ssize_t length, int binary) {
    PyObject *term = PyUnicode_FromStringAndSize(letters, length);
    PyObject *column = term != NULL ? PyDict_GetItemWithError(vocabulary, term) : NULL, *count, *known;
    int status = PyErr_Occurred() == NULL ? 0 : -1;
    if (column != NULL && !PyLong_CheckExact(column))
        status = -1;
    else if (column != NULL) {
        known = binary ? NULL : PyDict_GetItemWithError(counts, column);
        count = PyFloat_FromDouble(known != NULL ? PyFloat_AsDouble(known) + 1.0 : 1.0);
        status = count != NULL ? PyDict_SetItem(counts, column, count) : -1;
        Py_XDECREF(count);
    }
    Py_XDECREF(term);
    return status;
}

/* The counts of one document, or None where it is not of ASCII. `lowered` has place for it. */
static PyObject *count_document(const char *text, Py_ssize_t size, char *lowered, PyObject *vocabulary, int lowercase,
                                int binary) {
    for (Py_ssize_t i = 0; i < size; i++) {
        if ((unsigned char)text[i] >= 128)
            return Py_NewRef(Py_None);
        lowered[i] = (char)(lowercase && text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
    }
    PyObject *counts = PyDict_New();
    for (Py_ssize_t from = 0, to; counts != NULL && from < size; from = to + 1) {
        for (to = from; to < size && is_word(lowered[to]); to++)
            ;
        if (to - from > 1 && count_term(counts, vocabulary, lowered + from, to - from, binary) < 0)
            Py_CLEAR(counts);
    }
    return counts;
}

/* (rows of one text, vocabulary, lowercase, binary): sparse rows, and None for documents that are not of ASCII */
PyObject *count_terms(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *rows, *vocabulary, *made = NULL;
    int lowercase, binary, status = -1;
    if (PyArg_ParseTuple(arguments, "OOpp:count_terms", &rows, &vocabulary, &lowercase, &binary) &&
        PyList_CheckExact(rows) && PyDict_CheckExact(vocabulary) && (made = PyList_New(PyList_Size(rows))) != NULL)
        status = 0;
    for (Py_ssize_t i = 0; status == 0 && i < PyList_Size(rows); i++) {
        PyObject *row = PyList_GetItem(rows, i), *counts = NULL;
        PyObject *document = PyList_CheckExact(row) && PyList_Size(row) == 1 ? PyList_GetItem(row, 0) : NULL;
        Py_ssize_t size;
        const char *text = document != NULL && PyUnicode_CheckExact(document) ? PyUnicode_AsUTF8AndSize(document, &size) : NULL;
        char *lowered = text != NULL ? allocate(size, 1) : NULL;
        if (lowered != NULL)
            counts = count_document(text, size, lowered, vocabulary, lowercase, binary);
        PyMem_Free(lowered);
        status = counts != NULL ? PyList_SetItem(made, i, counts) : -1;
    }
    return answer(made, status);
}

/* The number that a sparse row has next, and its column; 0 at the end, -1 for what is no sparse row of `width`. */
static int next_cell(PyObject *row, Py_ssize_t *place, Py_ssize_t width, PyObject **key, Py_ssize_t *column, double *cell) {
    PyObject *value;
    if (!PyDict_Next(row, place, key, &value))
        return 0;
    if (!PyLong_CheckExact(*key) || !PyFloat_CheckExact(value))
        return -1;
    *column = PyLong_AsSsize_t(*key);
    *cell = PyFloat_AsDouble(value);
    return *column >= 0 && *column < width ? 1 : -1;
}

/* The row with each cell times its factor, or over the norm of the row. */
static PyObject *scale_row(PyObject *row, const Numbers *factors) {
    Py_ssize_t place = 0, column, width = factors->data != NULL ? factors->count : PY_SSIZE_T_MAX;
    PyObject *made = PyDict_New(), *key;
    Sum squares = {0.0, 0.0, 0.0};
    double cell, norm = 1.0;
    int status = made != NULL && PyDict_CheckExact(row) ? 1 : -1;
    while (factors->data == NULL && status == 1 && (status = next_cell(row, &place, width, &key, &column, &cell)) == 1)
        add_term(&squares, cell * cell);
    if (factors->data == NULL && status == 0) {
        norm = __builtin_sqrt(squares.sum + (squares.error + squares.rest));
        status = is_finite(norm) ? 1 : -1;
        norm = norm == 0.0 ? 1.0 : norm;
    }
    for (place = 0; status == 1 && (status = next_cell(row, &place, width, &key, &column, &cell)) == 1;) {
        PyObject *value = PyFloat_FromDouble(
            factors->data != NULL ? cell * ((const double *)factors->data)[column] : cell / norm);
        if (value == NULL || PyDict_SetItem(made, key, value) < 0)
            status = -1;
        Py_XDECREF(value);
    }
    if (status != 0)
        Py_CLEAR(made);
    return made;
}

/* (sparse rows, factors, or None for the Euclidean norm of each row) */
PyObject *scale_sparse(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *rows, *factors, *made = NULL;
    Numbers by;
    memset(&by, 0, sizeof by);
    int status = -1;
    if (PyArg_ParseTuple(arguments, "OO:scale_sparse", &rows, &factors) && PyList_CheckExact(rows) &&
        (factors == Py_None || open_doubles(factors, &by) == 0) && (made = PyList_New(PyList_Size(rows))) != NULL)
        status = 0;
    for (Py_ssize_t i = 0; status == 0 && i < PyList_Size(rows); i++) {
        PyObject *row = scale_row(PyList_GetItem(rows, i), &by);
        status = row != NULL ? PyList_SetItem(made, i, row) : -1;
    }
    close_numbers(&by);
    return answer(made, status);
}

/* (sparse rows, coefficients, outputs, intercepts) as `linear`, packed */
PyObject *linear_sparse(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *rows, *coefficients, *intercepts, *made = NULL;
    Numbers weights, starts;
    Py_ssize_t outputs;
    memset(&starts, 0, sizeof starts);
    if (!PyArg_ParseTuple(arguments, "OOnO:linear_sparse", &rows, &coefficients, &outputs, &intercepts))
        return answer(NULL, -1);
    int status = open_doubles(coefficients, &weights) | open_doubles(intercepts, &starts);
    Py_ssize_t count = PyList_CheckExact(rows) ? PyList_Size(rows) : 0;
    if (status == 0 && (count < 1 || outputs < 1 || weights.count % outputs != 0 || starts.count != outputs ||
                        outputs > PY_SSIZE_T_MAX / 8 / count))
        status = -1;
    if (status == 0 && (made = PyBytes_FromStringAndSize(NULL, count * outputs * 8)) == NULL)
        status = -1;
    double *out = made != NULL ? (double *)PyBytes_AsString(made) : NULL;
    for (Py_ssize_t i = 0; status == 0 && i < count * outputs; i++) {
        PyObject *row = PyList_GetItem(rows, i / outputs), *key;
        const double *line = (const double *)weights.data + i % outputs * (weights.count / outputs);
        Sum total = {0.0, 0.0, 0.0};
        Py_ssize_t place = 0, column;
        double cell;
        status = PyDict_CheckExact(row) ? 1 : -1;
        while (status == 1 && (status = next_cell(row, &place, weights.count / outputs, &key, &column, &cell)) == 1)
            add_term(&total, line[column] * cell);
        double sum = total.sum + (total.error + total.rest);
        out[i] = sum + ((const double *)starts.data)[i % outputs];
        status |= is_finite(sum) ? 0 : -1;
    }
    close_numbers(&weights);
    close_numbers(&starts);
    return answer(made, status);
}
