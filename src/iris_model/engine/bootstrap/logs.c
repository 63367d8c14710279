/* The log: standard output, or frames on the descriptor that the platform names. Reference: runtime/logs.py. */
#include "runtime.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define TEXT_FRAME 0xa55a0003u
#define JSON_FRAME 0xa55a0002u
#define ERROR_LEVEL 0x14u
#define NO_BREAK_SPACE "\xc2\xa0"

static int descriptor = -1, is_json;

void open_log(void) {
    const char *number = getenv("_LAMBDA_TELEMETRY_LOG_FD"), *log_format = getenv("AWS_LAMBDA_LOG_FORMAT");
    descriptor = number != NULL && *number != '\0' ? atoi(number) : -1;
    is_json = log_format != NULL && strlen(log_format) == 4;
    for (int i = 0; is_json && i < 4; i++)
        is_json = (log_format[i] & ~0x20) == "JSON"[i];
    unsetenv("_LAMBDA_TELEMETRY_LOG_FD");
}

void write_all(int file, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t written = write(file, bytes, length);
        if (written < 0 && errno != EINTR)
            return; /* nobody reads the log */
        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        }
    }
}

static void put_big_endian(char *at, uint64_t number, int bytes) {
    for (int i = 0; i < bytes; i++)
        at[i] = (char)(number >> (8 * (bytes - 1 - i)) & 0xff);
}

static void write_frame(String message) {
    struct timespec now;
    Buffer frame = {0};
    char *at = reserve(&frame, 16 + message.length);
    clock_gettime(CLOCK_REALTIME, &now);
    put_big_endian(at, (is_json ? JSON_FRAME : TEXT_FRAME) + ERROR_LEVEL, 4);
    put_big_endian(at + 4, message.length, 4);
    put_big_endian(at + 8, (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000, 8);
    frame.length = 16;
    add_string(&frame, message);
    write_all(descriptor, frame.bytes, frame.length);
}

static const Json *make_record(const Json *document) {
    char stamp[32];
    time_t now = time(NULL);
    struct tm parts;
    gmtime_r(&now, &parts);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &parts);
    Json *record = new_object(6);
    set_member(record, "timestamp", new_string(format("%s", stamp)));
    set_member(record, "level", new_string(LITERAL("ERROR")));
    for (uint32_t i = 0; i < document->count; i++)
        record->members[record->count++] = document->members[i];
    return record;
}

/* Add the lines of a stack entry. Their leading spaces do not break, so that all lines stay one log event. */
static void add_lines(Buffer *out, String entry, const char *separator) {
    const char *at = entry.bytes, *end = at + entry.length;
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        if (line_end == NULL)
            line_end = end;
        add_text(out, separator);
        for (; at < line_end && *at == ' '; at++)
            add_text(out, NO_BREAK_SPACE);
        add_bytes(out, at, (size_t)(line_end - at));
        at = line_end + 1;
    }
}

void log_failure(const Failure *failure) {
    const Json *document = failure->document, *stack = member_of(document, "stackTrace");
    Buffer out = {0};
    if (is_json) {
        write_json(&out, make_record(document));
    } else {
        const char *separator = descriptor < 0 ? "\r" : "\n";
        String message = member_of(document, "errorMessage")->string;
        add_string(&out, format("[ERROR] %S%s%S", failure->error_type, message.length > 0 ? ": " : "", message));
        add_text(&out, separator);
        add_text(&out, "Traceback (most recent call last):");
        for (uint32_t i = 0; i < stack->count; i++)
            add_lines(&out, stack->items[i].string, separator);
    }
    if (descriptor >= 0) {
        write_frame(view(&out));
        return;
    }
    add_letter(&out, '\n');
    write_all(1, out.bytes, out.length);
}
