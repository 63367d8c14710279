"""Prints the counts of the zoo at the end of the run, whatever number of workers ran it."""


def pytest_terminal_summary(terminalreporter):
    reports = [
        r for r in terminalreporter.getreports("passed") + terminalreporter.getreports("failed") if r.when == "call"
    ]
    found = [dict(report.user_properties) for report in reports]
    animals = [properties for properties in found if "parity" in properties]
    if animals:
        counts = {word: sum(one["parity"] == word for one in animals) for word in ("exact", "refused", "wrong")}
        rows = sum(one.get("rows", 0) for one in animals)
        terminalreporter.write_line(
            f"parity: {len(animals)} models, {counts['exact'] + counts['wrong']} compiled, {counts['exact']} exact, "
            f"{counts['refused']} refused, {counts['wrong']} wrong; {rows:,} rows compared"
        )
