"""A program, a folder or a container image becomes the archive that a finished image carries. Standard library only."""
