/* Declarations that the kernels share.
 *
 * A kernel computes the answer, or declines by returning None. It declines every unusual input: another type, rows of
 * different lengths, an index out of range, a number that is not finite. Then the Python operator computes the answer or
 * raises the error. A kernel raises no exception and validates every index, so a damaged file cannot make it read outside
 * its arrays. Each kernel has a Python equivalent next to the call; a test compares the two.
 *
 * Built with the limited API of CPython 3.11 (abi3) and without libm. -ffp-contract=off forbids fused multiply-add, which
 * rounds once where Python rounds twice. The compiler can vectorise the loops without changing the order of any sum.
 */
#ifndef IRIS_MODEL_KERNELS_H
#define IRIS_MODEL_KERNELS_H

#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030b0000
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

/* Compile a second version for AVX2, with twice as many lanes. It is selected when the module is loaded. The answers are
 * equal. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define HAS_WIDE
#define WIDE __attribute__((target_clones("default", "avx2")))
#else
#define WIDE
#endif

#define INFINITE (1.7976931348623157e308 * 10.0)
#define LARGEST_DOUBLE 1.7976931348623157e308

/* ---- numbers.c: the memory of a buffer without a copy, or a copy of a short list ---- */

typedef struct {
    const void *data;
    Py_ssize_t count;
    char format;
    void *copy;
    Py_buffer view;
} Numbers;

void *allocate(Py_ssize_t count, Py_ssize_t size);
int open_integers(PyObject *object, Numbers *numbers);
int open_doubles(PyObject *object, Numbers *numbers);
void close_numbers(Numbers *numbers);

static inline int64_t integer_at(const Numbers *numbers, Py_ssize_t i) {
    switch (numbers->format) {
    case 'b': return ((const int8_t *)numbers->data)[i];
    case 'B': return ((const uint8_t *)numbers->data)[i];
    case 'h': return ((const int16_t *)numbers->data)[i];
    case 'H': return ((const uint16_t *)numbers->data)[i];
    case 'i': return ((const int32_t *)numbers->data)[i];
    case 'I': return ((const uint32_t *)numbers->data)[i];
    case 'q': return ((const int64_t *)numbers->data)[i];
    }
    uint64_t value = ((const uint64_t *)numbers->data)[i];
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

/* ---- tables.c: rows in and out ---- */

/* Rows: lists of lists of floats, or the doubles of a `Table` (native.py). Lists give lists; doubles give bytes. */
typedef struct {
    PyObject *lists;
    const double *cells;
    Py_ssize_t count, width;
    Py_buffer view;
} Rows;

int open_rows(PyObject *object, Rows *rows);
void close_rows(Rows *rows);

/* Computes one block of rows; `model` points to the kernel's own data. */
typedef int (*Work)(void *model, const double *block, Py_ssize_t count, Py_ssize_t width, double *out);

/* Return the table that `work` computes from the rows, or None. */
PyObject *run_blocks(Rows *rows, Py_ssize_t out_width, void *model, Work work);

/* Copy rows of lists. The caller frees the copy. NULL if they are not tables of floats. */
double *read_rows(const Rows *rows);

PyObject *make_row(const double *cells, Py_ssize_t width);

/* The return value of every kernel: `made`, whose reference is passed on, or None if the kernel declines. */
PyObject *answer(PyObject *made, int status);

static inline int is_finite(double value) {
    return value - value == 0.0;
}

/* ---- products.c ---- */

/* A sum with about three times the precision of a double. */
typedef struct {
    double sum, error, rest;
} Sum;

/* Add a term to `sum`. Return the rounding error, which is exact. */
static inline double add_exactly(double *sum, double term) {
    double next = *sum + term, part = next - *sum;
    double lost = (*sum - (next - part)) + (term - part);
    *sum = next;
    return lost;
}

static inline void add_term(Sum *total, double term) {
    total->rest += add_exactly(&total->error, add_exactly(&total->sum, term));
}

static inline void add_products(Sum *total, const double *x, const double *y, Py_ssize_t count) {
    for (Py_ssize_t i = 0; i < count; i++)
        add_term(total, x[i] * y[i]);
}

/* Round the sum once. If it is half way between two doubles, the remaining terms decide, as in `fsum`. */
static inline double round_sum(const Sum *total) {
    double made = total->sum, left = add_exactly(&made, total->error), lost = add_exactly(&left, total->rest);
    left = add_exactly(&made, left);
    if ((left > 0.0 && lost > 0.0) || (left < 0.0 && lost < 0.0)) {
        double next = made + 2.0 * left;
        if (next - made == 2.0 * left)
            return next;
    }
    return made;
}

/* The dot product. Each product is rounded, as in Python. The sum has three times the precision of a double; that of `fsum`
 * is exact. Both are rounded once, and are equal unless terms cancel by a factor of more than 1e30. */
static inline double product(const double *x, const double *y, Py_ssize_t count) {
    Sum total = {0.0, 0.0, 0.0};
    add_products(&total, x, y, count);
    return round_sum(&total);
}

enum { SQUARED, ABSOLUTE, LARGEST, PRODUCT, EXPANDED, PARTIAL };

/* Return one distance with the same bits as in Python. `own` is the squared norm of x, `norm` that of y. */
double measure(int kind, const double *x, const double *y, Py_ssize_t width, double own, double norm);

/* ---- The kernels, by file ---- */

PyObject *pack(PyObject *module, PyObject *arguments);
PyObject *unpack(PyObject *module, PyObject *arguments);
PyObject *are_ordinary(PyObject *module, PyObject *arguments);
PyObject *narrow(PyObject *module, PyObject *arguments);
PyObject *tree_ensemble(PyObject *module, PyObject *arguments);
PyObject *boosted_trees(PyObject *module, PyObject *arguments);
PyObject *linear(PyObject *module, PyObject *arguments);
PyObject *distances(PyObject *module, PyObject *arguments);
PyObject *scale(PyObject *module, PyObject *arguments);
PyObject *map_rows(PyObject *module, PyObject *arguments);
PyObject *label_rows(PyObject *module, PyObject *arguments);
PyObject *kernel_sums(PyObject *module, PyObject *arguments);
PyObject *count_terms(PyObject *module, PyObject *arguments);
PyObject *scale_sparse(PyObject *module, PyObject *arguments);
PyObject *linear_sparse(PyObject *module, PyObject *arguments);
PyObject *smallest(PyObject *module, PyObject *arguments);
PyObject *nearest(PyObject *module, PyObject *arguments);
PyObject *votes(PyObject *module, PyObject *arguments);
PyObject *read_json(PyObject *module, PyObject *arguments);
PyObject *read_csv(PyObject *module, PyObject *arguments);
PyObject *write_rows(PyObject *module, PyObject *arguments);
PyObject *pack_columns(PyObject *module, PyObject *arguments);
PyObject *label_places(PyObject *module, PyObject *arguments);
PyObject *read_fields(PyObject *module, PyObject *arguments);
PyObject *dense(PyObject *module, PyObject *arguments);

/* ---- scalars.c: functions of one number ---- */

PyObject *call_exp(PyObject *module, PyObject *argument);
PyObject *call_exp2(PyObject *module, PyObject *argument);
PyObject *call_log(PyObject *module, PyObject *argument);
PyObject *call_log1p(PyObject *module, PyObject *argument);
PyObject *call_tanh(PyObject *module, PyObject *argument);

#endif
