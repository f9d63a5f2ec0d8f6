"""Exported graphs: the models' parts as files that another runtime computes, made, checked and loaded."""
