/* Cache of packed nodes and rearranged vectors between calls. The cache is a dict in the operator's parameters, so it lives
 * as long as the model. Only small arrays are cached: they need memory in addition to the mapped file. */
#include "walks.h"

/* The largest forest or array that is cached, in bytes. */
#define MOST_BYTES (32 << 20)
#define NAME "iris_model.packed_trees"
#define NUMBERS_NAME "iris_model.packed_numbers"
#define NUMBERS "numbers"
#define WALKS "walks"

static const char *key_of(int narrow) {
    return narrow ? "narrow" : "wide";
}

static void free_capsule(PyObject *capsule) {
    free_packed(PyCapsule_GetPointer(capsule, NAME));
}

Packed *find_kept(PyObject *kept, int narrow, Py_ssize_t features) {
    PyObject *capsule = PyDict_CheckExact(kept) ? PyDict_GetItemString(kept, key_of(narrow)) : NULL;
    if (capsule == NULL || !PyCapsule_IsValid(capsule, NAME))
        return NULL;
    Packed *packed = PyCapsule_GetPointer(capsule, NAME);
    return packed->features == features ? packed : NULL;
}

int keep(PyObject *kept, int narrow, Packed *packed, Py_ssize_t nodes) {
    size_t bytes = packed->small != NULL ? sizeof(SmallNode) : sizeof(LargeNode);
    if (!PyDict_CheckExact(kept) || nodes > (Py_ssize_t)(MOST_BYTES / bytes))
        return 0;
    PyObject *capsule = PyCapsule_New(packed, NAME, NULL);
    if (capsule == NULL || PyDict_SetItemString(kept, key_of(narrow), capsule) < 0) {
        PyErr_Clear();
        Py_XDECREF(capsule);
        return 0;
    }
    PyCapsule_SetDestructor(capsule, free_capsule);
    Py_DECREF(capsule);
    return 1;
}

static void free_numbers(PyObject *capsule) {
    PyMem_Free(PyCapsule_GetPointer(capsule, NUMBERS_NAME));
}

double *find_kept_numbers(PyObject *kept, Py_ssize_t count) {
    PyObject *capsule = PyDict_CheckExact(kept) ? PyDict_GetItemString(kept, NUMBERS) : NULL;
    if (capsule == NULL || !PyCapsule_IsValid(capsule, NUMBERS_NAME) ||
        (Py_ssize_t)(intptr_t)PyCapsule_GetContext(capsule) != count)
        return NULL;
    return PyCapsule_GetPointer(capsule, NUMBERS_NAME);
}

int keep_numbers(PyObject *kept, double *numbers, Py_ssize_t count) {
    if (!PyDict_CheckExact(kept) || count > (Py_ssize_t)(MOST_BYTES / sizeof *numbers))
        return 0;
    PyObject *capsule = PyCapsule_New(numbers, NUMBERS_NAME, NULL);
    if (capsule == NULL || PyCapsule_SetContext(capsule, (void *)(intptr_t)count) < 0 ||
        PyDict_SetItemString(kept, NUMBERS, capsule) < 0) {
        PyErr_Clear();
        Py_XDECREF(capsule);
        return 0;
    }
    PyCapsule_SetDestructor(capsule, free_numbers);
    Py_DECREF(capsule);
    return 1;
}

Py_ssize_t count_walks(PyObject *kept, Py_ssize_t walks) {
    if (!PyDict_CheckExact(kept))
        return walks;
    PyObject *before = PyDict_GetItemString(kept, WALKS);
    Py_ssize_t known = before != NULL && PyLong_CheckExact(before) ? PyLong_AsSsize_t(before) : 0;
    if (known < 0 || known > PY_SSIZE_T_MAX / 2 - walks)
        known = 0;
    PyObject *sum = PyLong_FromSsize_t(known + walks);
    if (sum == NULL || PyDict_SetItemString(kept, WALKS, sum) < 0)
        PyErr_Clear();
    Py_XDECREF(sum);
    return known + walks;
}
