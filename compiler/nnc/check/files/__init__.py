"""Specs of several files: declarations, `use`, and one text made of all."""
