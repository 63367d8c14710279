/* Read native.json, which `iris-model package` writes next to the executable. */
#include "runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST_FILE 1048576

static _Noreturn void fail_reading(const char *path, const char *what) {
    fail(FAULT, format("cannot read %s: %s; run iris-model package again", path, what));
}

static String read_file(const char *path) {
    struct stat about;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &about) < 0)
        fail_reading(path, strerror(errno));
    if (about.st_size > LARGEST_FILE)
        fail_reading(path, "it is too long");
    char *bytes = allocate((size_t)about.st_size + 1, 1);
    size_t used = 0;
    for (ssize_t got; used < (size_t)about.st_size && (got = read(file, bytes + used, (size_t)about.st_size - used)) > 0;)
        used += (size_t)got;
    close(file);
    return (String){bytes, used};
}

static String text_of(const char *path, const Json *json, const char *key) {
    const Json *found = member_of(json, key);
    if (found == NULL || found->kind != STRING)
        fail_reading(path, format("it lacks '%s'", key).bytes);
    return found->string;
}

static int64_t number_of(const char *path, const Json *json, const char *key) {
    const Json *found = member_of(json, key);
    int fits = 0;
    int64_t number = found != NULL && found->kind == INTEGER ? small_integer(found, &fits) : 0;
    if (!fits)
        fail_reading(path, "it has no line number");
    return number;
}

void read_function(Function *function, const char *directory) {
    Buffer path = {0};
    size_t start, end;
    const char *reason;
    function->directory = directory;
    add_string(&path, format("%s/native.json", directory));
    add_letter(&path, '\0');
    String text = read_file(path.bytes);
    if (!is_utf8(text, &start, &end, &reason))
        fail_reading(path.bytes, reason);
    const Json *json = read_json(text, KEEP_LAST);
    if (!is_text(text_of(path.bytes, json, "format"), "iris-model-native/1"))
        fail_reading(path.bytes, "it has another format");
    function->handler = text_of(path.bytes, json, "handler");
    function->model = text_of(path.bytes, json, "model");
    function->file = text_of(path.bytes, json, "file");
    function->name = text_of(path.bytes, json, "name");
    function->load_text = text_of(path.bytes, json, "load_text");
    function->answer_text = text_of(path.bytes, json, "answer_text");
    function->labels = member_of(json, "labels");
    function->load_line = number_of(path.bytes, json, "load_line");
    function->answer_line = number_of(path.bytes, json, "answer_line");
}
