"""Inference: images and texts to embeddings, images to captions, in batches, each result at its own place."""
