/* Open the file of a compiled model: a safetensors file whose tensors stay where they are. Reference: engine/container.py. */
#include "model.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAP_FROM_BYTES 65536

_Noreturn static void fail_opening(const Container *container, String what) {
    fail(MODEL_FORMAT_ERROR, format("cannot open the compiled model %s: %S", container->path, what));
}

static void map_file(Container *container) {
    struct stat about;
    int file = open(container->path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &about) < 0)
        fail_opening(container, string_of(strerror(errno)));
    container->size = (size_t)about.st_size;
    if (container->size < MAP_FROM_BYTES) {
        char *copy = allocate(container->size + 1, 1);
        size_t used = 0;
        while (used < container->size) {
            ssize_t got = read(file, copy + used, container->size - used);
            if (got <= 0)
                fail_opening(container, string_of(got < 0 ? strerror(errno) : "it became shorter while it was read"));
            used += (size_t)got;
        }
        container->data = (const unsigned char *)copy;
    } else {
        void *mapped = mmap(NULL, container->size, PROT_READ, MAP_PRIVATE, file, 0);
        if (mapped == MAP_FAILED)
            fail_opening(container, string_of(strerror(errno)));
        container->data = mapped;
    }
    close(file);
}

static const Json *parse(const Container *container, String text, const char *what) {
    Trap trap;
    size_t start, end;
    const char *reason;
    if (!is_utf8(text, &start, &end, &reason))
        fail_opening(container, format("%s is not valid JSON (it is not UTF-8); compile the model again", what));
    if (TRY(trap)) {
        const Json *value = read_json(text, KEEP_LAST);
        END_TRY(trap);
        return value;
    }
    CAUGHT(trap);
    fail_opening(container, format("%s is not valid JSON (%S); compile the model again", what, current_error.message));
}

static void read_header(Container *container) {
    uint64_t length = 0;
    if (container->size < 8)
        fail_opening(container,
                     format("it has %z bytes, too few for a header; compile the model again", container->size));
    for (int i = 7; i >= 0; i--)
        length = length << 8 | container->data[i];
    if (length > container->size - 8)
        fail_opening(container,
                     format("its header should have %z bytes but the file ends after %z; it is truncated or not a compiled "
                            "model: compile the model again",
                            (size_t)length, container->size));
    container->start = 8 + (size_t)length;
    container->header = parse(container, (String){(const char *)container->data + 8, (size_t)length}, "its header");
    if (container->header->kind != OBJECT)
        fail_opening(container, LITERAL("its header is not a JSON object; compile the model again"));
}

static String metadata(const Container *container, const char *name) {
    const Json *found = member_of(member_of(container->header, "__metadata__"), name);
    if (found == NULL)
        fail_opening(container, LITERAL("it is a safetensors file without iris-model's metadata, so not a compiled model; "
                                        "compile one with: iris-model compile MODEL -o FILE"));
    if (found->kind != STRING)
        fail_opening(container, LITERAL("its metadata is not text; compile the model again"));
    return found->string;
}

void open_container(Container *container, const char *path) {
    container->path = path;
    map_file(container);
    read_header(container);
    String version = metadata(container, "format");
    if (!is_text(version, "iris-model/1") && !is_text(version, "iris-model/2"))
        fail_opening(container, format("its format is %S, expected 'iris-model/1'; compile the model again",
                                       repr_of_string(version)));
    container->graph = parse(container, metadata(container, "graph"), "its metadata");
    container->signature = parse(container, metadata(container, "signature"), "its metadata");
    container->source = parse(container, metadata(container, "source"), "its metadata");
}

static const struct {
    const char *name;
    char type;
    unsigned char size;
} TYPES[] = {{"F64", 'd', 8}, {"F32", 'f', 4}, {"I64", 'q', 8}, {"I32", 'i', 4}, {"I16", 'h', 2}, {"I8", 'b', 1},
             {"U64", 'Q', 8}, {"U32", 'I', 4}, {"U16", 'H', 2}, {"U8", 'B', 1},  {"BOOL", 'B', 1}};

/* Read a whole number that is not negative and at most `most`. */
static int read_size(const Json *value, size_t most, size_t *size) {
    int fits;
    if (value == NULL || value->kind != INTEGER)
        return 0;
    int64_t number = small_integer(value, &fits);
    *size = (size_t)number;
    return fits && number >= 0 && (uint64_t)number <= most;
}

static int read_entry(const Container *container, const Json *entry, Tensor *tensor) {
    const Json *type = member_of(entry, "dtype"), *shape = member_of(entry, "shape");
    const Json *offsets = member_of(entry, "data_offsets");
    size_t begin, end, item = 0, room = container->size - container->start;
    if (type == NULL || type->kind != STRING || shape == NULL || shape->kind != LIST || offsets == NULL ||
        offsets->kind != LIST || offsets->count != 2 || shape->count < 1 || shape->count > 2)
        return 0;
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++)
        if (is_text(type->string, TYPES[i].name)) {
            tensor->type = TYPES[i].type;
            item = TYPES[i].size;
        }
    if (item == 0 || !read_size(&offsets->items[0], room, &begin) || !read_size(&offsets->items[1], room, &end) || end < begin)
        return 0;
    tensor->dimensions = (int)shape->count;
    tensor->shape[1] = 1;
    for (uint32_t i = 0; i < shape->count; i++)
        if (!read_size(&shape->items[i], room, &tensor->shape[i]))
            return 0;
    size_t rows = tensor->shape[0], width = tensor->shape[1];
    if (width == 0 ? rows != 0 : rows > room / width)
        return 0;
    tensor->count = rows * width;
    if (tensor->count > room / item || end - begin != tensor->count * item)
        return 0;
    tensor->data = container->data + container->start + begin;
    return 1;
}

Tensor find_tensor(const Container *container, String name) {
    Tensor tensor = {0};
    tensor.name = name;
    const Json *entry = member_named(container->header, name);
    if (entry == NULL || is_text(name, "__metadata__"))
        fail_opening(container, format("tensor %S, which its graph uses, is not in the file; compile the model again",
                                       repr_of_string(name)));
    if (!read_entry(container, entry, &tensor))
        fail_opening(container,
                     format("tensor %S is described as %S, which does not fit a file of %z bytes; the file is truncated or "
                            "damaged: compile the model again",
                            repr_of_string(name), repr_of(entry), container->size));
    return tensor;
}

int is_integers(const Tensor *tensor) {
    return tensor->type != 'd' && tensor->type != 'f';
}

/* A tensor may start at any address. */
#define AT(kind) \
    do { \
        kind number; \
        memcpy(&number, tensor->data + index * sizeof number, sizeof number); \
        return number; \
    } while (0)

double double_at(const Tensor *tensor, size_t index) {
    if (tensor->type == 'd')
        AT(double);
    if (tensor->type == 'f')
        AT(float);
    return (double)integer_at(tensor, index);
}

static uint64_t large_at(const Tensor *tensor, size_t index) {
    AT(uint64_t);
}

int64_t integer_at(const Tensor *tensor, size_t index) {
    switch (tensor->type) {
    case 'q': AT(int64_t);
    case 'i': AT(int32_t);
    case 'h': AT(int16_t);
    case 'b': AT(int8_t);
    case 'I': AT(uint32_t);
    case 'H': AT(uint16_t);
    case 'B': AT(uint8_t);
    }
    uint64_t number = large_at(tensor, index);
    return number > INT64_MAX ? INT64_MAX : (int64_t)number;
}
