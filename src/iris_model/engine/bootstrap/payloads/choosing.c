/* Recognize the protocol of a body and read its rows. Reference: runtime/payloads/__init__.py. */
#include "../request.h"

static const char ACCEPTED[] = "application/json or text/csv";

static String before(String text, char letter) {
    const char *place = memchr(text.bytes, letter, text.length);
    return place == NULL ? text : (String){text.bytes, (size_t)(place - text.bytes)};
}

/* Return the position of a short text, or NULL. */
static const char *find_text(String text, const char *wanted) {
    size_t length = strlen(wanted);
    for (size_t i = 0; i + length <= text.length; i++)
        if (memcmp(text.bytes + i, wanted, length) == 0)
            return text.bytes + i;
    return NULL;
}

static void check_size(size_t size) {
    if (size > MAX_REQUEST_BYTES)
        refuse(format("the body has more than %z bytes: send the rows in several requests", (size_t)MAX_REQUEST_BYTES),
               -1, NONE, format("at most %z bytes", (size_t)MAX_REQUEST_BYTES), "too-large");
}

static String unpack(const Request *request) {
    Buffer out = {0};
    if (!is_text(request->content_encoding, "gzip") && !is_text(request->content_encoding, "x-gzip"))
        refuse(format("the content encoding is %S; expected gzip or none", repr_of_string(request->content_encoding)), -1, NONE,
               LITERAL("gzip"), "unsupported-media-type");
    if (!request->is_bytes)
        refuse(LITERAL("the gzip body was read as text on its way; send it as application/csv, or JSON with no content type"),
               -1, NONE, NONE, "malformed");
    int status = unpack_gzip(request->body, MAX_REQUEST_BYTES + 1, &out);
    if (status == NOT_GZIP)
        refuse(LITERAL("the body is marked as gzip but is not"), -1, NONE, LITERAL("gzip"), "malformed");
    check_size(out.length);
    if (status == ENDS_EARLY)
        refuse(LITERAL("the gzip body ends too early"), -1, NONE, LITERAL("a whole gzip stream"), "malformed");
    return view(&out);
}

static void check_charset(String content_type) {
    String charset = lower(content_type);
    const char *place = find_text(charset, "charset=");
    if (place == NULL)
        return;
    place += strlen("charset=");
    charset = before((String){place, (size_t)(charset.bytes + charset.length - place)}, ';');
    while (charset.length > 0 && strchr(" \"'", charset.bytes[0]) != NULL && charset.bytes[0] != '\0') {
        charset.bytes++;
        charset.length--;
    }
    while (charset.length > 0 && charset.bytes[charset.length - 1] != '\0' &&
           strchr(" \"'", charset.bytes[charset.length - 1]) != NULL)
        charset.length--;
    if (charset.length > 0 && !is_text(charset, "utf-8") && !is_text(charset, "utf8") && !is_text(charset, "us-ascii"))
        refuse(format("the charset is %S; expected utf-8", repr_of_string(charset)), -1, NONE, LITERAL("utf-8"),
               "unsupported-media-type");
}

String read_body(const Request *request) {
    String body = request->body;
    size_t start, end;
    const char *reason;
    char digits[3];
    int is_bytes = request->is_bytes;
    if (body.bytes == NULL || body.length == 0)
        refuse(LITERAL("the body is empty; expected a row or a list of rows"), -1, NONE, NONE, "malformed");
    check_size(body.length);
    if (request->content_encoding.length > 0 && !is_text(request->content_encoding, "identity"))
        body = unpack(request);
    check_charset(request->content_type);
    if (is_bytes && !is_utf8(body, &start, &end, &reason)) {
        static const char hex[] = "0123456789abcdef";
        unsigned char byte = (unsigned char)body.bytes[start];
        digits[0] = hex[byte >> 4];
        digits[1] = hex[byte & 15];
        digits[2] = '\0';
        refuse(format("the body is not UTF-8: byte %z is 0x%s", start, digits), -1, NONE, LITERAL("UTF-8"), "malformed");
    }
    if (body.length >= 3 && memcmp(body.bytes, "\xef\xbb\xbf", 3) == 0)
        body = (String){body.bytes + 3, body.length - 3};
    return body;
}

/* Return the position behind the first 200 letters. */
static size_t first_letters(String text) {
    size_t i = 0;
    for (size_t letters = 0; i < text.length; i++)
        if (((unsigned char)text.bytes[i] & 0xc0) != 0x80 && letters++ == 200)
            break;
    return i;
}

static const Json *parse(String text, String content_type) {
    Trap trap;
    if (TRY(trap)) {
        const Json *value = read_json(text, REFUSE_REPEATED);
        END_TRY(trap);
        return value;
    }
    CAUGHT(trap);
    if (current_error.kind != VALUE_ERROR)
        fail_again();
    if (was_too_deep())
        refuse(LITERAL("the body is nested too deeply; expected a row or a list of rows"), -1, NONE, NONE, "malformed");
    int is_form = memchr(text.bytes, '=', first_letters(text)) != NULL && find_text(content_type, "form") != NULL;
    refuse(format("the body is not valid JSON: %S%s", current_error.message,
                  is_form ? "; it looks like a form: send JSON with content-type: application/json" : ""),
           -1, NONE, LITERAL("JSON (RFC 8259)"), "malformed");
}

static int holds_tensors(const Json *inputs) {
    static const char *const KNOWN[] = {"shape", "datatype", "data"};
    for (uint32_t i = 0; inputs->kind == LIST && i < inputs->count; i++) {
        int found = 0;
        for (size_t j = 0; j < 3; j++)
            found += member_of(&inputs->items[i], KNOWN[j]) != NULL;
        if (found > 1)
            return 1;
    }
    return 0;
}

static Protocol choose_format(const Json *payload, const Signature *signature) {
    static const char *const KEYS[] = {"instances", "inputs", "dataframe_split", "dataframe_records"};
    for (size_t i = 0; i < 4; i++) {
        const Json *found = member_of(payload, KEYS[i]);
        if (found != NULL && find_column(signature, string_of(KEYS[i])) < 0)
            return i == 1 && holds_tensors(found) ? TENSORS_PAYLOAD : PREDICTIONS_PAYLOAD;
    }
    return ROWS_PAYLOAD;
}

Payload decode_request(const Request *request, const Signature *signature) {
    static const char *const JSON_TYPES[] = {"", "application/json", "text/json", "text/plain",
                                             "application/x-www-form-urlencoded"};
    String media_type = lower(strip(before(request->content_type, ';')));
    Payload payload = {0};
    int is_json = media_type.length >= 5 && memcmp(media_type.bytes + media_type.length - 5, "+json", 5) == 0;
    for (size_t i = 0; i < sizeof JSON_TYPES / sizeof *JSON_TYPES; i++)
        is_json |= is_text(media_type, JSON_TYPES[i]);
    if (is_text(media_type, "text/csv") || is_text(media_type, "application/csv")) {
        payload = decode_csv(read_body(request), request, signature);
    } else if (is_json) {
        const Json *value = request->payload;
        if (value == NULL)
            value = parse(read_body(request), request->content_type);
        switch (choose_format(value, signature)) {
        case PREDICTIONS_PAYLOAD: payload = decode_predictions(value, signature); break;
        case TENSORS_PAYLOAD: payload = decode_tensors(value, signature); break;
        default: payload = decode_rows(value, signature);
        }
    } else {
        refuse(format("the content type is %S; expected %s", repr_of_string(media_type), ACCEPTED), -1, NONE,
               string_of(ACCEPTED), "unsupported-media-type");
    }
    if (payload.rows->count == 0)
        refuse(LITERAL("there are no rows; expected at least one"), -1, NONE, LITERAL("at least one row"), NULL);
    return payload;
}

String list_names(const String *names, size_t count) {
    Buffer made = {0};
    for (size_t i = 0; i < count && i < 8; i++) {
        add_text(&made, i > 0 ? ", " : "");
        write_string_repr(&made, names[i]);
    }
    if (count > 8)
        add_string(&made, format(" and %z more", count - 8));
    return view(&made);
}

static _Noreturn void refuse_features(const Signature *signature, size_t row, const String *unknown, size_t unknowns,
                                      const String *missing, size_t missings) {
    Buffer parts = {0};
    String *names = allocate(signature->width, sizeof *names);
    for (size_t i = 0; i < signature->width; i++)
        names[i] = signature->columns[i].name;
    String known = list_names(names, signature->width);
    if (unknowns > 0)
        add_string(&parts, format("unknown feature%s %S", unknowns == 1 ? "" : "s", list_names(unknown, unknowns)));
    if (missings > 0)
        add_string(&parts, format("%smissing feature%s %S", unknowns > 0 ? ", " : "", missings == 1 ? "" : "s",
                                  list_names(missing, missings)));
    refuse(format("row %z: %S; expected exactly %S", row, view(&parts), known), (int64_t)row,
           unknowns > 0 ? unknown[0] : missing[0], format("exactly the features %S", known), NULL);
}

Json *order_features(const Json *record, const Signature *signature, size_t row, int takes_more) {
    static const char expected[] = "an object with the features by name";
    if (record->kind != OBJECT)
        refuse(format("row %z is %S; expected %s", row, describe(record), expected), (int64_t)row, NONE, string_of(expected),
               NULL);
    size_t width = signature->width, missings = 0, unknowns = 0;
    const Json **cells = allocate(width, sizeof(const Json *));
    String *missing = NULL, *unknown = NULL;
    for (uint32_t i = 0; i < record->count; i++) {
        const Member *member = &record->members[i];
        /* Most records have their features in the order of the columns. */
        int64_t column = i < width && is_same(member->key, signature->columns[i].name) ? (int64_t)i
                                                                                       : find_column(signature, member->key);
        if (column >= 0) {
            cells[column] = &member->value;
            continue;
        }
        if (unknown == NULL)
            unknown = allocate(record->count, sizeof *unknown);
        unknown[unknowns++] = member->key;
    }
    Json *made = new_list(width);
    for (size_t i = 0; i < width; i++)
        if (cells[i] != NULL) {
            set_item(made, cells[i]);
        } else {
            if (missing == NULL)
                missing = allocate(width, sizeof *missing);
            missing[missings++] = signature->columns[i].name;
        }
    if (missings == 0 && (takes_more || unknowns == 0))
        return made;
    refuse_features(signature, row, unknown, unknowns, missing, missings);
}
