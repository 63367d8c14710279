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

Json prediction_of(const Answers *answers, size_t row) {
    const Value *value = &answers->predictions;
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
        made.items[i] = finite_number(value->cells[row * made.count + i]);
    return made;
}

Json probability_of(const Answers *answers, size_t row, size_t place) {
    return finite_number(answers->probabilities.cells[row * answers->probabilities.shape.width + place]);
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
    for (uint32_t i = first; i < classes->count; i++) {
        const Json *label = &classes->items[i];
        String text = str_of(label);
        if (label->kind == TRUE_VALUE || label->kind == FALSE_VALUE)
            text = string_of(label->kind == TRUE_VALUE ? "true" : "false");
        set_item(names, new_string(text));
    }
    return names;
}

static const Json *detail(const Answers *answers, size_t row, const Json *names) {
    Json *made = new_object(2), prediction = prediction_of(answers, row);
    set_member(made, "prediction", &prediction);
    if (!answers->has_probabilities)
        return made;
    size_t width = answers->probabilities.shape.width;
    size_t count = names->count < width ? names->count : width;
    Json *probabilities = new_object(count);
    for (uint32_t i = 0; i < count; i++) {
        probabilities->members[i].key = names->items[i].string;
        probabilities->members[i].value = probability_of(answers, row, i);
    }
    probabilities->count = (uint32_t)count;
    join_repeated_keys(probabilities);
    return set_member(made, "probabilities", probabilities);
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
    if (answers->predictions.shape.kind != TABLE)
        return tensor("predict", values, answers->rows, 0);
    size_t width = answers->predictions.shape.width;
    Json *flat = new_list(answers->rows * width);
    for (uint32_t i = 0; i < values->count; i++)
        for (uint32_t j = 0; j < width; j++)
            set_item(flat, &values->items[i].items[j]);
    return tensor("predict", flat, answers->rows, width);
}

static const Json *probability_tensor(const Answers *answers) {
    size_t width = answers->probabilities.shape.width;
    Json *flat = new_list(answers->rows * width);
    for (size_t i = 0; i < answers->rows; i++)
        for (size_t j = 0; j < width; j++) {
            Json cell = probability_of(answers, i, j);
            set_item(flat, &cell);
        }
    return tensor("predict_proba", flat, answers->rows, width);
}

const Json *encode_tensors(const Answers *answers, const Payload *payload) {
    size_t count = payload->outputs != NULL ? payload->outputs->count : answers->has_probabilities ? 2 : 1;
    Json *outputs = new_list(count), *made = new_object(3);
    for (uint32_t i = 0; i < count; i++) {
        String name = payload->outputs != NULL ? payload->outputs->items[i].string
                                               : string_of(i == 0 ? "predict" : "predict_proba");
        if (is_text(name, "predict"))
            set_item(outputs, predict_tensor(answers));
        else if (answers->has_probabilities && is_text(name, "predict_proba"))
            set_item(outputs, probability_tensor(answers));
        else
            refuse(format("there is no output %S; expected some of %s", repr_of_string(name),
                          answers->has_probabilities ? "predict, predict_proba" : "predict"),
                   -1, NONE, NONE, NULL);
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
