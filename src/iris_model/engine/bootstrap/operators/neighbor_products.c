/* Distances by matrix products: their last bits depend on the machine of the original, so a row whose answer depends on them is
 * refused. Reference: engine/operators/neighbors.py (nearest_by_products), centers.py. */
#include "neighbors.h"

#include <math.h>

#define LARGEST 1.7976931348623157e308
#define EPSILON 0x1p-52
#define MOST_WHOLE 1e6
#define NOISE 4e9

typedef struct {
    const double *vectors, *norms, *priors;
    Tensor groups;
    size_t width, count, neighbors;
    double largest, radius;
    int whole, ordered, weighted;
} Products;

_Noreturn void refuse_undecided(void) {
    refuse(LITERAL("training rows with different targets are equally far from this row, and rounding decides which of them "
                   "counts; train with algorithm='kd_tree' or 'ball_tree', which decide exactly"),
           -1, NONE, NONE, "undecided");
}

static Products *open_products(Node *node) {
    Products *products = node->state = allocate(1, sizeof *products);
    need_inputs(node, 1, 1);
    Tensor vectors = tensor_of(node, "vectors");
    products->width = need_table(node, 0);
    if (vectors.dimensions != 2 || vectors.shape[1] != products->width || vectors.shape[0] == 0)
        fail_node(node, "has a matrix of another shape");
    products->count = vectors.shape[0];
    products->vectors = doubles_of(node, "vectors", vectors.count);
    products->norms = doubles_of(node, "norms", products->count);
    products->largest = products->norms[0];
    for (size_t i = 1; i < products->count; i++)
        if (products->norms[i] > products->largest)
            products->largest = products->norms[i];
    return products;
}

/* The squared distances of a row from all vectors. */
static void measure(const Products *products, const double *row, double *line) {
    double own = sum_products(row, row, products->width);
    for (size_t j = 0; j < products->count; j++) {
        double twice = 2.0 * sum_products(row, products->vectors + j * products->width, products->width);
        double value = own - twice + products->norms[j];
        line[j] = value > 0.0 ? value : 0.0;
    }
}

/* Python measures all rows before it refuses one: a value that is too large in a later row is the error then. */
static void measure_others(const Products *products, const Value *rows, size_t from) {
    double *line = allocate(products->count, sizeof *line);
    for (size_t i = from; i < rows->rows; i++)
        measure(products, rows->cells + i * products->width, line);
}

static int is_whole(const double *row, size_t width) {
    for (size_t i = 0; i < width; i++)
        if (!(fabs(row[i]) < MOST_WHOLE && row[i] == trunc(row[i])))
            return 0;
    return 1;
}

/* The distance from a double to the next larger one, as math.ulp. */
static double unit_of(double value) {
    if (value != value)
        return value;
    value = fabs(value);
    if (!is_finite(value))
        return value;
    double next = nextafter(value, (double)INFINITY);
    return is_finite(next) ? next - value : value - nextafter(value, -(double)INFINITY);
}

static void search_line(const double *line, size_t count, Heap *heap) {
    clear_heap(heap, LARGEST);
    for (size_t j = 0; j < count; j++)
        if (!(line[j] >= heap->distances[0]))
            push_neighbor(heap, line[j], j);
}

/* Whether training rows of several groups are at most `reach` from the limit. */
static int has_groups(const Products *products, const double *line, double limit, double reach) {
    int found = 0;
    int64_t first = 0;
    for (size_t j = 0; j < products->count; j++)
        if (fabs(line[j] - limit) <= reach) {
            int64_t group = integer_at(&products->groups, j);
            if (found && group != first)
                return 1;
            found = 1;
            first = group;
        }
    return 0;
}

static int is_near_the_limit(const Products *products, const double *row, size_t place, double own, double unit, double limit,
                             double noise) {
    double middle = 2.0 * sum_products(row, products->vectors + place * products->width, products->width);
    double least = (double)INFINITY, most = -(double)INFINITY;
    for (int i = -1; i <= 1; i++)
        for (int j = -1; j <= 1; j += 2) {
            double step = i < 0 ? -unit : i > 0 ? unit : 0.0, off = j < 0 ? -noise / 8.0 : noise / 8.0;
            double end = own + step - (middle + off) + products->norms[place] - step;
            least = end < least ? end : least;
            most = end > most ? end : most;
        }
    return least < most && least <= limit && limit <= most;
}

/* Whether the machine's rounding decides which training rows are selected for a distant row (_check_far). */
static int is_undecided_far(const Products *products, const double *row, const double *line, double limit, double noise) {
    double unit = unit_of(limit);
    if (!has_groups(products, line, limit, 2.0 * unit))
        return 0;
    double own = sum_products(row, row, products->width);
    for (size_t j = 0; j < products->count; j++)
        if (fabs(line[j] - limit) <= 2.0 * unit && is_near_the_limit(products, row, j, own, unit, limit, noise))
            return 1;
    return 0;
}

static int is_undecided(const Products *products, const double *row, const double *line, const Heap *heap, Heap *beyond) {
    double largest = line[0], furthest = heap->distances[0];
    for (size_t j = 1; j < products->count; j++)
        if (line[j] > largest)
            largest = line[j];
    double noise = 8 * EPSILON * (2 * sqrt(largest) * sqrt(products->largest) + products->largest);
    if (products->whole && is_whole(row, products->width))
        return 0;
    for (size_t i = 0; products->weighted && i < heap->size; i++)
        if (heap->distances[i] < NOISE * noise)
            return 1;
    if (!products->ordered || (unit_of(furthest) < 2 * noise && 2 * noise < (double)INFINITY)) {
        double next = (double)INFINITY;
        if (products->neighbors < products->count) {
            search_line(line, products->count, beyond);
            next = beyond->distances[0];
        }
        return next - furthest <= noise && has_groups(products, line, furthest, noise);
    }
    return furthest > 0.0 && furthest < (double)INFINITY && is_undecided_far(products, row, line, furthest, noise);
}

static void open_nearest_by_products(Node *node) {
    Products *products = open_products(node);
    int64_t neighbors = integer_attribute(node, "neighbors", INT64_MIN);
    if (neighbors < 1 || (uint64_t)neighbors > products->count)
        fail_node(node, "has another number of neighbors");
    products->neighbors = (size_t)neighbors;
    products->whole = flag_attribute(node, "whole", -1);
    products->ordered = flag_attribute(node, "ordered", 1);
    products->weighted = flag_attribute(node, "weighted", 0);
    products->groups = tensor_of(node, "groups");
    if (!is_integers(&products->groups) || products->groups.count != products->count)
        fail_node(node, "has a tensor of another size or type");
    node->shape = (Shape){NEIGHBORS, products->count, NULL, NULL};
}

static void run_nearest_by_products(const Node *node, const Value *const *inputs, Value *made) {
    const Products *products = node->state;
    Heap heap = new_heap(products->neighbors), beyond = new_heap(products->neighbors + 1);
    double *line = allocate(products->count, sizeof *line);
    start_neighbors(made, made->rows * products->neighbors);
    for (size_t i = 0; i < made->rows; i++) {
        const double *row = inputs[0]->cells + i * products->width;
        measure(products, row, line);
        search_line(line, products->count, &heap);
        if (is_undecided(products, row, line, &heap, &beyond)) {
            measure_others(products, inputs[0], i + 1);
            refuse_undecided();
        }
        for (size_t j = 0; j < heap.size; j++)
            heap.distances[j] = sqrt(heap.distances[j]);
        sort_neighbors(heap.distances, heap.positions, heap.size);
        for (size_t j = 0; j < heap.size; j++)
            add_neighbor(made, heap.distances[j], heap.positions[j]);
        end_neighbors(made, i);
    }
}

static void open_within_radius_by_products(Node *node) {
    Products *products = open_products(node);
    products->radius = number_attribute(node, "radius", (double)NAN);
    products->whole = flag_attribute(node, "whole", -1);
    products->weighted = flag_attribute(node, "weighted", 0);
    node->shape = (Shape){NEIGHBORS, products->count, NULL, NULL};
}

static void run_within_radius_by_products(const Node *node, const Value *const *inputs, Value *made) {
    const Products *products = node->state;
    double limit = products->radius * products->radius, *line = allocate(products->count, sizeof *line);
    double noise = 32 * EPSILON * (limit + products->largest);
    start_neighbors(made, 0);
    for (size_t i = 0; i < made->rows; i++) {
        const double *row = inputs[0]->cells + i * products->width;
        measure(products, row, line);
        int is_exact = products->whole && is_whole(row, products->width);
        for (size_t j = 0; j < products->count; j++) {
            int on_border = is_finite(limit) && fabs(line[j] - limit) <= noise;
            if (!is_exact && (on_border || (products->weighted && line[j] < NOISE * noise && line[j] <= limit))) {
                measure_others(products, inputs[0], i + 1);
                refuse_undecided();
            }
            if (line[j] <= limit)
                add_neighbor(made, sqrt(line[j]), j);
        }
        end_neighbors(made, i);
    }
}

/* -distance^2 + prior: the distance is rounded before it is squared. */
static void open_centroid_scores(Node *node) {
    Products *products = open_products(node);
    products->priors = numbers_of(node, "priors", products->count);
    make_table(node, products->count);
}

static void run_centroid_scores(const Node *node, const Value *const *inputs, Value *made) {
    const Products *products = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++, out += products->count) {
        measure(products, inputs[0]->cells + i * products->width, out);
        for (size_t j = 0; j < products->count; j++) {
            double root = sqrt(out[j]);
            out[j] = -(root * root) + products->priors[j];
        }
    }
}

const Operator NEAREST_BY_PRODUCTS = {"nearest_by_products", open_nearest_by_products, run_nearest_by_products};
const Operator WITHIN_RADIUS_BY_PRODUCTS = {"within_radius_by_products", open_within_radius_by_products,
                                            run_within_radius_by_products};
const Operator CENTROID_SCORES = {"centroid_scores", open_centroid_scores, run_centroid_scores};
