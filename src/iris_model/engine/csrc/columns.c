/* Pack columns of numbers from array buffers into rows of doubles. */
#include "kernels.h"

/* The number of rows packed at a time: their cells stay in the cache while each column is written. */
#define PACKED_ROWS 512
#define WORD_CHARACTERS "bBhHiIlLqQfd?"

typedef struct {
    const char *data;
    Py_ssize_t step;
    char format;
} Column;

/* Return the format character of a buffer in native byte order, or 0 for any other format. */
static char format_of(const Py_buffer *view) {
    const char *format = view->format != NULL ? view->format : "B";
    if (*format == '@')
        format++;
    return *format != 0 && format[1] == 0 && strchr(WORD_CHARACTERS, *format) != NULL ? *format : 0;
}

#define READ(type) { type value; memcpy(&value, cell, sizeof value); return (double)value; }

static double read_number(const char *cell, char format) {
    switch (format) {
    case 'd': READ(double)
    case 'f': READ(float)
    case 'b': READ(signed char)
    case 'B': READ(unsigned char)
    case '?': return *cell != 0 ? 1.0 : 0.0;
    case 'h': READ(short)
    case 'H': READ(unsigned short)
    case 'i': READ(int)
    case 'I': READ(unsigned int)
    case 'l': READ(long)
    case 'L': READ(unsigned long)
    case 'q': READ(long long)
    }
    READ(unsigned long long)
}

/* Write the cells of one column to every `width`th place. Return -1 if a cell is beyond the limit, or missing where the
 * column may not have missing cells. */
static int pack_column(const Column *column, Py_ssize_t from, Py_ssize_t count, Py_ssize_t width, double limit,
                       int missing, double *into) {
    int sound = 1;
    const char *cell = column->data + from * column->step;
    if (column->format == 'd') {
        for (Py_ssize_t i = 0; i < count; i++, cell += column->step) {
            double value;
            memcpy(&value, cell, sizeof value);
            sound &= (value >= -limit && value <= limit) || (missing && value != value);
            into[i * width] = value;
        }
        return sound ? 0 : -1;
    }
    for (Py_ssize_t i = 0; i < count; i++, cell += column->step) {
        double value = read_number(cell, column->format);
        sound &= (value >= -limit && value <= limit) || (missing && value != value);
        into[i * width] = value;
    }
    return sound ? 0 : -1;
}

/* Compared as integers, the bits of magnitudes have the order of the numbers. NaN is the largest. */
#define MAGNITUDE INT64_MAX
#define INFINITE_BITS 0x7ff0000000000000

/* Rows that are contiguous in memory are checked together, about this many cells at a time. */
#define FEWEST_CELLS 64

/* Copy rows of doubles that already have the wanted layout, and check them at the same time. */
WIDE static int pack_rows(const char *from, Py_ssize_t step, Py_ssize_t count, Py_ssize_t width, const int64_t *largest,
                          const int64_t *missing, int64_t *into) {
    int64_t beyond = 0;
    for (Py_ssize_t i = 0; i < count; i++, from += step, into += width) {
        memcpy(into, from, (size_t)width * sizeof *into);
        for (Py_ssize_t j = 0; j < width; j++) {
            int64_t size = into[j] & MAGNITUDE;
            /* Negative if the cell is too large, or if it is missing and may not be. */
            beyond |= (largest[j] - size) & ~((INFINITE_BITS - size) & missing[j]);
        }
    }
    return beyond < 0 ? -1 : 0;
}

/* Return whether the cells of a row are adjacent doubles, with limits that integer comparison can check. */
static int are_side_by_side(const Column *columns, Py_ssize_t width, const double *limits) {
    for (Py_ssize_t j = 0; j < width; j++)
        if (columns[j].format != 'd' || columns[j].data != columns[0].data + 8 * j ||
            columns[j].step != columns[0].step || !(limits[j] > 0.0 && limits[j] <= LARGEST_DOUBLE))
            return 0;
    return 1;
}

static int pack_side_by_side(const Column *columns, Py_ssize_t count, Py_ssize_t width, const double *limits,
                             const char *missing, double *cells) {
    Py_ssize_t step = columns->step, together = step == 8 * width && width < FEWEST_CELLS ? FEWEST_CELLS / width : 1;
    Py_ssize_t whole = count / together, rest = count % together, size = together * width;
    int64_t *largest = allocate(2 * size, sizeof *largest), *may_be = largest + size;
    if (largest == NULL)
        return -1;
    for (Py_ssize_t j = 0; j < size; j++) {
        memcpy(largest + j, limits + j % width, sizeof *limits);
        may_be[j] = missing[j % width] ? -1 : 0;
    }
    int status = pack_rows(columns->data, step * together, whole, size, largest, may_be, (int64_t *)cells) |
                 pack_rows(columns->data + whole * together * step, step, rest, width, largest, may_be,
                           (int64_t *)cells + whole * size);
    PyMem_Free(largest);
    return status;
}

static int pack_all(const Column *columns, Py_ssize_t count, Py_ssize_t width, const double *limits,
                    const char *missing, double *cells) {
    if (are_side_by_side(columns, width, limits))
        return pack_side_by_side(columns, count, width, limits, missing, cells);
    for (Py_ssize_t from = 0; from < count; from += PACKED_ROWS) {
        Py_ssize_t rows = count - from < PACKED_ROWS ? count - from : PACKED_ROWS;
        for (Py_ssize_t j = 0; j < width; j++)
            if (pack_column(columns + j, from, rows, width, limits[j], missing[j], cells + from * width + j) < 0)
                return -1;
    }
    return 0;
}

/* Open the columns of a matrix (rows x width), or of a tuple of vectors of equal length. Return the number of rows; -1 for
 * anything else. */
static Py_ssize_t open_columns(PyObject *object, Py_ssize_t width, Column *columns, Py_buffer *views) {
    int flags = PyBUF_STRIDED_RO | PyBUF_FORMAT;
    Py_ssize_t count = -1;
    if (!PyTuple_CheckExact(object)) {
        Py_buffer *view = views;
        if (PyObject_GetBuffer(object, view, flags) < 0 || view->ndim != 2 || view->shape[1] != width)
            return -1;
        for (Py_ssize_t j = 0; j < width; j++)
            columns[j] = (Column){(const char *)view->buf + j * view->strides[1], view->strides[0], format_of(view)};
        return columns[0].format != 0 ? view->shape[0] : -1;
    }
    if (PyTuple_Size(object) != width)
        return -1;
    for (Py_ssize_t j = 0; j < width; j++) {
        Py_buffer *view = views + j;
        if (PyObject_GetBuffer(PyTuple_GetItem(object, j), view, flags) < 0 || view->ndim != 1 ||
            (j > 0 && view->shape[0] != count))
            return -1;
        count = view->shape[0];
        columns[j] = (Column){view->buf, view->strides[0], format_of(view)};
        if (columns[j].format == 0)
            return -1;
    }
    return count;
}

/* Arguments: (matrix or tuple of vectors, one limit per column, one byte per column: whether cells may be missing). Return
 * the packed rows as bytes. */
PyObject *pack_columns(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *object, *limits, *made = NULL;
    Py_ssize_t width;
    const char *missing;
    Numbers known;
    if (!PyArg_ParseTuple(arguments, "OOy#:pack_columns", &object, &limits, &missing, &width) || width < 1)
        return answer(NULL, -1);
    int status = open_doubles(limits, &known);
    Column *columns = allocate(width, sizeof *columns);
    Py_buffer *views = allocate(width, sizeof *views);
    if (columns != NULL && views != NULL && status == 0 && known.count == width) {
        memset(views, 0, (size_t)width * sizeof *views);
        Py_ssize_t count = open_columns(object, width, columns, views);
        if (count > 0 && count <= PY_SSIZE_T_MAX / 8 / width)
            made = PyBytes_FromStringAndSize(NULL, count * width * 8);
        status = made != NULL ? pack_all(columns, count, width, known.data, missing, (double *)PyBytes_AsString(made)) : -1;
        for (Py_ssize_t j = 0; j < width; j++)
            if (views[j].obj != NULL)
                PyBuffer_Release(views + j);
    }
    close_numbers(&known);
    PyMem_Free(columns);
    PyMem_Free(views);
    return answer(made, made != NULL ? status : -1);
}
