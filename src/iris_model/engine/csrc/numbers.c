/* Read numbers: the tensors of a mapped file without a copy, or the lists that the engine creates from short tensors. */
#include "kernels.h"

void close_numbers(Numbers *numbers) {
    if (numbers->copy != NULL)
        PyMem_Free(numbers->copy);
    if (numbers->view.obj != NULL)
        PyBuffer_Release(&numbers->view);
}

void *allocate(Py_ssize_t count, Py_ssize_t size) {
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

/* Open a memory view of a mapped file, or a list that the engine created from a short tensor. */
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
    /* In a damaged file, a tensor may start at an unaligned address. */
    if (size == 0 || numbers->view.itemsize != size || (uintptr_t)numbers->view.buf % (uintptr_t)size)
        return -1;
    numbers->data = numbers->view.buf;
    numbers->format = format[0];
    numbers->count = numbers->view.len / size;
    return 0;
}

int open_integers(PyObject *object, Numbers *numbers) {
    if (open_numbers(object, numbers, 'q') < 0)
        return -1;
    return strchr("df", numbers->format) == NULL ? 0 : -1;
}

int open_doubles(PyObject *object, Numbers *numbers) {
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
