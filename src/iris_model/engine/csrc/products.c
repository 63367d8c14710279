/* Linear maps, distances and scaling of whole tables. Python equivalents: linear.py, metrics.py, centers.py, scaling.py. */
#include "lanes.h"

typedef struct {
    Numbers vectors, numbers;
    double *powers; /* a power of two above the magnitudes of each vector */
    Py_ssize_t count;
    int measure;
} Vectors;

/* Rows with at most this many cells are faster in groups of DOUBLE_SIDE. */
#define NARROW 12
/* How many rows share one grain. A grain for more rows is larger, and therefore less precise. */
#define CELLS_TOGETHER 1024
#define MOST_TOGETHER 64
/* Its square is far above the smallest doubles, so products lose no bits to underflow. */
#define LEAST_POWER 0x1p-300

/* Return a power of two above a magnitude; NaN if there is none. */
static double power_above(double magnitude) {
    uint64_t bits;
    if (!(magnitude < 1e300))
        return INFINITE - INFINITE;
    memcpy(&bits, &magnitude, sizeof bits);
    bits = (bits & 0x7ff0000000000000u) + 0x0010000000000000u;
    memcpy(&magnitude, &bits, sizeof bits);
    return magnitude < LEAST_POWER ? LEAST_POWER : magnitude;
}

static double largest_magnitude(const double *values, Py_ssize_t count) {
    double largest = 0.0;
    for (Py_ssize_t i = 0; i < count; i++) {
        double size = values[i] < 0.0 ? -values[i] : values[i];
        if (!(size <= largest)) /* also true for NaN, which then stays */
            largest = size;
    }
    return largest;
}

/* Rearrange narrow rows in groups of DOUBLE_SIDE, feature by feature. Return the number of rearranged rows. */
static Py_ssize_t turn(const double *rows, Py_ssize_t count, Py_ssize_t width, double *sides) {
    Py_ssize_t turned = count - count % DOUBLE_SIDE;
    for (Py_ssize_t row = 0; row < turned; row++)
        for (Py_ssize_t i = 0; i < width; i++)
            sides[(row / DOUBLE_SIDE * width + i) * DOUBLE_SIDE + row % DOUBLE_SIDE] = rows[row * width + i];
    return turned;
}

static int add_wholly(Sum *total, double term) {
    return add_exactly(&total->rest, add_exactly(&total->error, add_exactly(&total->sum, term))) == 0.0;
}

/* As `product`, but return -1 if three doubles cannot hold the sum exactly, or if it overflows. */
static int multiply_exactly(const double *x, const double *y, Py_ssize_t count, double *made) {
    Sum total = {0.0, 0.0, 0.0};
    int whole = 1;
    for (Py_ssize_t i = 0; i < count; i++)
        whole &= add_wholly(&total, x[i] * y[i]);
    *made = round_sum(&total);
    /* Check that the rest of the sum is less than its last bit. */
    whole &= add_wholly(&total, -*made) && *made + round_sum(&total) == *made;
    return whole && is_finite(*made) ? 0 : -1;
}

/* Compute up to MOST_TOGETHER rows. */
static int linear_rows(const Vectors *map, const Lanes *lanes, const double *rows, Py_ssize_t count, Py_ssize_t width,
                       double *out) {
    const double *coefficients = map->vectors.data, *intercepts = map->numbers.data;
    double made[MOST_TOGETHER], sides[NARROW * MOST_TOGETHER];
    double size = 2.0 * power_above(lanes->magnitude(rows, count * width));
    /* The sum of the low parts has `width` additions. Each rounds by at most 2^-53 of the sum's size, at most `width` times
     * 2^-53 of the size of the grain. */
    double share = (double)width * (double)width * 0x1p-104;
    Py_ssize_t turned = width <= NARROW ? turn(rows, count, width, sides) : 0;
    int status = 0;
    for (Py_ssize_t j = 0; j < map->count; j++) {
        const double *vector = coefficients + j * width;
        double grain = size * map->powers[j], off = share * grain;
        for (Py_ssize_t row = 0; row < turned; row += DOUBLE_SIDE)
            lanes->side_products(sides + row * width, vector, width, grain, off, made + row);
        lanes->products(rows + turned * width, count - turned, vector, width, grain, off, made + turned);
        for (Py_ssize_t row = 0; row < count; row++) {
            if (made[row] != made[row])
                status |= multiply_exactly(rows + row * width, vector, width, made + row);
            out[row * map->count + j] = made[row] + intercepts[j];
        }
    }
    return status;
}

/* Sums equal those of `fsum`. If that is not certain and three doubles cannot hold the sum, the kernel declines. */
static int linear_block(void *model, const double *block, Py_ssize_t count, Py_ssize_t width, double *out) {
    const Vectors *map = model;
    Lanes lanes = find_lanes();
    Py_ssize_t together = CELLS_TOGETHER / width;
    int status = 0;
    together = together < 1 ? 1 : together > MOST_TOGETHER ? MOST_TOGETHER : together;
    /* Python reports a sum that overflows; adding the intercept may overflow without an error. */
    for (Py_ssize_t row = 0; row < count; row += together) {
        Py_ssize_t here = count - row < together ? count - row : together;
        status |= linear_rows(map, &lanes, block + row * width, here, width, out + row * map->count);
    }
    return status ? -1 : 0;
}

double measure(int kind, const double *x, const double *y, Py_ssize_t width, double own, double norm) {
    double total = 0.0;
    if (kind >= PRODUCT) {
        total = product(x, y, width);
        if (kind == EXPANDED) {
            total = own - 2.0 * total + norm;
            return total <= 0.0 ? 0.0 : total;
        }
        return kind == PARTIAL ? norm - 2.0 * total : total;
    }
    /* Add from left to right, as in metrics.py: the last bit decides ties. */
    for (Py_ssize_t i = 0; i < width; i++) {
        double difference = x[i] - y[i], size = difference < 0.0 ? -difference : difference;
        if (kind == SQUARED)
            total += difference * difference;
        else if (kind == ABSOLUTE)
            total += size;
        else if (size > total || size != size)
            total = size;
    }
    return total;
}

static int distances_block(void *model, const double *block, Py_ssize_t count, Py_ssize_t width, double *out) {
    const Vectors *to = model;
    const double *vectors = to->vectors.data, *norms = to->numbers.data;
    for (Py_ssize_t i = 0; i < count; i++) {
        const double *row = block + i * width;
        double own = to->measure == EXPANDED ? product(row, row, width) : 0.0;
        for (Py_ssize_t j = 0; j < to->count; j++) {
            double norm = norms != NULL ? norms[j] : 0.0;
            *out = measure(to->measure, row, vectors + j * width, width, own, norm);
            if (!is_finite(*out++))
                return -1;
        }
    }
    return 0;
}

static double *find_powers(const Vectors *map, Py_ssize_t width) {
    const double *coefficients = map->vectors.data;
    double *powers = allocate(map->count, sizeof *powers);
    for (Py_ssize_t j = 0; powers != NULL && j < map->count; j++)
        powers[j] = power_above(largest_magnitude(coefficients + j * width, width));
    return powers;
}

static PyObject *run_vectors(PyObject *object, Vectors *to, PyObject *vectors, PyObject *numbers, Work work) {
    PyObject *made = NULL;
    Rows rows;
    int status = open_rows(object, &rows) | open_doubles(vectors, &to->vectors);
    if (numbers != Py_None)
        status |= open_doubles(numbers, &to->numbers);
    if (status == 0 && (to->count < 1 || to->count > PY_SSIZE_T_MAX / 8 / rows.width))
        status = -1;
    if (status == 0 && to->vectors.count != to->count * rows.width)
        status = -1;
    if (numbers != Py_None && to->numbers.count != to->count)
        status = -1;
    if (status == 0 && work == linear_block && (to->powers = find_powers(to, rows.width)) == NULL)
        status = -1;
    if (status == 0)
        made = run_blocks(&rows, to->count, to, work);
    PyMem_Free(to->powers);
    close_numbers(&to->vectors);
    close_numbers(&to->numbers);
    close_rows(&rows);
    return made != NULL ? made : answer(NULL, -1);
}

/* Arguments: (rows, coefficients, outputs, intercepts). */
PyObject *linear(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *rows, *coefficients, *intercepts;
    Vectors map;
    memset(&map, 0, sizeof map);
    if (!PyArg_ParseTuple(arguments, "OOnO:linear", &rows, &coefficients, &map.count, &intercepts) ||
        intercepts == Py_None)
        return answer(NULL, -1);
    return run_vectors(rows, &map, coefficients, intercepts, linear_block);
}

/* Arguments: (rows, vectors, how many, measure, norms or None). */
PyObject *distances(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *rows, *vectors, *norms;
    Vectors to;
    memset(&to, 0, sizeof to);
    if (!PyArg_ParseTuple(arguments, "OOniO:distances", &rows, &vectors, &to.count, &to.measure, &norms))
        return answer(NULL, -1);
    if (to.measure < SQUARED || to.measure > PARTIAL || (to.measure >= EXPANDED) != (norms != Py_None))
        return answer(NULL, -1);
    return run_vectors(rows, &to, vectors, norms, distances_block);
}

typedef struct {
    Numbers offset, divisor;
} Scale;

WIDE static int scale_block(void *model, const double *block, Py_ssize_t count, Py_ssize_t width, double *out) {
    const Scale *by = model;
    const double *offset = by->offset.data, *divisor = by->divisor.data;
    for (Py_ssize_t i = 0; i < count; i++, block += width, out += width)
        for (Py_ssize_t j = 0; j < width; j++)
            out[j] = (block[j] - offset[j]) / divisor[j];
    return 0;
}

/* Arguments: (rows, offset, divisor). */
PyObject *scale(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *object, *offset, *divisor, *made = NULL;
    Scale by;
    Rows rows;
    memset(&by, 0, sizeof by);
    if (!PyArg_ParseTuple(arguments, "OOO:scale", &object, &offset, &divisor))
        return answer(NULL, -1);
    int status = open_rows(object, &rows) | open_doubles(offset, &by.offset) | open_doubles(divisor, &by.divisor);
    if (by.offset.count != rows.width || by.divisor.count != rows.width)
        status = -1;
    for (Py_ssize_t i = 0; status == 0 && i < rows.width; i++)
        if (((const double *)by.divisor.data)[i] == 0.0) /* Python raises the error. */
            status = -1;
    if (status == 0)
        made = run_blocks(&rows, rows.width, &by, scale_block);
    close_numbers(&by.offset);
    close_numbers(&by.divisor);
    close_rows(&rows);
    return made != NULL ? made : answer(NULL, -1);
}
