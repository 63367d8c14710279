/* The module: every kernel by name. Each returns its answer, or None if it declines; see kernels.h for what they share. */
#include "kernels.h"

/* Increment it here and in native.py when a kernel is added or its arguments change. An extension with another number is
 * ignored. */
static PyObject *interface(PyObject *self, PyObject *arguments) {
    (void)self;
    (void)arguments;
    return PyLong_FromLong(9);
}

static PyMethodDef METHODS[] = {
    {"interface", interface, METH_NOARGS, NULL},
    {"pack", pack, METH_VARARGS, NULL},
    {"unpack", unpack, METH_VARARGS, NULL},
    {"are_ordinary", are_ordinary, METH_VARARGS, NULL},
    {"narrow", narrow, METH_VARARGS, NULL},
    {"tree_ensemble", tree_ensemble, METH_VARARGS, NULL},
    {"boosted_trees", boosted_trees, METH_VARARGS, NULL},
    {"linear", linear, METH_VARARGS, NULL},
    {"distances", distances, METH_VARARGS, NULL},
    {"scale", scale, METH_VARARGS, NULL},
    {"map_rows", map_rows, METH_VARARGS, NULL},
    {"label_rows", label_rows, METH_VARARGS, NULL},
    {"kernel_sums", kernel_sums, METH_VARARGS, NULL},
    {"nearest", nearest, METH_VARARGS, NULL},
    {"votes", votes, METH_VARARGS, NULL},
    {"count_terms", count_terms, METH_VARARGS, NULL},
    {"scale_sparse", scale_sparse, METH_VARARGS, NULL},
    {"linear_sparse", linear_sparse, METH_VARARGS, NULL},
    {"smallest", smallest, METH_VARARGS, NULL},
    {"read_json", read_json, METH_VARARGS, NULL},
    {"read_csv", read_csv, METH_VARARGS, NULL},
    {"write_rows", write_rows, METH_VARARGS, NULL},
    {"pack_columns", pack_columns, METH_VARARGS, NULL},
    {"label_places", label_places, METH_VARARGS, NULL},
    {"read_fields", read_fields, METH_VARARGS, NULL},
    {"dense", dense, METH_VARARGS, NULL},
    {"exp", call_exp, METH_O, NULL},
    {"exp2", call_exp2, METH_O, NULL},
    {"log", call_log, METH_O, NULL},
    {"log1p", call_log1p, METH_O, NULL},
    {"tanh", call_tanh, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_kernels",
    .m_doc = "Kernels for batches; each answers, or declines with None.",
    .m_size = 0,
    .m_methods = METHODS,
};

PyMODINIT_FUNC PyInit__kernels(void) {
    return PyModuleDef_Init(&MODULE);
}
