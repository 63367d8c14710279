/* The Invoke API on port 8080, for `docker run -p 9000:8080 IMAGE` on a base without an emulator. Reference:
 * runtime/emulator.py.
 *
 * A child process is the sandbox: the same executable, with a Runtime API on loopback. One invocation at a time, one request
 * on a connection. The child is killed at the timeout, and started again after it ended.
 */
#include "runtime.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PORT 8080
#define INVOCATION_PATH "/2015-03-31/functions/function/invocations"
#define CLIENT_SECONDS 60

static Arena exchange_arena;

typedef struct {
    char **arguments;
    const char *handler, *directory, *memory;
    pid_t child;
    int listening, client; /* sockets of the Invoke API; client: of the request that is answered */
    int api;               /* the listening socket of the Runtime API */
    Connection connection;
    double timeout, started, init_ms; /* seconds; milliseconds, or below 0 */
    int status; /* of the last child that ended */
} Sandbox;

static Sandbox sandbox;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int listen_at(uint32_t host, uint16_t *port) {
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    int one = 1, made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(host);
    address.sin_port = htons(*port);
    setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (made < 0 || bind(made, (struct sockaddr *)(void *)&address, sizeof address) < 0 || listen(made, 64) < 0 ||
        getsockname(made, (struct sockaddr *)(void *)&address, &length) < 0)
        return -1;
    *port = ntohs(address.sin_port);
    return made;
}

static void limit_wait(int file, double seconds) {
    struct timeval limit = {(time_t)seconds, (suseconds_t)((seconds - (double)(time_t)seconds) * 1e6)};
    if (seconds <= 0.0)
        limit = (struct timeval){0, 1};
    setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

static void set_default(const char *name, const char *value) {
    setenv(name, value, 0);
}

static void become_sandbox(uint16_t port) {
    char address[32];
    const char *name = getenv("AWS_LAMBDA_FUNCTION_NAME");
    snprintf(address, sizeof address, "127.0.0.1:%u", (unsigned)port);
    set_default("AWS_LAMBDA_FUNCTION_NAME", "function");
    set_default("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
    set_default("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", sandbox.memory);
    set_default("AWS_LAMBDA_LOG_GROUP_NAME", format("/aws/lambda/%s%s", name != NULL ? name : "function", "").bytes);
    set_default("LAMBDA_TASK_ROOT", sandbox.directory);
    setenv("AWS_LAMBDA_RUNTIME_API", address, 1);
    /* A client that reads to the end of its connection would wait for this process, and so would port 8080. */
    close(sandbox.listening);
    close(sandbox.client);
    close(sandbox.api);
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    run(getenv("AWS_LAMBDA_RUNTIME_API"), sandbox.handler, sandbox.directory);
}

static void start_child(void) {
    uint16_t port = 0;
    if (sandbox.api >= 0)
        close(sandbox.api);
    sandbox.api = listen_at(INADDR_LOOPBACK, &port);
    sandbox.init_ms = -1.0;
    sandbox.started = now();
    sandbox.child = sandbox.api >= 0 ? fork() : -1;
    if (sandbox.child == 0)
        become_sandbox(port);
}

static void stop_child(void) {
    if (sandbox.child > 0) {
        kill(sandbox.child, SIGKILL);
        waitpid(sandbox.child, &sandbox.status, 0);
    }
    sandbox.child = 0;
    close_connection(&sandbox.connection);
}

static void end_on_signal(int number) {
    (void)number;
    if (sandbox.child > 0)
        kill(sandbox.child, SIGKILL);
    _exit(0);
}

static int accept_child(double deadline) {
    int one = 1;
    limit_wait(sandbox.api, deadline - now());
    sandbox.connection.socket = accept(sandbox.api, NULL, NULL);
    if (sandbox.connection.socket < 0)
        return 0;
    setsockopt(sandbox.connection.socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return 1;
}

/* Read a call of the child. Return 1, 0 if it ended, -1 at the timeout. */
static int read_call(Message *call, double deadline) {
    const char *reason;
    for (;;) {
        if (sandbox.connection.socket < 0 && !accept_child(deadline < sandbox.started + 10.0 ? deadline : sandbox.started + 10.0))
            return now() >= deadline ? -1 : 0;
        limit_wait(sandbox.connection.socket, deadline - now());
        errno = 0;
        int status = read_message(&sandbox.connection, 16 * (size_t)MAX_RESPONSE_BYTES, call, &reason);
        if (status > 0)
            return 1;
        return now() >= deadline ? -1 : 0;
    }
}

static void accept_call(void) {
    send_bytes(&sandbox.connection, LITERAL("HTTP/1.1 202 Accepted\r\nContent-Length: 16\r\n\r\n{\"status\":\"OK\"}\n"));
}

static String error_document(const char *type, String message) {
    Buffer out = {0};
    Json *document = new_object(2);
    set_member(document, "errorType", new_string(string_of(type)));
    set_member(document, "errorMessage", new_string(message));
    write_json(&out, document);
    return view(&out);
}

static String describe_exit(String request_id) {
    String reason = LITERAL("Runtime exited without providing a reason");
    if (WIFEXITED(sandbox.status) && WEXITSTATUS(sandbox.status) != 0)
        reason = format("Runtime exited with error: exit status %i", (int64_t)WEXITSTATUS(sandbox.status));
    if (WIFSIGNALED(sandbox.status)) {
        int number = WTERMSIG(sandbox.status);
        const char *name = number == SIGKILL ? "killed" : number == SIGTERM ? "terminated" : number == SIGSEGV ? "segmentation fault" : NULL;
        reason = name != NULL ? format("Runtime exited with error: signal: %s", name)
                              : format("Runtime exited with error: signal: %i", (int64_t)number);
    }
    return error_document("Runtime.ExitError", format("RequestId: %S Error: %S", request_id, reason));
}

static int ends_with(String text, const char *end) {
    size_t length = strlen(end);
    return text.length >= length && memcmp(text.bytes + text.length - length, end, length) == 0;
}

static void send_event(String event, String request_id, const String *context) {
    const char *name = getenv("AWS_LAMBDA_FUNCTION_NAME");
    int64_t deadline = (int64_t)(((double)time(NULL) + sandbox.timeout) * 1000.0);
    Buffer head = {0};
    add_string(&head, format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: %S\r\n"
                             "Lambda-Runtime-Deadline-Ms: %i\r\nLambda-Runtime-Invoked-Function-Arn: "
                             "arn:aws:lambda:us-east-1:012345678912:function:%s\r\n",
                             request_id, deadline, name != NULL ? name : "function"));
    if (context->length > 0)
        add_string(&head, format("Lambda-Runtime-Client-Context: %S\r\n", *context));
    add_string(&head, format("Content-Length: %z\r\n\r\n", event.length));
    add_string(&head, event);
    send_bytes(&sandbox.connection, view(&head));
}

/* Give the child the event, and return what it posts. `failed`: whether that is an error. */
static String exchange_event(String event, String request_id, const String *context, double deadline, int *failed) {
    Message call;
    *failed = 1;
    int status = read_call(&call, deadline);
    if (status > 0 && call.start_line.bytes[0] == 'G') {
        if (sandbox.init_ms < 0.0)
            sandbox.init_ms = (now() - sandbox.started) * 1000.0;
        send_event(event, request_id, context);
        status = read_call(&call, deadline);
    }
    if (status > 0) {
        const char *end = memchr(call.start_line.bytes + 5, ' ', call.start_line.length - 5);
        String path = {call.start_line.bytes, end != NULL ? (size_t)(end - call.start_line.bytes) : call.start_line.length};
        accept_call();
        if (ends_with(path, "/init/error"))
            stop_child(); /* it ends after that call */
        *failed = !ends_with(path, "/response");
        if (call.body.length <= MAX_RESPONSE_BYTES)
            return call.body;
        *failed = 1;
        return error_document("Function.ResponseSizeTooLarge",
                              format("Response payload size exceeded maximum allowed payload size (%z bytes).",
                                     (size_t)MAX_RESPONSE_BYTES));
    }
    char seconds[32];
    if (status < 0) {
        stop_child();
        snprintf(seconds, sizeof seconds, "%.2f", sandbox.timeout);
        return error_document("Sandbox.Timedout",
                              format("RequestId: %S Error: Task timed out after %s seconds", request_id, seconds));
    }
    if (sandbox.child > 0)
        waitpid(sandbox.child, &sandbox.status, 0);
    sandbox.child = 0;
    close_connection(&sandbox.connection);
    return describe_exit(request_id);
}

static void report(String request_id, double duration, int cold) {
    char line[512], init[64] = "";
    double init_ms = cold && sandbox.init_ms >= 0.0 ? sandbox.init_ms : 0.0;
    struct rusage usage = {0};
    if (cold && sandbox.init_ms >= 0.0)
        snprintf(init, sizeof init, "Init Duration: %.2f ms\t", sandbox.init_ms);
    long billed = (long)(duration + init_ms);
    billed += (double)billed < duration + init_ms;
    getrusage(RUSAGE_SELF, &usage);
    int length = snprintf(line, sizeof line,
                          "END RequestId: %.*s\nREPORT RequestId: %.*s\tDuration: %.2f ms\tBilled Duration: %ld ms\tMemory Size: %.32s MB\t"
                          "Max Memory Used: %ld MB\t%s\n",
                          (int)request_id.length, request_id.bytes, (int)request_id.length, request_id.bytes, duration, billed,
                          sandbox.memory, (usage.ru_maxrss + 1023) / 1024, init);
    write_all(1, line, (size_t)length);
}

static String new_request_id(void) {
    static const char hex[] = "0123456789abcdef";
    unsigned char bytes[16] = {0};
    Buffer made = {0};
    if (getrandom(bytes, sizeof bytes, 0) < 0)
        bytes[0] = (unsigned char)getpid();
    bytes[6] = (unsigned char)((bytes[6] & 15) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            add_letter(&made, '-');
        add_letter(&made, hex[bytes[i] >> 4]);
        add_letter(&made, hex[bytes[i] & 15]);
    }
    return view(&made);
}

static void answer(Connection *client, const char *status, String body, String headers) {
    send_bytes(client, format("HTTP/1.1 %s\r\nContent-Type: application/json\r\n%SContent-Length: %z\r\nConnection: close\r\n\r\n%S",
                              status, headers, body.length, body));
}

static void answer_error(Connection *client, const char *status, String message) {
    Buffer body = {0};
    Json *document = new_object(2);
    set_member(document, "Type", new_string(LITERAL("User")));
    set_member(document, "message", new_string(message));
    write_json(&body, document);
    answer(client, status, view(&body), LITERAL(""));
}

static void invoke(Connection *client, String event, const String *context) {
    String request_id = new_request_id(), line = format("START RequestId: %S Version: $LATEST\n", request_id);
    int failed, cold;
    write_all(1, line.bytes, line.length);
    if (sandbox.child > 0 && waitpid(sandbox.child, &sandbox.status, WNOHANG) == sandbox.child) {
        sandbox.child = 0;
        close_connection(&sandbox.connection);
    }
    cold = sandbox.child <= 0;
    if (cold)
        start_child();
    double begin = now();
    String body = exchange_event(event, request_id, context, begin + sandbox.timeout, &failed);
    double duration = (now() - begin) * 1000.0;
    if (cold && sandbox.init_ms >= 0.0)
        duration = duration > sandbox.init_ms ? duration - sandbox.init_ms : 0.0;
    report(request_id, duration, cold);
    answer(client, "200 OK", body,
           format("x-amzn-RequestId: %S\r\nX-Amz-Executed-Version: $LATEST\r\n%s", request_id,
                  failed ? "X-Amz-Function-Error: Unhandled\r\n" : ""));
}

/* Refuse an event or a client context that is not JSON, as Lambda does. */
static int check_json(Connection *client, String text) {
    size_t start, end;
    const char *reason;
    Trap trap;
    if (TRY(trap)) {
        if (!is_utf8(text, &start, &end, &reason))
            fail(VALUE_ERROR, string_of(reason));
        read_json(text, KEEP_LAST);
        END_TRY(trap);
        return 1;
    }
    CAUGHT(trap);
    answer_error(client, "400 Bad Request", format("Could not parse request body into json: %S", current_error.message));
    return 0;
}

static void serve_client(Connection *client) {
    Message request;
    Trap trap;
    const char *reason;
    String context = LITERAL("");
    if (read_message(client, MAX_REQUEST_BYTES, &request, &reason) <= 0) {
        if (strcmp(reason, "the length of a message is wrong") == 0)
            answer_error(client, "413 Content Too Large",
                         LITERAL("the payload is too large for the RequestResponse invocation type (limit 6291456 bytes)"));
        return;
    }
    static const char line[] = "POST " INVOCATION_PATH;
    size_t length = sizeof line - 1;
    if (request.start_line.length <= length || memcmp(request.start_line.bytes, line, length) != 0 ||
        (request.start_line.bytes[length] != ' ' && request.start_line.bytes[length] != '?')) {
        answer(client, "404 Not Found",
               LITERAL("{\"Type\":\"User\",\"Message\":\"Function not found; POST to " INVOCATION_PATH "\"}"), LITERAL(""));
        return;
    }
    String event = request.body.length > 0 ? request.body : LITERAL("{}"), header = header_of(&request, "x-amz-client-context");
    if (!check_json(client, event))
        return;
    if (header.length > 0) {
        if (!TRY(trap)) {
            CAUGHT(trap);
            answer_error(client, "400 Bad Request", LITERAL("Could not parse request body into json: the client context is not base64"));
            return;
        }
        String decoded = decode_base64(header);
        END_TRY(trap);
        if (!check_json(client, decoded))
            return;
        /* One line of ASCII, valid in a header. */
        Buffer out = {0};
        write_json(&out, read_json(decoded, KEEP_LAST));
        context = view(&out);
    }
    invoke(client, event, &context);
}

_Noreturn void serve(char **arguments, const char *handler, const char *directory) {
    static const char emulator[] = "/usr/local/bin/aws-lambda-rie";
    const char *timeout = getenv("AWS_LAMBDA_FUNCTION_TIMEOUT"), *memory = getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE");
    uint16_t port = PORT;
    if (access(emulator, X_OK) == 0) {
        char *command[] = {(char *)(uintptr_t)emulator, arguments[0], (char *)(uintptr_t)handler, NULL};
        execv(emulator, command);
    }
    current_arena = &exchange_arena;
    sandbox.arguments = arguments;
    sandbox.handler = handler;
    sandbox.directory = directory;
    sandbox.memory = memory != NULL ? memory : "3008";
    sandbox.timeout = timeout != NULL && atof(timeout) > 0.0 ? atof(timeout) : 300.0;
    sandbox.api = sandbox.connection.socket = -1;
    int listening = listen_at(INADDR_ANY, &port);
    if (listening < 0) {
        String message = format("iris_model: cannot listen on port %i: %s; free the port and start again\n", (int64_t)PORT,
                                strerror(errno));
        write_all(2, message.bytes, message.length);
        _exit(1);
    }
    sandbox.listening = listening;
    /* Without a handler, process 1 of a container ignores these signals. */
    signal(SIGTERM, end_on_signal);
    signal(SIGINT, end_on_signal);
    String message = format("no emulator in this image; answering POST %s on port %i\n", INVOCATION_PATH, (int64_t)PORT);
    write_all(1, message.bytes, message.length);
    for (Connection client = {0};; close_connection(&client), reset_arena(&exchange_arena)) {
        client.socket = accept(listening, NULL, NULL);
        if (client.socket < 0)
            continue;
        sandbox.client = client.socket;
        limit_wait(client.socket, CLIENT_SECONDS);
        serve_client(&client);
    }
}
