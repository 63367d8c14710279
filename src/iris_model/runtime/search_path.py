"""Set up the import path, and run `site` only when an import needs it.

The runtime starts with `-S`: importing `site` takes a fifth of Python's start-up time, and many functions never need
it. The first import that no other finder resolves runs `site`, then is tried again.
"""

import builtins
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

# Where the Lambda base images and layers have packages (boto3 among them).
PLATFORM_DIRECTORIES = (
    f"/opt/python/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages",
    "/opt/python",
    "/var/runtime",
)


def prepare(function_directory: str, working_directory: str) -> None:
    """Put the function directory first on the search path, then the working directory if it is another one."""
    first = [function_directory]
    if working_directory != function_directory:
        first.append(working_directory)
    # Python put the directory of this file there. Its `context` or `logs` would hide a user's module with that name.
    sys.path[0:1] = first
    if sys.flags.no_site:
        sys.meta_path.append(_SiteFinder())
        # `site` also defines these two, and some handlers call them.
        builtins.exit = builtins.quit = sys.exit  # type: ignore[assignment]


class _SiteFinder:
    """The last finder: runs `site` when no other finder knows a module, and searches again."""

    def find_spec(
        self, name: str, path: "Sequence[str] | None", target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
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
