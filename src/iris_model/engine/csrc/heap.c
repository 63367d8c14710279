/* Select the smallest of many numbers with the heap of neighbors.py, and count the votes of neighbors. */
#include "heap.h"

/* Python equivalent: `heap_push` in neighbors.py. */
void heap_push(double *distances, Py_ssize_t *positions, Py_ssize_t size, double distance, Py_ssize_t position) {
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

void empty_heap(double *distances, Py_ssize_t *positions, Py_ssize_t size) {
    for (Py_ssize_t i = 0; i < size; i++) {
        distances[i] = LARGEST_DOUBLE;
        positions[i] = 0;
    }
}

/* Sort in ascending order. Equal distances keep their order in the heap. */
void sort_heap(double *distances, Py_ssize_t *positions, Py_ssize_t size) {
    for (Py_ssize_t i = 1; i < size; i++) {
        double distance = distances[i];
        Py_ssize_t position = positions[i], place = i;
        for (; place > 0 && distances[place - 1] > distance; place--) {
            distances[place] = distances[place - 1];
            positions[place] = positions[place - 1];
        }
        distances[place] = distance;
        positions[place] = position;
    }
}

/* Arguments: (positions of the neighbors of all rows, neighbors per row, class of each training row, number of classes).
 * Return the share of each class among the neighbors of each row, packed. */
PyObject *votes(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *positions, *classes, *made = NULL;
    Py_ssize_t neighbors, count;
    Numbers places, targets;
    memset(&targets, 0, sizeof targets);
    if (!PyArg_ParseTuple(arguments, "OnOn:votes", &positions, &neighbors, &classes, &count))
        return answer(NULL, -1);
    int status = open_integers(positions, &places) | open_integers(classes, &targets);
    if (status == 0 && (neighbors < 1 || places.count % neighbors != 0 || count < 1 || places.count < 1 ||
                        count > PY_SSIZE_T_MAX / 8 / places.count))
        status = -1;
    Py_ssize_t rows = status == 0 ? places.count / neighbors : 0;
    if (status == 0 && (made = PyBytes_FromStringAndSize(NULL, rows * count * 8)) == NULL)
        status = -1;
    double *out = made != NULL ? (double *)PyBytes_AsString(made) : NULL;
    for (Py_ssize_t i = 0; status == 0 && i < rows; i++, out += count) {
        memset(out, 0, (size_t)count * 8);
        for (Py_ssize_t j = 0; status == 0 && j < neighbors; j++) {
            int64_t place = integer_at(&places, i * neighbors + j);
            int64_t target = place >= 0 && place < targets.count ? integer_at(&targets, place) : -1;
            status = target >= 0 && target < count ? 0 : -1;
            if (status == 0)
                out[target] += 1.0;
        }
        for (Py_ssize_t j = 0; j < count; j++)
            out[j] /= (double)neighbors;
    }
    close_numbers(&places);
    close_numbers(&targets);
    return answer(made, status);
}

/* Arguments: (list of floats, how many). Return the smallest ones and their positions, in heap order. */
PyObject *smallest(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *line, *made = NULL;
    Numbers numbers;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(arguments, "On:smallest", &line, &size))
        return answer(NULL, -1);
    int status = open_doubles(line, &numbers);
    double *heap = NULL;
    Py_ssize_t *positions = NULL;
    if (status == 0 && size >= 1 && size <= numbers.count) {
        heap = allocate(size, 8);
        positions = allocate(size, sizeof *positions);
    }
    if (heap != NULL && positions != NULL) {
        const double *cells = numbers.data;
        empty_heap(heap, positions, size);
        for (Py_ssize_t i = 0; status == 0 && i < numbers.count; i++) {
            status = cells[i] == cells[i] ? 0 : -1;
            if (cells[i] < heap[0])
                heap_push(heap, positions, size, cells[i], i);
        }
        PyObject *first = make_row(heap, size), *second = PyList_New(size);
        for (Py_ssize_t i = 0; second != NULL && i < size; i++) {
            PyObject *position = PyLong_FromSsize_t(positions[i]);
            if (position == NULL || PyList_SetItem(second, i, position) < 0)
                Py_CLEAR(second);
        }
        made = first != NULL && second != NULL ? PyTuple_Pack(2, first, second) : NULL;
        Py_XDECREF(first);
        Py_XDECREF(second);
    }
    PyMem_Free(heap);
    PyMem_Free(positions);
    close_numbers(&numbers);
    return answer(made, status == 0 && made != NULL ? 0 : -1);
}
