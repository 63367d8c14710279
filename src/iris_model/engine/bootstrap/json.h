/* JSON values: read, written, and described as Python's `repr` and `str` do. */
#ifndef IRIS_MODEL_JSON_H
#define IRIS_MODEL_JSON_H

#include "core.h"

typedef enum { NULL_VALUE, FALSE_VALUE, TRUE_VALUE, INTEGER, FLOAT, STRING, LIST, OBJECT } Kind;

typedef struct Json Json;
typedef struct Member Member;

struct Json {
    Kind kind;
    uint32_t count; /* items of a list, members of an object */
    union {
        double number;
        String string; /* also of INTEGER: its digits, with a sign */
        Json *items;
        Member *members;
    };
};

struct Member {
    String key;
    Json value;
};

/* Deeper documents are refused. Python's own limit depends on its version and is greater in the newest. */
#define DEEPEST 900

/* ---- json_read.c ---- */

enum { KEEP_LAST, REFUSE_REPEATED };

/* Read a document as Python's decoder does; fails with VALUE_ERROR (its message), or INVALID_INPUT for a repeated key with
 * REFUSE_REPEATED. NaN and infinity are refused, with the message for events or for bodies. */
Json *read_json(String text, int repeated);
/* Whether current_error is that of a document nested too deeply. */
int was_too_deep(void);

/* ---- json_keys.c ---- */

uint32_t hash_of(String key);
/* Keep each key of an object once: the first place and the last value, as a dict does. Return the first repeated key. */
String join_repeated_keys(Json *object);
int has_repeated_keys(const Json *object);

/* ---- json_values.c ---- */

const Json *member_of(const Json *object, const char *key); /* NULL if there is none, or if it is not an object */
const Json *member_named(const Json *object, String key);
int is_true(const Json *value);                             /* as bool(value) of Python */
int is_integer_zero_or_more(const Json *value);
int64_t small_integer(const Json *value, int *fits);        /* of INTEGER */
double float_of(const Json *value);                         /* of INTEGER or FLOAT, as float(value) */
/* Whether an INTEGER is not within -limit and limit. `nearest` is its float_of. */
int is_beyond(const Json *integer, double nearest, double limit);
Json *new_string(String string);
Json *new_integer(int64_t number);
Json *new_object(size_t room);
Json *new_list(size_t room);
Json *set_member(Json *object, const char *key, const Json *value); /* there must be space; returns the object */
Json *set_item(Json *list, const Json *value);
extern const Json JSON_NULL, JSON_TRUE, JSON_FALSE, JSON_ONE, JSON_MINUS_ONE;

/* ---- json_write.c ---- */

/* Write as Python's encoder with ensure_ascii. Infinities and NaN become Python's words. */
void write_json(Buffer *out, const Json *value);
void write_json_string(Buffer *out, String string);

/* ---- python_text.c ---- */

void write_repr(Buffer *out, const Json *value);
void write_string_repr(Buffer *out, String string);
String repr_of(const Json *value);
String repr_of_string(String string);
String repr_of_double(double value);
String str_of(const Json *value);
/* Describe a value in a few words (engine/rows.py, `describe`). */
String describe(const Json *value);
/* Read a number as Python's `float` does. Return whether it is one; `plain`: whether there is no underscore in it. */
int read_float(String text, double *value, int *plain);

#endif
