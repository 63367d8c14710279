/* Count the terms of documents. Python equivalent: documents.py. */
#include "sparse.h"

/* The column of each term, and the counts so far. `vocabulary` is a dict, a tuple of sorted terms in the layout of the file
 * (terms.py; `letters`, `ends` and `columns_of_terms` are then open), or None: then the hash of the term gives the column.
 * `place`: for each column, one plus the index of its latest count; 0 if there is none.
 */
typedef struct {
    PyObject *vocabulary;
    Numbers letters, ends, columns_of_terms;
    int alternate_sign, binary;
    int32_t *columns;
    double *values;
    Py_ssize_t *place;
    Py_ssize_t width, count, room, row_start;
} Counts;

static int is_word(char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
           letter == '_';
}

static uint32_t turn(uint32_t word, int bits) {
    return word << bits | word >> (32 - bits);
}

/* MurmurHash3, x86, 32 bits, seed 0. */
static uint32_t murmurhash3(const char *text, Py_ssize_t size) {
    const unsigned char *data = (const unsigned char *)text;
    uint32_t state = 0;
    for (Py_ssize_t from = 0; from < size; from += 4) {
        uint32_t word = 0;
        Py_ssize_t many = size - from < 4 ? size - from : 4;
        for (Py_ssize_t i = 0; i < many; i++)
            word |= (uint32_t)data[from + i] << (8 * i);
        state ^= turn(word * 0xCC9E2D51u, 15) * 0x1B873593u;
        if (many == 4)
            state = turn(state, 13) * 5 + 0xE6546B64u;
    }
    state ^= (uint32_t)size;
    state = (state ^ state >> 16) * 0x85EBCA6Bu;
    state = (state ^ state >> 13) * 0xC2B2AE35u;
    return state ^ state >> 16;
}

static int grow(void **data, Py_ssize_t room, Py_ssize_t size) {
    void *larger = room <= PY_SSIZE_T_MAX / size ? PyMem_Realloc(*data, (size_t)(room * size)) : NULL;
    *data = larger != NULL ? larger : *data;
    return larger != NULL ? 0 : -1;
}

static int append(Counts *counts, Py_ssize_t column, double value) {
    if (counts->count == counts->room) {
        Py_ssize_t room = counts->room > PY_SSIZE_T_MAX / 2 ? PY_SSIZE_T_MAX : 2 * counts->room + 1024;
        if (grow((void **)&counts->columns, room, sizeof *counts->columns) < 0 ||
            grow((void **)&counts->values, room, sizeof *counts->values) < 0)
            return -1;
        counts->room = room;
    }
    counts->columns[counts->count] = (int32_t)column;
    counts->values[counts->count++] = value;
    return 0;
}

static int count_column(Counts *counts, Py_ssize_t column, double value) {
    Py_ssize_t place = counts->place[column] - 1;
    if (place >= counts->row_start) {
        counts->values[place] += counts->binary ? 0.0 : value;
        return 0;
    }
    counts->place[column] = counts->count + 1;
    return append(counts, column, counts->binary ? 1.0 : value);
}

static int hash_term(Counts *counts, const char *letters, Py_ssize_t length) {
    uint32_t number = murmurhash3(letters, length);
    int negative = number >= 0x80000000u;
    Py_ssize_t column = (Py_ssize_t)((negative ? 0u - number : number) % (uint32_t)counts->width);
    return count_column(counts, column, negative && counts->alternate_sign ? -1.0 : 1.0);
}

static int open_terms(Counts *counts) {
    PyObject *parts[3];
    if (!PyTuple_CheckExact(counts->vocabulary))
        return 0;
    if (!PyArg_ParseTuple(counts->vocabulary, "OOO", parts, parts + 1, parts + 2) ||
        (open_integers(parts[0], &counts->letters) | open_integers(parts[1], &counts->ends) |
         open_integers(parts[2], &counts->columns_of_terms)) < 0)
        return -1;
    return counts->letters.format == 'B' && counts->ends.count == counts->columns_of_terms.count ? 0 : -1;
}

/* Count one occurrence of a term if the vocabulary has it. Binary search, in the byte order that Python uses. */
static int bisect(Counts *counts, const char *term, Py_ssize_t length) {
    Py_ssize_t low = 0, high = counts->ends.count;
    while (low < high) {
        Py_ssize_t middle = low + (high - low) / 2;
        int64_t start = middle > 0 ? integer_at(&counts->ends, middle - 1) : 0, end = integer_at(&counts->ends, middle);
        if (start < 0 || end < start || end > counts->letters.count)
            return -1;
        size_t shorter = (size_t)(end - start < length ? end - start : length);
        int order = shorter > 0 ? memcmp((const char *)counts->letters.data + start, term, shorter) : 0;
        if (order == 0 && end - start == length) {
            int64_t column = integer_at(&counts->columns_of_terms, middle);
            return column >= 0 && column < counts->width ? count_column(counts, (Py_ssize_t)column, 1.0) : -1;
        }
        if (order < 0 || (order == 0 && end - start < length))
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}

/* Count one occurrence of a term if the vocabulary has it. */
static int find_term(Counts *counts, PyObject *term) {
    if (counts->ends.data != NULL) {
        Py_ssize_t length;
        const char *letters = term != NULL ? PyUnicode_AsUTF8AndSize(term, &length) : NULL;
        return letters != NULL ? bisect(counts, letters, length) : -1;
    }
    PyObject *found = term != NULL ? PyDict_GetItemWithError(counts->vocabulary, term) : NULL;
    if (found == NULL)
        return PyErr_Occurred() == NULL ? 0 : -1;
    Py_ssize_t column = PyLong_CheckExact(found) ? PyLong_AsSsize_t(found) : -1;
    return column >= 0 && column < counts->width ? count_column(counts, column, 1.0) : -1;
}

static int count_letters(Counts *counts, const char *letters, Py_ssize_t length) {
    if (counts->vocabulary == Py_None)
        return hash_term(counts, letters, length);
    if (counts->ends.data != NULL)
        return bisect(counts, letters, length);
    PyObject *term = PyUnicode_FromStringAndSize(letters, length);
    int status = find_term(counts, term);
    Py_XDECREF(term);
    return status;
}

/* Copy ASCII letters, in lower case if requested. Return -1 if a letter is not ASCII. */
static int lower(const char *text, Py_ssize_t size, int lowercase, char *lowered) {
    unsigned char all = 0;
    for (Py_ssize_t i = 0; i < size; i++) {
        all |= (unsigned char)text[i];
        lowered[i] = (char)(lowercase && text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
    }
    return all < 128 ? 0 : -1;
}

/* Count runs of two or more word characters. Return 1, and count nothing, if the document is not ASCII. */
static int count_words(Counts *counts, PyObject *document, int lowercase) {
    Py_ssize_t size;
    const char *text = PyUnicode_AsUTF8AndSize(document, &size);
    if (text == NULL) {
        /* Half of a surrogate pair, which a JSON document can contain. */
        PyErr_Clear();
        return 1;
    }
    char *lowered = allocate(size, 1);
    int status = lowered != NULL ? 0 : -1;
    if (status == 0 && lower(text, size, lowercase, lowered) < 0)
        status = 1;
    for (Py_ssize_t from = 0, to; status == 0 && from < size; from = to + 1) {
        for (to = from; to < size && is_word(lowered[to]); to++)
            ;
        if (to - from > 1)
            status = count_letters(counts, lowered + from, to - from);
    }
    PyMem_Free(lowered);
    return status;
}

/* Count the terms that the Python analyzer returns. */
static int count_terms_of(Counts *counts, PyObject *document, PyObject *analyze) {
    PyObject *terms = PyObject_CallFunctionObjArgs(analyze, document, NULL);
    int status = terms != NULL && PyList_CheckExact(terms) ? 0 : -1;
    for (Py_ssize_t i = 0; status == 0 && i < PyList_Size(terms); i++) {
        PyObject *term = PyList_GetItem(terms, i);
        Py_ssize_t size = 0;
        const char *letters = NULL;
        if (!PyUnicode_CheckExact(term))
            status = -1;
        else if (counts->vocabulary != Py_None)
            status = find_term(counts, term);
        else
            status = (letters = PyUnicode_AsUTF8AndSize(term, &size)) != NULL ? hash_term(counts, letters, size) : -1;
    }
    Py_XDECREF(terms);
    return status;
}

/* `lowercase` is None if only Python can split the documents. That Python code could change `rows` during the loop. */
static int count_rows(Counts *counts, PyObject *rows, PyObject *lowercase, PyObject *analyze, Py_ssize_t many,
                      int64_t *starts) {
    for (Py_ssize_t i = 0; i < many; i++) {
        PyObject *row = PyList_GetItem(rows, i);
        PyObject *document = row != NULL && PyList_CheckExact(row) && PyList_Size(row) == 1 ? PyList_GetItem(row, 0) : NULL;
        int status = document != NULL && PyUnicode_CheckExact(document) ? 1 : -1;
        starts[i] = counts->row_start = counts->count;
        Py_XINCREF(document);
        if (status == 1 && lowercase != Py_None)
            status = count_words(counts, document, lowercase == Py_True);
        if (status == 1)
            status = count_terms_of(counts, document, analyze);
        Py_XDECREF(document);
        if (status != 0)
            return -1;
    }
    starts[many] = counts->count;
    return 0;
}

static PyObject *make_table(const Counts *counts, PyObject *starts) {
    PyObject *columns = PyBytes_FromStringAndSize((const char *)counts->columns, counts->count * 4);
    PyObject *values = PyBytes_FromStringAndSize((const char *)counts->values, counts->count * 8);
    PyObject *made = columns != NULL && values != NULL ? PyTuple_Pack(3, starts, columns, values) : NULL;
    Py_XDECREF(columns);
    Py_XDECREF(values);
    return made;
}

/* Arguments: (rows of one string each, vocabulary or None to hash, width, alternate_sign, binary, lowercase or None,
 * analyze). Return (starts, columns, values).
 */
PyObject *count_terms(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *rows, *lowercase, *analyze, *starts = NULL, *made = NULL;
    int status = -1;
    Counts counts;
    memset(&counts, 0, sizeof counts);
    if (!PyArg_ParseTuple(arguments, "OOnppOO:count_terms", &rows, &counts.vocabulary, &counts.width,
                          &counts.alternate_sign, &counts.binary, &lowercase, &analyze) ||
        !PyList_CheckExact(rows) ||
        (counts.vocabulary != Py_None && !PyDict_CheckExact(counts.vocabulary) &&
         !PyTuple_CheckExact(counts.vocabulary)) ||
        counts.width < 0 || (counts.vocabulary == Py_None && counts.width == 0) || counts.width > INT32_MAX ||
        PyList_Size(rows) >= PY_SSIZE_T_MAX / 8)
        return answer(NULL, -1);
    Py_ssize_t many = PyList_Size(rows);
    if (open_terms(&counts) < 0)
        goto close;
    /* calloc: the operating system provides zeroed memory pages only when they are used, however wide the table is. */
    counts.place = PyMem_Calloc((size_t)counts.width, sizeof *counts.place);
    starts = PyBytes_FromStringAndSize(NULL, (many + 1) * 8);
    if (counts.place != NULL && starts != NULL)
        status = count_rows(&counts, rows, lowercase, analyze, many, (int64_t *)PyBytes_AsString(starts));
    if (status == 0)
        made = make_table(&counts, starts);
close:
    Py_XDECREF(starts);
    close_numbers(&counts.letters);
    close_numbers(&counts.ends);
    close_numbers(&counts.columns_of_terms);
    PyMem_Free(counts.columns);
    PyMem_Free(counts.values);
    PyMem_Free(counts.place);
    return answer(made, status);
}
