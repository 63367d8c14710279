/* Weighted sums of kernel values between rows and the vectors of a support vector machine, or of another model that is
 * linear in its kernel. The kernel values are not stored. Python equivalents: kernels.py, linear.py and svm.py.
 */
#include "kernels.h"
#include "lanes.h"
#include "walks.h"

#define SIDE DOUBLE_SIDE

enum { RBF, LAPLACIAN, POLYNOMIAL };

typedef struct {
    Numbers vectors, weights, starts, intercepts;
    double *sides, *lines; /* vectors by groups of SIDE, feature by feature; the kernel values of two rows */
    Lanes lanes;
    double gamma, coef0;
    Py_ssize_t count, padded, outputs;
    int kind, degree, is_kept;
} Machine;

static int arrange(Machine *machine, Py_ssize_t width, PyObject *kept) {
    const double *vectors = machine->vectors.data;
    Py_ssize_t groups = (machine->count + SIDE - 1) / SIDE, size = groups * SIDE * width;
    machine->lines = allocate(groups, 8 * SIDE * DOUBLE_ROWS);
    machine->padded = groups * SIDE;
    machine->lanes = find_lanes();
    machine->sides = find_kept_numbers(kept, size);
    if (machine->sides != NULL) {
        machine->is_kept = 1;
        return machine->lines != NULL ? 0 : -1;
    }
    machine->sides = allocate(size, sizeof(double));
    if (machine->sides == NULL || machine->lines == NULL)
        return -1;
    for (Py_ssize_t from = 0; from < machine->padded; from += SIDE) {
        double *side = machine->sides + from * width;
        Py_ssize_t lanes = machine->count - from < SIDE ? machine->count - from : SIDE;
        if (lanes < SIDE)
            memset(side, 0, (size_t)(SIDE * width) * sizeof(double));
        for (Py_ssize_t j = 0; j < width; j++)
            for (Py_ssize_t lane = 0; lane < lanes; lane++)
                side[j * SIDE + lane] = vectors[(from + lane) * width + j];
    }
    machine->is_kept = keep_numbers(kept, machine->sides, size);
    return 0;
}

WIDE static void finish(const Machine *machine, double *values, Py_ssize_t count) {
    double gamma = machine->gamma, coef0 = machine->coef0;
    if (machine->kind != POLYNOMIAL) {
        machine->lanes.exponentials(values, count, -gamma);
        return;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        double base = gamma * values[i] + coef0, value = 1.0;
        for (int power = 0; power < machine->degree; power++)
            value *= base;
        values[i] = value;
    }
}

/* Compute the kernel values of two rows. `second` may be the same row as `first`. */
static void measure_rows(const Machine *machine, const double *first, const double *second, Py_ssize_t width) {
    int kind = machine->kind == RBF ? SQUARE : machine->kind == LAPLACIAN ? DIFFERENCE : TIMES;
    for (Py_ssize_t from = 0; from < machine->padded; from += SIDE) {
        double values[DOUBLE_ROWS * SIDE];
        machine->lanes.sum_doubles(kind, first, second, machine->sides + from * width, width, values);
        memcpy(machine->lines + from, values, SIDE * sizeof(double));
        memcpy(machine->lines + machine->padded + from, values + SIDE, SIDE * sizeof(double));
    }
    finish(machine, machine->lines, (first == second ? 1 : DOUBLE_ROWS) * machine->padded);
}

/* One decision per pair of classes; see `one_vs_one_decisions` in svm.py. */
static void decide(const Machine *machine, const double *line, double *out) {
    const double *dual = machine->weights.data, *intercepts = machine->intercepts.data;
    Py_ssize_t classes = machine->starts.count - 1;
    for (Py_ssize_t i = 0; i < classes; i++)
        for (Py_ssize_t j = i + 1; j < classes; j++) {
            Py_ssize_t first = integer_at(&machine->starts, i), second = integer_at(&machine->starts, j);
            Sum total = {0.0, 0.0, 0.0};
            add_products(&total, dual + (j - 1) * machine->count + first, line + first,
                         integer_at(&machine->starts, i + 1) - first);
            add_products(&total, dual + i * machine->count + second, line + second,
                         integer_at(&machine->starts, j + 1) - second);
            *out++ = round_sum(&total) + *intercepts++;
        }
}

static int machine_block(void *model, const double *block, Py_ssize_t count, Py_ssize_t width, double *out) {
    const Machine *machine = model;
    const double *weights = machine->weights.data, *intercepts = machine->intercepts.data;
    for (Py_ssize_t i = 0; i < count; i++, out += machine->outputs) {
        const double *row = block + i * width, *line = machine->lines + i % 2 * machine->padded;
        if (i % 2 == 0)
            measure_rows(machine, row, i + 1 < count ? row + width : row, width);
        if (machine->starts.data != NULL)
            decide(machine, line, out);
        else
            for (Py_ssize_t j = 0; j < machine->outputs; j++)
                out[j] = product(line, weights + j * machine->count, machine->count) + intercepts[j];
        for (Py_ssize_t j = 0; j < machine->outputs; j++)
            if (!is_finite(out[j]))
                return -1;
    }
    return 0;
}

static int check_machine(const Machine *machine, Py_ssize_t width) {
    Py_ssize_t lines = machine->outputs, classes = machine->starts.count - 1;
    if (machine->count < 1 || machine->count > PY_SSIZE_T_MAX / 64 / width ||
        machine->vectors.count != machine->count * width || machine->kind < RBF || machine->kind > POLYNOMIAL)
        return -1;
    if (!is_finite(machine->gamma) || !is_finite(machine->coef0) || machine->degree < 0 || machine->degree > 16 ||
        (machine->kind != POLYNOMIAL && machine->gamma < 0.0))
        return -1;
    if (machine->starts.data != NULL) {
        if (classes < 2 || classes > 10000 || machine->outputs != classes * (classes - 1) / 2)
            return -1;
        for (Py_ssize_t i = 0; i < classes; i++)
            if (integer_at(&machine->starts, i) < 0 ||
                integer_at(&machine->starts, i) > integer_at(&machine->starts, i + 1))
                return -1;
        lines = classes - 1;
        if (integer_at(&machine->starts, classes) > machine->count)
            return -1;
    }
    return lines > 0 && machine->weights.count % lines == 0 && machine->weights.count / lines == machine->count ? 0 : -1;
}

/* Arguments: (rows, vectors, how many, kind, gamma, coef0, degree, weights, starts of classes or None, intercepts, cache
 * dict or None). */
PyObject *kernel_sums(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *object, *vectors, *weights, *starts, *intercepts, *kept, *made = NULL;
    Machine machine;
    Rows rows;
    memset(&machine, 0, sizeof machine);
    if (!PyArg_ParseTuple(arguments, "OOniddiOOOO:kernel_sums", &object, &vectors, &machine.count, &machine.kind,
                          &machine.gamma, &machine.coef0, &machine.degree, &weights, &starts, &intercepts,
                          &kept))
        return answer(NULL, -1);
    int status = open_rows(object, &rows) | open_doubles(vectors, &machine.vectors) |
                 open_doubles(weights, &machine.weights) | open_doubles(intercepts, &machine.intercepts);
    if (starts != Py_None)
        status |= open_integers(starts, &machine.starts);
    machine.outputs = machine.intercepts.count;
    if (status == 0 && check_machine(&machine, rows.width) == 0 && arrange(&machine, rows.width, kept) == 0)
        made = run_blocks(&rows, machine.outputs, &machine, machine_block);
    if (!machine.is_kept)
        PyMem_Free(machine.sides);
    PyMem_Free(machine.lines);
    close_numbers(&machine.vectors);
    close_numbers(&machine.weights);
    close_numbers(&machine.starts);
    close_numbers(&machine.intercepts);
    close_rows(&rows);
    return made != NULL ? made : answer(NULL, -1);
}
