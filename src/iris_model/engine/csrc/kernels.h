/* What the files of the kernels share.
 *
 * A kernel answers or declines: whatever is not quite ordinary (another type, ragged rows, an index out of range, a number
 * that is not finite) gives None, and the Python operator answers or says what is wrong. So a kernel raises nothing,
 * trusts nothing, and no file can make it read outside its arrays. Everything here is also in Python, next to where it is
 * called, and a test holds both equal.
 *
 * Limited API of CPython 3.11 (abi3), no libm, nothing else. Built with -ffp-contract=off: a fused multiply-add would
 * round once where Python rounds twice. Loops are written so that a compiler can vectorise them without changing one sum.
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

/* Twice the lanes where the processor has them; chosen when the module is loaded, and the answers are the same. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define HAS_WIDE
#define WIDE __attribute__((target_clones("default", "avx2")))
#else
#define WIDE
#endif

#define INFINITE (1.7976931348623157e308 * 10.0)
#define LARGEST_DOUBLE 1.7976931348623157e308

/* ---- numbers.c: a buffer as it is, or a short list copied ---- */

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

/* Lists of lists of floats, or the doubles of a `Table` (native.py). Lists are answered with lists, doubles with bytes. */
typedef struct {
    PyObject *lists;
    const double *cells;
    Py_ssize_t count, width;
    Py_buffer view;
} Rows;

int open_rows(PyObject *object, Rows *rows);
void close_rows(Rows *rows);

/* What is done with one block of rows; `model` is the kernel's own. */
typedef int (*Work)(void *model, const double *block, Py_ssize_t count, Py_ssize_t width, double *out);

/* The table that `work` makes of the rows, or None. */
PyObject *run_blocks(Rows *rows, Py_ssize_t out_width, void *model, Work work);

/* All rows of lists, to be freed; NULL where they are not tables of floats. */
double *read_rows(const Rows *rows);

PyObject *make_row(const double *cells, Py_ssize_t width);

/* What every kernel ends with: `made`, which is taken over, or None where it declines. */
PyObject *answer(PyObject *made, int status);

static inline int is_finite(double value) {
    return value - value == 0.0;
}

/* ---- products.c ---- */

/* A sum as if with three times the digits of a double. */
typedef struct {
    double sum, error, rest;
} Sum;

/* Add a term; returns what the sum lost by rounding, exactly. */
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

/* The sum, rounded once. Where it lies half way between two doubles, what is left decides, as in `fsum`. */
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

/* Products are rounded, as Python's are, and summed as if with three times the digits, where `fsum` sums exactly: both
 * round once at the end, and agree unless terms cancel more than 1e30-fold. */
static inline double product(const double *x, const double *y, Py_ssize_t count) {
    Sum total = {0.0, 0.0, 0.0};
    add_products(&total, x, y, count);
    return round_sum(&total);
}

enum { SQUARED, ABSOLUTE, LARGEST, PRODUCT, EXPANDED, PARTIAL };

/* One distance, as Python has it to the last bit. `norm` is that of y. */
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

#endif
