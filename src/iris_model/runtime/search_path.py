"""Where imports are looked for, with `site` run only if somebody misses it.

The runtime is started with `-S`: importing `site` takes a fifth of Python's own start-up, and many functions never need it.
The first import that nothing else can find runs it, and the search goes on as if it had always been there.
"""

import builtins
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Where the Lambda base images and layers keep packages (boto3 among them).
PLATFORM_DIRECTORIES = (
    f"/opt/python/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages",
    "/opt/python",
    "/var/runtime",
)


def prepare(function_directory: str, working_directory: str) -> None:
    """Put the function directory first on the search path, then the working directory where that is another."""
    first = [function_directory]
    if working_directory != function_directory:
        first.append(working_directory)
    # Python put this file's own directory there, where `context` or `logs` would hide a user's module of that name.
    sys.path[0:1] = first
    if sys.flags.no_site:
        sys.meta_path.append(_SiteFinder())
        # `site` also brings these two, which people do call in handlers.
        builtins.exit = builtins.quit = sys.exit  # type: ignore[assignment]


class _SiteFinder:
    """The last finder: when nobody else knows a module, run `site` and ask once more."""

    def find_spec(self, name: str, path: "Any", target: "Any" = None) -> "Any":
        sys.meta_path.remove(self)
        import site

        site.main()
        from os.path import isdir

        sys.path.extend(entry for entry in PLATFORM_DIRECTORIES if entry not in sys.path and isdir(entry))
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                return spec
        return None
