/* From decision values to probabilities and labels. Python equivalents: links.py, activations.py, float32.py, labels.py.
 * The exponential is that of elementary.py.
 */
#include "lanes.h"

#define EXPONENTIAL_NAME exponential_within
#define REAL double
#define WHOLE int64_t
#define POSITIVE uint64_t
#include "exponential.h"

/* The largest argument that XGBoost passes to the exponential in its sigmoid. */
#define LARGEST_FLOAT32_EXPONENT 88.69999694824219
/* Above this, a float32 exponential is infinite. */
#define FLOAT32_OVERFLOW 88.72283935546875

enum {
    EXPIT, EXPIT_PAIR, SOFTMAX, SOFTMAX_PAIR, LOGISTIC, COMPLEMENT_PAIR, EXPONENTIAL,
    EXPIT_FLOAT32, PAIR_FLOAT32, SOFTMAX_FLOAT32, EXPONENTIAL_FLOAT32, LINKS
};

typedef struct {
    int link;
    double slope;
} Link;

static inline double exponential(double value) {
    return exponential_within(value < LEAST_EXPONENT ? LEAST_EXPONENT : value);
}

/* The number of exponentials computed together. The bits are the same as one at a time. */
#define CHUNK 256

static inline double magnitude(double value) {
    return value >= 0.0 ? value : -value;
}

/* EXPIT, EXPIT_PAIR and SOFTMAX_PAIR for single decision values: one exponential each, of a number that is at most 0. */
static void map_decisions(int link, const double *block, Py_ssize_t count, double *out) {
    Lanes lanes = find_lanes();
    double powers[CHUNK];
    for (Py_ssize_t from = 0; from < count; from += CHUNK, block += CHUNK) {
        Py_ssize_t here = count - from < CHUNK ? count - from : CHUNK;
        memset(powers, 0, sizeof powers);
        for (Py_ssize_t i = 0; i < here; i++)
            powers[i] = -magnitude(block[i]);
        lanes.exponentials(powers, (here + DOUBLE_SIDE - 1) / DOUBLE_SIDE * DOUBLE_SIDE, link == SOFTMAX_PAIR ? 2.0 : 1.0);
        for (Py_ssize_t i = 0; i < here; i++) {
            double total = 1.0 + powers[i], share = 1.0 / total, rest = powers[i] / total;
            double value = block[i] >= 0.0 ? share : rest;
            if (link != EXPIT)
                *out++ = link == SOFTMAX_PAIR ? (block[i] >= 0.0 ? rest : share) : 1.0 - value;
            *out++ = value;
        }
    }
}

static inline double float32(double value) {
    return (float)value;
}

static void map_cells(const Link *link, const double *block, Py_ssize_t cells, double *out) {
    switch (link->link) {
    case LOGISTIC:
        for (Py_ssize_t i = 0; i < cells; i++) {
            double value = link->slope * block[i];
            double power = exponential(value > -LARGEST_EXPONENT ? -value : 0.0);
            out[i] = value > -LARGEST_EXPONENT ? 1.0 / (1.0 + power) : 0.0;
        }
        break;
    case EXPONENTIAL:
        for (Py_ssize_t i = 0; i < cells; i++)
            out[i] = exponential(block[i]);
        break;
    case EXPIT_FLOAT32:
        for (Py_ssize_t i = 0; i < cells; i++) {
            double value = -block[i] < LARGEST_FLOAT32_EXPONENT ? -block[i] : LARGEST_FLOAT32_EXPONENT;
            out[i] = float32(1.0 / float32(float32(exponential(value)) + 1.0));
        }
        break;
    case EXPONENTIAL_FLOAT32:
        for (Py_ssize_t i = 0; i < cells; i++) {
            double power = exponential(block[i] < FLOAT32_OVERFLOW ? block[i] : 0.0);
            out[i] = block[i] < FLOAT32_OVERFLOW ? float32(power) : INFINITE;
        }
        break;
    }
}

static void make_pairs(const Link *link, const double *block, Py_ssize_t count, double *out) {
    for (Py_ssize_t i = 0; i < count; i++) {
        double value = block[i], other = 1.0 - value;
        out[2 * i] = link->link == PAIR_FLOAT32 ? float32(other) : other;
        out[2 * i + 1] = value;
    }
}

/* In float32, every step except the additions of the sum is rounded to float32. */
static void softmax_row(int in_float32, const double *row, Py_ssize_t width, double *out) {
    double largest = row[0], total = 0.0;
    for (Py_ssize_t i = 1; i < width; i++)
        if (row[i] > largest)
            largest = row[i];
    for (Py_ssize_t i = 0; i < width; i++) {
        out[i] = exponential(in_float32 ? float32(row[i] - largest) : row[i] - largest);
        if (in_float32)
            out[i] = float32(out[i]);
        total += out[i];
    }
    if (in_float32)
        total = float32(total);
    for (Py_ssize_t i = 0; i < width; i++)
        out[i] = in_float32 ? float32(out[i] / total) : out[i] / total;
}

static int link_block(void *model, const double *block, Py_ssize_t count, Py_ssize_t width, double *out) {
    const Link *link = model;
    for (Py_ssize_t i = 0; i < count * width; i++)
        if (!is_finite(block[i]) || (link->link == EXPONENTIAL && block[i] > LARGEST_EXPONENT))
            return -1;
    switch (link->link) {
    case EXPIT:
        map_decisions(EXPIT, block, count * width, out);
        return 0;
    case EXPIT_PAIR: case SOFTMAX_PAIR: /* one column */
        map_decisions(link->link, block, count, out);
        return 0;
    case COMPLEMENT_PAIR: case PAIR_FLOAT32:
        make_pairs(link, block, count, out);
        return 0;
    case SOFTMAX: case SOFTMAX_FLOAT32:
        for (Py_ssize_t i = 0; i < count; i++)
            softmax_row(link->link == SOFTMAX_FLOAT32, block + i * width, width, out + i * width);
        return 0;
    }
    map_cells(link, block, count * width, out);
    return 0;
}

/* Arguments: (rows, which link, slope). */
PyObject *map_rows(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *object, *made = NULL;
    Link link;
    Rows rows;
    if (!PyArg_ParseTuple(arguments, "Oid:map_rows", &object, &link.link, &link.slope) || link.link < 0 ||
        link.link >= LINKS || !is_finite(link.slope))
        return answer(NULL, -1);
    int pairs = link.link == EXPIT_PAIR || link.link == SOFTMAX_PAIR || link.link == COMPLEMENT_PAIR ||
                link.link == PAIR_FLOAT32;
    if (open_rows(object, &rows) == 0 && (!pairs || rows.width == 1))
        made = run_blocks(&rows, pairs ? 2 : rows.width, &link, link_block);
    close_rows(&rows);
    return made != NULL ? made : answer(NULL, -1);
}

/* Return the index of the class, or -1 if a cell is missing: Python then decides. */
static Py_ssize_t choose(const double *row, Py_ssize_t width, double threshold, int inclusive) {
    Py_ssize_t best = 0;
    if (threshold == threshold) {
        if (row[0] != row[0])
            return -1;
        return inclusive ? row[0] >= threshold : row[0] > threshold;
    }
    for (Py_ssize_t i = 0; i < width; i++) {
        if (row[i] != row[i])
            return -1;
        if (row[i] > row[best])
            best = i;
    }
    return best;
}

/* Arguments: (table, classes, threshold or NaN, inclusive). Return the class of the largest cell; of equal cells, the first.
 * With a threshold, return the second class if the cell is above it. */
PyObject *label_rows(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *object, *classes, *made = NULL;
    double threshold;
    int inclusive;
    Rows rows;
    if (!PyArg_ParseTuple(arguments, "OOdp:label_rows", &object, &classes, &threshold, &inclusive) ||
        !PyList_CheckExact(classes))
        return answer(NULL, -1);
    int status = open_rows(object, &rows);
    if (status == 0 && (rows.cells == NULL || (threshold == threshold && PyList_Size(classes) != 2)))
        status = -1;
    if (status == 0 && (made = PyList_New(rows.count)) == NULL)
        status = -1;
    for (Py_ssize_t i = 0; status == 0 && i < rows.count; i++) {
        Py_ssize_t best = choose(rows.cells + i * rows.width, rows.width, threshold, inclusive);
        PyObject *label = best >= 0 && best < PyList_Size(classes) ? PyList_GetItem(classes, best) : NULL;
        Py_XINCREF(label);
        status = label != NULL ? PyList_SetItem(made, i, label) : -1;
    }
    close_rows(&rows);
    return answer(made, status);
}

/* Arguments: (table, number of classes, threshold or NaN, inclusive). As label_rows, but return the index of the class of
 * each row as eight bytes. */
PyObject *label_places(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *object, *made = NULL;
    Py_ssize_t classes;
    double threshold;
    int inclusive, status = -1;
    Rows rows;
    if (!PyArg_ParseTuple(arguments, "Ondp:label_places", &object, &classes, &threshold, &inclusive))
        return answer(NULL, -1);
    int by_threshold = threshold == threshold;
    if (open_rows(object, &rows) == 0 && rows.cells != NULL && (by_threshold ? classes == 2 : rows.width <= classes))
        made = PyBytes_FromStringAndSize(NULL, rows.count * 8);
    if (made != NULL) {
        int64_t *places = (int64_t *)PyBytes_AsString(made);
        status = 0;
        for (Py_ssize_t i = 0; status == 0 && i < rows.count; i++) {
            places[i] = choose(rows.cells + i * rows.width, rows.width, threshold, inclusive);
            status = places[i] < 0 ? -1 : 0;
        }
    }
    close_rows(&rows);
    return answer(made, made != NULL ? status : -1);
}
