/* The elementary functions of one number, for Python. They answer and refuse as those of engine/elementary.py, which they
 * replace as soon as the kernels are loaded: a call in Python takes ten times as long. */
#include "functions/elementary.h"
#include "kernels.h"

static PyObject *refuse(PyObject *error, const char *message) {
    PyErr_SetString(error, message);
    return NULL;
}

/* A result that is infinite for a finite number has overflowed. */
static PyObject *unless_overflowed(double x, double result) {
    if (result > LARGEST_DOUBLE && x <= LARGEST_DOUBLE)
        return refuse(PyExc_OverflowError, "math range error");
    return PyFloat_FromDouble(result);
}

/* Read the argument, or return NULL with an exception. */
#define READ(x) \
    (void)module; \
    double x = PyFloat_AsDouble(argument); \
    if (x == -1.0 && PyErr_Occurred()) \
        return NULL

PyObject *call_exp(PyObject *module, PyObject *argument) {
    READ(x);
    return unless_overflowed(x, elementary_exp(x));
}

PyObject *call_exp2(PyObject *module, PyObject *argument) {
    READ(x);
    return unless_overflowed(x, elementary_exp2(x));
}

PyObject *call_tanh(PyObject *module, PyObject *argument) {
    READ(x);
    return PyFloat_FromDouble(elementary_tanh(x));
}

PyObject *call_log(PyObject *module, PyObject *argument) {
    READ(x);
    if (x <= 0.0)
        return refuse(PyExc_ValueError, "math domain error");
    return PyFloat_FromDouble(elementary_log(x));
}

PyObject *call_log1p(PyObject *module, PyObject *argument) {
    READ(x);
    if (x <= -1.0)
        return refuse(PyExc_ValueError, "math domain error");
    return PyFloat_FromDouble(elementary_log1p(x));
}
