/* Answers from the nearest training rows: classes, means, densities. References: engine/operators/votes.py, manifolds.py. */
#include "neighbors.h"

#include <math.h>

typedef struct {
    const Json *classes;
    const Json *outlier;
    Tensor targets;
    const double *numbers, *others;
    size_t width;
    double alone;
    int64_t outlier_class;
    int weighted, refuses;
} Votes;

static Votes *open_found(Node *node) {
    Votes *votes = node->state = allocate(1, sizeof *votes);
    need_inputs(node, 1, 1);
    if (node->shapes[0].kind != NEIGHBORS)
        fail_node(node, "needs neighbors");
    return votes;
}

static void read_targets(const Node *node, Votes *votes, size_t classes) {
    votes->targets = tensor_of(node, "targets");
    if (!is_integers(&votes->targets) || votes->targets.count != node->shapes[0].width)
        fail_node(node, "has a tensor of another size or type");
    for (size_t i = 0; i < votes->targets.count; i++) {
        int64_t target = integer_at(&votes->targets, i);
        if (target < 0 || (uint64_t)target >= classes)
            fail_node(node, "has a class that does not exist");
    }
}

static size_t count_classes(const Node *node) {
    int64_t count = integer_attribute(node, "count", INT64_MIN);
    if (count < 1 || count > 1 << 24)
        fail_node(node, "has another number of classes");
    return (size_t)count;
}

/* 1 / distance. If some neighbors have distance zero, only those count. */
static double *weigh(const double *distances, size_t count) {
    double *weights = allocate(count > 0 ? count : 1, sizeof *weights);
    int has_infinite = 0, has_any = 0;
    for (size_t i = 0; i < count; i++) {
        weights[i] = distances[i] != 0.0 ? 1.0 / distances[i] : (double)INFINITY;
        has_infinite |= weights[i] == (double)INFINITY;
    }
    for (size_t i = 0; i < count; i++) {
        if (has_infinite)
            weights[i] = weights[i] == (double)INFINITY ? 1.0 : 0.0;
        has_any |= weights[i] != 0.0;
    }
    if (!has_any)
        fail(VALUE_ERROR, LITERAL("its neighbors are infinitely far away"));
    return weights;
}

static void count_votes(const Votes *votes, const Value *found, size_t row, double *out) {
    size_t start = found->starts[row], count = found->starts[row + 1] - start;
    const double *weights = votes->weighted ? weigh(found->cells + start, count) : NULL;
    for (size_t i = 0; i < count; i++)
        out[integer_at(&votes->targets, found->positions[start + i])] += weights != NULL ? weights[i] : 1.0;
}

static void open_neighbor_votes(Node *node) {
    Votes *votes = open_found(node);
    votes->width = count_classes(node);
    votes->weighted = flag_attribute(node, "weighted", -1);
    read_targets(node, votes, votes->width);
    make_table(node, votes->width);
}

static void run_neighbor_votes(const Node *node, const Value *const *inputs, Value *made) {
    const Votes *votes = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++, out += votes->width) {
        count_votes(votes, inputs[0], i, out);
        double total = numpy_sum(out, votes->width);
        for (size_t k = 0; k < votes->width; k++)
            out[k] /= total;
    }
}

static void open_neighbor_label(Node *node) {
    Votes *votes = open_found(node);
    votes->classes = list_attribute(node, "classes");
    read_targets(node, votes, votes->classes->count);
    node->shape = (Shape){LABELS, 0, votes->classes, NULL};
}

static void run_neighbor_label(const Node *node, const Value *const *inputs, Value *made) {
    const Votes *votes = node->state;
    const Value *found = inputs[0];
    made->labels = allocate(made->rows, sizeof(const Json *));
    for (size_t i = 0; i < made->rows; i++) {
        size_t start = found->starts[i], count = found->starts[i + 1] - start;
        const double *weights = weigh(found->cells + start, count);
        double *chosen = allocate(count, sizeof *chosen), most = -1.0;
        size_t best = 0;
        for (size_t k = 0; k < votes->classes->count; k++) {
            for (size_t j = 0; j < count; j++) {
                size_t target = (size_t)integer_at(&votes->targets, found->positions[start + j]);
                chosen[j] = target == k ? weights[j] : 0.0;
            }
            double total = numpy_sum(chosen, count);
            if (total > most) {
                best = k;
                most = total;
            }
        }
        made->labels[i] = &votes->classes->items[best];
    }
}

static void open_neighbor_means(Node *node) {
    Votes *votes = open_found(node);
    Tensor targets = tensor_of(node, "targets");
    if (targets.dimensions != 2 || targets.shape[0] != node->shapes[0].width)
        fail_node(node, "has a matrix of another shape");
    votes->width = targets.shape[1];
    votes->numbers = numbers_of(node, "targets", targets.count);
    votes->weighted = flag_attribute(node, "weighted", -1);
    votes->alone = attribute_of(node, "alone") != NULL ? number_attribute(node, "alone", (double)NAN) : (double)NAN;
    make_table(node, votes->width);
}

static void run_neighbor_means(const Node *node, const Value *const *inputs, Value *made) {
    const Votes *votes = node->state;
    const Value *found = inputs[0];
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++) {
        size_t start = found->starts[i], count = found->starts[i + 1] - start;
        double *values = allocate(count > 0 ? count : 1, sizeof *values);
        const double *weights = votes->weighted && count > 0 ? weigh(found->cells + start, count) : NULL;
        double total = weights != NULL ? numpy_sum(weights, count) : (double)count;
        for (size_t k = 0; k < votes->width; k++) {
            for (size_t j = 0; j < count; j++) {
                double value = votes->numbers[found->positions[start + j] * votes->width + k];
                values[j] = weights != NULL ? value * weights[j] : value;
            }
            *out++ = count > 0 ? numpy_sum(values, count) / total : votes->alone;
        }
    }
}

static void open_radius_votes(Node *node) {
    Votes *votes = open_found(node);
    votes->width = count_classes(node);
    votes->weighted = flag_attribute(node, "weighted", -1);
    votes->refuses = flag_attribute(node, "refuse", -1);
    votes->outlier_class = integer_attribute(node, "outlier", -1);
    read_targets(node, votes, votes->width);
    make_table(node, votes->width);
}

static void run_radius_votes(const Node *node, const Value *const *inputs, Value *made) {
    const Votes *votes = node->state;
    const Value *found = inputs[0];
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++, out += votes->width) {
        if (found->starts[i] == found->starts[i + 1]) {
            if (votes->refuses)
                refuse(LITERAL("no training row lies within the radius of this row, and the model has no label for outliers"),
                       -1, NONE, NONE, NULL);
            for (size_t k = 0; k < votes->width; k++)
                out[k] = (int64_t)k == votes->outlier_class ? 1.0 : 0.0;
            continue;
        }
        count_votes(votes, found, i, out);
        double total = numpy_sum(out, votes->width);
        for (size_t k = 0; k < votes->width; k++)
            out[k] /= total != 0.0 ? total : 1.0;
    }
}

static void open_label_or_outlier(Node *node) {
    Votes *votes = node->state = allocate(1, sizeof *votes);
    need_inputs(node, 1, 1);
    votes->width = need_table(node, 0);
    votes->classes = list_attribute(node, "classes");
    votes->outlier = attribute_of(node, "outlier");
    /* Without one, such a row was refused. */
    votes->outlier = votes->outlier != NULL ? votes->outlier : &JSON_NULL;
    if (votes->classes->count < votes->width || votes->outlier->kind >= LIST)
        fail_node(node, "has too few classes");
    Json *all = new_list(votes->classes->count + 1);
    for (uint32_t i = 0; i < votes->classes->count; i++)
        set_item(all, &votes->classes->items[i]);
    node->shape = (Shape){LABELS, 0, set_item(all, votes->outlier)};
}

static void run_label_or_outlier(const Node *node, const Value *const *inputs, Value *made) {
    const Votes *votes = node->state;
    made->labels = allocate(made->rows, sizeof(const Json *));
    for (size_t i = 0; i < made->rows; i++) {
        const double *row = inputs[0]->cells + i * votes->width;
        size_t best = 0;
        int has_any = row[0] != 0.0;
        for (size_t k = 1; k < votes->width; k++) {
            has_any |= row[k] != 0.0;
            if (row[k] > row[best])
                best = k;
        }
        made->labels[i] = has_any ? &votes->classes->items[best] : votes->outlier;
    }
}

static void open_local_outlier_factor(Node *node) {
    Votes *votes = open_found(node);
    votes->numbers = numbers_of(node, "reaches", node->shapes[0].width);
    votes->others = numbers_of(node, "densities", node->shapes[0].width);
    make_table(node, 1);
}

static void run_local_outlier_factor(const Node *node, const Value *const *inputs, Value *made) {
    const Votes *votes = node->state;
    const Value *found = inputs[0];
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++) {
        size_t start = found->starts[i], count = found->starts[i + 1] - start;
        double *values = allocate(count, sizeof *values);
        for (size_t j = 0; j < count; j++) {
            double distance = found->cells[start + j], reach = votes->numbers[found->positions[start + j]];
            values[j] = reach > distance ? reach : distance;
        }
        double density = 1.0 / (numpy_sum(values, count) / (double)count + 1e-10);
        for (size_t j = 0; j < count; j++)
            values[j] = votes->others[found->positions[start + j]] / density;
        out[i] = -(numpy_sum(values, count) / (double)count);
    }
}

/* Shares of a row's sum; NaN if it is zero. */
static void divide_by_sum(double *row, size_t width) {
    double total = numpy_sum(row, width);
    for (size_t k = 0; k < width; k++)
        row[k] = total != 0.0 ? row[k] / total : (double)NAN;
}

static void open_neighbor_shares(Node *node) {
    Votes *votes = open_found(node);
    Tensor shares = tensor_of(node, "shares");
    if (shares.dimensions != 2 || shares.shape[0] != node->shapes[0].width)
        fail_node(node, "has a matrix of another shape");
    votes->width = shares.shape[1];
    votes->numbers = doubles_of(node, "shares", shares.count);
    make_table(node, votes->width);
}

static void run_neighbor_shares(const Node *node, const Value *const *inputs, Value *made) {
    const Votes *votes = node->state;
    const Value *found = inputs[0];
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++, out += votes->width) {
        for (size_t j = found->starts[i]; j < found->starts[i + 1]; j++)
            for (size_t k = 0; k < votes->width; k++)
                out[k] += votes->numbers[found->positions[j] * votes->width + k];
        divide_by_sum(out, votes->width);
    }
}

static void open_shares_or_nan(Node *node) {
    need_inputs(node, 1, 1);
    make_table(node, need_table(node, 0));
}

static void run_shares_or_nan(const Node *node, const Value *const *inputs, Value *made) {
    size_t width = made->shape.width;
    double *out = new_cells(made);
    (void)node;
    memcpy(out, inputs[0]->cells, made->rows * width * sizeof *out);
    for (size_t i = 0; i < made->rows; i++)
        divide_by_sum(out + i * width, width);
}

const Operator NEIGHBOR_VOTES = {"neighbor_votes", open_neighbor_votes, run_neighbor_votes};
const Operator NEIGHBOR_LABEL = {"neighbor_label", open_neighbor_label, run_neighbor_label};
const Operator NEIGHBOR_MEANS = {"neighbor_means", open_neighbor_means, run_neighbor_means};
const Operator RADIUS_VOTES = {"radius_votes", open_radius_votes, run_radius_votes};
const Operator LABEL_OR_OUTLIER = {"label_or_outlier", open_label_or_outlier, run_label_or_outlier};
const Operator LOCAL_OUTLIER_FACTOR = {"local_outlier_factor", open_local_outlier_factor, run_local_outlier_factor};
const Operator NEIGHBOR_SHARES = {"neighbor_shares", open_neighbor_shares, run_neighbor_shares};
const Operator SHARES_OR_NAN = {"shares_or_nan", open_shares_or_nan, run_shares_or_nan};
