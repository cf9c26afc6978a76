"""Loops over time: what comes in, the states that are carried, the graph of one step."""
