/* Problem details (RFC 9457) for bad input. Reference: runtime/problems.py. */
#include "request.h"

static const struct {
    const char *problem;
    int status;
} STATUSES[] = {{"malformed", 400}, {"method-not-allowed", 405}, {"too-large", 413}, {"unsupported-media-type", 415}};

Reply describe_problem(void) {
    const Error *error = &current_error;
    Reply reply = {0};
    Buffer text = {0};
    Json *value = new_object(8);
    reply.status = 422;
    for (size_t i = 0; i < sizeof STATUSES / sizeof *STATUSES; i++)
        if (strcmp(error->problem, STATUSES[i].problem) == 0)
            reply.status = STATUSES[i].status;
    set_member(value, "type", new_string(format("urn:iris-model:problem:%s", error->problem)));
    set_member(value, "title", new_string(string_of(reason_of(reply.status))));
    set_member(value, "status", new_integer(reply.status));
    set_member(value, "detail", new_string(error->message));
    set_member(value, "error", new_string(error->message)); /* for KServe and Triton */
    if (error->row >= 0)
        set_member(value, "row", new_integer(error->row));
    if (error->has_feature)
        set_member(value, "feature", new_string(error->feature));
    if (error->has_expected)
        set_member(value, "expected", new_string(error->expected));
    write_json(&text, value);
    reply.value = value;
    reply.text = view(&text);
    reply.content_type = "application/problem+json";
    if (reply.status == 405) {
        reply.headers[0].name = "allow";
        reply.headers[0].value = "GET, HEAD, POST";
        reply.header_count = 1;
    } else if (reply.status == 415) {
        reply.headers[0].name = "accept-post";
        reply.headers[0].value = "application/json, text/csv";
        reply.header_count = 1;
    }
    return reply;
}
