/* Memory for the tables that the readers find. */
#include "text.h"

#include <stdlib.h>

/* Return a larger buffer, or NULL if memory is exhausted; `bytes` is the size of one item. */
static void *grow(void *old, size_t *room, size_t bytes) {
    size_t larger = *room < 64 ? 64 : *room + *room / 2;
    if (larger > SIZE_MAX / 2 / bytes)
        return NULL;
    void *made = realloc(old, larger * bytes);
    if (made != NULL)
        *room = larger;
    return made;
}

int grow_cells(Tables *tables) {
    double *made = grow(tables->cells, &tables->room, sizeof *made);
    if (made == NULL)
        return -1;
    tables->cells = made;
    return 0;
}

Table *add_table(Tables *tables) {
    if (tables->count == tables->tables_room) {
        Table *made = grow(tables->tables, &tables->tables_room, sizeof *made);
        if (made == NULL)
            return NULL;
        tables->tables = made;
    }
    Table *table = &tables->tables[tables->count++];
    memset(table, 0, sizeof *table);
    table->first = tables->used;
    return table;
}

void free_tables(Tables *tables) {
    free(tables->cells);
    free(tables->tables);
    memset(tables, 0, sizeof *tables);
}
