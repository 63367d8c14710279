/* Answer one event: what `model.answer(event)` returns. Reference: runtime/model.py. */
#include "request.h"

#define COMPRESS_FROM_LETTERS 1024
#define ENVELOPE_BYTES 4096

static const char CSV_TYPE[] = "text/csv; charset=utf-8";

static int is_word(String text, const char *word) {
    return is_text(text, word);
}

/* Read a weight of an Accept-Encoding header. Return 0 for what Python's `float` refuses. */
static double read_weight(String text) {
    double weight = 0.0;
    int plain;
    return read_float(strip(text), &weight, &plain) ? weight : 0.0;
}

static String cut(String *rest, char letter) {
    const char *place = rest->length > 0 ? memchr(rest->bytes, letter, rest->length) : NULL;
    String head = *rest;
    if (place == NULL) {
        *rest = LITERAL("");
        return head;
    }
    head.length = (size_t)(place - rest->bytes);
    *rest = (String){place + 1, rest->length - head.length - 1};
    return head;
}

/* Whether an Accept-Encoding header accepts gzip, by name or as `*`, with a positive weight (runtime/compressed.py). */
static int accepts_gzip(String header) {
    static const char *const NAMES[] = {"gzip", "x-gzip", "*"};
    double weights[3];
    int named[3] = {0, 0, 0};
    String rest = lower(header);
    for (size_t parts = 0; rest.length > 0 || parts == 0; parts++) {
        String parameters = cut(&rest, ','), coding = strip(cut(&parameters, ';'));
        String weight = strip(parameters), name = strip(cut(&weight, '='));
        for (size_t i = 0; i < 3; i++)
            if (is_word(coding, NAMES[i])) {
                named[i] = 1;
                weights[i] = is_word(name, "q") ? read_weight(weight) : 1.0;
            }
    }
    for (size_t i = 0; i < 3; i++)
        if (named[i])
            return weights[i] > 0.0;
    return 0;
}

static void add_header(Reply *reply, const char *name, const char *value) {
    reply->headers[reply->header_count].name = name;
    reply->headers[reply->header_count++].value = value;
}

/* Compress a long text if the client accepts gzip. Refuse an answer beyond Lambda's limit. */
static void finish(Reply *reply, const Request *request, int bytes) {
    size_t size = count_letters(reply->text) + ENVELOPE_BYTES;
    if (bytes && size - ENVELOPE_BYTES > COMPRESS_FROM_LETTERS) {
        add_header(reply, "vary", "accept-encoding");
        if (request->accept_encoding.length > 0 && accepts_gzip(request->accept_encoding)) {
            reply->text = encode_base64(pack_gzip(reply->text));
            reply->is_base64 = 1;
            add_header(reply, "content-encoding", "gzip");
            size = reply->text.length + ENVELOPE_BYTES;
        }
    }
    /* Quotes and backslashes of the body are escaped again when the response becomes JSON. */
    for (size_t i = 0; i < reply->text.length; i++)
        size += reply->text.bytes[i] == '"' || reply->text.bytes[i] == '\\';
    if (size > MAX_RESPONSE_BYTES)
        refuse(format("the answer would have %z bytes, and Lambda takes at most %z; send the rows in several requests", size,
                      (size_t)MAX_RESPONSE_BYTES),
               -1, NONE, LITERAL("fewer rows"), "too-large");
}

static Reply new_reply(const Json *value, int as_text) {
    Reply reply = {0};
    Buffer text = {0};
    reply.value = value;
    reply.content_type = "application/json";
    reply.status = 200;
    if (as_text)
        write_json(&text, value);
    reply.text = view(&text);
    return reply;
}

static Reply describe_reply(const Model *model, const Request *request) {
    const Json *value = NULL;
    int is_get = is_word(request->method, "GET");
    if (!is_get && !is_word(request->method, "HEAD"))
        refuse(format("the method is %S; expected POST with rows, or GET for the model card", request->method), -1, NONE,
               LITERAL("GET, HEAD or POST"), "method-not-allowed");
    value = describe_path(model, request->path);
    if (value == NULL)
        value = describe_model(model);
    return new_reply(value, is_get);
}

static Reply make_reply(const Model *model, const Request *request, int http, int bytes) {
    if (http && !is_word(request->method, "POST")) {
        Reply reply = describe_reply(model, request);
        finish(&reply, request, bytes);
        return reply;
    }
    Payload payload = decode_request(request, &model->signature);
    Value outputs[2];
    size_t rows = payload.rows->count;
    evaluate(model, encode_rows(&model->signature, payload.rows), rows, outputs);
    Answers answers = {model, outputs[0], outputs[1], model->output_count > 1, rows};
    const Json *value = encode_answers(&answers, &payload);
    Reply reply = new_reply(value, http && value->kind == OBJECT);
    if (!http)
        return reply;
    if (value->kind == STRING) {
        reply.text = value->string;
        reply.content_type = CSV_TYPE;
    }
    finish(&reply, request, bytes);
    return reply;
}

const Json *answer_event(const Model *model, const Json *event, String raw) {
    EventFormat event_format = find_format(&model->signature, event);
    int http = is_http(event_format);
    if (!http && event != NULL && event->kind == OBJECT) {
        const Json *answer = answer_trigger(&model->signature, event);
        if (answer != NULL)
            return answer;
    }
    int bytes = http && takes_bytes(event_format, event);
    Reply reply;
    Trap trap;
    if (TRY(trap)) {
        Request request = decode_event(event_format, event, raw);
        reply = make_reply(model, &request, http, bytes);
        END_TRY(trap);
        return encode_reply(event_format, event, &reply);
    }
    CAUGHT(trap);
    if (!http || current_error.kind != INVALID_INPUT)
        fail_again();
    reply = describe_problem();
    return encode_reply(event_format, event, &reply);
}
