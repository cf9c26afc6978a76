"""Bodies: one step after the other, each with its inputs, shapes, labels and shared weights."""
