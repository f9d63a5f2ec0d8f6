"""What starts the work by itself: the new-photos sensor and the schedules.

They decide when and which batches; what is done stands in `photo_assets`, which of the library's files are due in
`resources.library`.
"""
