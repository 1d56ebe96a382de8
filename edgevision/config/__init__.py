"""The configuration: its schema, and the loader that knows the line and column of everything."""
