/* Text that grows, in the memory of the current arena. */
#include "core.h"

#include <stdarg.h>
#include <stdio.h>

#include "../csrc/text/text.h"

char *reserve(Buffer *buffer, size_t more) {
    if (buffer->room - buffer->length < more) {
        size_t room = buffer->room * 2 + more + 64;
        char *bytes = allocate(room, 1);
        if (buffer->length > 0)
            memcpy(bytes, buffer->bytes, buffer->length);
        buffer->bytes = bytes;
        buffer->room = room;
    }
    return buffer->bytes + buffer->length;
}

void add_bytes(Buffer *buffer, const char *bytes, size_t length) {
    char *at = reserve(buffer, length);
    if (length > 0)
        memcpy(at, bytes, length);
    buffer->length += length;
}

void add_text(Buffer *buffer, const char *text) {
    add_bytes(buffer, text, strlen(text));
}

void add_string(Buffer *buffer, String string) {
    add_bytes(buffer, string.bytes, string.length);
}

void add_number(Buffer *buffer, int64_t number) {
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)number);
    add_bytes(buffer, digits, (size_t)length);
}

void add_double(Buffer *buffer, double value) {
    if (value - value != 0.0) {
        add_text(buffer, value != value ? "nan" : value > 0.0 ? "inf" : "-inf");
        return;
    }
    char *at = reserve(buffer, LONGEST_DOUBLE + 1);
    buffer->length += (size_t)(write_double(at, value) - at);
}

String format(const char *pattern, ...) {
    Buffer made = {0};
    va_list values;
    va_start(values, pattern);
    for (; *pattern != '\0'; pattern++) {
        if (*pattern != '%') {
            add_letter(&made, *pattern);
            continue;
        }
        switch (*++pattern) {
        case 's': add_text(&made, va_arg(values, const char *)); break;
        case 'S': add_string(&made, va_arg(values, String)); break;
        case 'z': add_number(&made, (int64_t)va_arg(values, size_t)); break;
        case 'i': add_number(&made, va_arg(values, int64_t)); break;
        default: add_letter(&made, *pattern);
        }
    }
    va_end(values);
    *reserve(&made, 1) = '\0'; /* it is also a C string */
    return view(&made);
}
