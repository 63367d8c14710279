/* The tables of unicode.c. */
#ifndef IRIS_MODEL_UNICODE_TABLES_H
#define IRIS_MODEL_UNICODE_TABLES_H

#include "core.h"

typedef struct {
    uint32_t first, last, step; /* every `step`-th letter */
    int32_t difference;         /* to its lower case */
} LowerRange;

/* Pairs of the first and the last letter of a range. */
extern const uint32_t NOT_PRINTABLE[], CASED[], CASE_IGNORABLE[];
extern const size_t NOT_PRINTABLE_COUNT, CASED_COUNT, CASE_IGNORABLE_COUNT;
extern const uint32_t DIGIT_ZEROS[];
extern const size_t DIGIT_ZEROS_COUNT;
extern const LowerRange LOWER[];
extern const size_t LOWER_COUNT;

#endif
