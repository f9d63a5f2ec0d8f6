"""The search service: an API over the collection, and a gallery page that uses it."""
