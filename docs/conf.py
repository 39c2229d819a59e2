"""The documentation site: the pages of docs/, the README and its neighbours, and the docstrings, as static HTML.

`python -m tox -e docs` builds it into docs/_build/html. Nothing is imported or trained: the reference is read from the sources.
Pages load nothing from elsewhere and run no inline script; the theme below `_site/` states the content policy.
"""

import os
import re
import sys
from pathlib import Path

from astroid.manager import AstroidManager
from docutils.nodes import Element
from jinja2 import Environment
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

DOCS = Path(__file__).parent
ROOT = DOCS.parent
PACKAGES = ("operators", "results", "bench")
sys.path.insert(0, str(DOCS / "_site"))

from docstrings import as_rest, attribute_notes, first_paragraph  # noqa: E402
from public import Public  # noqa: E402
from signatures import assigned_value, plain_arguments, unqualified  # noqa: E402

project = "How large must a DeepONet be?"
html_title = project
extensions = ["myst_parser", "autoapi.extension"]
exclude_patterns = ["_build", "_site", "examples", "figures"]
highlight_language = "none"
smartquotes = False
add_module_names = False
toc_object_entries_show_parents = "hide"
nitpicky = True
nitpick_ignore_regex = [("py:(class|exc|func|meth|attr|data)", ".*"), ("py:obj", r"(?!(operators|results|bench)\b).*")]
# Annotations and raised exceptions become links where they can. What must resolve are the names in docstrings: role py:obj.
suppress_warnings = ["autoapi.python_import_resolution", "ref.python"]

myst_heading_anchors = 4


class Foreign(frozenset[str]):
    """The modules of all packages but ours and Python's: not read, so that pages do not depend on what is installed."""

    def __contains__(self, module: object) -> bool:
        return str(module).partition(".")[0] not in {*PACKAGES, *sys.stdlib_module_names}


AstroidManager.brain["module_denylist"] = Foreign()

autoapi_dirs = [str(ROOT / package) for package in PACKAGES]
autoapi_root = "reference"
autoapi_template_dir = "_site/autoapi"
autoapi_options = ["members", "undoc-members", "show-inheritance"]
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100

html_theme = "theme"
html_theme_path = ["_site"]
html_use_index = False
html_domain_indices = False
html_copy_source = False
html_show_search_summary = False
html_permalinks_icon = "#"

LINK = re.compile(r"(?<=\]\()([^)\s#]+)(?=[)#])")
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "results/reference/findings.md": "findings.md",
}


def relinked(text: str, folder: Path) -> str:
    """Links between files as they stand in the repository, for pages that all lie in docs/."""

    def moved(link: re.Match[str]) -> str:
        file = (folder / link[1]).resolve()
        if not file.exists():
            return link[1]
        return PAGES.get(os.path.relpath(file, ROOT)) or os.path.relpath(file, DOCS)

    return LINK.sub(moved, text)


def relink_page(app: Sphinx, name: str, source: list[str]) -> None:
    """Links of a page of docs/."""
    source[0] = relinked(source[0], DOCS)


def relink_included(app: Sphinx, path: Path, name: str, source: list[str]) -> None:
    """Links of a page that one of docs/ includes."""
    source[0] = relinked(source[0], (DOCS / path).resolve().parent)


def convert_docstring(app: Sphinx, what: str, name: str, value: object, options: object, lines: list[str]) -> None:
    """Docstrings as reStructuredText."""
    lines[:] = as_rest(lines)


def add_filters(environment: Environment) -> None:
    """What the templates of the reference ask for."""
    filters = (assigned_value, attribute_notes, first_paragraph, plain_arguments, unqualified)
    environment.filters |= {function.__name__: function for function in filters}


autoapi_prepare_jinja_env = add_filters


def resolve_import(app: Sphinx, env: BuildEnvironment, node: pending_xref, shown: Element) -> Element | None:
    """A name that a package imports from one of its modules leads to where it is defined."""
    found = env.autoapi_all_objects.get(node.get("reftarget"))
    if found is None or not found.imported:
        return None
    place = found.obj["original_path"]
    return env.domains.python_domain.resolve_xref(env, node["refdoc"], app.builder, node["reftype"], place, node, shown)


def write_evidence(app: Sphinx, failure: Exception | None) -> None:
    """The pages of the published studies, beside those of the documentation."""
    from bench.cli.arguments import DEFAULT_OUT
    from operators.data.function_cache import BlockCache
    from results.editions.site import write_site

    if failure is None:
        write_site(ROOT / "results" / "reference", Path(app.outdir) / "evidence", BlockCache(ROOT / DEFAULT_OUT / ".data"))


def setup(app: Sphinx) -> None:
    """Connect what is done to pages and docstrings on reading them."""
    app.connect("build-finished", write_evidence)
    app.add_directive("public", Public)
    app.connect("source-read", relink_page)
    app.connect("include-read", relink_included)
    app.connect("autodoc-process-docstring", convert_docstring)
    app.connect("missing-reference", resolve_import)
