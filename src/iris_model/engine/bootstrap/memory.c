/* Arenas: memory that is released all at once. */
#include "core.h"

#include <stdlib.h>
#include <unistd.h>

#define CHUNK_BYTES 65536u
#define ALIGNMENT 16u

struct Chunk {
    Chunk *older;
    size_t room;
    /* the memory follows */
};

#define HEAD ((sizeof(Chunk) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT)

Arena *current_arena;

static _Noreturn void end_without_memory(void) {
    static const char message[] = "iris_model: memory is exhausted; use a larger memory size or send fewer rows\n";
    if (write(2, message, sizeof message - 1) < 0)
        _exit(1);
    _exit(1);
}

static void add_chunk(Arena *arena, size_t bytes) {
    size_t room = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
    if (room > SIZE_MAX - HEAD)
        end_without_memory();
    Chunk *chunk = malloc(HEAD + room);
    if (chunk == NULL)
        end_without_memory();
    chunk->older = arena->chunks;
    chunk->room = room;
    arena->chunks = chunk;
    arena->used = 0;
    arena->room = room;
}

void *allocate(size_t count, size_t size) {
    if (size != 0 && count > (SIZE_MAX / 2) / size)
        end_without_memory();
    size_t bytes = count * size;
    size_t padded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (padded == 0)
        padded = ALIGNMENT;
    Arena *arena = current_arena;
    if (arena->chunks == NULL || arena->room - arena->used < padded)
        add_chunk(arena, padded);
    char *made = (char *)arena->chunks + HEAD + arena->used;
    arena->used += padded;
    memset(made, 0, bytes);
    return made;
}

/* Keep the first chunk, if it has the usual size, for the next invocation. */
void reset_arena(Arena *arena) {
    Chunk *chunk = arena->chunks;
    while (chunk != NULL && (chunk->older != NULL || chunk->room != CHUNK_BYTES)) {
        Chunk *older = chunk->older;
        free(chunk);
        chunk = older;
    }
    arena->chunks = chunk;
    arena->used = 0;
    arena->room = chunk != NULL ? chunk->room : 0;
}
