/* All operators. A graph with any other one runs in Python. */
#include "model.h"

#define OPERATOR(name) extern const Operator name;
#include "operators.inc"
#undef OPERATOR

const Operator *const OPERATORS[] = {
#define OPERATOR(name) &name,
#include "operators.inc"
#undef OPERATOR
    NULL,
};
