"""Model files damaged in every way that a disk, a download or an enemy may think of, and what edgevision answers."""
