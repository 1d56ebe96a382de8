"""What `edgevision doctor` looks at: one file a group of checks, each of which says what it saw and how to mend it."""
