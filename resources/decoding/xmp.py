"""XMP: what people and programs say of a photo, in RDF, from inside a file or from a sidecar beside it.

What belongs here: turning one packet into plain values, within bounds. What does not: finding packets
(metadata_blocks.py), reading the XML safely (xmp_tree.py), and what a property means (metadata.py and its neighbours).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from resources.decoding.xmp_tree import Element, HostileXmlError, read_tree

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns# "
_WRAPPER = "adobe:ns:meta/ "
_XML_LANGUAGE = "http://www.w3.org/XML/1998/namespace lang"

# The prefix that a property's name carries here, whatever prefix the packet uses. What is of other namespaces is left
# out: develop settings, editing histories and depth maps are megabytes, and nobody searches by them.
_PREFIXES = {
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://cipa.jp/exif/1.0/": "exifEX",
    "http://cipa.jp/exif/2.32/": "exifEX",
    "http://ns.adobe.com/exif/1.0/aux/": "aux",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/lightroom/1.0/": "lr",
    "http://ns.microsoft.com/photo/1.0/": "MicrosoftPhoto",
    "http://ns.microsoft.com/photo/1.0": "MicrosoftPhoto",
    "http://www.digikam.org/ns/1.0/": "digiKam",
    "http://darktable.sf.net/": "darktable",
}
_UNUSED = frozenset({"darktable:history", "darktable:masks_history", "photoshop:DocumentAncestors"})

_MAX_PROPERTIES = 256
_MAX_VALUES = 512  # in one list; the longest keyword lists of real photos have about a hundred


def parse_xmp(packet: bytes) -> dict[str, Any]:
    """Return the properties of a packet or a sidecar file by name, such as "dc:subject"; never raises.

    A value is a str, a list (of a bag or a sequence) or a dict of fields (of a structure); of a text in several
    languages it is the default one. Hostile or broken XML gives an empty dict.
    """
    try:
        document = read_tree(packet, _is_wanted)
    except HostileXmlError:
        return {}
    return merge_xmp(_fields(description) for description in _descriptions(document))


def merge_xmp(packets: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the properties of several packets as one; the first that names a property wins."""
    merged: dict[str, Any] = {}
    for name, value in (item for packet in packets for item in packet.items()):
        if len(merged) < _MAX_PROPERTIES:
            merged.setdefault(name, value)
    return merged


def _is_wanted(name: str) -> bool:
    return name.startswith((_RDF, _WRAPPER)) or _known_name(name) is not None


def _descriptions(element: Element) -> Iterator[Element]:
    """Yield every rdf:Description that describes the photo itself, with or without the wrapper around the RDF."""
    for child in element.children:
        if child.name.startswith(_WRAPPER) or child.name == _RDF + "RDF":
            yield from _descriptions(child)
        elif child.name == _RDF + "Description":
            yield child


def _fields(element: Element) -> dict[str, Any]:
    """Return the properties of a description or a structure; each may be an attribute or an element."""
    attributes = ((name, value) for name, value in element.attributes.items())
    elements = ((child.name, _value(child)) for child in element.children)
    named = ((_known_name(name), value) for name, value in (*attributes, *elements))
    return {name: value for name, value in named if name is not None}


def _known_name(name: str) -> str | None:
    namespace, _, local = name.rpartition(" ")
    known = f"{_PREFIXES.get(namespace, '')}:{local}"
    return None if known.startswith(":") or known in _UNUSED else known


def _value(element: Element) -> Any:
    inner = element.children[0] if element.children else None
    if inner is None:
        return element.text.strip() or element.attributes.get(_RDF + "resource") or _fields(element) or ""
    items = [each for each in inner.children if each.name == _RDF + "li"][:_MAX_VALUES]
    if inner.name == _RDF + "Alt":
        return _default_of(items)
    if inner.name in (_RDF + "Bag", _RDF + "Seq"):
        return [_value(item) for item in items]
    return _structure(inner if inner.name == _RDF + "Description" else element)


def _structure(element: Element) -> Any:
    """Return the fields of a structure, or the value proper of one that only carries qualifiers."""
    values = [_value(child) for child in element.children if child.name == _RDF + "value"]
    return values[0] if values else _fields(element)


def _default_of(alternatives: list[Element]) -> Any:
    defaults = [each for each in alternatives if each.attributes.get(_XML_LANGUAGE, "").lower() == "x-default"]
    return next((_value(each) for each in (*defaults, *alternatives)), "")
