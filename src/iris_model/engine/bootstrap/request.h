/* Requests and replies, events, protocols. References: runtime/model.py, events.py, payloads/. */
#ifndef IRIS_MODEL_REQUEST_H
#define IRIS_MODEL_REQUEST_H

#include "model.h"

#define MAX_REQUEST_BYTES 6291456
#define MAX_RESPONSE_BYTES 6291556

typedef struct {
    String method, path, content_type, content_encoding, accept, accept_encoding;
    const Json *payload; /* of a direct invocation; NULL if there is a body or nothing */
    String body;         /* no bytes (NULL) if there is none */
    int is_bytes;        /* whether the body came as bytes, not as text */
} Request;

#define MOST_HEADERS 4

typedef struct {
    const Json *value;
    int is_csv; /* the text is CSV, and the value a string */
    String text;
    const char *content_type;
    int status;
    struct {
        const char *name, *value;
    } headers[MOST_HEADERS];
    int header_count;
    int is_base64;
} Reply;

/* ---- handler.c ---- */

/* Answer one event. `event` is a JSON value, or NULL for `raw` bytes. Fails with INVALID_INPUT, as model.answer raises it. */
const Json *answer_event(const Model *model, const Json *event, String raw);

/* ---- events.c ---- */

typedef enum { HTTP_API_2, ALB, REST_1, BODY_ALONE, DIRECT } EventFormat;

EventFormat find_format(const Signature *signature, const Json *event);
int is_http(EventFormat format);
int takes_bytes(EventFormat format, const Json *event);
Request decode_event(EventFormat format, const Json *event, String raw);
const Json *encode_reply(EventFormat format, const Json *event, const Reply *reply);
const char *reason_of(int status);

/* ---- triggers.c ---- */

/* Return the answer to a ping, or NULL. Fails with INVALID_INPUT for an event of another trigger. */
const Json *answer_trigger(const Signature *signature, const Json *event);

/* ---- base64.c ---- */

String decode_base64(String text); /* strict; fails with INVALID_INPUT */
String encode_base64(String bytes);

/* ---- inflate.c, deflate.c ---- */

enum { UNPACKED, NOT_GZIP, ENDS_EARLY };
/* Decompress gzip, at most `most` bytes. */
int unpack_gzip(String packed, size_t most, Buffer *out);
String pack_gzip(String text);
uint32_t checksum(uint32_t sum, const unsigned char *bytes, size_t length); /* CRC-32 */

/* ---- problems.c ---- */

Reply describe_problem(void); /* of current_error */

/* ---- card.c, metadata.c, digest.c ---- */

const Json *describe_model(const Model *model);
const Json *describe_path(const Model *model, String path); /* NULL if the protocol has no such path */
String digest_of(const unsigned char *data, size_t size);   /* 64 hexadecimal digits */

/* ---- payloads/ ---- */

typedef enum { ROWS_PAYLOAD, PREDICTIONS_PAYLOAD, TENSORS_PAYLOAD, CSV_PAYLOAD } Protocol;

typedef struct {
    Protocol protocol;
    const Json *rows; /* a list */
    int one_row;      /* of ROWS_PAYLOAD */
    int wants_csv;    /* of CSV_PAYLOAD */
    const Json *id, *outputs; /* of TENSORS_PAYLOAD; NULL if absent. outputs: a list of strings */
} Payload;

Payload decode_request(const Request *request, const Signature *signature);
String read_body(const Request *request);
/* The values of a named row in the order of the columns, as a list. */
Json *order_features(const Json *record, const Signature *signature, size_t row, int takes_more);
String list_names(const String *names, size_t count);
Json *rows_from_columns(const Json *columns, const Signature *signature, int takes_more);

Payload decode_rows(const Json *payload, const Signature *signature);
Payload decode_predictions(const Json *payload, const Signature *signature);
Payload decode_tensors(const Json *payload, const Signature *signature);
Payload decode_csv(String text, const Request *request, const Signature *signature);

/* ---- answers.c ---- */

typedef struct {
    const Model *model;
    Value predictions, probabilities;
    int has_probabilities;
    size_t rows;
} Answers;

/* The prediction of a row: a number, a label, or a list of numbers; NaN and infinity are null. */
Json prediction_of(const Answers *answers, size_t row);
/* The number of targets of a row whose prediction is a list; 0 if it is one value. */
size_t count_targets(const Answers *answers);
/* The names of the probabilities, as keys of an object: a list of strings. */
const Json *probability_names(const Answers *answers);
Json probability_of(const Answers *answers, size_t row, size_t place);
const Json *encode_answers(const Answers *answers, const Payload *payload);
const char *datatype_of(const Json *flat);
const Json *encode_tensors(const Answers *answers, const Payload *payload);
String encode_csv(const Answers *answers);

#endif
