"""Making the two small models: a CLIP and a BLIP trained on demo scenes, on two CPU cores in under an hour.

`python -m photo_assets.demo.training clip` and `… blip` write them into the inference room. Nothing here runs when photos
are ingested.
"""
