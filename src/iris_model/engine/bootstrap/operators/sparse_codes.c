/* Sparse codes: a row as the weighted sum of few atoms of a dictionary. Reference: engine/operators/sparse_codes.py. */
#include "../sums.h"

#include <math.h>

#define EPSILON 0x1p-52

typedef struct {
    const double *dictionary, *gram;
    size_t width, count, atoms;
    double threshold;
    int positive;
} Codes;

static Codes *open_codes(Node *node) {
    Codes *codes = node->state = allocate(1, sizeof *codes);
    need_inputs(node, 1, 1);
    codes->width = need_table(node, 0);
    return codes;
}

static void open_matching_pursuit(Node *node) {
    Codes *codes = open_codes(node);
    Tensor dictionary = tensor_of(node, "dictionary");
    int64_t atoms = integer_attribute(node, "atoms", INT64_MIN);
    if (dictionary.dimensions != 2 || dictionary.shape[1] != codes->width || dictionary.shape[0] == 0)
        fail_node(node, "has a matrix of another shape");
    codes->count = dictionary.shape[0];
    codes->dictionary = doubles_of(node, "dictionary", dictionary.count);
    if (tensor_of(node, "gram").count / codes->count != codes->count)
        fail_node(node, "has a matrix of another shape");
    codes->gram = doubles_of(node, "gram", codes->count * codes->count);
    if (atoms < 0)
        fail_node(node, "has another number of atoms");
    codes->atoms = (size_t)atoms < codes->count ? (size_t)atoms : codes->count;
    for (size_t i = 0; i < codes->count; i++)
        if (!(codes->gram[i * codes->count + i] >= 0.0))
            fail_node(node, "has an atom without a length");
    make_table(node, codes->count);
}

/* What a pursuit keeps: the rows of the factor one after another (row i has i + 1 numbers), and one number for each atom. */
typedef struct {
    double *factor, *products, *left, *right, *solved, *weights, *terms;
    size_t *order;
} Pursuit;

static const double *line_of(const Pursuit *pursuit, size_t line) {
    return pursuit->factor + line * (line + 1) / 2;
}

static double divide(const Node *node, double x, double by) {
    if (by == 0.0)
        fail_damaged(node->container, LITERAL("operator 'matching_pursuit' failed: float division by zero"));
    return x / by;
}

static void solve_lower(const Node *node, const Pursuit *pursuit, size_t count, const double *right, double *solved) {
    for (size_t i = 0; i < count; i++) {
        const double *line = line_of(pursuit, i);
        solved[i] = divide(node, right[i] - sum_products(line, solved, i), line[i]);
    }
}

static double sum_terms(const double *terms, size_t count) {
    double total = 0.0;
    const char *error;
    ExactSum sum;
    start_sum(&sum);
    for (size_t i = 0; i < count; i++)
        add_exactly(&sum, terms[i]);
    if (!finish_sum(&sum, &total, &error))
        fail(error[0] == '-' ? VALUE_ERROR : OVERFLOW_ERROR, string_of(error));
    return total;
}

static void solve_upper(const Node *node, const Pursuit *pursuit, size_t count, const double *right, double *solved) {
    for (size_t place = count; place-- > 0;) {
        for (size_t row = place + 1; row < count; row++)
            pursuit->terms[row] = line_of(pursuit, row)[place] * solved[row];
        double known = sum_terms(pursuit->terms + place + 1, count - place - 1);
        solved[place] = divide(node, right[place] - known, line_of(pursuit, place)[place]);
    }
}

/* Select one more atom. Return 0 at the end. */
static int select_atom(const Node *node, const Codes *codes, const Pursuit *pursuit, size_t chosen) {
    size_t best = 0, count = codes->count, *order = pursuit->order;
    for (size_t i = 1; i < count; i++)
        if (fabs(pursuit->left[i]) > fabs(pursuit->left[best]))
            best = i;
    if (best < chosen || pursuit->left[best] * pursuit->left[best] < EPSILON)
        return 0;
    const double *gram = codes->gram + order[best] * count;
    double *line = pursuit->factor + chosen * (chosen + 1) / 2;
    for (size_t i = 0; i < chosen; i++)
        pursuit->right[i] = gram[order[i]];
    solve_lower(node, pursuit, chosen, pursuit->right, line);
    double length = sqrt(sum_products(line, line, chosen)), pivot = gram[order[best]] - length * length;
    if (chosen > 0 && pivot <= EPSILON)
        return 0;
    line[chosen] = sqrt(pivot);
    size_t atom = order[best];
    order[best] = order[chosen];
    order[chosen] = atom;
    return 1;
}

static void pursue(const Node *node, const Codes *codes, const Pursuit *pursuit, const double *row, double *out) {
    size_t count = codes->count, chosen = 0, *order = pursuit->order;
    for (size_t i = 0; i < count; i++) {
        order[i] = i;
        pursuit->products[i] = pursuit->left[i] = sum_products(codes->dictionary + i * codes->width, row, codes->width);
    }
    while (chosen < codes->atoms && select_atom(node, codes, pursuit, chosen)) {
        chosen++;
        for (size_t i = 0; i < chosen; i++)
            pursuit->right[i] = pursuit->products[order[i]];
        solve_lower(node, pursuit, chosen, pursuit->right, pursuit->solved);
        solve_upper(node, pursuit, chosen, pursuit->solved, pursuit->weights);
        for (size_t i = 0; i < count; i++) {
            for (size_t j = 0; j < chosen; j++)
                pursuit->terms[j] = codes->gram[order[i] * count + order[j]] * pursuit->weights[j];
            pursuit->left[i] = pursuit->products[order[i]] - sum_terms(pursuit->terms, chosen);
        }
    }
    for (size_t i = 0; i < chosen; i++)
        out[order[i]] = pursuit->weights[i];
}

static void run_matching_pursuit(const Node *node, const Value *const *inputs, Value *made) {
    const Codes *codes = node->state;
    double *out = new_cells(made), *numbers = allocate(6 * codes->count, sizeof *numbers);
    size_t count = codes->count;
    Pursuit pursuit = {
        .factor = allocate(codes->atoms * (codes->atoms + 1) / 2 + 1, sizeof(double)),
        .products = numbers,
        .left = numbers + count,
        .right = numbers + 2 * count,
        .solved = numbers + 3 * count,
        .weights = numbers + 4 * count,
        .terms = numbers + 5 * count,
        .order = allocate(count, sizeof(size_t)),
    };
    for (size_t i = 0; i < made->rows; i++)
        pursue(node, codes, &pursuit, inputs[0]->cells + i * codes->width, out + i * count);
}

static void open_soft_threshold(Node *node) {
    Codes *codes = open_codes(node);
    codes->threshold = number_attribute(node, "threshold", (double)NAN);
    codes->positive = flag_attribute(node, "positive", -1);
    make_table(node, codes->width);
}

/* As Python's `max(value, 0.0)`, which keeps NaN. */
static double or_zero(double value) {
    return 0.0 > value ? 0.0 : value;
}

static void run_soft_threshold(const Node *node, const Value *const *inputs, Value *made) {
    const Codes *codes = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows * codes->width; i++) {
        double cell = inputs[0]->cells[i], size = or_zero(fabs(cell) - codes->threshold);
        out[i] = cell > 0.0 ? size : codes->positive ? 0.0 : -size;
    }
}

static void open_split_signs(Node *node) {
    Codes *codes = open_codes(node);
    make_table(node, 2 * codes->width);
}

static void run_split_signs(const Node *node, const Value *const *inputs, Value *made) {
    const Codes *codes = node->state;
    double *out = new_cells(made);
    for (size_t i = 0; i < made->rows; i++, out += 2 * codes->width)
        for (size_t k = 0; k < codes->width; k++) {
            double cell = inputs[0]->cells[i * codes->width + k];
            out[k] = or_zero(cell);
            out[codes->width + k] = or_zero(-cell);
        }
}

const Operator MATCHING_PURSUIT = {"matching_pursuit", open_matching_pursuit, run_matching_pursuit};
const Operator SOFT_THRESHOLD = {"soft_threshold", open_soft_threshold, run_soft_threshold};
const Operator SPLIT_SIGNS = {"split_signs", open_split_signs, run_split_signs};
