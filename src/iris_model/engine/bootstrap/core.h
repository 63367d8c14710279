/* What every file of the bootstrap uses: memory, strings, errors.
 *
 * Memory comes from arenas and is never freed piece by piece: one arena lives as long as the model, the other as long as one
 * invocation. Errors leave a function as Python's exceptions do: `fail` jumps to the latest `TRY`. Nothing but arena memory is
 * held in between, so nothing is lost. One thread, one invocation at a time.
 */
#ifndef IRIS_MODEL_CORE_H
#define IRIS_MODEL_CORE_H

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* ---- memory.c ---- */

typedef struct Chunk Chunk;

typedef struct {
    Chunk *chunks;
    size_t used, room; /* of the newest chunk */
} Arena;

/* The arena of the current invocation; of the model while it is opened. */
extern Arena *current_arena;

/* Return zeroed memory for `count` items of `size` bytes. Ends the process if there is none: Lambda then reports ExitError. */
void *allocate(size_t count, size_t size);
void reset_arena(Arena *arena);

/* ---- Strings: UTF-8, in which a lone surrogate has its three bytes, as in Python's "surrogatepass". Not ended by 0. ---- */

typedef struct {
    const char *bytes;
    size_t length;
} String;

#define LITERAL(text) ((String){text, sizeof(text) - 1})

static inline String string_of(const char *text) {
    return (String){text, strlen(text)};
}

static inline int is_same(String one, String other) {
    return one.length == other.length && memcmp(one.bytes, other.bytes, one.length) == 0;
}

static inline int is_text(String string, const char *text) {
    return is_same(string, string_of(text));
}

/* ---- text_buffer.c: text that grows ---- */

typedef struct {
    char *bytes;
    size_t length, room;
} Buffer;

char *reserve(Buffer *buffer, size_t more);
void add_bytes(Buffer *buffer, const char *bytes, size_t length);
void add_text(Buffer *buffer, const char *text);
void add_string(Buffer *buffer, String string);
void add_number(Buffer *buffer, int64_t number);
void add_double(Buffer *buffer, double value); /* as Python's repr */

static inline void add_letter(Buffer *buffer, char letter) {
    *reserve(buffer, 1) = letter;
    buffer->length++;
}

static inline String view(const Buffer *buffer) {
    return (String){buffer->bytes != NULL ? buffer->bytes : "", buffer->length};
}

/* Return the text, ended by 0, with %s (char *), %S (String), %z (size_t) and %i (int64_t) replaced. */
String format(const char *pattern, ...);

/* ---- unicode.c ---- */

/* Return the code point at `*at` and move behind it. The text must be valid. */
uint32_t next_letter(const char **at);
void add_letter_of(Buffer *buffer, uint32_t letter);
size_t count_letters(String string);
int is_space(uint32_t letter);
int is_printable(uint32_t letter);
int digit_value(uint32_t letter); /* 0 to 9 for a decimal digit of any script, else -1 */
String strip(String string);
String lower(String string); /* as str.lower */
int is_ascii(String string);

/* Check that the bytes are UTF-8. Return 1, or 0 with the place and Python's words for what is wrong. */
int is_utf8(String bytes, size_t *start, size_t *end, const char **reason);

/* ---- errors.c ---- */

/* Python's names of the errors that a caller can see. */
enum { INVALID_INPUT, VALUE_ERROR, OVERFLOW_ERROR, MODEL_FORMAT_ERROR, FAULT };

typedef struct {
    int kind;
    const char *fault; /* of FAULT: the error type */
    String message;
    const char *problem;
    int64_t row; /* -1: none */
    int has_feature, has_expected;
    String feature, expected;
} Error;

extern Error current_error;
extern jmp_buf *current_trap;

_Noreturn void fail(int kind, String message);
_Noreturn void fail_again(void);
/* InvalidInput. `row` -1, or strings without bytes: not set. `problem` NULL: "invalid-input". */
_Noreturn void refuse(String message, int64_t row, String feature, String expected, const char *problem);

#define NONE ((String){NULL, 0})

/* if (TRY(trap)) { ... END_TRY(trap); } else { the error is in current_error; the outer trap is set again } */
typedef struct {
    jmp_buf place;
    jmp_buf *outer;
} Trap;
#define TRY(trap) ((trap).outer = current_trap, current_trap = &(trap).place, setjmp((trap).place) == 0)
#define END_TRY(trap) (current_trap = (trap).outer)
#define CAUGHT(trap) (current_trap = (trap).outer)

#endif
