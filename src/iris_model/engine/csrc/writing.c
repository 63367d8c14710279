/* Write answers as text: predictions and rows of numbers between constant pieces of text. Called by answers.py. */
#include "kernels.h"
#include "text/text.h"

/* The number of predictions whose text is cached: there are few different ones, and the same objects repeat. */
#define KEPT 256

typedef struct {
    char *bytes;
    size_t used, room;
} Buffer;

/* The position of an object's text in the buffer. */
typedef struct {
    PyObject *object;
    size_t start, length;
} Known;

typedef struct {
    Buffer out;
    const char **pieces;
    size_t *lengths;
    Py_ssize_t count; /* number of pieces */
    const char *missing, *separator;
    Py_ssize_t missing_length, separator_length;
    PyObject *encode;
    Known known[KEPT];
} Writer;

static int reserve(Buffer *buffer, size_t more) {
    if (buffer->bytes != NULL && buffer->room - buffer->used >= more)
        return 0;
    size_t room = buffer->room + buffer->room / 2 + more + 1024;
    char *bytes = room < PY_SSIZE_T_MAX / 2 ? PyMem_Realloc(buffer->bytes, room) : NULL;
    if (bytes == NULL)
        return -1;
    buffer->bytes = bytes;
    buffer->room = room;
    return 0;
}

static int write_text(Buffer *buffer, const char *text, size_t length) {
    if (reserve(buffer, length) < 0)
        return -1;
    memcpy(buffer->bytes + buffer->used, text, length);
    buffer->used += length;
    return 0;
}

static int write_number(Writer *writer, double value) {
    Buffer *out = &writer->out;
    if (!is_finite(value))
        return write_text(out, writer->missing, (size_t)writer->missing_length);
    if (reserve(out, LONGEST_DOUBLE) < 0)
        return -1;
    out->used = (size_t)(write_double(out->bytes + out->used, value) - out->bytes);
    return 0;
}

/* Write the text that Python encodes for the object. Python is called once for each object. */
static int write_object(Writer *writer, PyObject *object) {
    Buffer *out = &writer->out;
    Known *known = &writer->known[((uintptr_t)object >> 4) % KEPT];
    if (known->object == object) {
        if (reserve(out, known->length) < 0)
            return -1;
        memcpy(out->bytes + out->used, out->bytes + known->start, known->length);
        out->used += known->length;
        return 0;
    }
    Py_ssize_t length;
    PyObject *text = PyObject_CallFunctionObjArgs(writer->encode, object, NULL);
    const char *bytes = text != NULL && PyUnicode_Check(text) ? PyUnicode_AsUTF8AndSize(text, &length) : NULL;
    size_t start = out->used;
    int status = bytes != NULL ? write_text(out, bytes, (size_t)length) : -1;
    Py_XDECREF(text);
    if (status == 0)
        *known = (Known){object, start, out->used - start};
    return status;
}

static int write_piece(Writer *writer, Py_ssize_t piece) {
    return write_text(&writer->out, writer->pieces[piece], writer->lengths[piece]);
}

static int write_row(Writer *writer, PyObject *prediction, const double *cells, Py_ssize_t width) {
    Py_ssize_t piece = 0;
    if (prediction != NULL) {
        if (write_piece(writer, piece++) < 0)
            return -1;
        if (PyFloat_CheckExact(prediction) ? write_number(writer, PyFloat_AsDouble(prediction)) < 0
                                           : write_object(writer, prediction) < 0)
            return -1;
    }
    for (Py_ssize_t i = 0; i < width; i++)
        if (write_piece(writer, piece++) < 0 || write_number(writer, cells[i]) < 0)
            return -1;
    return write_piece(writer, piece);
}

static int write_all(Writer *writer, PyObject *predictions, const double *cells, Py_ssize_t count, Py_ssize_t width) {
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *prediction = NULL;
        if (predictions != NULL) {
            /* Encoding runs Python code, which could have changed the list. */
            prediction = PyList_GetItem(predictions, i);
            if (prediction == NULL)
                return -1;
            Py_INCREF(prediction);
        }
        int status = i > 0 ? write_text(&writer->out, writer->separator, (size_t)writer->separator_length) : 0;
        if (status == 0)
            status = write_row(writer, prediction, cells != NULL ? cells + i * width : NULL, width);
        Py_XDECREF(prediction);
        if (status < 0)
            return -1;
    }
    return 0;
}

static int open_pieces(Writer *writer, PyObject *pieces) {
    writer->count = PyList_Size(pieces);
    writer->pieces = allocate(writer->count + 1, sizeof *writer->pieces);
    writer->lengths = allocate(writer->count + 1, sizeof *writer->lengths);
    if (writer->pieces == NULL || writer->lengths == NULL)
        return -1;
    for (Py_ssize_t i = 0; i < writer->count; i++) {
        Py_ssize_t length;
        writer->pieces[i] = PyUnicode_AsUTF8AndSize(PyList_GetItem(pieces, i), &length);
        if (writer->pieces[i] == NULL)
            return -1;
        writer->lengths[i] = (size_t)length;
    }
    return 0;
}

/* Arguments: (list of predictions or None, table or None, pieces of a row: before each value and at its end, separator of
 * rows, text of a number that is not finite, function that encodes a prediction that is not a float). */
PyObject *write_rows(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *predictions, *object, *pieces, *made = NULL;
    Writer writer;
    Rows rows;
    double *copy = NULL;
    memset(&writer, 0, sizeof writer);
    memset(&rows, 0, sizeof rows);
    if (!PyArg_ParseTuple(arguments, "OOO!s#s#O:write_rows", &predictions, &object, &PyList_Type, &pieces,
                          &writer.separator, &writer.separator_length, &writer.missing, &writer.missing_length,
                          &writer.encode) ||
        (predictions != Py_None && !PyList_CheckExact(predictions)))
        return answer(NULL, -1);
    predictions = predictions == Py_None ? NULL : predictions;
    int status = open_pieces(&writer, pieces);
    if (status == 0 && object != Py_None) {
        status = open_rows(object, &rows);
        if (status == 0 && rows.lists != NULL && (rows.cells = copy = read_rows(&rows)) == NULL)
            status = -1;
    }
    Py_ssize_t count = rows.cells != NULL ? rows.count : predictions != NULL ? PyList_Size(predictions) : 0;
    if (count < 1 || (predictions != NULL && PyList_Size(predictions) != count) ||
        writer.count != rows.width + (predictions != NULL) + 1)
        status = -1;
    if (status == 0)
        status = write_all(&writer, predictions, rows.cells, count, rows.width);
    if (status == 0)
        made = PyUnicode_FromStringAndSize(writer.out.bytes, (Py_ssize_t)writer.out.used);
    close_rows(&rows);
    PyMem_Free(copy);
    PyMem_Free(writer.out.bytes);
    PyMem_Free(writer.pieces);
    PyMem_Free(writer.lengths);
    return answer(made, made != NULL ? 0 : -1);
}
