"""Arguments of calls: bound to declarations, with defaults; what is said of wrong ones."""
