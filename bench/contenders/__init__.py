"""What is measured, one file each; none is imported before it runs."""
