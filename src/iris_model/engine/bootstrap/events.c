/* Which front end sent an event, its request, and the form of the reply. Reference: runtime/events.py. */
#include "request.h"

EventFormat find_format(const Signature *signature, const Json *event) {
    if (event == NULL || event->kind != OBJECT)
        return DIRECT;
    const Json *context = member_of(event, "requestContext"), *http = member_of(context, "http");
    if (http != NULL && http->kind == OBJECT && member_of(event, "routeArn") == NULL)
        return HTTP_API_2;
    if (member_of(event, "httpMethod") != NULL && context != NULL && member_of(event, "methodArn") == NULL)
        return member_of(context, "elb") != NULL ? ALB : REST_1;
    if (member_of(event, "body") == NULL || find_column(signature, LITERAL("body")) >= 0)
        return DIRECT;
    for (uint32_t i = 0; i < event->count; i++) {
        String key = event->members[i].key;
        if (!is_text(key, "body") && !is_text(key, "headers") && !is_text(key, "isBase64Encoded"))
            return DIRECT;
    }
    return BODY_ALONE;
}

int is_http(EventFormat format) {
    return format <= REST_1;
}

int takes_bytes(EventFormat format, const Json *event) {
    const Json *version = member_of(event, "version");
    return format != REST_1 || (version != NULL && version->kind == STRING && is_text(version->string, "1.0"));
}

/* Return the value of a header, or NULL bytes. Names have any case; the last one counts. */
static String find_header(const Json *headers, const char *name) {
    String found = NONE;
    for (uint32_t i = 0; headers != NULL && headers->kind == OBJECT && i < headers->count; i++)
        if (headers->members[i].value.kind == STRING && is_text(lower(headers->members[i].key), name))
            found = headers->members[i].value.string;
    return found;
}

/* Replace each list of values by its last value. */
static const Json *last_values(const Json *lists) {
    if (lists == NULL || lists->kind != OBJECT)
        return NULL;
    Json *made = new_object(lists->count);
    for (uint32_t i = 0; i < lists->count; i++) {
        const Json *values = &lists->members[i].value;
        if (values->kind != LIST || values->count == 0)
            continue;
        made->members[made->count].key = lists->members[i].key;
        made->members[made->count++].value = values->items[values->count - 1];
    }
    return made;
}

typedef struct {
    const Json *headers, *lists;
} Headers;

static String header(const Headers *headers, const char *name) {
    String found = find_header(headers->headers, name);
    return found.bytes != NULL ? found : find_header(headers->lists, name);
}

static String header_or_empty(const Headers *headers, const char *name) {
    String found = header(headers, name);
    return found.bytes != NULL ? found : LITERAL("");
}

static Request new_request(String method, Headers headers) {
    Request request = {0};
    int is_binary = header(&headers, "inference-header-content-length").bytes != NULL;
    request.method = method;
    request.path = LITERAL("");
    request.content_type = is_binary ? LITERAL("binary tensors") : header_or_empty(&headers, "content-type");
    request.content_encoding = lower(strip(header_or_empty(&headers, "content-encoding")));
    request.accept = header_or_empty(&headers, "accept");
    request.accept_encoding = header_or_empty(&headers, "accept-encoding");
    return request;
}

static void set_body(Request *request, const Json *event) {
    const Json *body = member_of(event, "body");
    if (body == NULL || body->kind == NULL_VALUE)
        return;
    request->body = str_of(body);
    if (body->kind == STRING && is_true(member_of(event, "isBase64Encoded"))) {
        request->body = decode_base64(body->string);
        request->is_bytes = 1;
    }
}

static String str_or_none(const Json *value) {
    return value == NULL ? LITERAL("None") : str_of(value);
}

static Request decode_body_alone(const Json *event) {
    Headers headers = {member_of(event, "headers"), NULL};
    const Json *body = member_of(event, "body");
    Request request = new_request(LITERAL("POST"), headers);
    if (body->kind != STRING) {
        request.payload = body;
        return request;
    }
    if (member_of(event, "isBase64Encoded") != NULL) {
        set_body(&request, event);
        return request;
    }
    Trap trap;
    if (TRY(trap)) {
        String bytes = decode_base64(body->string);
        END_TRY(trap);
        request.body = bytes;
        request.is_bytes = 1;
        return request;
    }
    CAUGHT(trap);
    request = new_request(LITERAL("POST"), headers);
    request.body = body->string;
    return request;
}

Request decode_event(EventFormat format, const Json *event, String raw) {
    Headers headers = {member_of(event, "headers"), NULL};
    Request request;
    switch (format) {
    case HTTP_API_2: {
        const Json *method = member_of(member_of(member_of(event, "requestContext"), "http"), "method");
        request = new_request(method != NULL ? str_of(method) : LITERAL("POST"), headers);
        set_body(&request, event);
        request.path = str_or_none(member_of(event, "rawPath"));
        return request;
    }
    case ALB: case REST_1:
        headers.lists = last_values(member_of(event, "multiValueHeaders"));
        request = new_request(str_of(member_of(event, "httpMethod")), headers);
        set_body(&request, event);
        request.path = str_or_none(member_of(event, "path"));
        return request;
    case BODY_ALONE: return decode_body_alone(event);
    case DIRECT: break;
    }
    request = new_request(LITERAL("POST"), (Headers){NULL, NULL});
    request.payload = event;
    if (event == NULL) {
        request.body = raw;
        request.is_bytes = 1;
    }
    return request;
}

const char *reason_of(int status) {
    switch (status) {
    case 400: return "Bad Request";
    case 405: return "Method Not Allowed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    }
    return "OK";
}

static Json *text_value(const char *text) {
    return new_string(string_of(text));
}

static const Json *encode_headers(const Reply *reply, int as_lists) {
    Json *headers = new_object((size_t)reply->header_count + 1);
    for (int i = -1; i < reply->header_count; i++) {
        const char *name = i < 0 ? "content-type" : reply->headers[i].name;
        const Json *value = text_value(i < 0 ? reply->content_type : reply->headers[i].value);
        set_member(headers, name, as_lists ? set_item(new_list(1), value) : value);
    }
    return headers;
}

static String describe_status(int status) {
    return format("%i %s", (int64_t)status, reason_of(status));
}

const Json *encode_reply(EventFormat front_end, const Json *event, const Reply *reply) {
    if (!is_http(front_end))
        return reply->value;
    Json *made = new_object(5);
    int as_lists = front_end == ALB && member_of(event, "multiValueHeaders") != NULL;
    set_member(made, "statusCode", new_integer(reply->status));
    if (!as_lists)
        set_member(made, "headers", encode_headers(reply, 0));
    set_member(made, "body", new_string(reply->text));
    set_member(made, "isBase64Encoded", reply->is_base64 ? &JSON_TRUE : &JSON_FALSE);
    if (front_end == ALB)
        set_member(made, "statusDescription", new_string(describe_status(reply->status)));
    if (as_lists)
        set_member(made, "multiValueHeaders", encode_headers(reply, 1));
    return made;
}
