"""One script per claim of the README. Each runs the contenders side by side, alternating, and prints medians."""
