/* HTTP/1.1 messages on a socket. */
#include "runtime.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_SIZE 65536

void close_connection(Connection *connection) {
    if (connection->socket >= 0)
        close(connection->socket);
    connection->socket = -1;
    connection->unread_length = 0;
}

int send_bytes(Connection *connection, String bytes) {
    while (bytes.length > 0) {
        ssize_t sent = send(connection->socket, bytes.bytes, bytes.length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return -1;
        bytes.bytes += sent;
        bytes.length -= (size_t)sent;
    }
    return 0;
}

/* Wait for more bytes. Return their number, 0 at the end, -1 at an error. */
static ssize_t read_more(Connection *connection) {
    if (connection->unread_room - connection->unread_length < READ_SIZE) {
        size_t room = connection->unread_room * 2 + READ_SIZE;
        char *larger = realloc(connection->unread, room);
        if (larger == NULL)
            return -1;
        connection->unread = larger;
        connection->unread_room = room;
    }
    ssize_t got;
    do
        got = recv(connection->socket, connection->unread + connection->unread_length,
                   connection->unread_room - connection->unread_length, 0);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        connection->unread_length += (size_t)got;
    return got;
}

/* Move the first bytes out of the connection, into the current arena. */
static String take_bytes(Connection *connection, size_t length) {
    char *copy = allocate(length + 1, 1);
    memcpy(copy, connection->unread, length);
    connection->unread_length -= length;
    memmove(connection->unread, connection->unread + length, connection->unread_length);
    return (String){copy, length};
}

static size_t find_bytes(const Connection *connection, size_t from, const char *wanted) {
    size_t length = strlen(wanted);
    for (size_t i = from; i + length <= connection->unread_length; i++)
        if (memcmp(connection->unread + i, wanted, length) == 0)
            return i;
    return SIZE_MAX;
}

static int read_exactly(Connection *connection, size_t length, String *bytes, const char **reason) {
    while (connection->unread_length < length)
        if (read_more(connection) <= 0) {
            *reason = "the connection was closed before the end of a message";
            return -1;
        }
    *bytes = take_bytes(connection, length);
    return 1;
}

static int read_line(Connection *connection, String *line, const char **reason) {
    size_t end;
    while ((end = find_bytes(connection, 0, "\r\n")) == SIZE_MAX)
        if (connection->unread_length > MAX_HEAD || read_more(connection) <= 0) {
            *reason = "the connection was closed in the middle of a message";
            return -1;
        }
    *line = take_bytes(connection, end + 2);
    line->length -= 2;
    return 1;
}

static int read_number(String text, int base, size_t *number) {
    char *end;
    char copy[32];
    text = strip(text);
    if (text.length == 0 || text.length >= sizeof copy || !((text.bytes[0] >= '0' && text.bytes[0] <= '9') || base == 16))
        return 0;
    memcpy(copy, text.bytes, text.length);
    copy[text.length] = '\0';
    *number = (size_t)strtoull(copy, &end, base);
    return *end == '\0';
}

static int read_chunks(Connection *connection, size_t most, String *body, const char **reason) {
    Buffer all = {0};
    String line, bytes;
    size_t length;
    for (;;) {
        if (read_line(connection, &line, reason) < 0)
            return -1;
        const char *extension = memchr(line.bytes, ';', line.length);
        if (extension != NULL)
            line.length = (size_t)(extension - line.bytes);
        if (!read_number(line, 16, &length) || length > most - all.length) {
            *reason = "the length of a chunk is wrong";
            return -1;
        }
        if (length == 0)
            break;
        if (read_exactly(connection, length, &bytes, reason) < 0 || read_line(connection, &line, reason) < 0)
            return -1;
        add_string(&all, bytes);
    }
    do
        if (read_line(connection, &line, reason) < 0)
            return -1;
    while (line.length > 0); /* trailers */
    *body = view(&all);
    return 1;
}

String header_of(const Message *message, const char *name) {
    const char *at = message->head.bytes, *end = at + message->head.length;
    String found = NONE;
    while (at < end) {
        const char *line_end = memchr(at, '\r', (size_t)(end - at)), *colon;
        if (line_end == NULL)
            line_end = end;
        colon = memchr(at, ':', (size_t)(line_end - at));
        size_t length = colon != NULL ? (size_t)(colon - at) : 0;
        int same = length == strlen(name);
        for (size_t i = 0; same && i < length; i++)
            same = ((at[i] >= 'A' && at[i] <= 'Z' ? at[i] + 32 : at[i]) == name[i]);
        if (same) {
            const char *start = colon + 1, *last = line_end;
            while (start < last && (*start == ' ' || *start == '\t'))
                start++;
            while (last > start && (last[-1] == ' ' || last[-1] == '\t'))
                last--;
            found = (String){start, (size_t)(last - start)};
        }
        at = line_end + 2;
    }
    return found;
}

static int contains_chunked(String text) {
    text = lower(text);
    for (size_t i = 0; i + 7 <= text.length; i++)
        if (memcmp(text.bytes + i, "chunked", 7) == 0)
            return 1;
    return 0;
}

int read_message(Connection *connection, size_t most, Message *message, const char **reason) {
    size_t end, length = 0, searched = 0;
    while ((end = find_bytes(connection, searched, "\r\n\r\n")) == SIZE_MAX) {
        if (connection->unread_length > MAX_HEAD) {
            *reason = "the header of a message is too long";
            return -1;
        }
        searched = connection->unread_length > 3 ? connection->unread_length - 3 : 0;
        ssize_t got = read_more(connection);
        if (got <= 0) {
            *reason = got < 0 ? strerror(errno) : "the connection was closed before an answer came";
            return got < 0 && errno != ECONNRESET ? -1 : 0;
        }
    }
    String head = take_bytes(connection, end + 4);
    head.length -= 4;
    const char *line_end = memchr(head.bytes, '\r', head.length);
    size_t first = line_end != NULL ? (size_t)(line_end - head.bytes) : head.length;
    message->start_line = (String){head.bytes, first};
    message->head = first + 2 <= head.length ? (String){head.bytes + first + 2, head.length - first - 2} : LITERAL("");
    message->body = LITERAL("");
    String encoding = header_of(message, "transfer-encoding"), size = header_of(message, "content-length");
    int status = 1;
    if (encoding.bytes != NULL && contains_chunked(encoding)) {
        status = read_chunks(connection, most, &message->body, reason);
    } else if (size.bytes != NULL) {
        if (!read_number(size, 10, &length) || length > most) {
            *reason = "the length of a message is wrong";
            return -1;
        }
        status = read_exactly(connection, length, &message->body, reason);
    }
    return status;
}
