"""The sample messages, one function each, and how they are made and signed."""
