/* Error documents for the caller, and the cause that the platform sends to X-Ray. Reference: runtime/failures.py.
 *
 * The frame of the user's handler is in them, as under Python, with the line that `package` found.
 */
#include "runtime.h"

#include <unistd.h>

static const char *name_of(int kind) {
    switch (kind) {
    case INVALID_INPUT: return "InvalidInput";
    case OVERFLOW_ERROR: return "OverflowError";
    case MODEL_FORMAT_ERROR: return "ModelFormatError";
    }
    return "ValueError";
}

static Json *text(String string) {
    return new_string(string);
}

static String working_directory(void) {
    static char path[4096];
    return getcwd(path, sizeof path) != NULL ? string_of(path) : LITERAL("");
}

static const Json *make_cause(String message, const char *kind, String path, String label, int64_t line) {
    Json *stack = new_list(1), *paths = new_list(1), *exception = new_object(3), *cause = new_object(3);
    if (path.bytes != NULL) {
        Json *frame = new_object(3);
        set_member(frame, "label", text(label));
        set_member(frame, "path", text(path));
        set_member(frame, "line", new_integer(line));
        set_item(stack, frame);
        set_item(paths, text(path));
    }
    set_member(exception, "message", text(message));
    set_member(exception, "type", text(string_of(kind)));
    set_member(exception, "stack", stack);
    set_member(cause, "working_directory", text(working_directory()));
    set_member(cause, "exceptions", set_item(new_list(1), exception));
    return set_member(cause, "paths", paths);
}

Failure describe_failure(const Function *function, String request_id, int loading) {
    Failure failure = {0};
    Error error = current_error;
    int is_fault = error.kind == FAULT, has_frame = !is_fault && function != NULL;
    Json *stack = new_list(1), *document = new_object(4);
    String path = NONE, label = NONE;
    Buffer body = {0}, cause = {0};
    int64_t line = 0;
    failure.error_type = string_of(is_fault ? (error.fault != NULL ? error.fault : "Runtime.Unknown") : name_of(error.kind));
    if (has_frame) {
        path = format("%s/%S", function->directory, function->file);
        label = loading ? LITERAL("<module>") : function->name;
        line = loading ? function->load_line : function->answer_line;
        set_item(stack, text(format("  File \"%S\", line %i, in %S\n    %S\n", path, line, label,
                                    loading ? function->load_text : function->answer_text)));
    }
    set_member(document, "errorMessage", text(error.message));
    set_member(document, "errorType", text(failure.error_type));
    set_member(document, "requestId", text(request_id));
    set_member(document, "stackTrace", stack);
    write_json(&body, document);
    write_json(&cause, make_cause(error.message, is_fault ? "LambdaValidationError" : name_of(error.kind), path, label, line));
    failure.document = document;
    failure.body = view(&body);
    failure.xray_cause = view(&cause);
    return failure;
}
