/* The entry point of a sandbox: `bootstrap app.handler`, or with _HANDLER in the environment. */
#include "runtime.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static _Noreturn void end_with(const char *message) {
    write_all(2, message, strlen(message));
    _exit(1);
}

/* The directory of the function: the platform names it, or it is that of this executable. */
static const char *find_directory(void) {
    static char path[4096];
    const char *root = getenv("LAMBDA_TASK_ROOT");
    if (root != NULL && *root != '\0')
        return root;
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0)
        return "/var/task";
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    if (slash != NULL)
        *(slash == path ? slash + 1 : slash) = '\0';
    return path;
}

int main(int count, char **arguments) {
    /* As Python: a log that nobody reads any more must not end the process in the middle of an invocation. */
    signal(SIGPIPE, SIG_IGN);
    if (count == 3 && strcmp(arguments[1], "--answer") == 0)
        answer_lines(arguments[2]);
    const char *handler = count > 1 ? arguments[1] : getenv("_HANDLER"), *address = getenv("AWS_LAMBDA_RUNTIME_API");
    if (handler == NULL || *handler == '\0')
        end_with("iris_model: no handler given; expected one argument such as app.handler\n");
    if (address != NULL && *address != '\0')
        run(address, handler, find_directory());
    serve(arguments, handler, find_directory());
}
