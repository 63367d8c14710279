/* Raise an error: it is kept in one place, and control jumps to the latest trap. */
#include "core.h"

#include <unistd.h>

Error current_error;
jmp_buf *current_trap;

_Noreturn void fail_again(void) {
    if (current_trap == NULL)
        _exit(1);
    longjmp(*current_trap, 1);
}

_Noreturn void fail(int kind, String message) {
    memset(&current_error, 0, sizeof current_error);
    current_error.kind = kind;
    current_error.message = message;
    current_error.row = -1;
    fail_again();
}

_Noreturn void refuse(String message, int64_t row, String feature, String expected, const char *problem) {
    memset(&current_error, 0, sizeof current_error);
    current_error.kind = INVALID_INPUT;
    current_error.message = message;
    current_error.row = row;
    current_error.feature = feature;
    current_error.has_feature = feature.bytes != NULL;
    current_error.expected = expected;
    current_error.has_expected = expected.bytes != NULL;
    current_error.problem = problem != NULL ? problem : "invalid-input";
    fail_again();
}
