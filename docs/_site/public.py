"""The directive `public`: names of the reference, each with the first paragraph of its docstring."""

from docstrings import first_paragraph
from docutils.nodes import Node
from sphinx.util.docutils import SphinxDirective


class Public(SphinxDirective):
    """A list of links, one per line of content: the dotted name of an object; a name that is not there is a warning."""

    has_content = True

    def run(self) -> list[Node]:
        """The list."""
        objects = self.env.autoapi_all_objects
        notes = {name: first_paragraph(objects[name].obj["doc"]) if name in objects else "" for name in self.content if name}
        items = [
            f"- :py:obj:`{name.rpartition('.')[2]} <{name}>`" + (f": {note}" if note else "") for name, note in notes.items()
        ]
        return self.parse_text_to_nodes("\n".join(items))
