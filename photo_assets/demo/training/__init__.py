"""Making the two small models: a CLIP and a BLIP trained on demo scenes, on two CPU cores in under an hour.

`make models` writes them into the inference room. Nothing here runs when photos are ingested.
"""
