/* Find the nearest vectors of each row: the same vectors, in the same order, from the same heap as neighbors.py.
 *
 * Distances are first estimated in float32, many at a time. The exact distance is computed only if the estimate minus its
 * error bound is below the root of the heap. Skipped vectors would not have entered the heap.
 */
#include "kernels.h"
#include "heap.h"
#include "lanes.h"

#define TILE FLOAT_ROWS
#define SIDE FLOAT_SIDE
/* With fewer rows, rearranging the vectors costs more time than it saves. */
#define FEWEST_ROWS 8
/* Larger rows and vectors are not estimated: their squares could exceed the range of float32 (1e38). */
#define LARGEST_SIZE 1e15
#define LARGEST_FLOAT 3.4e38

#define FLOAT32_STEP 5.9604644775390625e-08
#define STEP 1.1102230246251565e-16
/* A bound of how far rounding moves the bounds of a tree's nodes, which are sums and differences of distances between
 * points. */
#define TREE_ROUNDING 1e-10
/* Squares of integers below this add up without rounding, for up to a thousand features. */
#define MOST_WHOLE 1e6

enum { ALL, PRODUCTS, WHOLE_PRODUCTS, TREE };

typedef struct {
    Numbers vectors, norms;
    Py_ssize_t count, padded, width, neighbors;
    int measure, squares, doubts, root;
    Lanes lanes;
    double *center, *heap, *line;
    float *sides, *side_norms, *tile, *near;
    float *kept;
    double last;                        /* the reduced distance of the last neighbor */
    double reach, largest_size, largest; /* the longest centered vector and the limit of these; the largest norm */
    Py_ssize_t *positions;
    double *distances; /* output */
    int64_t *places;
    PyObject *doubtful;
} Search;

/* ---- Estimates ---- */

static double size_of(const Search *search, const double *cells) {
    double total = 0.0;
    for (Py_ssize_t i = 0; i < search->width; i++) {
        double cell = cells[i] - search->center[i];
        total += search->squares ? cell * cell : cell < 0.0 ? -cell : cell;
    }
    return total;
}

static int arrange(Search *search) {
    const double *vectors = search->vectors.data;
    Py_ssize_t width = search->width, count = search->count;
    search->padded = (count + SIDE - 1) / SIDE * SIDE;
    search->lanes = find_lanes();
    search->largest_size = search->squares ? LARGEST_SIZE * LARGEST_SIZE : LARGEST_SIZE;
    search->center = allocate(width, 8);
    search->sides = allocate(search->padded, (Py_ssize_t)sizeof(float) * width);
    search->side_norms = allocate(search->padded, sizeof(float));
    search->tile = allocate(TILE * width, sizeof(float));
    search->near = allocate(search->padded, TILE * sizeof(float));
    search->kept = allocate(search->neighbors, sizeof(float));
    if (!search->center || !search->sides || !search->side_norms || !search->tile || !search->near || !search->kept)
        return -1;
    memset(search->center, 0, (size_t)width * 8);
    memset(search->sides, 0, (size_t)(search->padded * width) * sizeof(float));
    for (Py_ssize_t i = 0; i < count; i++)
        for (Py_ssize_t j = 0; j < width; j++)
            search->center[j] += vectors[i * width + j] / (double)count;
    for (Py_ssize_t i = 0; i < search->padded; i++) {
        double size = i < count ? size_of(search, vectors + i * width) : 0.0;
        if (!(size < search->largest_size))
            return 0; /* `reach` stays 0: every distance is computed exactly */
        search->side_norms[i] = (float)size;
        search->reach = size > search->reach ? size : search->reach;
        for (Py_ssize_t j = 0; i < count && j < width; j++)
            search->sides[(i / SIDE * width + j) * SIDE + i % SIDE] = (float)(vectors[i * width + j] - search->center[j]);
    }
    return 0;
}

/* For each row of the tile and each vector, compute an estimate that has the order of the distances. The padding of the last
 * group is infinitely far away: never below a bound, and never a neighbor. */
static void estimate(const Search *search) {
    int squares = search->squares, kind = squares ? TIMES : search->measure == ABSOLUTE ? DIFFERENCE : GREATEST;
    for (Py_ssize_t from = 0; from < search->padded; from += SIDE) {
        float sums[TILE * SIDE];
        search->lanes.sum_floats(kind, search->tile, search->sides + from * search->width, search->width, sums);
        for (int row = 0; row < TILE; row++) {
            float *near = search->near + row * search->padded + from;
            for (int i = 0; i < SIDE; i++)
                near[i] = squares ? search->side_norms[from + i] - 2.0f * sums[row * SIDE + i] : sums[row * SIDE + i];
        }
    }
    for (int row = 0; row < TILE; row++)
        for (Py_ssize_t i = search->count; i < search->padded; i++)
            search->near[row * search->padded + i] = (float)INFINITE;
}

/* Return the start of the next SIDE estimates with one below the bound, or the end. */
WIDE static Py_ssize_t next_below(const float *near, Py_ssize_t from, Py_ssize_t padded, float bound) {
    for (; from < padded; from += SIDE) {
        int below = 0;
        for (int i = 0; i < SIDE; i++)
            below |= near[from + i] < bound;
        if (below)
            break;
    }
    return from;
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

/* Compute every distance. Return the largest, or -1 if one is not finite. */
static double measure_all(const Search *search, const double *row, double own) {
    double largest = 0.0;
    empty_heap(search->heap, search->positions, search->neighbors);
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

/* Return the estimate of the last neighbor: the `size`th smallest estimate. */
static float last_estimate(float *kept, const float *near, Py_ssize_t padded, Py_ssize_t size) {
    for (Py_ssize_t i = 0; i < size; i++)
        kept[i] = LARGEST_FLOAT;
    for (Py_ssize_t from = 0; (from = next_below(near, from, padded, kept[size - 1])) < padded; from += SIDE)
        for (Py_ssize_t i = from; i < from + SIDE; i++) {
            Py_ssize_t place = size - 1;
            if (!(near[i] < kept[place]))
                continue;
            for (; place > 0 && kept[place - 1] > near[i]; place--)
                kept[place] = kept[place - 1];
            kept[place] = near[i];
        }
    return kept[size - 1];
}

/* `shift`: the difference between distances and estimates. `slack`: the error bound of both together. With a finite `bound`,
 * vectors beyond it are not offered to the heap. The result is the same unless distances tie; then return 1. */
static int measure_near(const Search *search, const double *row, double own, const float *near, double shift,
                        double slack, float bound) {
    int bounded = bound < (float)LARGEST_FLOAT;
    double outside = INFINITE, *heap = search->heap;
    empty_heap(heap, search->positions, search->neighbors);
    for (Py_ssize_t from = 0; (from = next_below(near, from, search->padded, bound)) < search->padded; from += SIDE) {
        for (Py_ssize_t i = from; i < from + SIDE && i < search->count; i++) {
            if (!(near[i] < bound))
                continue;
            double distance = real_distance(search, row, own, i), root = heap[0];
            if (!is_finite(distance))
                return -1;
            outside = distance < root ? (root < outside ? root : outside) : distance < outside ? distance : outside;
            if (distance < root) {
                heap_push(heap, search->positions, search->neighbors, distance, i);
                if (!bounded)
                    bound = as_bound(heap[0] - shift + slack + 8.0 * FLOAT32_STEP * (heap[0] + shift));
            }
        }
    }
    return bounded && outside <= heap[0];
}

/* Return whether two of the neighbors have the same distance. */
static int any_tie(const Search *search) {
    for (Py_ssize_t i = 1; i < search->neighbors; i++)
        if (!(search->heap[i] > search->heap[i - 1]))
            return 1;
    return 0;
}

/* Take square roots where required, and sort in ascending order. */
static void order(const Search *search) {
    for (Py_ssize_t i = 0; search->root && i < search->neighbors; i++)
        search->heap[i] = __builtin_sqrt(search->heap[i]);
    sort_heap(search->heap, search->positions, search->neighbors);
}

/* What is known about a row before its distances are computed. */
typedef struct {
    double own, shift, slack, reach;
} Bounds;

static Bounds bounds_of(const Search *search, double own, double size) {
    int squares = search->squares;
    double terms = (double)search->width + 16.0, center = 0.0;
    for (Py_ssize_t i = 0; i < search->width; i++)
        center += search->center[i] < 0.0 ? -search->center[i] : search->center[i];
    double reach = squares ? 2.0 * (size + search->reach) : size + search->reach;
    double slack = 8.0 * terms * FLOAT32_STEP * (size + search->reach) + 1e-26 * terms;
    /* The exact distance is also rounded, without subtracting the center first. */
    slack += 16.0 * terms * STEP * (squares ? 4.0 * (center * center + size + search->reach) : center + reach);
    return (Bounds){own, squares ? size : 0.0, slack, reach};
}

/* Return whether other vectors are so near that the last bit of the original's dot products decides. */
static int has_rivals(const Search *search, const float *near, const Bounds *bounds) {
    double limit = search->last + 8.1 * 2.0 * STEP * (bounds->reach + 2.0 * search->largest);
    double slack = bounds->slack + 8.0 * FLOAT32_STEP * (limit + bounds->shift);
    if (near != NULL)
        return count_below(near, search->padded, as_bound(limit - bounds->shift + slack)) > search->neighbors;
    Py_ssize_t below = 0;
    for (Py_ssize_t i = 0; i < search->count; i++)
        below += search->line[i] <= limit;
    return below > search->neighbors;
}

/* Fill the heap of a row, and sort it with square roots taken. Return 1 if a tie makes the neighbors uncertain, -1 if a
 * distance is not finite. */
static int fill_heap(Search *search, const double *row, const float *near, const Bounds *bounds) {
    float last = last_estimate(search->kept, near, search->padded, search->neighbors);
    double bound = last + 2.0 * bounds->slack + 8.0 * FLOAT32_STEP * (last < 0.0f ? -last : last);
    int status = measure_near(search, row, bounds->own, near, bounds->shift, bounds->slack, as_bound(bound));
    if (status != 0)
        return status;
    double root = search->heap[0];
    order(search);
    search->last = root;
    return any_tie(search);
}

static int find(Search *search, const double *row, const float *near, Py_ssize_t place) {
    double own = search->measure == EXPANDED ? product(row, row, search->width) : 0.0;
    double size = near != NULL ? size_of(search, row) : INFINITE;
    Bounds bounds = {own, 0.0, 0.0, 0.0};
    int doubtful = 0, status = 1;
    if (near != NULL && size < search->largest_size) {
        bounds = bounds_of(search, own, size);
        status = fill_heap(search, row, near, &bounds);
        if (status == 1)
            status = measure_near(search, row, own, near, bounds.shift, bounds.slack, (float)INFINITE) < 0 ? -1 : 1;
    } else {
        near = NULL;
        bounds.reach = measure_all(search, row, own);
        status = bounds.reach < 0.0 ? -1 : 1;
    }
    if (status < 0)
        return -1;
    if (status == 1) {
        search->last = search->heap[0];
        order(search);
    }
    if (search->doubts == PRODUCTS || (search->doubts == WHOLE_PRODUCTS && !is_whole(row, search->width)))
        doubtful = has_rivals(search, near, &bounds);
    double *distances = search->distances + place * search->neighbors;
    for (Py_ssize_t i = 0; i < search->neighbors; i++) {
        distances[i] = search->heap[i];
        search->places[place * search->neighbors + i] = search->positions[i];
        if (search->doubts == TREE && i > 0)
            doubtful |= distances[i] - distances[i - 1] <= TREE_ROUNDING * (search->root ? __builtin_sqrt(bounds.reach) : bounds.reach);
    }
    if (!doubtful)
        return 0;
    PyObject *number = PyLong_FromSsize_t(place);
    status = number != NULL ? PyList_Append(search->doubtful, number) : -1;
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
    search->squares = search->measure == SQUARED || search->measure == EXPANDED;
    if (status < 0 || search->count < 1 || search->count > PY_SSIZE_T_MAX / 256 / rows->width ||
        search->vectors.count != search->count * rows->width)
        return -1;
    if ((search->measure == EXPANDED) != (norms != Py_None) || search->measure < SQUARED || search->measure == PRODUCT ||
        search->measure > EXPANDED || (norms != Py_None && search->norms.count != search->count))
        return -1;
    /* More neighbors than vectors, or a damaged file: Python handles both. */
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
                   search->side_norms, search->tile, search->near, search->kept, search->positions};
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

/* Arguments: (rows, vectors, how many, measure, norms or None, neighbors, which doubts, whether to take square roots).
 * Return the distances and positions of the neighbors of all rows, nearest first, and the rows that Python must compute
 * again. */
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
