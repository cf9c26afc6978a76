"""Expressions over sizes and values, types as written, patterns of axes."""
