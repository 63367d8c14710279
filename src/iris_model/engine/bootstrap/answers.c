/* The answers of a model in the shapes that the protocols need. Reference: runtime/answers.py. */
#include "request.h"

static Json finite_number(double number) {
    Json made = {0};
    if (number - number == 0.0) {
        made.kind = FLOAT;
        made.number = number;
    }
    return made;
}

static Json cell_of(const Value *value, size_t row) {
    Json made = {0};
    switch (value->shape.kind) {
    case LABELS:
        made = *value->labels[row];
        return made.kind == FLOAT ? finite_number(made.number) : made;
    case NUMBERS: return finite_number(value->cells[row]);
    default: break;
    }
    made.kind = LIST;
    made.count = (uint32_t)value->shape.width;
    made.items = allocate(made.count, sizeof *made.items);
    for (uint32_t i = 0; i < made.count; i++)
        made.items[i] = value->shape.kind == SEVERAL ? cell_of(value->parts[i], row)
                                                     : finite_number(value->cells[row * made.count + i]);
    return made;
}

Json prediction_of(const Answers *answers, size_t row) {
    return cell_of(&answers->predictions, row);
}

size_t count_targets(const Answers *answers) {
    const Shape *shape = &answers->predictions.shape;
    return shape->kind == TABLE || shape->kind == SEVERAL ? shape->width : 0;
}

Json probability_of(const Answers *answers, size_t row, size_t place) {
    return finite_number(answers->probabilities.cells[row * answers->probabilities.shape.width + place]);
}

/* Whether each row has a list of probabilities for each of several targets. */
static int has_nested_probabilities(const Answers *answers) {
    return answers->has_probabilities && answers->probabilities.shape.kind == SEVERAL;
}

static const Json *label_key(const Json *label) {
    if (label->kind == LIST) {
        Json *keys = new_list(label->count);
        for (uint32_t i = 0; i < label->count; i++)
            set_item(keys, label_key(&label->items[i]));
        return keys;
    }
    if (label->kind == TRUE_VALUE || label->kind == FALSE_VALUE)
        return new_string(string_of(label->kind == TRUE_VALUE ? "true" : "false"));
    return new_string(str_of(label));
}

const Json *probability_names(const Answers *answers) {
    const Json *classes = answers->model->signature.classes;
    uint32_t first = 0;
    if (classes == NULL)
        return new_list(0);
    /* Only the second of two classes, if each row has one number. */
    if (classes->count == 2 && answers->has_probabilities && answers->probabilities.shape.width == 1)
        first = 1;
    Json *names = new_list(classes->count);
    for (uint32_t i = first; i < classes->count; i++)
        set_item(names, label_key(&classes->items[i]));
    return names;
}

/* {name: value} for as many as there are of both. */
static const Json *zip_to_object(const Json *names, const Json *values) {
    uint32_t count = names->count < values->count ? names->count : values->count;
    Json *made = new_object(count);
    for (uint32_t i = 0; i < count; i++) {
        made->members[i].key = names->items[i].string;
        made->members[i].value = values->items[i];
    }
    made->count = count;
    join_repeated_keys(made);
    return made;
}

/* {class: probability}; with several targets, a list of these. */
static const Json *by_class(const Json *names, const Json *row) {
    if (names->count == 0 || names->items[0].kind == STRING)
        return zip_to_object(names, row);
    uint32_t count = names->count < row->count ? names->count : row->count;
    Json *made = new_list(count);
    for (uint32_t i = 0; i < count; i++) {
        const Json *part = &row->items[i], *classes = &names->items[i];
        if (part->kind == LIST) {
            set_item(made, zip_to_object(classes, part));
        } else {
            Json *last = new_list(1), *value = new_list(1);
            set_item(last, &classes->items[classes->count - 1]);
            set_item(made, zip_to_object(last, set_item(value, part)));
        }
    }
    return made;
}

static const Json *detail(const Answers *answers, size_t row, const Json *names) {
    Json *made = new_object(2), prediction = prediction_of(answers, row);
    set_member(made, "prediction", &prediction);
    if (!answers->has_probabilities)
        return made;
    Json probabilities = cell_of(&answers->probabilities, row);
    return set_member(made, "probabilities", by_class(names, &probabilities));
}

static const Json *details(const Answers *answers) {
    const Json *names = probability_names(answers);
    Json *rows = new_list(answers->rows);
    for (size_t i = 0; i < answers->rows; i++)
        set_item(rows, detail(answers, i, names));
    return set_member(new_object(1), "predictions", rows);
}

static Json *plain(const Answers *answers) {
    Json *rows = new_list(answers->rows);
    for (size_t i = 0; i < answers->rows; i++) {
        Json prediction = prediction_of(answers, i);
        set_item(rows, &prediction);
    }
    return rows;
}

const char *datatype_of(const Json *flat) {
    int booleans = 0, integers = 0, floats = 0, others = 0;
    for (uint32_t i = 0; i < flat->count; i++)
        switch (flat->items[i].kind) {
        case NULL_VALUE: break;
        case TRUE_VALUE: case FALSE_VALUE: booleans = 1; break;
        case INTEGER: integers = 1; break;
        case FLOAT: floats = 1; break;
        default: others = 1;
        }
    if (booleans && !integers && !floats && !others)
        return "BOOL";
    if (integers && !booleans && !floats && !others)
        return "INT64";
    return booleans || others ? "BYTES" : "FP64";
}

static const Json *tensor(const char *name, const Json *flat, size_t rows, size_t width) {
    Json *made = new_object(4), *shape = new_list(2);
    set_item(shape, new_integer((int64_t)rows));
    if (width > 0)
        set_item(shape, new_integer((int64_t)width));
    set_member(made, "name", new_string(string_of(name)));
    set_member(made, "shape", shape);
    set_member(made, "datatype", new_string(string_of(datatype_of(flat))));
    return set_member(made, "data", flat);
}

static const Json *predict_tensor(const Answers *answers) {
    const Json *values = plain(answers);
    size_t width = count_targets(answers);
    if (width == 0)
        return tensor("predict", values, answers->rows, 0);
    Json *flat = new_list(answers->rows * width);
    for (uint32_t i = 0; i < values->count; i++)
        for (uint32_t j = 0; j < width; j++)
            set_item(flat, &values->items[i].items[j]);
    return tensor("predict", flat, answers->rows, width);
}

static const Json *probability_tensor(const char *name, const Value *table, size_t rows) {
    size_t width = table->shape.width;
    Json *flat = new_list(rows * width);
    for (size_t i = 0; i < rows * width; i++) {
        Json cell = finite_number(table->cells[i]);
        set_item(flat, &cell);
    }
    return tensor(name, flat, rows, width);
}

const Json *encode_tensors(const Answers *answers, const Payload *payload) {
    int nested = has_nested_probabilities(answers);
    size_t known = 1 + (nested ? answers->probabilities.shape.width : (size_t)answers->has_probabilities);
    size_t count = payload->outputs != NULL ? payload->outputs->count : known;
    const char **names = allocate(known, sizeof *names);
    Json *outputs = new_list(count), *made = new_object(3);
    Buffer all = {0};
    for (size_t i = 0; i < known; i++) {
        names[i] = i == 0 ? "predict" : nested ? format("predict_proba_%z", i - 1).bytes : "predict_proba";
        add_text(&all, i > 0 ? ", " : "");
        add_text(&all, names[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        String name = payload->outputs != NULL ? payload->outputs->items[i].string : string_of(names[i]);
        size_t place = 0;
        while (place < known && !is_text(name, names[place]))
            place++;
        if (place == known)
            refuse(format("there is no output %S; expected one or more of %S", repr_of_string(name), view(&all)), -1, NONE,
                   NONE, NULL);
        const Value *table = nested && place > 0 ? answers->probabilities.parts[place - 1] : &answers->probabilities;
        set_item(outputs, place == 0 ? predict_tensor(answers) : probability_tensor(names[place], table, answers->rows));
    }
    set_member(made, "model_name", new_string(answers->model->name));
    set_member(made, "outputs", outputs);
    return payload->id != NULL ? set_member(made, "id", payload->id) : made;
}

const Json *encode_answers(const Answers *answers, const Payload *payload) {
    switch (payload->protocol) {
    case ROWS_PAYLOAD:
        if (payload->one_row)
            return detail(answers, 0, probability_names(answers));
        return details(answers);
    case PREDICTIONS_PAYLOAD: return set_member(new_object(1), "predictions", plain(answers));
    case TENSORS_PAYLOAD: return encode_tensors(answers, payload);
    case CSV_PAYLOAD: break;
    }
    return payload->wants_csv ? new_string(encode_csv(answers)) : details(answers);
}
