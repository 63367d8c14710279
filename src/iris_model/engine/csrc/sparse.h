/* Tables whose cells are mostly zero: only the other cells are stored, row by row. */
#ifndef IRIS_MODEL_SPARSE_H
#define IRIS_MODEL_SPARSE_H

#include "kernels.h"

/* A validated `SparseTable` (packed.py): the start of each row (one entry more than rows), and the column and value of each
 * cell. Columns are not negative. Each kernel checks that they are below the width of its table.
 */
typedef struct {
    PyObject *starts_bytes, *columns_bytes, *values_bytes;
    const int64_t *starts;
    const int32_t *columns;
    const double *values;
    Py_ssize_t rows;
} Sparse;

/* Open a SparseTable, or pack a list of dicts {column: float}. The caller must close it, also after an error. */
int open_sparse(PyObject *object, Sparse *sparse);
void close_sparse(Sparse *sparse);

#endif
