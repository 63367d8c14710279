/* Write JSON as Python's `json.dumps` does: ASCII, a space after commas and colons. */
#include "json.h"

#include <stdio.h>

void write_json_string(Buffer *out, String string) {
    static const char digits[] = "0123456789abcdef";
    const char *end = string.bytes + string.length;
    add_letter(out, '"');
    for (const char *at = string.bytes; at < end;) {
        const char *from = at;
        while (at < end && *at >= 0x20 && *at < 0x7f && *at != '"' && *at != '\\')
            at++;
        add_bytes(out, from, (size_t)(at - from));
        if (at == end)
            break;
        uint32_t letter = next_letter(&at);
        const char *place = letter < 0x80 && letter != 0 ? strchr("\"\"\\\\\nn\rr\tt\ff\bb", (int)letter) : NULL;
        if (place != NULL) {
            add_letter(out, '\\');
            add_letter(out, place[1]);
            continue;
        }
        uint32_t halves[2] = {letter, 0};
        int count = 1;
        if (letter >= 0x10000) {
            halves[0] = 0xd800 + ((letter - 0x10000) >> 10);
            halves[1] = 0xdc00 + ((letter - 0x10000) & 0x3ff);
            count = 2;
        }
        for (int i = 0; i < count; i++) {
            char escape[6] = {'\\', 'u', digits[halves[i] >> 12 & 15], digits[halves[i] >> 8 & 15],
                              digits[halves[i] >> 4 & 15], digits[halves[i] & 15]};
            add_bytes(out, escape, sizeof escape);
        }
    }
    add_letter(out, '"');
}

void write_json(Buffer *out, const Json *value) {
    switch (value->kind) {
    case NULL_VALUE: add_text(out, "null"); return;
    case FALSE_VALUE: add_text(out, "false"); return;
    case TRUE_VALUE: add_text(out, "true"); return;
    case INTEGER: add_string(out, value->string); return;
    case STRING: write_json_string(out, value->string); return;
    case FLOAT:
        if (value->number - value->number != 0.0)
            add_text(out, value->number != value->number ? "NaN" : value->number > 0.0 ? "Infinity" : "-Infinity");
        else
            add_double(out, value->number);
        return;
    case LIST:
        add_letter(out, '[');
        for (uint32_t i = 0; i < value->count; i++) {
            if (i > 0)
                add_text(out, ", ");
            write_json(out, &value->items[i]);
        }
        add_letter(out, ']');
        return;
    case OBJECT:
        add_letter(out, '{');
        for (uint32_t i = 0; i < value->count; i++) {
            if (i > 0)
                add_text(out, ", ");
            write_json_string(out, value->members[i].key);
            add_text(out, ": ");
            write_json(out, &value->members[i].value);
        }
        add_letter(out, '}');
        return;
    }
}
