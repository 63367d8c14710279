/* CSV in and out. References: runtime/payloads/csv.py, and the module `_csv` of CPython 3.13 in strict mode. */
#include "../request.h"

#define FIELD_LIMIT 131072

enum { START_RECORD, START_FIELD, IN_FIELD, IN_QUOTED_FIELD, QUOTE_IN_QUOTED_FIELD, EAT_LINE_END };
#define END_OF_LINE (-1)

typedef struct {
    int state;
    String piece; /* the field while it is one piece of the text */
    Buffer field; /* the field of several pieces: with doubled quotation marks */
    size_t letters;
    Json *lines, *line;
    uint32_t lines_room, line_room;
} Reader;

static _Noreturn void refuse_csv(String what) {
    refuse(format("the body is not valid CSV: %S", what), -1, NONE, LITERAL("CSV (RFC 4180)"), "malformed");
}

static void append(Json *list, uint32_t *room, const Json *value) {
    if (list->count == *room) {
        *room = *room == 0 ? 4 : *room * 2;
        Json *items = allocate(*room, sizeof *items);
        if (list->count > 0)
            memcpy(items, list->items, list->count * sizeof *items);
        list->items = items;
    }
    list->items[list->count++] = *value;
}

static void save_field(Reader *reader) {
    Json made = {STRING, 0, {.string = reader->field.length > 0 ? view(&reader->field) : reader->piece}};
    append(reader->line, &reader->line_room, &made);
    memset(&reader->field, 0, sizeof reader->field);
    reader->piece = LITERAL("");
    reader->letters = 0;
}

static void save_line(Reader *reader) {
    if (reader->line->count > 0)
        append(reader->lines, &reader->lines_room, reader->line);
    reader->line = new_list(0);
    reader->line_room = 0;
}

static void add_to_field(Reader *reader, const char *letter, size_t bytes) {
    if (reader->letters >= FIELD_LIMIT)
        refuse_csv(format("field larger than field limit (%z)", (size_t)FIELD_LIMIT));
    if (reader->field.length == 0 && (reader->piece.length == 0 || reader->piece.bytes + reader->piece.length == letter)) {
        if (reader->piece.length == 0)
            reader->piece.bytes = letter;
        reader->piece.length += bytes;
    } else {
        if (reader->field.length == 0)
            add_string(&reader->field, reader->piece);
        add_bytes(&reader->field, letter, bytes);
    }
    reader->letters++;
}

/* Process one letter, or the end of a line. */
static void process(Reader *reader, int32_t letter, const char *bytes, size_t length) {
    int ends = letter == '\n' || letter == '\r' || letter == END_OF_LINE;
    if (reader->state == START_RECORD) {
        if (letter == END_OF_LINE)
            return;
        reader->state = ends ? EAT_LINE_END : START_FIELD;
        if (ends)
            return;
    }
    switch (reader->state) {
    case START_FIELD: case IN_FIELD: case QUOTE_IN_QUOTED_FIELD:
        if (ends) {
            save_field(reader);
            reader->state = letter == END_OF_LINE ? START_RECORD : EAT_LINE_END;
        } else if (letter == ',') {
            save_field(reader);
            reader->state = START_FIELD;
        } else if (reader->state == QUOTE_IN_QUOTED_FIELD) {
            if (letter != '"')
                refuse_csv(LITERAL("',' expected after '\"'"));
            add_to_field(reader, bytes, length);
            reader->state = IN_QUOTED_FIELD;
        } else if (reader->state == START_FIELD && letter == '"') {
            reader->state = IN_QUOTED_FIELD;
        } else {
            add_to_field(reader, bytes, length);
            reader->state = IN_FIELD;
        }
        return;
    case IN_QUOTED_FIELD:
        if (letter == '"')
            reader->state = QUOTE_IN_QUOTED_FIELD;
        else if (letter != END_OF_LINE)
            add_to_field(reader, bytes, length);
        return;
    case EAT_LINE_END:
        if (letter == END_OF_LINE)
            reader->state = START_RECORD;
        return;
    }
}

/* Return the lines that are not empty, as lists of strings. */
static Json *read_lines(String text) {
    Reader reader = {0};
    const char *end = text.bytes + text.length;
    reader.piece = LITERAL("");
    reader.lines = new_list(0);
    reader.line = new_list(0);
    for (const char *at = text.bytes; at < end;) {
        const char *from = at;
        uint32_t letter = next_letter(&at);
        process(&reader, (int32_t)letter, from, (size_t)(at - from));
        if (letter == '\r' && at < end && *at == '\n') {
            process(&reader, '\n', at, 1);
            at++;
            letter = '\n';
        }
        if (letter == '\r' || letter == '\n' || at == end) {
            process(&reader, END_OF_LINE, NULL, 0);
            if (reader.state == START_RECORD)
                save_line(&reader);
        }
    }
    if (reader.letters > 0 || reader.state == IN_QUOTED_FIELD)
        refuse_csv(LITERAL("unexpected end of data"));
    return reader.lines;
}

static int is_number(String text) {
    double value;
    int plain;
    return read_float(text, &value, &plain);
}

/* The names of the columns without white space around them, in a hash table: 0, or the number of a column and 1. */
typedef struct {
    String *names;
    size_t width;
    uint32_t *places, size;
} Names;

static uint32_t find_place(const Names *names, String name) {
    uint32_t place = hash_of(name) & (names->size - 1);
    while (names->places[place] != 0 && !is_same(names->names[names->places[place] - 1], name))
        place = (place + 1) & (names->size - 1);
    return place;
}

/* Of equal names the last one counts. */
static Names strip_names(const Signature *signature) {
    Names made = {allocate(signature->width, sizeof(String)), signature->width, NULL, signature->places_size};
    made.places = allocate(made.size, sizeof *made.places);
    for (uint32_t i = 0; i < made.width; i++) {
        made.names[i] = strip(signature->columns[i].name);
        made.places[find_place(&made, made.names[i])] = i + 1;
    }
    return made;
}

/* Return the index of the column with this name, or -1. */
static int64_t find_stripped(const Names *names, String name) {
    return (int64_t)names->places[find_place(names, name)] - 1;
}

/* Whether a line has names of features. If names are numbers, a line of values may contain some of them. */
static int is_header(const Json *line, const Names *names) {
    unsigned char *seen = allocate(names->width, 1);
    int any = 0, all_numbers = 1;
    for (uint32_t i = 0; i < line->count; i++) {
        String cell = strip(line->items[i].string);
        int64_t column = find_stripped(names, cell);
        if (column < 0)
            continue;
        any = 1;
        all_numbers = all_numbers && is_number(cell);
        seen[column] = 1;
    }
    int all = 1;
    for (size_t i = 0; i < names->width; i++)
        all = all && seen[find_stripped(names, names->names[i])];
    return any && (all || !all_numbers);
}

static Json read_cell(const Json *cell, const Column *column, size_t row) {
    Json made = {0};
    double number;
    int plain;
    if (cell->kind != STRING)
        return *cell;
    String stripped = strip(cell->string);
    if (stripped.length == 0)
        return JSON_NULL;
    if (column->is_bool && (is_text(lower(stripped), "true") || is_text(lower(stripped), "false")))
        return is_text(lower(stripped), "true") ? JSON_TRUE : JSON_FALSE;
    if (!read_float(stripped, &number, &plain) || !plain || number - number != 0.0)
        refuse(format("row %z, feature %S: the value is %S; expected a finite number", row, repr_of_string(column->name),
                      repr_of_string(cell->string)),
               (int64_t)row, column->name, LITERAL("a finite number"), NULL);
    made.kind = FLOAT;
    made.number = number;
    return made;
}

static String before(String text, char letter) {
    const char *place = text.length > 0 ? memchr(text.bytes, letter, text.length) : NULL;
    return place == NULL ? text : (String){text.bytes, (size_t)(place - text.bytes)};
}

/* Whether `Accept` prefers CSV to JSON. */
static int wants_csv(String accept) {
    size_t csv = SIZE_MAX, json = SIZE_MAX, place = 0;
    for (;; place++) {
        String part = before(accept, ',');
        String name = lower(strip(before(part, ';')));
        if (csv == SIZE_MAX && (is_text(name, "text/csv") || is_text(name, "application/csv")))
            csv = place;
        if (json == SIZE_MAX && is_text(name, "application/json"))
            json = place;
        if (part.length == accept.length)
            break;
        accept = (String){accept.bytes + part.length + 1, accept.length - part.length - 1};
    }
    return csv < json;
}

Payload decode_csv(String text, const Request *request, const Signature *signature) {
    Payload made = {0};
    Names names = strip_names(signature);
    Json *lines = read_lines(text), *rows = new_list(lines->count), *record = NULL;
    uint32_t first = 0;
    made.protocol = CSV_PAYLOAD;
    if (lines->count > 0 && is_header(&lines->items[0], &names)) {
        const Json *header = &lines->items[first++];
        record = new_object(header->count);
        for (uint32_t i = 0; i < header->count; i++) {
            int64_t column = find_stripped(&names, strip(header->items[i].string));
            record->members[record->count++].key = column >= 0 ? signature->columns[column].name : header->items[i].string;
        }
        if (has_repeated_keys(record))
            refuse(LITERAL("the header line names a feature twice; expected each once"), -1, NONE, NONE, "malformed");
    }
    for (uint32_t i = first; i < lines->count; i++) {
        Json *cells = &lines->items[i];
        size_t index = i - first;
        if (record != NULL) {
            if (cells->count != record->count)
                refuse(format("row %z has %z values; expected %z, as the header", index, (size_t)cells->count,
                              (size_t)record->count),
                       (int64_t)index, NONE, NONE, NULL);
            for (uint32_t j = 0; j < record->count; j++)
                record->members[j].value = cells->items[j];
            cells = order_features(record, signature, index, 1);
        }
        if (cells->count == signature->width)
            for (size_t j = 0; j < signature->width; j++)
                cells->items[j] = read_cell(&cells->items[j], &signature->columns[j], index);
        set_item(rows, cells);
    }
    made.rows = rows;
    made.wants_csv = wants_csv(request->accept);
    return made;
}

static void write_field(Buffer *out, const Json *value, int is_alone) {
    if (value->kind == NULL_VALUE || (value->kind == STRING && value->string.length == 0)) {
        add_text(out, is_alone ? "\"\"" : "");
        return;
    }
    String text = str_of(value);
    int quoted = 0;
    for (size_t i = 0; i < text.length; i++)
        quoted |= text.bytes[i] == ',' || text.bytes[i] == '"' || text.bytes[i] == '\n' || text.bytes[i] == '\r';
    if (!quoted) {
        add_string(out, text);
        return;
    }
    add_letter(out, '"');
    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i] == '"')
            add_letter(out, '"');
        add_letter(out, text.bytes[i]);
    }
    add_letter(out, '"');
}

String encode_csv(const Answers *answers) {
    Buffer out = {0};
    const Json *names = answers->has_probabilities ? probability_names(answers) : NULL;
    size_t targets = count_targets(answers) > 0 ? count_targets(answers) : 1;
    /* Python writes no probabilities of several lists. */
    int is_flat = answers->has_probabilities && answers->probabilities.shape.kind == TABLE;
    size_t shown = !is_flat ? 0 : targets > 1 ? targets : names->count;
    size_t width = is_flat ? answers->probabilities.shape.width : 0;
    for (size_t i = 0; i < targets; i++) {
        add_text(&out, i > 0 ? "," : "");
        add_string(&out, targets > 1 ? format("prediction_%z", i) : LITERAL("prediction"));
    }
    for (size_t i = 0; i < shown; i++) {
        add_letter(&out, ',');
        /* With several targets, Python numbers the columns. */
        write_field(&out, new_string(targets > 1 ? format("probability_%z", i)
                                                 : format("probability_%S", str_of(&names->items[i]))), 0);
    }
    add_text(&out, "\r\n");
    for (size_t row = 0; row < answers->rows; row++) {
        Json prediction = prediction_of(answers, row);
        for (size_t i = 0; i < targets; i++) {
            add_text(&out, i > 0 ? "," : "");
            write_field(&out, prediction.kind == LIST ? &prediction.items[i] : &prediction, targets + width == 1);
        }
        for (size_t i = 0; i < width; i++) {
            Json cell = probability_of(answers, row, i);
            add_letter(&out, ',');
            write_field(&out, &cell, 0);
        }
        add_text(&out, "\r\n");
    }
    return view(&out);
}
