"""Bounds on a network's figures, and the layers that cost the most."""
