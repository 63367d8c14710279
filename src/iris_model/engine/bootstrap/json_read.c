/* Read a JSON document as CPython's decoder does, with its error messages.
 *
 * Reference: Modules/_json.c of CPython 3.13. Positions in messages count letters. Strings may hold lone surrogates.
 */
#include "json.h"

typedef struct {
    const char *start, *at, *end;
    int repeated;
    int depth;
} Reader;

static const char TOO_DEEP[] = "maximum recursion depth exceeded while decoding a JSON array from a unicode string";

int was_too_deep(void) {
    return current_error.kind == VALUE_ERROR && current_error.message.bytes == TOO_DEEP;
}

/* Python reports the last place that it tried. */
static _Noreturn void fail_at(const Reader *reader, const char *message, const char *place) {
    size_t line = 1, column = 1, letters = 0;
    for (const char *at = reader->start; at < place; at++) {
        if (((unsigned char)*at & 0xc0) == 0x80)
            continue;
        letters++;
        column++;
        if (*at == '\n') {
            line++;
            column = 1;
        }
    }
    fail(VALUE_ERROR, format("%s: line %z column %z (char %z)", message, line, column, letters));
}

static void skip_space(Reader *reader) {
    while (reader->at < reader->end &&
           (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\n' || *reader->at == '\r'))
        reader->at++;
}

static int hex_value(char letter) {
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    if (letter >= 'a' && letter <= 'f')
        return letter - 'a' + 10;
    return letter >= 'A' && letter <= 'F' ? letter - 'A' + 10 : -1;
}

/* Read four hexadecimal digits after a backslash and `u`. `at` is behind the `u`. */
static int32_t read_hex(const char *at, const char *end) {
    int32_t letter = 0;
    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(at[i]);
        if (digit < 0)
            return -1;
        letter = letter * 16 + digit;
    }
    return letter;
}

/* Read a string whose quotation mark is before `at`. */
static String read_string(Reader *reader) {
    const char *begin = reader->at - 1, *from = reader->at;
    Buffer made = {0};
    int copied = 0;
    for (const char *at = reader->at;; at++) {
        if (at >= reader->end)
            fail_at(reader, "Unterminated string starting at", begin);
        if ((unsigned char)*at < 0x20)
            fail_at(reader, "Invalid control character at", at);
        if (*at != '"' && *at != '\\')
            continue;
        if (*at == '"' && !copied) {
            reader->at = at + 1;
            return (String){from, (size_t)(at - from)};
        }
        add_bytes(&made, from, (size_t)(at - from));
        copied = 1;
        if (*at == '"') {
            reader->at = at + 1;
            return view(&made);
        }
        const char *escape = at++;
        if (at >= reader->end)
            fail_at(reader, "Unterminated string starting at", begin);
        const char *place = strchr("\"\"\\\\//b\bf\fn\nr\rt\t", *at);
        if (*at == 'u') {
            int32_t letter = read_hex(at + 1, reader->end);
            /* Python needs one more letter after the digits. */
            if (letter < 0 || reader->end - at < 6)
                fail_at(reader, "Invalid \\uXXXX escape", escape + 1);
            at += 4;
            if ((letter & 0xfc00) == 0xd800 && reader->end - at > 7 && at[1] == '\\' && at[2] == 'u') {
                int32_t low = read_hex(at + 3, reader->end);
                if ((low & 0xfc00) == 0xdc00 && low >= 0) {
                    letter = 0x10000 + ((letter & 0x3ff) << 10 | (low & 0x3ff));
                    at += 6;
                }
            }
            add_letter_of(&made, (uint32_t)letter);
        } else if (*at != '\0' && place != NULL && (place - "\"\"\\\\//b\bf\fn\nr\rt\t") % 2 == 0) {
            add_letter(&made, place[1]);
        } else {
            fail_at(reader, "Invalid \\escape", escape);
        }
        from = at + 1;
    }
}

static int is_digit(const Reader *reader, const char *at) {
    return at < reader->end && *at >= '0' && *at <= '9';
}

#define MOST_DIGITS 4300 /* sys.int_info.default_max_str_digits */

static void read_number(Reader *reader, Json *value) {
    const char *start = reader->at, *at = start;
    at += *at == '-';
    if (!is_digit(reader, at))
        fail_at(reader, "Expecting value", start);
    if (*at == '0')
        at++;
    else
        while (is_digit(reader, at))
            at++;
    const char *whole = at;
    if (at < reader->end && *at == '.' && is_digit(reader, at + 1))
        for (at++; is_digit(reader, at);)
            at++;
    if (at < reader->end && (*at == 'e' || *at == 'E')) {
        const char *exponent = at + 1;
        if (exponent < reader->end && (*exponent == '+' || *exponent == '-'))
            exponent++;
        if (is_digit(reader, exponent))
            for (at = exponent; is_digit(reader, at);)
                at++;
    }
    reader->at = at;
    String text = {start, (size_t)(at - start)};
    if (at != whole) {
        int plain;
        value->kind = FLOAT;
        read_float(text, &value->number, &plain);
        return;
    }
    size_t digits = text.length - (*start == '-');
    if (digits > MOST_DIGITS)
        fail(VALUE_ERROR, format("Exceeds the limit (4300 digits) for integer string conversion: value has %z digits; use "
                                 "sys.set_int_max_str_digits() to increase the limit",
                                 digits));
    value->kind = INTEGER;
    value->string = is_text(text, "-0") ? LITERAL("0") : text;
}

static void read_value(Reader *reader, Json *value);

static void enter(Reader *reader) {
    if (++reader->depth > DEEPEST)
        fail(VALUE_ERROR, LITERAL(TOO_DEEP));
}

/* Items are collected in memory that doubles, and so stays below a multiple of the text. */
static void read_list(Reader *reader, Json *value) {
    size_t room = 0;
    enter(reader);
    value->kind = LIST;
    reader->at++;
    skip_space(reader);
    if (reader->at < reader->end && *reader->at == ']') {
        reader->at++;
        reader->depth--;
        return;
    }
    for (;;) {
        if (value->count == room) {
            room = room == 0 ? 4 : room * 2;
            Json *items = allocate(room, sizeof *items);
            if (value->count > 0)
                memcpy(items, value->items, value->count * sizeof *items);
            value->items = items;
        }
        Json item = {0};
        read_value(reader, &item);
        value->items[value->count++] = item;
        skip_space(reader);
        if (reader->at < reader->end && *reader->at == ']')
            break;
        if (reader->at >= reader->end || *reader->at != ',')
            fail_at(reader, "Expecting ',' delimiter", reader->at);
        const char *comma = reader->at++;
        skip_space(reader);
        if (reader->at < reader->end && *reader->at == ']')
            fail_at(reader, "Illegal trailing comma before end of array", comma);
    }
    reader->at++;
    reader->depth--;
}

/* Refuse a repeated key, or keep its last value. */
static void join_repeated(Json *value, int repeated) {
    String key = join_repeated_keys(value);
    if (key.bytes != NULL && repeated == REFUSE_REPEATED)
        refuse(format("the key %S occurs twice in one object; expected it once", repr_of_string(key)), -1, NONE, NONE,
               "malformed");
}

static void read_object(Reader *reader, Json *value) {
    size_t room = 0;
    enter(reader);
    value->kind = OBJECT;
    reader->at++;
    skip_space(reader);
    if (reader->at < reader->end && *reader->at == '}') {
        reader->at++;
        reader->depth--;
        return;
    }
    for (;;) {
        if (value->count == room) {
            room = room == 0 ? 4 : room * 2;
            Member *members = allocate(room, sizeof *members);
            if (value->count > 0)
                memcpy(members, value->members, value->count * sizeof *members);
            value->members = members;
        }
        if (reader->at >= reader->end || *reader->at != '"')
            fail_at(reader, "Expecting property name enclosed in double quotes", reader->at);
        reader->at++;
        Member member = {0};
        member.key = read_string(reader);
        skip_space(reader);
        if (reader->at >= reader->end || *reader->at != ':')
            fail_at(reader, "Expecting ':' delimiter", reader->at);
        reader->at++;
        skip_space(reader);
        read_value(reader, &member.value);
        value->members[value->count++] = member;
        skip_space(reader);
        if (reader->at < reader->end && *reader->at == '}')
            break;
        if (reader->at >= reader->end || *reader->at != ',')
            fail_at(reader, "Expecting ',' delimiter", reader->at);
        const char *comma = reader->at++;
        skip_space(reader);
        if (reader->at < reader->end && *reader->at == '}')
            fail_at(reader, "Illegal trailing comma before end of object", comma);
    }
    reader->at++;
    reader->depth--;
    join_repeated(value, reader->repeated);
}

static int take_word(Reader *reader, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
        return 0;
    reader->at += length;
    return 1;
}

static void read_value(Reader *reader, Json *value) {
    static const char *const WORDS[] = {"NaN", "Infinity", "-Infinity"};
    if (reader->at >= reader->end)
        fail_at(reader, "Expecting value", reader->at);
    switch (*reader->at) {
    case '"':
        reader->at++;
        value->kind = STRING;
        value->string = read_string(reader);
        return;
    case '{': read_object(reader, value); return;
    case '[': read_list(reader, value); return;
    }
    if (take_word(reader, "null"))
        value->kind = NULL_VALUE;
    else if (take_word(reader, "true"))
        value->kind = TRUE_VALUE;
    else if (take_word(reader, "false"))
        value->kind = FALSE_VALUE;
    else {
        for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
            if (take_word(reader, WORDS[i]))
                fail(VALUE_ERROR, reader->repeated == REFUSE_REPEATED
                                      ? format("%s is not a JSON value; for a missing number send null", WORDS[i])
                                      : format("%s is not JSON", WORDS[i]));
        read_number(reader, value);
    }
}

Json *read_json(String text, int repeated) {
    Reader reader = {text.bytes, text.bytes, text.bytes + text.length, repeated, 0};
    Json *value = allocate(1, sizeof *value);
    skip_space(&reader);
    read_value(&reader, value);
    skip_space(&reader);
    if (reader.at < reader.end)
        fail_at(&reader, "Extra data", reader.at);
    return value;
}
