/* Documents to counts of terms, as documents.py. */
#include "sparse.h"

/* What was counted so far. `place`: of each column where it was counted last, plus one; 0 for nowhere. */
typedef struct {
    int32_t *columns;
    double *values;
    Py_ssize_t *place;
    Py_ssize_t width, count, room, row_start;
} Counts;

static int is_word(char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '_';
}

static int grow(void **data, Py_ssize_t room, Py_ssize_t size) {
    void *larger = room <= PY_SSIZE_T_MAX / size ? PyMem_Realloc(*data, (size_t)(room * size)) : NULL;
    *data = larger != NULL ? larger : *data;
    return larger != NULL ? 0 : -1;
}

static int append(Counts *counts, int32_t column, double value) {
    if (counts->count == counts->room) {
        Py_ssize_t room = counts->room > PY_SSIZE_T_MAX / 2 ? PY_SSIZE_T_MAX : 2 * counts->room + 1024;
        if (grow((void **)&counts->columns, room, sizeof *counts->columns) < 0 ||
            grow((void **)&counts->values, room, sizeof *counts->values) < 0)
            return -1;
        counts->room = room;
    }
    counts->columns[counts->count] = column;
    counts->values[counts->count++] = value;
    return 0;
}

/* One more of the term, if the vocabulary has it. */
static int count_term(Counts *counts, PyObject *vocabulary, const char *letters, Py_ssize_t length, int binary) {
    PyObject *term = PyUnicode_FromStringAndSize(letters, length);
    PyObject *found = term != NULL ? PyDict_GetItemWithError(vocabulary, term) : NULL;
    Py_XDECREF(term);
    if (found == NULL)
        return PyErr_Occurred() == NULL ? 0 : -1;
    Py_ssize_t column = PyLong_CheckExact(found) ? PyLong_AsSsize_t(found) : -1;
    if (column < 0 || column >= counts->width)
        return -1;
    Py_ssize_t place = counts->place[column] - 1;
    if (place >= counts->row_start) {
        counts->values[place] += binary ? 0.0 : 1.0;
        return 0;
    }
    counts->place[column] = counts->count + 1;
    return append(counts, (int32_t)column, 1.0);
}

/* The same letters, small ones if so wished; -1 where they are not of ASCII. */
static int lower(const char *text, Py_ssize_t size, int lowercase, char *lowered) {
    unsigned char all = 0;
    for (Py_ssize_t i = 0; i < size; i++) {
        all |= (unsigned char)text[i];
        lowered[i] = (char)(lowercase && text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
    }
    return all < 128 ? 0 : -1;
}

static int count_words(Counts *counts, PyObject *vocabulary, const char *text, Py_ssize_t size, int binary) {
    for (Py_ssize_t from = 0, to; from < size; from = to + 1) {
        for (to = from; to < size && is_word(text[to]); to++)
            ;
        if (to - from > 1 && count_term(counts, vocabulary, text + from, to - from, binary) < 0)
            return -1;
    }
    return 0;
}

/* What Python has counted. */
static int take_counts(Counts *counts, PyObject *counted) {
    int status = PyDict_CheckExact(counted) ? 1 : -1;
    Py_ssize_t place = 0;
    int32_t column;
    double value;
    while (status == 1 && (status = next_cell(counted, &place, &column, &value)) == 1)
        status = append(counts, column, value) == 0 ? 1 : -1;
    return status;
}

static int count_document(Counts *counts, PyObject *document, PyObject *vocabulary, int lowercase, int binary) {
    Py_ssize_t size;
    const char *text = PyUnicode_CheckExact(document) ? PyUnicode_AsUTF8AndSize(document, &size) : NULL;
    char *lowered = text != NULL ? allocate(size, 1) : NULL;
    int status = lowered != NULL ? lower(text, size, lowercase, lowered) : -1;
    if (status == 0)
        status = count_words(counts, vocabulary, lowered, size, binary);
    PyMem_Free(lowered);
    return status;
}

static int count_rows(Counts *counts, PyObject *rows, PyObject *counted, PyObject *vocabulary, int lowercase, int binary,
                      int64_t *starts) {
    Py_ssize_t many = PyList_Size(rows);
    for (Py_ssize_t i = 0; i < many; i++) {
        PyObject *row = PyList_GetItem(rows, i), *known = PyList_GetItem(counted, i);
        starts[i] = counts->row_start = counts->count;
        if (!PyList_CheckExact(row) || PyList_Size(row) != 1 ||
            (known != Py_None ? take_counts(counts, known)
                              : count_document(counts, PyList_GetItem(row, 0), vocabulary, lowercase, binary)) < 0)
            return -1;
    }
    starts[many] = counts->count;
    return 0;
}

static PyObject *make_table(const Counts *counts, PyObject *starts) {
    PyObject *columns = PyBytes_FromStringAndSize((const char *)counts->columns, counts->count * 4);
    PyObject *values = PyBytes_FromStringAndSize((const char *)counts->values, counts->count * 8);
    PyObject *made = columns != NULL && values != NULL ? PyTuple_Pack(3, starts, columns, values) : NULL;
    Py_XDECREF(columns);
    Py_XDECREF(values);
    return made;
}

/* (rows of one text, vocabulary, lowercase, binary, a dict of counts for each text that is not of ASCII, None for the
 * others): starts, columns, values
 */
PyObject *count_terms(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *rows, *vocabulary, *counted, *starts = NULL, *made = NULL;
    int lowercase, binary, status = -1;
    Counts counts;
    memset(&counts, 0, sizeof counts);
    if (!PyArg_ParseTuple(arguments, "OOppO:count_terms", &rows, &vocabulary, &lowercase, &binary, &counted) ||
        !PyList_CheckExact(rows) || !PyDict_CheckExact(vocabulary) || !PyList_CheckExact(counted) ||
        PyList_Size(counted) != PyList_Size(rows) || PyList_Size(rows) >= PY_SSIZE_T_MAX / 8)
        return answer(NULL, -1);
    counts.width = PyDict_Size(vocabulary);
    /* Zeros that nobody has touched cost nothing, however large the vocabulary. */
    counts.place = PyMem_Calloc((size_t)counts.width, sizeof *counts.place);
    starts = PyBytes_FromStringAndSize(NULL, (PyList_Size(rows) + 1) * 8);
    if (counts.place != NULL && counts.width <= INT32_MAX && starts != NULL)
        status = count_rows(&counts, rows, counted, vocabulary, lowercase, binary, (int64_t *)PyBytes_AsString(starts));
    if (status == 0)
        made = make_table(&counts, starts);
    Py_XDECREF(starts);
    PyMem_Free(counts.columns);
    PyMem_Free(counts.values);
    PyMem_Free(counts.place);
    return answer(made, status);
}
