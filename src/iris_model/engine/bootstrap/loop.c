/* The loop of a sandbox: open the model, then serve invocations until the platform ends the process. Reference:
 * runtime/loop.py. */
#include "runtime.h"

#include <unistd.h>

static Arena model_arena, invocation_arena;

/* Open the function. Fails with FAULT or MODEL_FORMAT_ERROR. */
static void open_files(const char *directory, Function *function, Model *model) {
    Buffer path = {0};
    String name = function->model;
    add_string(&path, format("%s/%S", directory, name));
    add_letter(&path, '\0');
    while (name.length > 0 && name.bytes[name.length - 1] != '.')
        name.length--;
    model->name = (String){name.bytes, name.length > 0 ? name.length - 1 : 0};
    model->labels = function->labels;
    open_model(model, path.bytes);
}

/* Open everything, or report the error of the init and end the process with 1. */
static void open_function(Client *client, const char *handler, const char *directory, Function *function, Model *model) {
    Trap trap;
    volatile int loading = 0;
    current_arena = &model_arena;
    if (TRY(trap)) {
        read_function(function, directory);
        if (!is_text(function->handler, handler))
            fail(FAULT, format("the handler is '%s', and this native function was packaged for '%S'; use that handler, or set "
                               "runtime to \"python\" in iris-model.toml",
                               handler, function->handler));
        loading = 1;
        open_files(directory, function, model);
        END_TRY(trap);
        return;
    }
    CAUGHT(trap);
    if (current_error.kind == FAULT)
        current_error.fault = "Runtime.HandlerNotFound";
    Failure failure = describe_failure(loading ? function : NULL, LITERAL(""), 1);
    log_failure(&failure);
    post_init_error(client, &failure);
    _exit(1);
}

static _Noreturn void fail_fault(const char *type, String message) {
    Buffer keep = {0};
    add_string(&keep, message);
    memset(&current_error, 0, sizeof current_error);
    current_error.kind = FAULT;
    current_error.fault = type;
    current_error.message = view(&keep);
    current_error.row = -1;
    fail_again();
}

static String describe_encoding(String bytes, size_t start, size_t end, const char *reason) {
    static const char hex[] = "0123456789abcdef";
    if (end - start != 1)
        return format("'utf-8' codec can't decode bytes in position %z-%z: %s", start, end - 1, reason);
    unsigned char byte = (unsigned char)bytes.bytes[start];
    char digits[3] = {hex[byte >> 4], hex[byte & 15], '\0'};
    return format("'utf-8' codec can't decode byte 0x%s in position %z: %s", digits, start, reason);
}

/* Parse JSON, or fail with an error type of the runtime. */
static const Json *parse(String text, const char *type, const char *what) {
    size_t start, end;
    const char *reason;
    Trap trap;
    if (!is_utf8(text, &start, &end, &reason))
        fail_fault(type, format("%s: %S", what, describe_encoding(text, start, end, reason)));
    if (TRY(trap)) {
        const Json *value = read_json(text, KEEP_LAST);
        END_TRY(trap);
        return value;
    }
    CAUGHT(trap);
    fail_fault(type, format("%s: %S", what, current_error.message));
}

static void check_context(const Message *invocation, const char *name, const char *what) {
    String text = header_of(invocation, name);
    if (text.length > 0)
        parse(text, "Runtime.LambdaContextUnmarshalError", what);
}

static String answer_invocation(const Model *model, const Message *invocation) {
    String content_type = header_of(invocation, "content-type");
    const Json *event = NULL;
    Buffer out = {0};
    check_context(invocation, "lambda-runtime-client-context", "Unable to parse Client Context JSON");
    check_context(invocation, "lambda-runtime-cognito-identity", "Unable to parse Cognito Identity JSON");
    if (content_type.bytes == NULL || is_text(content_type, "application/json"))
        event = parse(invocation->body, "Runtime.UnmarshalError", "Unable to unmarshal input");
    write_json(&out, answer_event(model, event, invocation->body));
    return view(&out);
}

static void serve_next(Client *client, const Function *function, const Model *model) {
    Trap trap;
    Message invocation = wait_next_invocation(client);
    String request_id = header_of(&invocation, "lambda-runtime-aws-request-id");
    String invocation_id = header_of(&invocation, "lambda-runtime-invocation-id");
    if (request_id.bytes == NULL)
        request_id = LITERAL("");
    if (TRY(trap)) {
        String result = answer_invocation(model, &invocation);
        END_TRY(trap);
        post_result(client, request_id, result, invocation_id);
        return;
    }
    CAUGHT(trap);
    Failure failure = describe_failure(function, request_id, 0);
    log_failure(&failure);
    post_error(client, request_id, &failure, invocation_id);
}

_Noreturn void run(const char *address, const char *handler, const char *directory) {
    static Client client;
    static Function function;
    static Model model;
    client.address = address;
    client.connection.socket = -1;
    open_log();
    open_function(&client, handler, directory, &function, &model);
    for (current_arena = &invocation_arena;; reset_arena(&invocation_arena))
        serve_next(&client, &function, &model);
}

/* Read standard input to its end. */
static String read_input(void) {
    Buffer input = {0};
    for (;;) {
        char *at = reserve(&input, 65536);
        ssize_t got = read(0, at, 65536);
        if (got <= 0)
            return view(&input);
        input.length += (size_t)got;
    }
}

static void answer_line(const Model *model, String line) {
    Buffer out = {0};
    write_json(&out, answer_event(model, read_json(line, KEEP_LAST), NONE));
    add_letter(&out, '\n');
    write_all(1, out.bytes, out.length);
}

_Noreturn void answer_lines(const char *directory) {
    static Function function;
    static Model model;
    Trap trap;
    current_arena = &model_arena;
    if (TRY(trap)) {
        read_function(&function, directory);
        open_files(directory, &function, &model);
        for (String input = read_input(); input.length > 0;) {
            const char *end = memchr(input.bytes, '\n', input.length);
            size_t length = end != NULL ? (size_t)(end - input.bytes) : input.length;
            answer_line(&model, (String){input.bytes, length});
            length += end != NULL;
            input = (String){input.bytes + length, input.length - length};
        }
        _exit(0);
    }
    CAUGHT(trap);
    write_all(2, current_error.message.bytes, current_error.message.length);
    _exit(1);
}
