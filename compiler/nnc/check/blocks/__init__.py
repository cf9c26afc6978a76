"""Blocks: what a call hands to them, and one graph for each use of other sizes."""
