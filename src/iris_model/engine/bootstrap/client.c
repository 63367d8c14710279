/* A client of the Runtime API (version 2018-06-01). Reference: runtime/client.py. */
#include "runtime.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define API "/2018-06-01/runtime/"
/* More than Lambda's limit for an event, for other platforms. */
#define MOST_EVENT_BYTES 268435456

static _Noreturn void end_process(String call, String what) {
    String text = format("iris_model: Runtime API call %S failed: %S\n", call, what);
    write_all(2, text.bytes, text.length);
    _exit(1);
}

typedef struct {
    struct sockaddr_storage address;
    socklen_t length;
} Address;

/* Read `host:port`. Hosts are addresses, or localhost: a static executable asks no name server. */
static int read_address(const char *text, Address *made) {
    char host[256];
    const char *colon = strrchr(text, ':');
    size_t length = colon != NULL ? (size_t)(colon - text) : 0;
    if (length == 0 || length >= sizeof host)
        return 0;
    memcpy(host, text, length);
    host[length] = '\0';
    int port = atoi(colon + 1);
    if (port <= 0 || port > 65535)
        return 0;
    if (strcmp(host, "localhost") == 0)
        strcpy(host, "127.0.0.1");
    memset(made, 0, sizeof *made);
    struct sockaddr_in *four = (struct sockaddr_in *)(void *)&made->address;
    if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)port);
        made->length = sizeof *four;
        return 1;
    }
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)&made->address;
    if (host[0] == '[' && host[length - 1] == ']') {
        host[length - 1] = '\0';
        if (inet_pton(AF_INET6, host + 1, &six->sin6_addr) == 1) {
            six->sin6_family = AF_INET6;
            six->sin6_port = htons((uint16_t)port);
            made->length = sizeof *six;
            return 1;
        }
    }
    return 0;
}

static void connect_client(Client *client, String call) {
    Address address;
    int one = 1;
    if (!read_address(client->address, &address))
        end_process(call, format("AWS_LAMBDA_RUNTIME_API is %s; expected address:port", client->address));
    client->connection.socket = socket(address.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    client->connection.unread_length = 0;
    if (client->connection.socket < 0 ||
        connect(client->connection.socket, (struct sockaddr *)(void *)&address.address, address.length) < 0)
        end_process(call, string_of(strerror(errno)));
    setsockopt(client->connection.socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

/* Send the request and read the answer. Return as read_message does. */
static int exchange(Client *client, String request, Message *answer, const char **reason) {
    if (send_bytes(&client->connection, request) < 0) {
        *reason = strerror(errno);
        return errno == EPIPE || errno == ECONNRESET ? 0 : -1;
    }
    return read_message(&client->connection, MOST_EVENT_BYTES, answer, reason);
}

static Message call_api(Client *client, const char *method, String path, String headers, String body, int expected) {
    Buffer request = {0};
    Message answer;
    const char *reason = "";
    String call = format("%s %S", method, path);
    add_string(&request, format("%S HTTP/1.1\r\nHost: %s\r\nUser-Agent: iris-model/%s\r\n%S", call, client->address,
                                IRIS_MODEL_VERSION, headers));
    if (method[0] == 'P')
        add_string(&request, format("Content-Length: %z\r\n", body.length));
    add_text(&request, "\r\n");
    add_string(&request, body);
    int status = 0;
    /* The server may have closed the kept-alive connection before it read the request: send it again. */
    if (client->connection.socket >= 0 && (status = exchange(client, view(&request), &answer, &reason)) == 0)
        close_connection(&client->connection);
    if (status == 0) {
        connect_client(client, call);
        status = exchange(client, view(&request), &answer, &reason);
    }
    if (status <= 0)
        end_process(call, string_of(reason));
    String line = answer.start_line;
    const char *space = memchr(line.bytes, ' ', line.length);
    int code = space != NULL && line.bytes + line.length - space >= 4 ? atoi(space + 1) : 0;
    if (code != expected)
        end_process(call, format("answered %i: %S", (int64_t)code, answer.body));
    String connection = header_of(&answer, "connection");
    if (connection.bytes != NULL && is_text(lower(connection), "close"))
        close_connection(&client->connection);
    return answer;
}

Message wait_next_invocation(Client *client) {
    return call_api(client, "GET", LITERAL(API "invocation/next"), LITERAL(""), LITERAL(""), 200);
}

static String echo(String invocation_id) {
    return invocation_id.length > 0 ? format("Lambda-Runtime-Invocation-Id: %S\r\n", invocation_id) : LITERAL("");
}

void post_result(Client *client, String request_id, String body, String invocation_id) {
    call_api(client, "POST", format(API "invocation/%S/response", request_id),
             format("Content-Type: application/json\r\n%S", echo(invocation_id)), body, 202);
}

static String describe_error(const Failure *failure) {
    return format("Content-Type: application/json\r\nLambda-Runtime-Function-Error-Type: %S\r\n", failure->error_type);
}

void post_error(Client *client, String request_id, const Failure *failure, String invocation_id) {
    String cause = LITERAL("");
    /* The platform's own runtime omits a cause of one MiB or more. */
    if (failure->xray_cause.length < 1048576)
        cause = format("Lambda-Runtime-Function-XRay-Error-Cause: %S\r\n", failure->xray_cause);
    call_api(client, "POST", format(API "invocation/%S/error", request_id),
             format("%S%S%S", describe_error(failure), echo(invocation_id), cause), failure->body, 202);
}

void post_init_error(Client *client, const Failure *failure) {
    call_api(client, "POST", LITERAL(API "init/error"), describe_error(failure), failure->body, 202);
}
