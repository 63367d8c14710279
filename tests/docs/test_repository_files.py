"""Files for GitHub, PyPI and Read the Docs: valid by the schemas of their readers, and consistent with each other."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import iris_model
from iris_model.contract.documentation import DOCS_URL
from tests.support.book import REPOSITORY, pages
from tests.support.spread import spread

WORKFLOWS = sorted((REPOSITORY / ".github/workflows").glob("*.yml"))
SCHEMAS = {
    "vendor.github-workflows": WORKFLOWS,
    "vendor.github-issue-forms": [REPOSITORY / f".github/ISSUE_TEMPLATE/{name}.yml" for name in ("bug", "model")],
    "vendor.github-issue-config": [REPOSITORY / ".github/ISSUE_TEMPLATE/config.yml"],
    "vendor.dependabot": [REPOSITORY / ".github/dependabot.yml"],
    "vendor.readthedocs": [REPOSITORY / ".readthedocs.yaml"],
}
# https://keepachangelog.com/en/1.1.0/
SECTIONS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
find_notes = runpy.run_path(str(REPOSITORY / "scripts/release-notes"))["find_notes"]


def read_project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


@pytest.mark.parametrize("schema", spread(SCHEMAS, 5))
def test_files_are_valid(schema: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *SCHEMAS[schema]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_workflows_have_no_security_findings() -> None:
    zizmor = shutil.which("zizmor", path=str(Path(sys.executable).parent))
    if zizmor is None:
        pytest.skip("zizmor is not installed: pip install -e '.[check]'")
    done = subprocess.run(
        [zizmor, "--offline", "--no-progress", ".github"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_workflows_run_what_exists() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    found = 0
    for path in WORKFLOWS:
        text = path.read_text(encoding="utf-8")
        for target in re.findall(r"\bmake ([a-z-]+)", text):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
            found += 1
        for script in re.findall(r"\b(?:scripts|src)/[\w./-]+", text):
            assert (REPOSITORY / script).exists(), script
            found += 1
    assert found >= 5


def test_the_versions_of_python_are_those_that_are_tested() -> None:
    jobs = yaml.safe_load((REPOSITORY / ".github/workflows/ci.yml").read_text(encoding="utf-8"))["jobs"]
    tested = jobs["test"]["strategy"]["matrix"]["python"]
    classifiers = read_project()["classifiers"]
    assert [f"Programming Language :: Python :: {version}" in classifiers for version in tested] == [True] * len(tested)
    wheel = jobs["wheel"]["steps"]
    assert wheel[1]["with"]["python-version"].split() == tested
    assert wheel[2]["run"].split()[1:] == [f"python{version}" for version in tested]
    assert len(tested) == sum(re.search(r":: 3\.\d+$", each) is not None for each in classifiers)
    assert read_project()["requires-python"] == f">={tested[0]}"


def test_there_is_one_address_of_the_documentation() -> None:
    urls = read_project()["urls"]
    assert urls["Documentation"] == DOCS_URL
    assert urls["Changelog"].startswith(DOCS_URL)
    assert f'"{DOCS_URL}"]' in (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")
    others = (REPOSITORY / ".github/ISSUE_TEMPLATE/config.yml").read_text(encoding="utf-8")
    assert DOCS_URL in others and urls["Source"] in others


def test_the_navigation_of_the_site_has_every_page() -> None:
    text = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")
    listed = re.findall(r"^ +- (?:[\w ]+: )?([\w/-]+\.md)$", text[text.index("\nnav:") :], re.MULTILINE)
    missing = {
        str(page.relative_to(REPOSITORY / "docs")) for page in pages() if page.is_relative_to(REPOSITORY / "docs")
    } - set(listed)
    assert missing == set(), "add the page to nav in mkdocs.yml"
    assert len(listed) == len(set(listed))


def test_the_changelog_has_the_usual_sections() -> None:
    text = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^### (.*)$", text, re.MULTILINE)) <= SECTIONS


def test_the_version_has_one_source_and_a_section_in_the_changelog() -> None:
    project = read_project()
    assert project["dynamic"] == ["version"] and "version" not in project
    newest = re.search(r"^## (\S+) \(", (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest and newest[1] == iris_model.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", iris_model.__version__)


def test_the_page_of_versions_lists_every_file_format() -> None:
    page = (REPOSITORY / "docs/reference/versions.md").read_text(encoding="utf-8")
    written = {
        each
        for path in (REPOSITORY / "src/iris_model").rglob("*.py")
        for each in re.findall(r'"(iris-model(?:-[a-z]+)*/\d+)"', path.read_text(encoding="utf-8"))
    }
    assert len(written) >= 5
    assert {each for each in written if f"`{each}`" not in page} == set()


def test_the_hooks_before_a_commit_are_programs_of_make_check() -> None:
    """They fetch nothing, and name the environment and files that exist after `make check`."""
    repositories = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert [each["repo"] for each in repositories] == ["local"]
    hooks = repositories[0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    for hook in hooks:
        program, *arguments = hook["entry"].split()
        assert (Path(sys.executable).parent / Path(program).name).exists(), program
        assert [word for word in arguments if "/" in word and not (REPOSITORY / word).exists()] == []


def test_scripts_in_python_are_checked_without_a_suffix_too() -> None:
    """pre-commit knows Python by its first line, so `make check` must judge the same files."""
    tools = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    in_python = [
        f"scripts/{path.name}"
        for path in sorted((REPOSITORY / "scripts").iterdir())
        if path.is_file() and not path.suffix and re.match(rb"#!.*\bpython", path.read_bytes())
    ]
    assert tools["ruff"]["extend-include"] == in_python


def test_notes_of_a_release_come_from_the_changelog(tmp_path: Path) -> None:
    package = tmp_path / "src/iris_model"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('"""Text."""\n\n__version__ = "1.2.0"\n')
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_text(
        "# Changelog\n\n## 1.2.0 (2026-11-30)\n\n### Added\n\n- A thing.\n\n## 1.1.0 (2026-10-01)\n\n- Old.\n"
    )
    assert find_notes("v1.2.0", tmp_path) == "### Added\n\n- A thing.\n"
    with pytest.raises(SystemExit, match=r"the tag is v1\.3\.0, but the package has the version 1\.2\.0"):
        find_notes("v1.3.0", tmp_path)
    changelog.write_text("# Changelog\n\n## 1.2.0 (unreleased)\n\n- A thing.\n")
    with pytest.raises(SystemExit, match="expected the date of the release"):
        find_notes("v1.2.0", tmp_path)
    changelog.write_text("# Changelog\n")
    with pytest.raises(SystemExit, match=r"no section for 1\.2\.0"):
        find_notes("v1.2.0", tmp_path)
