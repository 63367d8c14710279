/* Values as Python's `repr` and `str` show them in messages, and numbers as Python's `float` reads them. */
#include "json.h"

#include <stdio.h>

#include "../csrc/text/text.h"

void write_string_repr(Buffer *out, String string) {
    const char *end = string.bytes + string.length;
    int single = memchr(string.bytes, '\'', string.length) != NULL, twofold = memchr(string.bytes, '"', string.length) != NULL;
    char quote = single && !twofold ? '"' : '\'';
    add_letter(out, quote);
    for (const char *at = string.bytes; at < end;) {
        const char *from = at;
        uint32_t letter = next_letter(&at);
        char escape[16];
        if (letter == (unsigned char)quote || letter == '\\') {
            add_letter(out, '\\');
            add_letter(out, (char)letter);
        } else if (letter == '\t' || letter == '\n' || letter == '\r') {
            add_text(out, letter == '\t' ? "\\t" : letter == '\n' ? "\\n" : "\\r");
        } else if (is_printable(letter)) {
            add_bytes(out, from, (size_t)(at - from));
        } else {
            const char *pattern = letter <= 0xff ? "\\x%02x" : letter <= 0xffff ? "\\u%04x" : "\\U%08x";
            snprintf(escape, sizeof escape, pattern, (unsigned)letter);
            add_text(out, escape);
        }
    }
    add_letter(out, quote);
}

void write_repr(Buffer *out, const Json *value) {
    switch (value->kind) {
    case NULL_VALUE: add_text(out, "None"); return;
    case FALSE_VALUE: add_text(out, "False"); return;
    case TRUE_VALUE: add_text(out, "True"); return;
    case INTEGER: add_string(out, value->string); return;
    case FLOAT: add_double(out, value->number); return;
    case STRING: write_string_repr(out, value->string); return;
    case LIST:
        add_letter(out, '[');
        for (uint32_t i = 0; i < value->count; i++) {
            if (i > 0)
                add_text(out, ", ");
            write_repr(out, &value->items[i]);
        }
        add_letter(out, ']');
        return;
    case OBJECT:
        add_letter(out, '{');
        for (uint32_t i = 0; i < value->count; i++) {
            if (i > 0)
                add_text(out, ", ");
            write_string_repr(out, value->members[i].key);
            add_text(out, ": ");
            write_repr(out, &value->members[i].value);
        }
        add_letter(out, '}');
        return;
    }
}

String repr_of(const Json *value) {
    Buffer made = {0};
    write_repr(&made, value);
    return view(&made);
}

String repr_of_string(String string) {
    Buffer made = {0};
    write_string_repr(&made, string);
    return view(&made);
}

String str_of(const Json *value) {
    return value->kind == STRING ? value->string : repr_of(value);
}

String describe(const Json *value) {
    int fits;
    switch (value->kind) {
    case NULL_VALUE: return LITERAL("null");
    case FALSE_VALUE: return LITERAL("the boolean false");
    case TRUE_VALUE: return LITERAL("the boolean true");
    case STRING: {
        size_t letters = count_letters(value->string);
        return letters <= 40 ? format("the string %S", repr_of(value)) : format("a string of %z characters", letters);
    }
    case INTEGER:
        small_integer(value, &fits);
        /* Integers from 1e16 on: those with more than 16 digits. */
        if (!fits || value->string.length - (value->string.bytes[0] == '-') > 16)
            return LITERAL("a very large number");
        return format("the number %S", value->string);
    case FLOAT: return format("the number %S", repr_of(value));
    case OBJECT: return LITERAL("an object");
    case LIST: return format("a list of %z", (size_t)value->count);
    }
    return NONE;
}

static int is_digit(char letter) {
    return letter >= '0' && letter <= '9';
}

/* Replace digits of other scripts by ASCII digits, and remove underscores between digits. Return 0 for other letters. */
static int to_ascii(String text, Buffer *made, int *plain) {
    const char *end = text.bytes + text.length;
    char before = 0;
    *plain = 1;
    for (const char *at = text.bytes; at < end;) {
        uint32_t letter = next_letter(&at);
        int digit = letter < 0x80 ? -1 : digit_value(letter);
        if (letter == 0 || (letter >= 0x80 && digit < 0))
            return 0;
        char ascii = digit >= 0 ? (char)('0' + digit) : (char)letter;
        if (ascii == '_') {
            *plain = 0;
            if (!is_digit(before))
                return 0;
        } else {
            if (before == '_' && !is_digit(ascii))
                return 0;
            add_letter(made, ascii);
        }
        before = ascii;
    }
    return before != '_';
}

static int is_word(String text, const char *word) {
    if (text.length != strlen(word))
        return 0;
    for (size_t i = 0; i < text.length; i++)
        if ((text.bytes[i] | 0x20) != word[i])
            return 0;
    return 1;
}

static int read_word(String text, double *value) {
    double sign = 1.0;
    if (text.length > 0 && (text.bytes[0] == '-' || text.bytes[0] == '+')) {
        sign = text.bytes[0] == '-' ? -1.0 : 1.0;
        text = (String){text.bytes + 1, text.length - 1};
    }
    if (is_word(text, "inf") || is_word(text, "infinity"))
        *value = sign * 1e308 * 10.0;
    else if (is_word(text, "nan"))
        *value = missing_cell();
    else
        return 0;
    return 1;
}

int read_float(String text, double *value, int *plain) {
    Decimal decimal;
    Buffer ascii = {0};
    *plain = 1;
    const char *end = text.bytes + text.length, *after = read_decimal(text.bytes, end, 1, &decimal);
    if (after != end) {
        text = strip(text);
        if (!to_ascii(text, &ascii, plain))
            return 0;
        text = view(&ascii);
        end = text.bytes + text.length;
        after = read_decimal(text.bytes, end, 1, &decimal);
        if (after != end)
            return read_word(text, value);
    }
    *value = nearest_double(&decimal);
    return 1;
}

String repr_of_double(double value) {
    Buffer out = {0};
    add_double(&out, value);
    return view(&out);
}
