"""The endpoints of the page, and the project files that it may show. The page itself is `local/page`."""
