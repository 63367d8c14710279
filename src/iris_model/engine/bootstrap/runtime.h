/* The runtime around the model: the Runtime API, the log, error documents. References: runtime/loop.py, client.py, logs.py,
 * failures.py. */
#ifndef IRIS_MODEL_RUNTIME_H
#define IRIS_MODEL_RUNTIME_H

#include "request.h"

#ifndef IRIS_MODEL_VERSION
#define IRIS_MODEL_VERSION "0"
#endif

/* ---- function.c: what `package` found in the handler's file ---- */

typedef struct {
    const char *directory;
    String handler, model;           /* app.handler; the file of the model */
    String file, name;               /* app.py; handler */
    String load_text, answer_text;   /* the lines with Model.load and model.answer */
    int64_t load_line, answer_line;
    const Json *labels; /* or NULL */
} Function;

/* Read native.json in the directory. Fails with FAULT. */
void read_function(Function *function, const char *directory);

/* ---- failures.c ---- */

typedef struct {
    String error_type, body, xray_cause;
    const Json *document;
} Failure;

/* The failure of current_error. `function` may be NULL; `loading`: at Model.load, not at model.answer. */
Failure describe_failure(const Function *function, String request_id, int loading);

/* ---- logs.c ---- */

void open_log(void);
void log_failure(const Failure *failure);
void write_all(int file, const char *bytes, size_t length);

/* ---- http.c: HTTP/1.1 on a socket, for the client and for the local front end ---- */

#define MAX_HEAD 262144

typedef struct {
    int socket; /* -1: closed */
    char *unread;
    size_t unread_length, unread_room;
} Connection;

typedef struct {
    String start_line; /* without its end */
    String head;       /* all header lines */
    String body;
} Message;

void close_connection(Connection *connection);
int send_bytes(Connection *connection, String bytes); /* 0, or -1 with errno */
/* Read one message: 1, 0 if the other side closed before the first byte, -1 with a reason. */
int read_message(Connection *connection, size_t most, Message *message, const char **reason);
/* The value of a header, or NULL bytes. */
String header_of(const Message *message, const char *name);

/* ---- client.c ---- */

typedef struct {
    Connection connection;
    const char *address;
} Client;

/* Each call ends the process with 1 if the Runtime API refuses it. */
Message wait_next_invocation(Client *client);
void post_result(Client *client, String request_id, String body, String invocation_id);
void post_error(Client *client, String request_id, const Failure *failure, String invocation_id);
void post_init_error(Client *client, const Failure *failure);

/* ---- loop.c ---- */

_Noreturn void run(const char *address, const char *handler, const char *directory);
/* Answer the events on standard input, one a line, and end the process: how `package` checks that the model is in the core. */
_Noreturn void answer_lines(const char *directory);

/* ---- front_end.c ---- */

/* Without a Runtime API: answer the Invoke API on port 8080. Reference: runtime/emulator.py. */
_Noreturn void serve(char **arguments, const char *handler, const char *directory);

#endif
