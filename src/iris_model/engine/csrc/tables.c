/* Rows in and out: lists of lists of floats, or packed doubles. */
#include "kernels.h"

/* The largest number of rows in a block, so that intermediate values stay in the cache. */
#define BLOCK 4096
/* The largest number of cells that a block reads and writes: blocks of wide tables have fewer rows. */
#define MOST_CELLS 131072
/* Integers up to this are exact as doubles. */
#define MOST_WHOLE 9007199254740992.0

int open_rows(PyObject *object, Rows *rows) {
    memset(rows, 0, sizeof *rows);
    if (PyList_CheckExact(object)) {
        rows->count = PyList_Size(object);
        PyObject *first = rows->count > 0 ? PyList_GetItem(object, 0) : NULL;
        if (first == NULL || !PyList_CheckExact(first))
            return -1;
        rows->width = PyList_Size(first);
        rows->lists = object;
        return rows->width > 0 ? 0 : -1;
    }
    PyObject *data = PyObject_GetAttrString(object, "data");
    PyObject *width = data != NULL ? PyObject_GetAttrString(object, "width") : NULL;
    int status = -1;
    if (width != NULL && PyLong_CheckExact(width) && PyBytes_CheckExact(data) &&
        PyObject_GetBuffer(data, &rows->view, PyBUF_SIMPLE) == 0) {
        rows->width = PyLong_AsSsize_t(width);
        Py_ssize_t cells = rows->view.len / 8;
        if (rows->width > 0 && cells > 0 && rows->view.len % 8 == 0 && cells % rows->width == 0 &&
            (uintptr_t)rows->view.buf % 8 == 0) {
            rows->cells = rows->view.buf;
            rows->count = cells / rows->width;
            status = 0;
        }
    }
    PyErr_Clear();
    Py_XDECREF(data);
    Py_XDECREF(width);
    return status;
}

void close_rows(Rows *rows) {
    if (rows->view.obj != NULL)
        PyBuffer_Release(&rows->view);
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

static int read_block(const Rows *rows, Py_ssize_t from, Py_ssize_t count, double *block) {
    for (Py_ssize_t i = 0; i < count; i++)
        if (read_row(PyList_GetItem(rows->lists, from + i), rows->width, block + i * rows->width) < 0)
            return -1;
    return 0;
}

double *read_rows(const Rows *rows) {
    if (rows->count > PY_SSIZE_T_MAX / 8 / rows->width)
        return NULL;
    double *cells = allocate(rows->count * rows->width, 8);
    if (cells != NULL && read_block(rows, 0, rows->count, cells) == 0)
        return cells;
    PyMem_Free(cells);
    return NULL;
}

PyObject *make_row(const double *cells, Py_ssize_t width) {
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

PyObject *answer(PyObject *made, int status) {
    if (status == 0 && made != NULL)
        return made;
    Py_XDECREF(made);
    PyErr_Clear();
    Py_RETURN_NONE;
}

static int run_lists(Rows *rows, Py_ssize_t most, Py_ssize_t out_width, void *model, Work work, PyObject *table) {
    if (most > rows->count)
        most = rows->count;
    double *block = allocate(rows->width, 8 * most), *out = allocate(out_width, 8 * most);
    int status = block != NULL && out != NULL && table != NULL ? 0 : -1;
    for (Py_ssize_t from = 0; status == 0 && from < rows->count; from += most) {
        Py_ssize_t count = rows->count - from < most ? rows->count - from : most;
        status = read_block(rows, from, count, block);
        if (status == 0)
            status = work(model, block, count, rows->width, out);
        if (status == 0)
            status = write_block(table, from, count, out_width, out);
    }
    PyMem_Free(block);
    PyMem_Free(out);
    return status;
}

PyObject *run_blocks(Rows *rows, Py_ssize_t out_width, void *model, Work work) {
    Py_ssize_t most = MOST_CELLS / (rows->width + out_width + 1);
    most = most < 1 ? 1 : most > BLOCK ? BLOCK : most;
    if (out_width < 1 || out_width > PY_SSIZE_T_MAX / 8 / rows->count)
        return answer(NULL, -1);
    if (rows->lists != NULL) {
        PyObject *table = PyList_New(rows->count);
        return answer(table, run_lists(rows, most, out_width, model, work, table));
    }
    PyObject *made = PyBytes_FromStringAndSize(NULL, rows->count * out_width * 8);
    int status = made != NULL ? 0 : -1;
    double *out = made != NULL ? (double *)PyBytes_AsString(made) : NULL;
    for (Py_ssize_t from = 0; status == 0 && from < rows->count; from += most) {
        Py_ssize_t count = rows->count - from < most ? rows->count - from : most;
        status = work(model, rows->cells + from * rows->width, count, rows->width, out + from * out_width);
    }
    return answer(made, status);
}

/* Convert one cell to a double if RowEncoder would give the same double. `missing`: whether the cell may be missing. */
static int read_cell(PyObject *cell, double limit, int missing, double *into) {
    if (PyFloat_CheckExact(cell)) {
        *into = PyFloat_AsDouble(cell);
        return (*into >= -limit && *into <= limit) || (missing && *into != *into) ? 0 : -1;
    }
    if (cell == Py_None && missing) {
        const uint64_t nan = 0x7ff8000000000000u;
        memcpy(into, &nan, sizeof nan);
        return 0;
    }
    if (!PyLong_CheckExact(cell))
        return -1;
    *into = PyLong_AsDouble(cell);
    return *into >= -MOST_WHOLE && *into <= MOST_WHOLE && *into >= -limit && *into <= limit ? 0 : -1;
}

/* Arguments: (rows, width, limit, one byte per column: whether cells may be missing). Return the packed bytes, and whether
 * all cells were floats. */
PyObject *pack(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *rows, *made = NULL;
    Py_ssize_t width, flags;
    double limit;
    const char *missing;
    if (!PyArg_ParseTuple(arguments, "Ondy#:pack", &rows, &width, &limit, &missing, &flags) ||
        !PyList_CheckExact(rows) || width < 1 || flags != width || PyList_Size(rows) > PY_SSIZE_T_MAX / 8 / width)
        return answer(NULL, -1);
    Py_ssize_t count = PyList_Size(rows);
    made = PyBytes_FromStringAndSize(NULL, count * width * 8);
    int status = made != NULL && count > 0 ? 0 : -1, floats = 1;
    double *cells = made != NULL ? (double *)PyBytes_AsString(made) : NULL;
    for (Py_ssize_t i = 0; status == 0 && i < count; i++) {
        PyObject *row = PyList_GetItem(rows, i);
        if (!PyList_CheckExact(row) || PyList_Size(row) != width)
            status = -1;
        for (Py_ssize_t j = 0; status == 0 && j < width; j++) {
            PyObject *cell = PyList_GetItem(row, j);
            floats &= PyFloat_CheckExact(cell);
            status = read_cell(cell, limit, missing[j], cells++);
        }
    }
    PyObject *both = status == 0 ? PyTuple_Pack(2, made, floats ? Py_True : Py_False) : NULL;
    Py_XDECREF(made);
    return answer(both, both != NULL ? 0 : -1);
}

/* Arguments: (table). Return lists of lists of floats. */
PyObject *unpack(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *table, *made = NULL;
    Rows rows;
    int status = -1;
    if (!PyArg_ParseTuple(arguments, "O:unpack", &table))
        return answer(NULL, -1);
    if (open_rows(table, &rows) == 0 && rows.cells != NULL && (made = PyList_New(rows.count)) != NULL)
        status = write_block(made, 0, rows.count, rows.width, rows.cells);
    close_rows(&rows);
    return answer(made, status);
}

/* Arguments: (rows, width, limit). Return whether each row is a list of `width` floats within the limit, none missing. */
PyObject *are_ordinary(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *rows;
    Py_ssize_t width;
    double limit, cell;
    if (!PyArg_ParseTuple(arguments, "Ond:are_ordinary", &rows, &width, &limit))
        return answer(NULL, -1);
    if (!PyList_CheckExact(rows))
        Py_RETURN_FALSE;
    for (Py_ssize_t i = 0; i < PyList_Size(rows); i++) {
        PyObject *row = PyList_GetItem(rows, i);
        if (!PyList_CheckExact(row) || PyList_Size(row) != width)
            Py_RETURN_FALSE;
        for (Py_ssize_t j = 0; j < width; j++) {
            PyObject *item = PyList_GetItem(row, j);
            if (!PyFloat_CheckExact(item))
                Py_RETURN_FALSE;
            cell = PyFloat_AsDouble(item);
            if (!(cell >= -limit && cell <= limit))
                Py_RETURN_FALSE;
        }
    }
    Py_RETURN_TRUE;
}

static int narrow_block(void *Py_UNUSED(model), const double *block, Py_ssize_t count, Py_ssize_t width, double *out) {
    for (Py_ssize_t i = 0; i < count * width; i++) {
        out[i] = (float)block[i];
        if (!is_finite(out[i]) && out[i] == out[i])
            return -1;
    }
    return 0;
}

/* Arguments: (rows). Return the rows rounded to float32. */
PyObject *narrow(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *object, *made = NULL;
    Rows rows;
    if (!PyArg_ParseTuple(arguments, "O:narrow", &object))
        return answer(NULL, -1);
    if (open_rows(object, &rows) == 0)
        made = run_blocks(&rows, rows.width, NULL, narrow_block);
    close_rows(&rows);
    return made != NULL ? made : answer(NULL, -1);
}
