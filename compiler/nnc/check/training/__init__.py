"""Data, train and export blocks, and which field of the data meets which input and output."""
