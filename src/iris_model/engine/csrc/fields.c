/* Read lines of a CSV file without quotation marks: the columns of the model as packed numbers, other columns as strings. */
#include "kernels.h"
#include "text/text.h"

typedef struct {
    Py_ssize_t *column_of; /* for each field: its column of the model, or -1 */
    Py_ssize_t *kept_at;   /* for each field: the index of its list, or -1 */
    Py_ssize_t fields, width, kept;
    const double *limits;
    const char *missing;
    char delimiter;
    PyObject *lists;
} Fields;

static int at_end(const char *at, const char *end, char delimiter) {
    return at == end || *at == delimiter || *at == '\n' || *at == '\r';
}

static const char *skip_spaces(const char *at, const char *end) {
    while (at < end && *at == ' ')
        at++;
    return at;
}

/* Read one number, or a blank cell if it may be missing. Return the position after it, or NULL. */
static const char *read_field(const char *at, const char *end, const Fields *fields, Py_ssize_t column, double *cell) {
    Decimal decimal;
    at = skip_spaces(at, end);
    if (at_end(at, end, fields->delimiter)) {
        *cell = missing_cell();
        return fields->missing[column] ? at : NULL;
    }
    if ((at = read_decimal(at, end, 1, &decimal)) == NULL)
        return NULL;
    *cell = nearest_double(&decimal);
    if (!(*cell >= -fields->limits[column] && *cell <= fields->limits[column]))
        return NULL;
    return skip_spaces(at, end);
}

static int keep_text(const Fields *fields, Py_ssize_t list, const char *from, const char *to) {
    PyObject *text = PyUnicode_FromStringAndSize(from, to - from);
    int status = text != NULL ? PyList_Append(PyTuple_GetItem(fields->lists, list), text) : -1;
    Py_XDECREF(text);
    return status;
}

/* Return whether a field that is not used is valid UTF-8: where Python reads the lines, it must be. */
static int is_text(const char *from, const char *to) {
    PyObject *text = PyUnicode_FromStringAndSize(from, to - from);
    Py_XDECREF(text);
    return text != NULL;
}

/* Read one line into a row of `cells`. Return the position after it, or NULL. */
static const char *read_line(const char *at, const char *end, const Fields *fields, double *cells) {
    for (Py_ssize_t i = 0; i < fields->fields; i++) {
        if (i > 0 && (at == end || *at++ != fields->delimiter))
            return NULL;
        const char *from = at;
        Py_ssize_t column = fields->column_of[i];
        if (column >= 0)
            at = read_field(at, end, fields, column, cells + column);
        else {
            char bits = 0;
            while (!at_end(at, end, fields->delimiter))
                bits |= *at++;
            if ((bits & 0x80) != 0 && !is_text(from, at))
                return NULL;
        }
        if (at == NULL || !at_end(at, end, fields->delimiter))
            return NULL;
        if (fields->kept_at[i] >= 0 && keep_text(fields, fields->kept_at[i], from, at) < 0)
            return NULL;
    }
    return at == end || *at == '\n' || *at == '\r' ? at : NULL;
}

static PyObject *read_lines(const char *at, const char *end, const Fields *fields, Py_ssize_t most) {
    if (most < 1 || most > PY_SSIZE_T_MAX / 8 / fields->width)
        return NULL;
    double *cells = allocate(most * fields->width, 8);
    Py_ssize_t count = 0;
    for (; cells != NULL && at != NULL && at < end;) {
        if (*at == '\n' || *at == '\r') { /* an empty line, or the second character of a line ending */
            at++;
            continue;
        }
        at = count < most ? read_line(at, end, fields, cells + count++ * fields->width) : NULL;
    }
    PyObject *made = NULL;
    if (cells != NULL && at != NULL && count > 0)
        made = PyBytes_FromStringAndSize((const char *)cells, count * fields->width * 8);
    PyMem_Free(cells);
    return made;
}

/* Invert a list of field positions: for each field, its index in the list, or -1. */
static int find_fields(PyObject *places, Py_ssize_t fields, Py_ssize_t *found) {
    for (Py_ssize_t i = 0; i < fields; i++)
        found[i] = -1;
    for (Py_ssize_t i = 0; i < PyList_Size(places); i++) {
        PyObject *item = PyList_GetItem(places, i);
        Py_ssize_t place = PyLong_CheckExact(item) ? PyLong_AsSsize_t(item) : -1;
        if (place < 0 || place >= fields || found[place] >= 0)
            return -1;
        found[place] = i;
    }
    return 0;
}

static Py_ssize_t count_lines(const char *at, const char *end) {
    Py_ssize_t count = 1;
    for (; at < end; at++)
        count += *at == '\n' || *at == '\r';
    return count;
}

/* Arguments: (bytes of complete lines, number of fields per line, field of each column of the model, one limit per column,
 * one byte per column: whether cells may be missing, fields kept as strings, delimiter). Return the rows as bytes, and a
 * tuple with one list of strings for each kept field. */
PyObject *read_fields(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *places, *kept, *limits, *made = NULL;
    const char *text;
    Py_ssize_t length;
    int delimiter;
    Fields fields;
    Numbers known;
    memset(&fields, 0, sizeof fields);
    if (!PyArg_ParseTuple(arguments, "y#nO!Oy#O!C:read_fields", &text, &length, &fields.fields, &PyList_Type, &places,
                          &limits, &fields.missing, &fields.width, &PyList_Type, &kept, &delimiter))
        return answer(NULL, -1);
    int status = open_doubles(limits, &known);
    fields.kept = PyList_Size(kept);
    fields.delimiter = (char)delimiter;
    fields.limits = known.data;
    if (fields.fields < 1 || fields.width < 1 || PyList_Size(places) != fields.width || known.count != fields.width ||
        delimiter > 127 || memchr(text, '"', (size_t)length) != NULL)
        status = -1;
    if (status == 0) {
        fields.column_of = allocate(fields.fields, sizeof *fields.column_of);
        fields.kept_at = allocate(fields.fields, sizeof *fields.kept_at);
        fields.lists = PyTuple_New(fields.kept);
        for (Py_ssize_t i = 0; fields.lists != NULL && i < fields.kept; i++) {
            PyObject *list = PyList_New(0);
            if (list == NULL || PyTuple_SetItem(fields.lists, i, list) < 0)
                Py_CLEAR(fields.lists);
        }
        if (fields.column_of != NULL && fields.kept_at != NULL && fields.lists != NULL &&
            find_fields(places, fields.fields, fields.column_of) == 0 &&
            find_fields(kept, fields.fields, fields.kept_at) == 0) {
            PyObject *rows = read_lines(text, text + length, &fields, count_lines(text, text + length));
            made = rows != NULL ? PyTuple_Pack(2, rows, fields.lists) : NULL;
            Py_XDECREF(rows);
        }
    }
    close_numbers(&known);
    PyMem_Free(fields.column_of);
    PyMem_Free(fields.kept_at);
    Py_XDECREF(fields.lists);
    return answer(made, made != NULL ? 0 : -1);
}
