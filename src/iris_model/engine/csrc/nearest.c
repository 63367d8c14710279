/* The nearest vectors of each row. As neighbors.py: the same ones, in the same order, by the same heap.
 *
 * Distances are estimated in float32, many at a time. Only where the estimate, less all that it may be off by, is below the
 * root of the heap is the real distance asked for: what is skipped would not have entered the heap.
 */
#include "kernels.h"
#include "lanes.h"

#define TILE FLOAT_ROWS
#define SIDE FLOAT_SIDE
/* With fewer rows, arranging the vectors costs more than it saves. */
#define FEWEST_ROWS 8
/* Beyond these float32 does not reach; rows and vectors so large are measured one by one. */
#define LARGEST_NORM 1e30
#define LARGEST_FLOAT 3.4e38

#define FLOAT32_STEP 5.9604644775390625e-08
#define STEP 1.1102230246251565e-16
/* What rounding moves the bounds of a tree's nodes by, and reaches are twice that of distances; see neighbors.py. */
#define TREE_ROUNDING 4e-10
/* Squares of whole numbers below this add up without rounding, a thousand features long. */
#define MOST_WHOLE 1e6

enum { ALL, PRODUCTS, WHOLE_PRODUCTS, TREE };

typedef struct {
    Numbers vectors, norms;
    Py_ssize_t count, padded, width, neighbors;
    int measure, doubts, root;
    Lanes lanes;
    double *center, *heap, *line;
    float *sides, *side_norms, *tile, *near;
    double reach, largest; /* the longest centered vector; the largest norm */
    Py_ssize_t *positions;
    double *distances; /* out */
    int64_t *places;
    PyObject *doubtful;
} Search;

/* ---- Estimates ---- */

static double size_of(const Search *search, const double *cells) {
    double total = 0.0;
    for (Py_ssize_t i = 0; i < search->width; i++) {
        double cell = cells[i] - search->center[i];
        total += search->measure == SQUARED || search->measure == EXPANDED ? cell * cell : cell < 0.0 ? -cell : cell;
    }
    return total;
}

static int arrange(Search *search) {
    const double *vectors = search->vectors.data;
    Py_ssize_t width = search->width, count = search->count;
    search->padded = (count + SIDE - 1) / SIDE * SIDE;
    search->lanes = find_lanes();
    search->center = allocate(width, 8);
    search->sides = allocate(search->padded, (Py_ssize_t)sizeof(float) * width);
    search->side_norms = allocate(search->padded, sizeof(float));
    search->tile = allocate(TILE * width, sizeof(float));
    search->near = allocate(search->padded, TILE * sizeof(float));
    if (!search->center || !search->sides || !search->side_norms || !search->tile || !search->near)
        return -1;
    memset(search->center, 0, (size_t)width * 8);
    memset(search->sides, 0, (size_t)(search->padded * width) * sizeof(float));
    for (Py_ssize_t i = 0; i < count; i++)
        for (Py_ssize_t j = 0; j < width; j++)
            search->center[j] += vectors[i * width + j] / (double)count;
    for (Py_ssize_t i = 0; i < search->padded; i++) {
        double size = i < count ? size_of(search, vectors + i * width) : 0.0;
        if (!(size < LARGEST_NORM))
            return 0; /* `reach` stays 0: all are measured */
        search->side_norms[i] = i < count ? (float)size : (float)LARGEST_FLOAT;
        search->reach = size > search->reach ? size : search->reach;
        for (Py_ssize_t j = 0; i < count && j < width; j++)
            search->sides[(i / SIDE * width + j) * SIDE + i % SIDE] = (float)(vectors[i * width + j] - search->center[j]);
    }
    return 0;
}

/* For each row of the tile and each vector, something that orders vectors as distances do. */
static void estimate(const Search *search) {
    int squares = search->measure == SQUARED || search->measure == EXPANDED;
    int kind = squares ? TIMES : search->measure == ABSOLUTE ? DIFFERENCE : GREATEST;
    for (Py_ssize_t from = 0; from < search->padded; from += SIDE) {
        float sums[TILE * SIDE];
        search->lanes.sum_floats(kind, search->tile, search->sides + from * search->width, search->width, sums);
        for (int row = 0; row < TILE; row++) {
            float *near = search->near + row * search->padded + from;
            for (int i = 0; i < SIDE; i++)
                near[i] = squares ? search->side_norms[from + i] - 2.0f * sums[row * SIDE + i] : sums[row * SIDE + i];
        }
    }
}

/* Whether any of SIDE estimates is below the bound. */
static inline int any_below(const float *near, float bound) {
    int below = 0;
    for (int i = 0; i < SIDE; i++)
        below |= near[i] < bound;
    return below;
}

WIDE static Py_ssize_t count_below(const float *near, Py_ssize_t count, float bound) {
    int32_t lanes[SIDE] = {0};
    Py_ssize_t total = 0;
    for (Py_ssize_t from = 0; from < count; from += SIDE)
        for (int i = 0; i < SIDE; i++)
            lanes[i] += near[from + i] < bound;
    for (int i = 0; i < SIDE; i++)
        total += lanes[i];
    return total;
}

static float as_bound(double value) {
    return value > LARGEST_FLOAT ? (float)INFINITE : value < -LARGEST_FLOAT ? -(float)LARGEST_FLOAT : (float)value;
}

/* ---- The heap ---- */

/* As `heap_push` in neighbors.py. */
static void heap_push(double *distances, Py_ssize_t *positions, Py_ssize_t size, double distance, Py_ssize_t position) {
    Py_ssize_t place = 0;
    for (Py_ssize_t child = 1; child < size; child = 2 * place + 1) {
        if (child + 1 < size && distances[child] < distances[child + 1])
            child++;
        if (!(distances[child] > distance))
            break;
        distances[place] = distances[child];
        positions[place] = positions[child];
        place = child;
    }
    distances[place] = distance;
    positions[place] = position;
}

static void empty_heap(double *distances, Py_ssize_t *positions, Py_ssize_t size) {
    for (Py_ssize_t i = 0; i < size; i++) {
        distances[i] = LARGEST_DOUBLE;
        positions[i] = 0;
    }
}

/* In rising order; of equal ones, the first of the heap first. */
static void sort_heap(double *distances, Py_ssize_t *positions, Py_ssize_t size) {
    for (Py_ssize_t i = 1; i < size; i++) {
        double distance = distances[i];
        Py_ssize_t position = positions[i], place = i;
        for (; place > 0 && distances[place - 1] > distance; place--) {
            distances[place] = distances[place - 1];
            positions[place] = positions[place - 1];
        }
        distances[place] = distance;
        positions[place] = position;
    }
}

/* ---- One row ---- */

static int is_whole(const double *row, Py_ssize_t width) {
    for (Py_ssize_t i = 0; i < width; i++)
        if (!(row[i] < MOST_WHOLE && row[i] > -MOST_WHOLE) || row[i] != (double)(int32_t)row[i])
            return 0;
    return 1;
}

static double real_distance(const Search *search, const double *row, double own, Py_ssize_t position) {
    const double *vector = (const double *)search->vectors.data + position * search->width, *norms = search->norms.data;
    return measure(search->measure, row, vector, search->width, own, norms != NULL ? norms[position] : 0.0);
}

/* Every distance, and the largest of them; -1 where one is not finite. */
static double measure_all(const Search *search, const double *row, double own) {
    double largest = 0.0;
    for (Py_ssize_t i = 0; i < search->count; i++) {
        double distance = search->line[i] = real_distance(search, row, own, i);
        if (!is_finite(distance))
            return -1.0;
        largest = distance > largest ? distance : largest;
        if (distance < search->heap[0])
            heap_push(search->heap, search->positions, search->neighbors, distance, i);
    }
    return largest;
}

/* `shift`: what estimates lack of distances; `slack`: what both together are off by. */
static int measure_near(const Search *search, const double *row, double own, const float *near, double shift,
                        double slack) {
    float bound = as_bound(search->heap[0]);
    for (Py_ssize_t from = 0; from < search->padded; from += SIDE) {
        if (!any_below(near + from, bound))
            continue;
        for (Py_ssize_t i = from; i < from + SIDE && i < search->count; i++) {
            if (!(near[i] < bound))
                continue;
            double distance = real_distance(search, row, own, i);
            if (!is_finite(distance))
                return -1;
            if (distance < search->heap[0]) {
                heap_push(search->heap, search->positions, search->neighbors, distance, i);
                double root = search->heap[0];
                bound = as_bound(root - shift + slack + 8.0 * FLOAT32_STEP * (root + shift));
            }
        }
    }
    return 0;
}

/* Whether others are so near that the last bit of the original's products decides. */
static int has_rivals(const Search *search, const float *near, double shift, double slack, double reach) {
    double limit = search->heap[0] + 8.1 * 2.0 * STEP * (reach + 2.0 * search->largest);
    if (near != NULL)
        return count_below(near, search->padded, as_bound(limit - shift + slack + 8.0 * FLOAT32_STEP * (limit + shift))) >
               search->neighbors;
    Py_ssize_t below = 0;
    for (Py_ssize_t i = 0; i < search->count; i++)
        below += search->line[i] <= limit;
    return below > search->neighbors;
}

static int find(Search *search, const double *row, const float *near, Py_ssize_t place) {
    double own = search->measure == EXPANDED ? product(row, row, search->width) : 0.0, reach, slack = 0.0, shift = 0.0;
    int squares = search->measure == SQUARED || search->measure == EXPANDED, doubtful = 0;
    double *heap = search->heap;
    empty_heap(heap, search->positions, search->neighbors);
    double size = near != NULL ? size_of(search, row) : LARGEST_NORM;
    if (size < LARGEST_NORM) {
        double terms = (double)search->width + 16.0, plain = 0.0;
        for (Py_ssize_t i = 0; i < search->width; i++)
            plain += search->center[i] < 0.0 ? -search->center[i] : search->center[i];
        shift = squares ? size : 0.0;
        reach = squares ? 2.0 * (size + search->reach) : size + search->reach;
        slack = 8.0 * terms * FLOAT32_STEP * (size + search->reach) + 1e-26 * terms;
        /* The real distance rounds as well, before the center is taken away. */
        slack += 16.0 * terms * STEP * (squares ? 4.0 * (plain * plain + size + search->reach) : plain + reach);
        if (measure_near(search, row, own, near, shift, slack) < 0)
            return -1;
    } else {
        near = NULL;
        if ((reach = measure_all(search, row, own)) < 0.0)
            return -1;
    }
    if (search->doubts == PRODUCTS || (search->doubts == WHOLE_PRODUCTS && !is_whole(row, search->width)))
        doubtful = has_rivals(search, near, shift, slack, reach);
    if (search->doubts == TREE) {
        sort_heap(heap, search->positions, search->neighbors);
        for (Py_ssize_t i = 1; i < search->neighbors; i++)
            doubtful |= heap[i] - heap[i - 1] <= TREE_ROUNDING * reach;
    }
    if (search->root)
        for (Py_ssize_t i = 0; i < search->neighbors; i++)
            heap[i] = __builtin_sqrt(heap[i]);
    sort_heap(heap, search->positions, search->neighbors);
    for (Py_ssize_t i = 0; i < search->neighbors; i++) {
        search->distances[place * search->neighbors + i] = heap[i];
        search->places[place * search->neighbors + i] = search->positions[i];
    }
    if (!doubtful)
        return 0;
    PyObject *number = PyLong_FromSsize_t(place);
    int status = number != NULL ? PyList_Append(search->doubtful, number) : -1;
    Py_XDECREF(number);
    return status;
}

static int find_all(Search *search, const Rows *rows, const double *cells) {
    Py_ssize_t width = search->width, from = 0;
    for (; search->sides != NULL && search->reach > 0.0 && from + TILE <= rows->count; from += TILE) {
        for (Py_ssize_t i = 0; i < TILE * width; i++) {
            double cell = cells[from * width + i] - search->center[i % width];
            search->tile[i] = cell < 1e16 && cell > -1e16 ? (float)cell : 0.0f;
        }
        estimate(search);
        for (Py_ssize_t row = 0; row < TILE; row++)
            if (find(search, cells + (from + row) * width, search->near + row * search->padded, from + row) < 0)
                return -1;
    }
    for (; from < rows->count; from++)
        if (find(search, cells + from * width, NULL, from) < 0)
            return -1;
    return 0;
}

/* ---- In and out ---- */

static int open_search(Search *search, const Rows *rows, PyObject *vectors, PyObject *norms) {
    int status = open_doubles(vectors, &search->vectors);
    if (norms != Py_None)
        status |= open_doubles(norms, &search->norms);
    search->width = rows->width;
    if (status < 0 || search->count < 1 || search->count > PY_SSIZE_T_MAX / 256 / rows->width ||
        search->vectors.count != search->count * rows->width)
        return -1;
    if ((search->measure == EXPANDED) != (norms != Py_None) || search->measure < SQUARED || search->measure == PRODUCT ||
        search->measure > EXPANDED || (norms != Py_None && search->norms.count != search->count))
        return -1;
    /* More than there are to choose from: a damaged file, or none of C's business. */
    if (search->neighbors < 1 || search->neighbors > search->count || search->doubts < ALL || search->doubts > TREE ||
        search->neighbors > PY_SSIZE_T_MAX / 8 / rows->count)
        return -1;
    for (Py_ssize_t i = 0; norms != Py_None && i < search->count; i++) {
        double norm = ((const double *)search->norms.data)[i];
        if (!(norm >= 0.0))
            return -1;
        search->largest = norm > search->largest ? norm : search->largest;
    }
    search->heap = allocate(search->neighbors, 8);
    search->positions = allocate(search->neighbors, sizeof(Py_ssize_t));
    search->line = allocate(search->count, 8);
    if (search->heap == NULL || search->positions == NULL || search->line == NULL)
        return -1;
    return rows->count >= FEWEST_ROWS ? arrange(search) : 0;
}

static void close_search(Search *search) {
    void *all[] = {search->center, search->heap, search->line, search->sides,
                   search->side_norms, search->tile, search->near, search->positions};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        PyMem_Free(all[i]);
    close_numbers(&search->vectors);
    close_numbers(&search->norms);
}

static PyObject *search_rows(Search *search, const Rows *rows, const double *cells) {
    Py_ssize_t size = rows->count * search->neighbors * 8;
    PyObject *distances = PyByteArray_FromStringAndSize(NULL, size);
    PyObject *places = PyByteArray_FromStringAndSize(NULL, size), *made = NULL;
    search->doubtful = PyList_New(0);
    if (distances != NULL && places != NULL && search->doubtful != NULL) {
        search->distances = (double *)PyByteArray_AsString(distances);
        search->places = (int64_t *)PyByteArray_AsString(places);
        if ((uintptr_t)search->distances % 8 == 0 && (uintptr_t)search->places % 8 == 0 &&
            find_all(search, rows, cells) == 0)
            made = PyTuple_Pack(3, distances, places, search->doubtful);
    }
    Py_XDECREF(distances);
    Py_XDECREF(places);
    Py_XDECREF(search->doubtful);
    return made;
}

/* (rows, vectors, how many, measure, norms or None, neighbors, which doubts, whether roots are taken): the distances and
 * positions of the neighbors of all rows, nearest first, and the rows for which C is not to be believed. */
PyObject *nearest(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *object, *vectors, *norms, *made = NULL;
    Search search;
    Rows rows;
    memset(&search, 0, sizeof search);
    if (!PyArg_ParseTuple(arguments, "OOniOnip:nearest", &object, &vectors, &search.count, &search.measure, &norms,
                          &search.neighbors, &search.doubts, &search.root))
        return answer(NULL, -1);
    double *copy = NULL;
    if (open_rows(object, &rows) == 0 && open_search(&search, &rows, vectors, norms) == 0) {
        if (rows.lists != NULL && rows.count <= PY_SSIZE_T_MAX / 8 / rows.width)
            copy = read_rows(&rows);
        if (rows.cells != NULL || copy != NULL)
            made = search_rows(&search, &rows, rows.cells != NULL ? rows.cells : copy);
    }
    PyMem_Free(copy);
    close_search(&search);
    close_rows(&rows);
    return answer(made, made != NULL ? 0 : -1);
}

/* (positions of the neighbors of all rows, neighbors per row, class of each training row, how many classes): the share of
 * each class among the neighbors, packed. */
PyObject *votes(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *positions, *classes, *made = NULL;
    Py_ssize_t neighbors, count;
    Numbers places, targets;
    memset(&targets, 0, sizeof targets);
    if (!PyArg_ParseTuple(arguments, "OnOn:votes", &positions, &neighbors, &classes, &count))
        return answer(NULL, -1);
    int status = open_integers(positions, &places) | open_integers(classes, &targets);
    if (status == 0 && (neighbors < 1 || places.count % neighbors != 0 || count < 1 || places.count < 1 ||
                        count > PY_SSIZE_T_MAX / 8 / places.count))
        status = -1;
    Py_ssize_t rows = status == 0 ? places.count / neighbors : 0;
    if (status == 0 && (made = PyBytes_FromStringAndSize(NULL, rows * count * 8)) == NULL)
        status = -1;
    double *out = made != NULL ? (double *)PyBytes_AsString(made) : NULL;
    for (Py_ssize_t i = 0; status == 0 && i < rows; i++, out += count) {
        memset(out, 0, (size_t)count * 8);
        for (Py_ssize_t j = 0; status == 0 && j < neighbors; j++) {
            int64_t place = integer_at(&places, i * neighbors + j);
            int64_t target = place >= 0 && place < targets.count ? integer_at(&targets, place) : -1;
            status = target >= 0 && target < count ? 0 : -1;
            if (status == 0)
                out[target] += 1.0;
        }
        for (Py_ssize_t j = 0; j < count; j++)
            out[j] /= (double)neighbors;
    }
    close_numbers(&places);
    close_numbers(&targets);
    return answer(made, status);
}

/* (list of floats, how many): the smallest and their positions, as the heap leaves them. */
PyObject *smallest(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *line, *made = NULL;
    Numbers numbers;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(arguments, "On:smallest", &line, &size))
        return answer(NULL, -1);
    int status = open_doubles(line, &numbers);
    double *heap = NULL;
    Py_ssize_t *positions = NULL;
    if (status == 0 && size >= 1 && size <= numbers.count) {
        heap = allocate(size, 8);
        positions = allocate(size, sizeof *positions);
    }
    if (heap != NULL && positions != NULL) {
        const double *cells = numbers.data;
        empty_heap(heap, positions, size);
        for (Py_ssize_t i = 0; status == 0 && i < numbers.count; i++) {
            status = cells[i] == cells[i] ? 0 : -1;
            if (cells[i] < heap[0])
                heap_push(heap, positions, size, cells[i], i);
        }
        PyObject *first = make_row(heap, size), *second = PyList_New(size);
        for (Py_ssize_t i = 0; second != NULL && i < size; i++) {
            PyObject *position = PyLong_FromSsize_t(positions[i]);
            if (position == NULL || PyList_SetItem(second, i, position) < 0)
                Py_CLEAR(second);
        }
        made = first != NULL && second != NULL ? PyTuple_Pack(2, first, second) : NULL;
        Py_XDECREF(first);
        Py_XDECREF(second);
    }
    PyMem_Free(heap);
    PyMem_Free(positions);
    close_numbers(&numbers);
    return answer(made, status == 0 && made != NULL ? 0 : -1);
}
