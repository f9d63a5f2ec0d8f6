"""The decoding room: an original photo goes in, a preview, a thumbnail and its tags come out.

What belongs here: recognising formats, the limits, decoding inside worker processes, the preview store
and the meaning of EXIF tags. What does not: finding files (resources.library), models
(resources.inference), and anything of Dagster except the thin resource.
"""
