"""Search: a query in words or by a picture, its hits, and a page that shows them."""
