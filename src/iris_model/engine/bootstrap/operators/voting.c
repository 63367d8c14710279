/* Combine the answers of an ensemble's estimators. References: engine/operators/voting.py, ensembles.py, calibration.py. */
#include "../sums.h"

#include "../../csrc/text/text.h"

typedef struct {
    const double *weights;
    const Json *classes;
    double total;
    size_t width, count;
} Votes;

static void open_weighted_mean(Node *node) {
    Votes *votes = node->state = allocate(1, sizeof *votes);
    need_inputs(node, 1, SIZE_MAX);
    votes->width = need_table(node, 0);
    for (size_t i = 1; i < node->input_count; i++)
        if (need_table(node, i) != votes->width)
            fail_node(node, "needs tables of one width");
    votes->weights = numbers_of(node, "weights", node->input_count);
    votes->total = number_attribute(node, "total", missing_cell());
    if (votes->total == 0.0)
        fail_node(node, "divides by zero");
    make_table(node, votes->width);
}

static void run_weighted_mean(const Node *node, const Value *const *inputs, Value *made) {
    const Votes *votes = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows * votes->width; i++) {
        for (size_t j = 0; j < node->input_count; j++)
            out[i] += inputs[j]->cells[i] * votes->weights[j];
        out[i] /= votes->total;
    }
}

static void open_majority_label(Node *node) {
    Votes *votes = node->state = allocate(1, sizeof *votes);
    need_inputs(node, 1, SIZE_MAX);
    votes->classes = list_attribute(node, "classes");
    votes->weights = numbers_of(node, "weights", node->input_count);
    for (size_t i = 0; i < node->input_count; i++) {
        const Json *positions = node->shapes[i].classes;
        if (node->shapes[i].kind != LABELS)
            fail_node(node, "needs positions");
        for (uint32_t j = 0; j < positions->count; j++) {
            int fits = 0;
            int64_t place = positions->items[j].kind == INTEGER ? small_integer(&positions->items[j], &fits) : -1;
            if (!fits || place < 0 || place >= (int64_t)votes->classes->count)
                fail_node(node, "needs positions of classes");
        }
    }
    node->shape = (Shape){LABELS, 0, votes->classes, NULL};
}

static void run_majority_label(const Node *node, const Value *const *inputs, Value *made) {
    const Votes *votes = node->state;
    size_t count = votes->classes->count, best;
    double *totals = allocate(count, sizeof *totals);
    made->labels = allocate(made->rows, sizeof(const Json *));
    for (size_t i = 0; i < made->rows; i++) {
        int fits;
        memset(totals, 0, count * sizeof *totals);
        for (size_t j = 0; j < node->input_count; j++)
            totals[small_integer(inputs[j]->labels[i], &fits)] += votes->weights[j];
        best = 0;
        for (size_t k = 1; k < count; k++)
            if (totals[k] > totals[best])
                best = k;
        made->labels[i] = &votes->classes->items[best];
    }
}

static double magnitude(double value) {
    return value < 0.0 ? -value : value;
}

/* Pairs (0, 1), (0, 2), ..., (1, 2), ... of `count` classes: read from the attribute, checked against the width. */
static size_t count_classes(const Node *node, size_t pairs) {
    int64_t count = integer_attribute(node, "count", INT64_MIN);
    if (count < 2 || count > 65536 || (size_t)(count * (count - 1) / 2) != pairs)
        fail_node(node, "has another number of pairs");
    return (size_t)count;
}

static void open_pair_scores(Node *node) {
    Votes *votes = node->state = allocate(1, sizeof *votes);
    need_inputs(node, 2, 2);
    votes->width = need_table(node, 0);
    if (need_table(node, 1) != votes->width)
        fail_node(node, "needs tables of one width");
    votes->count = count_classes(node, votes->width);
    make_table(node, votes->count);
}

static void run_pair_scores(const Node *node, const Value *const *inputs, Value *made) {
    const Votes *votes = node->state;
    size_t count = votes->count;
    double *out = new_cells(made), *sums = allocate(count, sizeof *sums);
    for (size_t i = 0; i < made->rows; i++, out += count) {
        const double *named = inputs[0]->cells + i * votes->width, *sure = inputs[1]->cells + i * votes->width;
        memset(sums, 0, count * sizeof *sums);
        for (size_t first = 0, pair = 0; first < count; first++)
            for (size_t second = first + 1; second < count; second++, pair++) {
                sums[first] -= sure[pair];
                sums[second] += sure[pair];
                if (named[pair] == 0.0)
                    out[first] += 1.0;
                else if (named[pair] == 1.0)
                    out[second] += 1.0;
            }
        for (size_t k = 0; k < count; k++)
            out[k] += sums[k] / (3.0 * (magnitude(sums[k]) + 1.0));
    }
}

static void open_one_vs_one_label(Node *node) {
    Votes *votes = node->state = allocate(1, sizeof *votes);
    need_inputs(node, 1, 1);
    votes->width = need_table(node, 0);
    votes->classes = list_attribute(node, "classes");
    votes->count = votes->classes->count;
    if (votes->count < 2 || votes->count * (votes->count - 1) / 2 != votes->width)
        fail_node(node, "has another number of pairs");
    node->shape = (Shape){LABELS, 0, votes->classes, NULL};
}

static void run_one_vs_one_label(const Node *node, const Value *const *inputs, Value *made) {
    const Votes *votes = node->state;
    size_t count = votes->count, *won = allocate(count, sizeof *won);
    made->labels = allocate(made->rows, sizeof(const Json *));
    for (size_t i = 0; i < made->rows; i++) {
        const double *row = inputs[0]->cells + i * votes->width;
        size_t best = 0;
        memset(won, 0, count * sizeof *won);
        for (size_t first = 0, pair = 0; first < count; first++)
            for (size_t second = first + 1; second < count; second++, pair++)
                won[row[pair] > 0.0 ? first : second]++;
        for (size_t k = 1; k < count; k++)
            if (won[k] > won[best])
                best = k;
        made->labels[i] = &votes->classes->items[best];
    }
}

static void open_one_vs_one_scores(Node *node) {
    Votes *votes = node->state = allocate(1, sizeof *votes);
    need_inputs(node, 1, 1);
    votes->width = need_table(node, 0);
    votes->count = count_classes(node, votes->width);
    make_table(node, votes->count);
}

static void run_one_vs_one_scores(const Node *node, const Value *const *inputs, Value *made) {
    const Votes *votes = node->state;
    size_t count = votes->count;
    double *out = new_cells(made), *sums = allocate(count, sizeof *sums);
    for (size_t i = 0; i < made->rows; i++, out += count) {
        const double *row = inputs[0]->cells + i * votes->width;
        memset(sums, 0, count * sizeof *sums);
        for (size_t first = 0, pair = 0; first < count; first++)
            for (size_t second = first + 1; second < count; second++, pair++) {
                sums[first] += row[pair];
                sums[second] -= row[pair];
                out[row[pair] < 0.0 ? second : first] += 1.0;
            }
        for (size_t k = 0; k < count; k++)
            out[k] += sums[k] / (3.0 * (magnitude(sums[k]) + 1.0));
    }
}

/* Decisions of a support vector machine between pairs of classes (engine/operators/svm.py). */
typedef struct {
    const double *dual, *intercepts;
    size_t *starts, classes, vectors;
} Machine;

static void open_one_vs_one_decisions(Node *node) {
    Machine *machine = node->state = allocate(1, sizeof *machine);
    need_inputs(node, 1, 1);
    machine->vectors = need_table(node, 0);
    Tensor starts = tensor_of(node, "starts"), dual = tensor_of(node, "dual");
    if (!is_integers(&starts) || starts.count < 3)
        fail_node(node, "has a tensor of another size or type");
    machine->classes = starts.count - 1;
    if (dual.dimensions != 2 || dual.shape[0] != machine->classes - 1 || dual.shape[1] != machine->vectors)
        fail_node(node, "has a matrix of another shape");
    machine->dual = doubles_of(node, "dual", dual.count);
    machine->starts = allocate(starts.count, sizeof *machine->starts);
    for (size_t i = 0; i < starts.count; i++) {
        int64_t start = integer_at(&starts, i);
        if (start < 0 || (uint64_t)start > machine->vectors || (i > 0 && (size_t)start < machine->starts[i - 1]))
            fail_node(node, "has support vectors that do not exist");
        machine->starts[i] = (size_t)start;
    }
    size_t pairs = machine->classes * (machine->classes - 1) / 2;
    machine->intercepts = numbers_of(node, "intercepts", pairs);
    make_table(node, pairs);
}

static void add_range(ExactSum *sum, const double *row, const double *weights, size_t from, size_t to) {
    for (size_t k = from; k < to; k++)
        add_exactly(sum, row[k] * weights[k]);
}

static void run_one_vs_one_decisions(const Node *node, const Value *const *inputs, Value *made) {
    const Machine *machine = node->state;
    const size_t *starts = machine->starts;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++) {
        const double *row = inputs[0]->cells + i * machine->vectors;
        for (size_t first = 0, pair = 0; first < machine->classes; first++)
            for (size_t second = first + 1; second < machine->classes; second++, pair++, out++) {
                const double *one = machine->dual + (second - 1) * machine->vectors, *other = machine->dual + first * machine->vectors;
                const char *error;
                ExactSum sum;
                start_sum(&sum);
                add_range(&sum, row, one, starts[first], starts[first + 1]);
                add_range(&sum, row, other, starts[second], starts[second + 1]);
                /* As overflowing.py: added in order if the exact sum overflows. */
                if (!finish_sum(&sum, out, &error)) {
                    *out = 0.0;
                    for (size_t k = starts[first]; k < starts[first + 1]; k++)
                        *out += row[k] * one[k];
                    for (size_t k = starts[second]; k < starts[second + 1]; k++)
                        *out += row[k] * other[k];
                }
                *out += machine->intercepts[pair];
            }
    }
}

const Operator WEIGHTED_MEAN = {"weighted_mean", open_weighted_mean, run_weighted_mean};
const Operator MAJORITY_LABEL = {"majority_label", open_majority_label, run_majority_label};
const Operator PAIR_SCORES = {"pair_scores", open_pair_scores, run_pair_scores};
const Operator ONE_VS_ONE_LABEL = {"one_vs_one_label", open_one_vs_one_label, run_one_vs_one_label};
const Operator ONE_VS_ONE_SCORES = {"one_vs_one_scores", open_one_vs_one_scores, run_one_vs_one_scores};
const Operator ONE_VS_ONE_DECISIONS = {"one_vs_one_decisions", open_one_vs_one_decisions, run_one_vs_one_decisions};
