/* Tables of which most cells are zero: the cells that are not, row after row. */
#ifndef IRIS_MODEL_SPARSE_H
#define IRIS_MODEL_SPARSE_H

#include "kernels.h"

/* `SparseTable` (packed.py), checked: where each row starts (one more than rows), and of each cell its column and value.
 * Columns are not negative; whether they are inside a table of some width is for the kernel to ask.
 */
typedef struct {
    PyObject *starts_bytes, *columns_bytes, *values_bytes;
    const int64_t *starts;
    const int32_t *columns;
    const double *values;
    Py_ssize_t rows;
} Sparse;

/* A SparseTable, or a list of dicts {column: float}, which is packed. To be closed even where it fails. */
int open_sparse(PyObject *object, Sparse *sparse);
void close_sparse(Sparse *sparse);

#endif
