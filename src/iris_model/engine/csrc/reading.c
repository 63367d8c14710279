/* Read documents into packed tables: the results of text/ as Python objects. Called by runtime/payloads/packed.py. */
#include "kernels.h"
#include "text/text.h"

/* Replaces each table in the rest of the document. Valid JSON does not contain this word. */
#define WORD "NaN"
#define WORD_LENGTH 3

/* Read the column names as UTF-8. Return -1 if a name has no UTF-8 form. */
static int open_names(PyObject *names, const char **texts, size_t *lengths, size_t count) {
    for (size_t i = 0; i < count; i++) {
        Py_ssize_t length;
        PyObject *name = PyList_GetItem(names, (Py_ssize_t)i);
        texts[i] = name != NULL ? PyUnicode_AsUTF8AndSize(name, &length) : NULL;
        if (texts[i] == NULL)
            return -1;
        lengths[i] = (size_t)length;
    }
    return 0;
}

/* Return the document with each table replaced by that word. */
static PyObject *write_rest(const char *text, size_t length, const Tables *tables) {
    size_t kept = 0, size = length + WORD_LENGTH * tables->count;
    for (size_t i = 0; i < tables->count; i++)
        size -= tables->tables[i].end - tables->tables[i].start;
    char *rest = allocate((Py_ssize_t)size + 1, 1), *at = rest;
    if (rest == NULL)
        return NULL;
    for (size_t i = 0; i <= tables->count; i++) {
        size_t end = i < tables->count ? tables->tables[i].start : length;
        memcpy(at, text + kept, end - kept);
        at += end - kept;
        if (i < tables->count) {
            memcpy(at, WORD, WORD_LENGTH);
            at += WORD_LENGTH;
            kept = tables->tables[i].end;
        }
    }
    PyObject *made = PyUnicode_FromStringAndSize(rest, (Py_ssize_t)size);
    PyMem_Free(rest);
    return made;
}

/* Return (kind, bytes of the cells, width, whether a cell is missing). */
static PyObject *make_table(const Tables *tables, const Table *table) {
    return Py_BuildValue("iy#nO", table->kind, (const char *)(tables->cells + table->first),
                         (Py_ssize_t)(table->count * table->width * sizeof(double)), (Py_ssize_t)table->width,
                         table->has_missing ? Py_True : Py_False);
}

static PyObject *make_tables(const Tables *tables) {
    PyObject *list = PyList_New((Py_ssize_t)tables->count);
    for (size_t i = 0; list != NULL && i < tables->count; i++) {
        PyObject *table = make_table(tables, &tables->tables[i]);
        if (table == NULL || PyList_SetItem(list, (Py_ssize_t)i, table) < 0)
            Py_CLEAR(list);
    }
    return list;
}

/* Arguments: (text, names or None, one byte per column: whether cells may be missing, limit). Return the text with NaN in
 * place of each table, and the tables. Without names, arrays of objects are not tables. */
PyObject *read_json(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *text, *names, *made = NULL;
    const char *missing;
    Py_ssize_t count, length;
    double limit;
    if (!PyArg_ParseTuple(arguments, "UOy#d:read_json", &text, &names, &missing, &count, &limit))
        return answer(NULL, -1);
    const char *bytes = PyUnicode_AsUTF8AndSize(text, &length);
    Tables tables = {NULL, 0, 0, NULL, 0, 0};
    Columns columns = {NULL, NULL, (const unsigned char *)missing, (size_t)count, limit};
    const char **texts = NULL;
    size_t *lengths = NULL;
    int status = bytes != NULL ? 0 : -1;
    if (status == 0 && names != Py_None) {
        texts = allocate(count + 1, sizeof *texts);
        lengths = allocate(count + 1, sizeof *lengths);
        if (texts == NULL || lengths == NULL || !PyList_CheckExact(names) || PyList_Size(names) != count)
            status = -1;
        else
            status = open_names(names, texts, lengths, (size_t)count);
        columns.names = texts;
        columns.lengths = lengths;
    }
    if (status == 0)
        status = find_json_tables(bytes, (size_t)length, &columns, &tables);
    if (status == 0)
        made = Py_BuildValue("NN", write_rest(bytes, (size_t)length, &tables), make_tables(&tables));
    free_tables(&tables);
    PyMem_Free(texts);
    PyMem_Free(lengths);
    return answer(made, made != NULL ? 0 : -1);
}

/* Arguments: (text, offset of the first line of numbers, one byte per column in file order: whether cells may be missing,
 * limit). Return the table. */
PyObject *read_csv(PyObject *Py_UNUSED(module), PyObject *arguments) {
    PyObject *text, *made = NULL;
    const char *missing;
    Py_ssize_t start, count, length;
    double limit;
    if (!PyArg_ParseTuple(arguments, "Uny#d:read_csv", &text, &start, &missing, &count, &limit))
        return answer(NULL, -1);
    const char *bytes = PyUnicode_AsUTF8AndSize(text, &length);
    Tables tables = {NULL, 0, 0, NULL, 0, 0};
    Columns columns = {NULL, NULL, (const unsigned char *)missing, (size_t)count, limit};
    if (bytes != NULL && start >= 0 && start <= length && count > 0 &&
        read_csv_table(bytes + start, (size_t)(length - start), &columns, &tables) == 0 && tables.tables[0].count > 0)
        made = make_table(&tables, &tables.tables[0]);
    free_tables(&tables);
    return answer(made, made != NULL ? 0 : -1);
}
