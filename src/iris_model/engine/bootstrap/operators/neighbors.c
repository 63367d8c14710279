/* Search the nearest training rows: in a tree, and in a table. Reference: engine/operators/neighbors.py. */
#include "neighbors.h"

#include <math.h>

#define LARGEST 1.7976931348623157e308

Heap new_heap(size_t size) {
    return (Heap){allocate(size, sizeof(double)), allocate(size, sizeof(size_t)), size};
}

void clear_heap(Heap *heap, double distance) {
    for (size_t i = 0; i < heap->size; i++) {
        heap->distances[i] = distance;
        heap->positions[i] = 0;
    }
}

void push_neighbor(Heap *heap, double distance, size_t position) {
    double *distances = heap->distances;
    size_t place = 0;
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= heap->size)
            break;
        if (child + 1 < heap->size && !(distances[child] >= distances[child + 1]))
            child++;
        if (!(distances[child] > distance))
            break;
        distances[place] = distances[child];
        heap->positions[place] = heap->positions[child];
        place = child;
    }
    distances[place] = distance;
    heap->positions[place] = position;
}

static void merge(const double *from, const size_t *places, size_t low, size_t middle, size_t high, double *to,
                  size_t *moved) {
    size_t left = low, right = middle;
    for (size_t i = low; i < high; i++) {
        int takes_right = left >= middle || (right < high && from[right] < from[left]);
        size_t taken = takes_right ? right++ : left++;
        to[i] = from[taken];
        moved[i] = places[taken];
    }
}

void sort_neighbors(double *distances, size_t *positions, size_t count) {
    int is_sorted = 1;
    for (size_t i = 1; i < count; i++)
        is_sorted &= !(distances[i] < distances[i - 1]);
    if (is_sorted)
        return;
    double *other = allocate(count, sizeof *other), *from = distances, *to = other;
    size_t *others = allocate(count, sizeof *others), *places = positions, *moved = others;
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t low = 0; low < count; low += 2 * run) {
            size_t middle = low + run < count ? low + run : count, high = middle + run < count ? middle + run : count;
            merge(from, places, low, middle, high, to, moved);
        }
        double *swap = from;
        from = to;
        to = swap;
        size_t *swapped = places;
        places = moved;
        moved = swapped;
    }
    if (from != distances) {
        memcpy(distances, from, count * sizeof *from);
        memcpy(positions, places, count * sizeof *places);
    }
}

void start_neighbors(Value *made, size_t expected) {
    made->starts = allocate(made->rows + 1, sizeof *made->starts);
    made->room = expected > 0 ? expected : 16;
    made->cells = allocate(made->room, sizeof *made->cells);
    made->positions = allocate(made->room, sizeof *made->positions);
    made->found = 0;
}

void add_neighbor(Value *made, double distance, size_t position) {
    if (made->found == made->room) {
        double *cells = allocate(2 * made->room, sizeof *cells);
        size_t *positions = allocate(2 * made->room, sizeof *positions);
        memcpy(cells, made->cells, made->found * sizeof *cells);
        memcpy(positions, made->positions, made->found * sizeof *positions);
        made->cells = cells;
        made->positions = positions;
        made->room *= 2;
    }
    made->cells[made->found] = distance;
    made->positions[made->found++] = position;
}

void end_neighbors(Value *made, size_t row) {
    made->starts[row + 1] = made->found;
}

typedef struct {
    Metric metric;
    const double *points, *low, *high, *radii;
    Tensor order, starts, ends, leaves;
    size_t width, count, nodes, neighbors;
    double radius;
} Search;

static Search *open_search(Node *node, const char *vectors) {
    Search *search = node->state = allocate(1, sizeof *search);
    need_inputs(node, 1, 1);
    Tensor points = tensor_of(node, vectors);
    search->width = need_table(node, 0);
    if (points.dimensions != 2 || points.shape[1] != search->width || points.shape[0] == 0)
        fail_node(node, "has a matrix of another shape");
    search->count = points.shape[0];
    search->points = doubles_of(node, vectors, points.count);
    search->metric = open_metric(node, search->width);
    node->shape = (Shape){NEIGHBORS, search->count, NULL, NULL};
    return search;
}

static size_t read_neighbors(const Node *node, size_t count) {
    int64_t neighbors = integer_attribute(node, "neighbors", INT64_MIN);
    if (neighbors < 1 || (uint64_t)neighbors > count)
        fail_node(node, "has another number of neighbors");
    return (size_t)neighbors;
}

static Tensor whole_numbers(const Node *node, const char *name, size_t count, int64_t most) {
    Tensor tensor = tensor_of(node, name);
    if (!is_integers(&tensor) || tensor.count != count)
        fail_node(node, "has a tensor of another size or type");
    for (size_t i = 0; i < count; i++)
        if (integer_at(&tensor, i) < 0 || integer_at(&tensor, i) > most)
            fail_node(node, "has a number out of range");
    return tensor;
}

static void open_nearest_in_tree(Node *node) {
    Search *search = open_search(node, "points");
    Tensor starts = tensor_of(node, "starts");
    size_t nodes = search->nodes = starts.count;
    search->neighbors = read_neighbors(node, search->count);
    search->order = whole_numbers(node, "order", search->count, (int64_t)search->count - 1);
    search->starts = whole_numbers(node, "starts", nodes, (int64_t)search->count);
    search->ends = whole_numbers(node, "ends", nodes, (int64_t)search->count);
    search->leaves = whole_numbers(node, "leaves", nodes, 1);
    search->low = doubles_of(node, "low", nodes * search->width);
    if (nodes == 0)
        fail_node(node, "has an empty tree");
    if (has_tensor(node, "radii"))
        search->radii = doubles_of(node, "radii", nodes);
    else
        search->high = doubles_of(node, "high", nodes * search->width);
    if (search->radii == NULL && search->metric.box_power == 0.0)
        fail_node(node, "has boxes for another metric");
    for (size_t i = 0; i < nodes; i++)
        if (!integer_at(&search->leaves, i) && 2 * i + 2 >= nodes)
            fail_node(node, "has children that do not exist");
}

static double box_distance(const Search *search, size_t node, const double *row) {
    const double *low = search->low + node * search->width, *high = search->high + node * search->width;
    double total = 0.0, power = search->metric.box_power;
    for (size_t i = 0; i < search->width; i++) {
        double below = low[i] - row[i], above = row[i] - high[i];
        double outside = 0.5 * ((below + fabs(below)) + (above + fabs(above)));
        if (power == 2.0)
            total += outside * outside;
        else if (power == 1.0)
            total += outside;
        else if (outside > total)
            total = outside;
    }
    return total;
}

/* A lower bound of the reduced distance from the row to the points of the node. */
static double bound_of(const Search *search, size_t node, const double *row) {
    if (search->radii == NULL)
        return box_distance(search, node, row);
    const Metric *metric = &search->metric;
    double center = metric->reduced(metric, row, search->low + node * search->width, search->width);
    double reach = expand_distance(metric, center) - search->radii[node];
    return reach > 0.0 ? reduce_distance(metric, reach) : 0.0;
}

typedef struct {
    double bound;
    size_t node;
} Waiting;

static void search_tree(const Search *search, const double *row, Heap *heap, Waiting *waiting) {
    size_t count = 1;
    waiting[0] = (Waiting){bound_of(search, 0, row), 0};
    while (count > 0) {
        Waiting next = waiting[--count];
        if (next.bound > heap->distances[0])
            continue;
        if (integer_at(&search->leaves, next.node)) {
            size_t end = (size_t)integer_at(&search->ends, next.node);
            for (size_t place = (size_t)integer_at(&search->starts, next.node); place < end; place++) {
                const double *point = search->points + place * search->width;
                double distance = search->metric.reduced(&search->metric, row, point, search->width);
                if (!(distance >= heap->distances[0]))
                    push_neighbor(heap, distance, (size_t)integer_at(&search->order, place));
            }
            continue;
        }
        Waiting left = {bound_of(search, 2 * next.node + 1, row), 2 * next.node + 1};
        Waiting right = {bound_of(search, 2 * next.node + 2, row), 2 * next.node + 2};
        int left_first = left.bound <= right.bound;
        waiting[count++] = left_first ? right : left;
        waiting[count++] = left_first ? left : right;
    }
}

static void take_heap(const Metric *metric, Heap *heap, Value *made, size_t row) {
    for (size_t i = 0; i < heap->size; i++)
        heap->distances[i] = expand_distance(metric, heap->distances[i]);
    sort_neighbors(heap->distances, heap->positions, heap->size);
    for (size_t i = 0; i < heap->size; i++)
        add_neighbor(made, heap->distances[i], heap->positions[i]);
    end_neighbors(made, row);
}

static void run_nearest_in_tree(const Node *node, const Value *const *inputs, Value *made) {
    const Search *search = node->state;
    Heap heap = new_heap(search->neighbors);
    Waiting *waiting = allocate(search->nodes + 2, sizeof *waiting);
    start_neighbors(made, made->rows * search->neighbors);
    for (size_t i = 0; i < made->rows; i++) {
        clear_heap(&heap, (double)INFINITY);
        search_tree(search, inputs[0]->cells + i * search->width, &heap, waiting);
        take_heap(&search->metric, &heap, made, i);
    }
}

static void open_nearest_in_table(Node *node) {
    Search *search = open_search(node, "vectors");
    search->neighbors = read_neighbors(node, search->count);
}

static void run_nearest_in_table(const Node *node, const Value *const *inputs, Value *made) {
    const Search *search = node->state;
    Heap heap = new_heap(search->neighbors);
    start_neighbors(made, made->rows * search->neighbors);
    for (size_t i = 0; i < made->rows; i++) {
        const double *row = inputs[0]->cells + i * search->width;
        clear_heap(&heap, LARGEST);
        for (size_t j = 0; j < search->count; j++) {
            const double *point = search->points + j * search->width;
            double distance = search->metric.reduced(&search->metric, row, point, search->width);
            if (!(distance >= heap.distances[0]))
                push_neighbor(&heap, distance, j);
        }
        take_heap(&search->metric, &heap, made, i);
    }
}

static void open_within_radius(Node *node) {
    Search *search = open_search(node, "vectors");
    search->radius = number_attribute(node, "radius", (double)NAN);
}

static void run_within_radius(const Node *node, const Value *const *inputs, Value *made) {
    const Search *search = node->state;
    double limit = reduce_distance(&search->metric, search->radius);
    start_neighbors(made, 0);
    for (size_t i = 0; i < made->rows; i++) {
        const double *row = inputs[0]->cells + i * search->width;
        for (size_t j = 0; j < search->count; j++) {
            const double *point = search->points + j * search->width;
            double distance = search->metric.reduced(&search->metric, row, point, search->width);
            if (distance <= limit)
                add_neighbor(made, expand_distance(&search->metric, distance), j);
        }
        end_neighbors(made, i);
    }
}

const Operator NEAREST_IN_TREE = {"nearest_in_tree", open_nearest_in_tree, run_nearest_in_tree};
const Operator NEAREST_IN_TABLE = {"nearest_in_table", open_nearest_in_table, run_nearest_in_table};
const Operator WITHIN_RADIUS = {"within_radius", open_within_radius, run_within_radius};
