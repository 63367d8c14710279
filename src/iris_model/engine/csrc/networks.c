/* Products of float32 rows with a constant matrix, for ONNX graphs. Python equivalent: operators/networks/products.py.
 *
 * The products of two float32 are exact in float64, and are added there from the first to the last. The sum is rounded to
 * float32 once, with the bias. Python adds exactly (`fsum`), so the two may differ in the last bit of a float32, in about
 * one of a hundred million sums. No sum spans several lanes, so the width of the vectors does not change a bit.
 */
#include "kernels.h"

#define EXPONENTIAL_NAME exponential
#define REAL double
#define WHOLE int64_t
#define POSITIVE uint64_t
#include "exponential.h"
#undef EXPONENTIAL_NAME
#undef REAL
#undef WHOLE
#undef POSITIVE

/* Columns that lie next to each other in the packed matrix. The same number as in products.py and readers/onnx. */
#define PANEL 16
/* Rows that share one pass over a panel. */
#define TOGETHER 2
#define MOST_LAYERS 64

/* The places of these names in ACTIVATIONS of products.py. */
enum { NONE, RELU, SIGMOID, TANH, SOFTMAX };

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

/* The exponential of larger magnitudes changes no float32: the result is 0 or 1. */
static inline double limited(double x) {
    return x > 200.0 ? 200.0 : x < -200.0 ? -200.0 : x;
}

static inline float activate(float x, int activation) {
    double value = x, power;
    if (x != x || activation == NONE || activation == SOFTMAX)
        return x;
    switch (activation) {
    case RELU: return x > 0.0f ? x : 0.0f;
    case SIGMOID: return (float)(1.0 / (1.0 + exponential(limited(-value))));
    }
    if (value > -0.0001 && value < 0.0001) /* the series: nothing cancels */
        return (float)(value - value * value * value / 3.0);
    power = exponential(limited(2.0 * value));
    return (float)((power - 1.0) / (power + 1.0));
}

static inline void store(const double *sums, const float *bias, Py_ssize_t count, int activation, float *out) {
    for (Py_ssize_t i = 0; i < count; i++)
        out[i] = activate((float)(bias == NULL ? sums[i] : sums[i] + (double)bias[i]), activation);
}

typedef struct {
    const float *rows, *packed, *bias;
    Py_ssize_t height, depth, width;
    int activation;
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
            store(sums, bias, count, by->activation, by->out + row * width + first);
            store(others, bias, count, by->activation, by->out + (row + 1) * width + first);
        }
        for (; row < by->height; row++) {
            const float *one = by->rows + row * depth;
            double sums[PANEL] = {0.0};
            for (Py_ssize_t k = 0; k < depth; k++) {
                double x = one[k];
                for (int i = 0; i < PANEL; i++)
                    sums[i] += x * (double)panel[k * PANEL + i];
            }
            store(sums, bias, count, by->activation, by->out + row * width + first);
        }
    }
}

/* Replace each row by exp(x - max), divided by their sum. */
static void normalize(float *cells, Py_ssize_t height, Py_ssize_t width) {
    for (Py_ssize_t row = 0; row < height; row++, cells += width) {
        double largest = cells[0], sum = 0.0;
        for (Py_ssize_t i = 1; i < width; i++)
            if (cells[i] > largest)
                largest = cells[i];
        for (Py_ssize_t i = 0; i < width; i++)
            sum += exponential(limited(cells[i] - largest));
        for (Py_ssize_t i = 0; i < width; i++)
            cells[i] = (float)(exponential(limited(cells[i] - largest)) / sum);
    }
}

static int is_product(Py_ssize_t one, Py_ssize_t other) {
    return one > 0 && other > 0 && one <= PY_SSIZE_T_MAX / 64 / other;
}

/* Open one layer: (packed matrix, bias or None, depth, width, activation). */
static int open_layer(PyObject *layer, Dense *by, Py_buffer *views) {
    PyObject *packed, *bias;
    if (!PyTuple_Check(layer) ||
        !PyArg_ParseTuple(layer, "OOnni:layer", &packed, &bias, &by->depth, &by->width, &by->activation))
        return -1;
    if (!is_product(by->height, by->depth) || !is_product(by->height, by->width) ||
        !is_product(by->depth, by->width + PANEL) || by->activation < NONE || by->activation > SOFTMAX)
        return -1;
    Py_ssize_t padded = (by->width + PANEL - 1) / PANEL * PANEL;
    int status = open_floats(packed, &views[0], padded * by->depth);
    if (status == 0 && bias != Py_None)
        status = open_floats(bias, &views[1], by->width);
    by->packed = views[0].buf;
    by->bias = views[1].buf;
    return status;
}

/* Arguments: (rows, how many, tuple of layers). Each layer takes the cells of the one before. Returns the cells of the last
 * one as bytes. */
PyObject *dense(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *rows, *layers, *made = NULL, *before = NULL;
    Py_ssize_t height;
    Py_buffer start;
    memset(&start, 0, sizeof start);
    if (!PyArg_ParseTuple(arguments, "OnO!:dense", &rows, &height, &PyTuple_Type, &layers))
        return answer(NULL, -1);
    Py_ssize_t count = PyTuple_Size(layers), width = 0;
    int status = count > 0 && count <= MOST_LAYERS && height > 0 ? 0 : -1;
    for (Py_ssize_t i = 0; status == 0 && i < count; i++) {
        Dense by;
        Py_buffer views[2];
        memset(&by, 0, sizeof by);
        memset(views, 0, sizeof views);
        by.height = height;
        status = open_layer(PyTuple_GetItem(layers, i), &by, views);
        if (status == 0 && i == 0) {
            status = open_floats(rows, &start, height * by.depth);
            by.rows = start.buf;
        } else if (status == 0) {
            status = by.depth == width ? 0 : -1;
            by.rows = (const float *)PyBytes_AsString(before);
        }
        if (status == 0) {
            made = PyBytes_FromStringAndSize(NULL, height * by.width * 4);
            status = made != NULL ? 0 : -1;
        }
        if (status == 0) {
            by.out = (float *)PyBytes_AsString(made);
            multiply(&by);
            if (by.activation == SOFTMAX)
                normalize(by.out, height, by.width);
            width = by.width;
        }
        close_floats(&views[0]);
        close_floats(&views[1]);
        Py_XDECREF(before);
        before = made;
        made = NULL;
    }
    close_floats(&start);
    return answer(before, status);
}
