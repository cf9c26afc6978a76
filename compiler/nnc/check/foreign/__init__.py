"""What other tools write, known and told in this language's words."""
