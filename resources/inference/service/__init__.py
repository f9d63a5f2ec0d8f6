"""The inference service: the models kept warm in one process, served over HTTP to several runs."""
