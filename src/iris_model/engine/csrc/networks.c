/* Products of float32 rows with a constant matrix, for ONNX graphs. Python equivalent: operators/networks/products.py.
 *
 * The products of two float32 are exact in float64, and are added there from the first to the last. The sum is rounded to
 * float32 once, with the bias. Python adds exactly (`fsum`), so the two may differ in the last bit of a float32, in about
 * one of a hundred million sums. No sum spans several lanes, so the width of the vectors does not change a bit.
 */
#include "kernels.h"

/* Columns that lie next to each other in the packed matrix. The same number as in products.py and readers/onnx. */
#define PANEL 16
/* Rows that share one pass over a panel. */
#define TOGETHER 2

static int open_floats(PyObject *object, Py_buffer *view, Py_ssize_t count) {
    memset(view, 0, sizeof *view);
    if (PyObject_GetBuffer(object, view, PyBUF_CONTIG_RO | PyBUF_FORMAT) < 0) {
        PyErr_Clear();
        return -1;
    }
    if (view->format == NULL || strcmp(view->format, "f") != 0 || (uintptr_t)view->buf % 4 || view->len / 4 != count)
        return -1;
    return 0;
}

static void close_floats(Py_buffer *view) {
    if (view->obj != NULL)
        PyBuffer_Release(view);
}

static inline void store(const double *sums, const float *bias, Py_ssize_t count, int relu, float *out) {
    for (Py_ssize_t i = 0; i < count; i++) {
        float made = (float)(bias == NULL ? sums[i] : sums[i] + (double)bias[i]);
        out[i] = !relu || made > 0.0f || made != made ? made : 0.0f;
    }
}

typedef struct {
    const float *rows, *packed, *bias;
    Py_ssize_t height, depth, width;
    int relu;
    float *out;
} Dense;

WIDE static void multiply(const Dense *by) {
    Py_ssize_t depth = by->depth, width = by->width;
    for (Py_ssize_t first = 0; first < width; first += PANEL) {
        const float *panel = by->packed + first * depth;
        const float *bias = by->bias == NULL ? NULL : by->bias + first;
        Py_ssize_t count = width - first < PANEL ? width - first : PANEL;
        Py_ssize_t row = 0;
        for (; row + TOGETHER <= by->height; row += TOGETHER) {
            const float *one = by->rows + row * depth, *other = one + depth;
            double sums[PANEL] = {0.0}, others[PANEL] = {0.0};
            for (Py_ssize_t k = 0; k < depth; k++) {
                double x = one[k], y = other[k];
                for (int i = 0; i < PANEL; i++) {
                    double weight = panel[k * PANEL + i];
                    sums[i] += x * weight;
                    others[i] += y * weight;
                }
            }
            store(sums, bias, count, by->relu, by->out + row * width + first);
            store(others, bias, count, by->relu, by->out + (row + 1) * width + first);
        }
        for (; row < by->height; row++) {
            const float *one = by->rows + row * depth;
            double sums[PANEL] = {0.0};
            for (Py_ssize_t k = 0; k < depth; k++) {
                double x = one[k];
                for (int i = 0; i < PANEL; i++)
                    sums[i] += x * (double)panel[k * PANEL + i];
            }
            store(sums, bias, count, by->relu, by->out + row * width + first);
        }
    }
}

static int is_product(Py_ssize_t one, Py_ssize_t other) {
    return one > 0 && other > 0 && one <= PY_SSIZE_T_MAX / 64 / other;
}

/* Arguments: (rows, packed matrix, bias or None, height, depth, width, whether negative results become 0). Returns the
 * cells as bytes. */
PyObject *dense(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *rows, *packed, *bias, *made = NULL;
    Dense by;
    Py_buffer views[3];
    memset(&by, 0, sizeof by);
    memset(views, 0, sizeof views);
    if (!PyArg_ParseTuple(arguments, "OOOnnni:dense", &rows, &packed, &bias, &by.height, &by.depth, &by.width, &by.relu))
        return answer(NULL, -1);
    if (!is_product(by.height, by.depth) || !is_product(by.height, by.width) || !is_product(by.depth, by.width + PANEL))
        return answer(NULL, -1);
    Py_ssize_t padded = (by.width + PANEL - 1) / PANEL * PANEL;
    int status = open_floats(rows, &views[0], by.height * by.depth);
    if (status == 0)
        status = open_floats(packed, &views[1], padded * by.depth);
    if (status == 0 && bias != Py_None)
        status = open_floats(bias, &views[2], by.width);
    if (status == 0)
        made = PyBytes_FromStringAndSize(NULL, by.height * by.width * 4);
    if (made != NULL) {
        by.rows = views[0].buf;
        by.packed = views[1].buf;
        by.bias = views[2].buf;
        by.out = (float *)PyBytes_AsString(made);
        multiply(&by);
    }
    for (int i = 0; i < 3; i++)
        close_floats(&views[i]);
    return made != NULL ? made : answer(NULL, -1);
}
