"""Reading XML that may be hostile into a small tree.

What belongs here: expat with every door shut (no document types, so no entities; bounds on bytes, depth, elements and
text) and mending what real packets have wrong. What does not: RDF and its meaning (xmp.py).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.parsers import expat

_MAX_BYTES = 16 * 1024 * 1024  # a sidecar with painted masks has a few megabytes
_MAX_DEPTH = 64  # real packets reach ten; every level costs Python's stack one call later on
_MAX_ELEMENTS = 50_000  # wanted ones
_MAX_TEXT_LENGTH = 4096  # of one element or attribute; longer ones are cut
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")
_NOT_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # mostly the padding of a packet's block


class HostileXmlError(Exception):
    """The bytes are not XML, or XML that no program writes for a photo."""


@dataclass(slots=True)
class Element:
    """One element; names are "namespace local", or "local" without a namespace."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Element"] = field(default_factory=list)
    text: str = ""


def read_tree(packet: bytes, is_wanted: Callable[[str], bool]) -> Element:
    """Return a document whose children are the root element, if wanted; HostileXmlError if the bytes are no XML.

    Elements whose names are not wanted are left out with all that is in them. Any encoding is understood.
    """
    if len(packet) > _MAX_BYTES:
        raise HostileXmlError(f"{len(packet)} bytes")
    builder = _Builder(is_wanted)
    try:
        builder.parser.Parse(_text_of(packet), True)
    except (expat.ExpatError, ValueError) as error:
        raise HostileXmlError(str(error)) from error
    return builder.document


class _Builder:
    """Expat's handlers; the document itself is the lowest element of the stack."""

    def __init__(self, is_wanted: Callable[[str], bool]) -> None:
        self.document = Element("")
        self._is_wanted = is_wanted
        self._stack = [self.document]
        self._depth_left_out = 0
        self._elements = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._add_text

    def _refuse_doctype(self, *_: object) -> None:
        raise HostileXmlError("a document type, which could define entities")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._depth_left_out or not self._is_wanted(name):
            self._depth_left_out += 1
            return
        self._elements += 1
        if len(self._stack) > _MAX_DEPTH or self._elements > _MAX_ELEMENTS:
            raise HostileXmlError("too deep or too many elements")
        bounded = {key: value[:_MAX_TEXT_LENGTH] for key, value in attributes.items()}
        element = Element(name, bounded)
        self._stack[-1].children.append(element)
        self._stack.append(element)

    def _end(self, _: str) -> None:
        if self._depth_left_out:
            self._depth_left_out -= 1
        else:
            self._stack.pop()

    def _add_text(self, text: str) -> None:
        if self._depth_left_out:
            return
        element = self._stack[-1]
        element.text += text[: _MAX_TEXT_LENGTH - len(element.text)]


def _text_of(packet: bytes) -> str:
    """Return what lies between the first < and the last >; expat then takes the text for what it is."""
    encoding = "utf-16" if packet.startswith(_BYTE_ORDER_MARKS) else "utf-8"
    try:
        text = packet.decode(encoding)
    except UnicodeDecodeError:
        text = packet.decode("latin-1")
    return _NOT_XML.sub("", text[text.find("<") : text.rfind(">") + 1])
